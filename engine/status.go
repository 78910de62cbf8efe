package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/plan"
	"berth/engine/resource"
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
	Running     int          `json:"running"`
	Desired     int          `json:"desired"`
	Deployments []Deployment `json:"deployments"`
	Resources   []Resource   `json:"resources"`
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

// Status says what runs of the app. App, EnvName and Region of the spec suffice.
func (e *Engine) Status(ctx context.Context, s *spec.Spec) (*Status, error) {
	clients, err := e.connect(ctx, s.Region)
	if err != nil {
		return nil, err
	}
	bare := &spec.Spec{App: s.App, EnvName: s.EnvName, Region: clients.Region}
	b, err := ecs.New(bare, ecs.Options{})
	if err != nil {
		return nil, err
	}
	scope := &resource.Scope{Clients: clients, Owner: b.Owner}
	if err := plan.Observe(ctx, b.Lasting(), scope); err != nil {
		return nil, err
	}
	st := &Status{
		App: s.App, Env: s.EnvName, Target: ecs.Target, Region: clients.Region, State: Absent,
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
	if svc := b.Service.Observed(); svc != nil {
		st.service(svc)
		return st, st.deployments(ctx, clients, svc)
	}
	return st, nil
}

// service reads the counters of the service.
func (st *Status) service(svc *ecstypes.Service) {
	st.Running, st.Desired = int(svc.RunningCount), int(svc.DesiredCount)
	st.Revision = last(aws.ToString(svc.TaskDefinition))
	switch {
	case slices.ContainsFunc(svc.Deployments, func(d ecstypes.Deployment) bool {
		return d.RolloutState == ecstypes.DeploymentRolloutStateInProgress
	}):
		st.State = Deploying
	case st.Desired == 0:
		st.State = Idle
	case st.Running < st.Desired:
		st.State = Degraded
	default:
		st.State = Running
	}
}

// deployments reads the latest rollouts. Where they cannot be read, the service's own list stands in.
func (st *Status) deployments(ctx context.Context, c *cloud.Clients, svc *ecstypes.Service) error {
	listed, err := c.ECS.ListServiceDeployments(ctx, &awsecs.ListServiceDeploymentsInput{
		Cluster: svc.ClusterArn, Service: svc.ServiceName, MaxResults: aws.Int32(maxDeployments),
	})
	if cloud.Unknown(err) || cloud.Denied(err) {
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
	if err != nil {
		return cloud.Explain("look at the rollouts", err)
	}
	of, err := c.ECS.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: revisions})
	if err != nil {
		return cloud.Explain("look at the revisions", err)
	}
	byARN := map[string]ecstypes.ServiceRevision{}
	for _, r := range of.ServiceRevisions {
		byARN[aws.ToString(r.ServiceRevisionArn)] = r
	}
	for _, d := range described.ServiceDeployments {
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
	return nil
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
		if aws.ToString(c.ContainerName) == resource.ContainerName {
			return cmp.Or(aws.ToString(c.Image), aws.ToString(c.ImageDigest))
		}
	}
	return ""
}

// last is what stands behind the last slash of an ARN.
func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
