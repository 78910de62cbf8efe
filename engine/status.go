package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/spec"
	"berth/engine/target/ecs"
)

// Status is what runs of an app now. It marshals to the JSON of the command line contract.
type Status struct {
	App      string `json:"app"`
	Env      string `json:"env"`
	Target   string `json:"target"`
	Region   string `json:"region"`
	Endpoint string `json:"endpoint"` // https URL, empty when there is none
	// State is absent (nothing deployed), partial (no service yet), deploying, running, degraded (fewer tasks
	// than wanted) or stopped (no task wanted).
	State       string       `json:"state"`
	Revision    string       `json:"revision"` // task definition, family:number
	Image       string       `json:"image"`
	By          string       `json:"by"`               // who made the revision: the name of an IAM user or of a session; empty when not known
	Commit      string       `json:"commit"`           // of the source it was built from, with a + when there were changes; empty when not known
	Since       time.Time    `json:"since,omitzero"`   // when the revision had come up; zero while it has not
	Created     time.Time    `json:"created,omitzero"` // of the service
	Running     int          `json:"running"`
	Desired     int          `json:"desired"`
	Healthy     int          `json:"healthy"`      // targets of the load balancer
	Unhealthy   int          `json:"unhealthy"`    // those that start or drain are neither
	HealthKnown bool         `json:"health_known"` // false when there is no service, or the permission to ask is missing
	Deployments []Deployment `json:"deployments"`
	Resources   []Resource   `json:"resources"`
	// Denied are the IAM actions that were missing for the whole picture. Nil when nothing was.
	Denied []string `json:"denied,omitempty"`
}

// The states of a Status.
const (
	Absent    = "absent"
	Partial   = "partial"
	Deploying = "deploying"
	Running   = "running"
	Degraded  = "degraded"
	Idle      = "stopped"
)

// Deployment is one rollout of the service, newest first.
type Deployment struct {
	ID       string    `json:"id"`
	State    string    `json:"state"` // ECS service deployment status, lower case
	Reason   string    `json:"reason,omitempty"`
	Revision string    `json:"revision"`
	Image    string    `json:"image,omitempty"`
	By       string    `json:"by,omitempty"`     // who made the revision
	Commit   string    `json:"commit,omitempty"` // as in a Status
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// Resource is one resource that exists.
type Resource struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	ARN   string `json:"arn"`
	State string `json:"state"`
}

// maxDeployments is how many rollouts a status tells of.
const maxDeployments = 10

// Status says what runs of the app. App, EnvName and Region of the spec suffice. What it may not look at is left
// out and named in Denied, save who we are and the service itself: without those it fails with a Refused
// fail.Error.
func (e *Engine) Status(ctx context.Context, s *spec.Spec) (*Status, error) {
	w, err := e.Watch(ctx, s)
	if err != nil {
		return nil, err
	}
	return w.Status(ctx)
}

// Status is the whole look, as that of an Engine.
func (w *Watch) Status(ctx context.Context) (*Status, error) {
	b, err := ecs.New(w.app, ecs.Options{})
	if err != nil {
		return nil, err
	}
	l := &look{service: b.Service}
	if err := plan.Observe(ctx, l.lenient(b.Lasting()), &resource.Scope{Clients: w.clients, Owner: b.Owner}); err != nil {
		return nil, refused(err)
	}
	st := &Status{
		App: w.app.App, Env: w.app.EnvName, Target: ecs.Target, Region: w.clients.Region, State: Absent,
		Deployments: []Deployment{}, Resources: []Resource{},
	}
	for _, r := range b.Lasting() {
		if !r.Exists() {
			continue
		}
		i := r.Info()
		known := Resource{ID: i.ID, Kind: i.Kind, Name: i.Name, State: "present"}
		if id, ok := r.(resource.Identified); ok {
			known.ARN = id.Identifier()
		}
		st.Resources = append(st.Resources, known)
		st.State = Partial
	}
	if b.Distribution.Host != "" {
		st.Endpoint = "https://" + b.Distribution.Host
	}
	at := &found{cluster: b.Cluster.Name(), balancerARN: b.LoadBalancer.ARN}
	svc := b.Service.Observed()
	switch {
	case svc != nil:
		at.service, at.targetGroup = b.Service.Name(), targetGroupOf(svc)
		st.service(svc)
		if err := w.running(ctx, st, svc, at.targetGroup, l); err != nil {
			return nil, err
		}
	case l.err != nil && st.State == Absent:
		return nil, refused(l.err) // nobody knows whether it is deployed
	}
	st.Denied, at.state = l.actions(), st.State
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = at
	return st, nil
}

// running reads what is known about the service besides its counters.
func (w *Watch) running(ctx context.Context, st *Status, svc *ecstypes.Service, targetGroup string, l *look) error {
	g, both := errgroup.WithContext(ctx)
	g.Go(func() error { return w.deployments(both, st, svc, l) })
	g.Go(func() (err error) {
		st.Healthy, st.Unhealthy, st.HealthKnown, err = w.health(both, targetGroup, l)
		return cloud.Explain("look at the health of the tasks", err)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	revisions := []string{st.Revision}
	for _, d := range st.Deployments {
		if !slices.Contains(revisions, d.Revision) {
			revisions = append(revisions, d.Revision)
		}
	}
	made := w.origins(ctx, revisions, l)
	st.By, st.Commit = made[st.Revision].by, made[st.Revision].commit
	for i := range st.Deployments {
		d := &st.Deployments[i]
		d.By, d.Commit = made[d.Revision].by, made[d.Revision].commit
		if d.Revision == st.Revision && d.State == "successful" && st.Since.IsZero() {
			st.Since = d.Finished
		}
	}
	return ctx.Err()
}

// look notes what a look was not allowed to see.
type look struct {
	service resource.Resource // what there is no look without

	mu     sync.Mutex
	denied []string
	err    error // the first denial
}

// deny notes a denial, and says whether err is one.
func (l *look) deny(err error) bool {
	if !cloud.Denied(err) {
		return false
	}
	action, _ := cloud.DeniedAction(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.denied = append(l.denied, action); l.err == nil {
		l.err = err
	}
	return true
}

// actions are the IAM actions that were denied, sorted.
func (l *look) actions() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.denied)
	return slices.Compact(l.denied)
}

// lenient are the resources as a look sees them that goes on without those it may not see. Their second rounds
// of calls, which tell how they are set up, are left out.
func (l *look) lenient(rs resource.Set) resource.Set {
	var out resource.Set
	for _, r := range rs {
		out = append(out, glance{Resource: r, l: l})
	}
	return out
}

// glance is a resource that a status looks up.
type glance struct {
	resource.Resource
	l *look
}

// Observe implements resource.Resource.
func (g glance) Observe(ctx context.Context, s *resource.Scope) error {
	err := g.Resource.Observe(ctx, s)
	if g.Resource != g.l.service && g.l.deny(cloud.Explain("look up "+g.Info().Label, err)) {
		return nil
	}
	return err
}

// service reads what the service says itself.
func (st *Status) service(svc *ecstypes.Service) {
	st.Running, st.Desired = int(svc.RunningCount), int(svc.DesiredCount)
	st.Revision, st.Created, st.State = last(aws.ToString(svc.TaskDefinition)), aws.ToTime(svc.CreatedAt), stateOf(svc)
}

// stateOf is the state of an app that has a service.
func stateOf(svc *ecstypes.Service) string {
	switch {
	case slices.ContainsFunc(svc.Deployments, func(d ecstypes.Deployment) bool {
		return d.RolloutState == ecstypes.DeploymentRolloutStateInProgress
	}):
		return Deploying
	case svc.DesiredCount == 0:
		return Idle
	case svc.RunningCount < svc.DesiredCount:
		return Degraded
	default:
		return Running
	}
}

// deployments reads the latest rollouts. Where they cannot be read, the service's own list stands in.
func (w *Watch) deployments(ctx context.Context, st *Status, svc *ecstypes.Service, l *look) error {
	c := w.clients
	listed, err := c.ECS.ListServiceDeployments(ctx, &awsecs.ListServiceDeploymentsInput{
		Cluster: svc.ClusterArn, Service: svc.ServiceName, MaxResults: aws.Int32(maxDeployments),
	})
	if cloud.Unknown(err) || l.deny(err) {
		st.plainDeployments(svc)
		return nil
	}
	if err != nil || len(listed.ServiceDeployments) == 0 {
		return cloud.Explain("list the rollouts", err)
	}
	var arns, revisions []string
	for _, d := range listed.ServiceDeployments {
		arns = append(arns, aws.ToString(d.ServiceDeploymentArn))
		if r := aws.ToString(d.TargetServiceRevisionArn); !slices.Contains(revisions, r) {
			revisions = append(revisions, r)
		}
	}
	described, err := c.ECS.DescribeServiceDeployments(ctx, &awsecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
	if l.deny(err) {
		st.plainDeployments(svc)
		return nil
	}
	if err != nil {
		return cloud.Explain("look at the rollouts", err)
	}
	of, err := c.ECS.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: revisions})
	if l.deny(err) {
		of, err = &awsecs.DescribeServiceRevisionsOutput{}, nil
	}
	if err != nil {
		return cloud.Explain("look at the revisions", err)
	}
	st.rollouts(described.ServiceDeployments, of.ServiceRevisions)
	return nil
}

// rollouts tells of rollouts, newest first.
func (st *Status) rollouts(all []ecstypes.ServiceDeployment, revisions []ecstypes.ServiceRevision) {
	byARN := map[string]ecstypes.ServiceRevision{}
	for _, r := range revisions {
		byARN[aws.ToString(r.ServiceRevisionArn)] = r
	}
	for _, d := range all {
		one := Deployment{
			ID: last(aws.ToString(d.ServiceDeploymentArn)), State: strings.ToLower(string(d.Status)),
			Reason: aws.ToString(d.StatusReason), Started: aws.ToTime(d.CreatedAt), Finished: aws.ToTime(d.FinishedAt),
		}
		if d.TargetServiceRevision != nil {
			r := byARN[aws.ToString(d.TargetServiceRevision.Arn)]
			one.Revision, one.Image = last(aws.ToString(r.TaskDefinition)), imageOf(r)
		}
		st.Deployments = append(st.Deployments, one)
	}
	slices.SortFunc(st.Deployments, func(a, b Deployment) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) })
	for _, d := range st.Deployments {
		if d.Revision == st.Revision && st.Image == "" {
			st.Image = d.Image
		}
	}
}

// plainDeployments tells of the rollouts that the service itself lists.
func (st *Status) plainDeployments(svc *ecstypes.Service) {
	for _, d := range svc.Deployments {
		st.Deployments = append(st.Deployments, Deployment{
			ID: aws.ToString(d.Id), State: strings.ToLower(string(d.RolloutState)), Reason: aws.ToString(d.RolloutStateReason),
			Revision: last(aws.ToString(d.TaskDefinition)), Started: aws.ToTime(d.CreatedAt),
		})
	}
}

func imageOf(r ecstypes.ServiceRevision) string {
	for _, c := range r.ContainerImages {
		if aws.ToString(c.ContainerName) == compute.ContainerName {
			return cmp.Or(aws.ToString(c.Image), aws.ToString(c.ImageDigest))
		}
	}
	return ""
}

// last is what stands behind the last slash of an ARN.
func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
