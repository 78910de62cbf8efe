package compute

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// breakerThreshold is how many tasks may fail to come up before ECS gives a rollout up.
const breakerThreshold = 3

// Service is the ECS service: it keeps the wanted number of tasks running and rolls new revisions out.
type Service struct {
	Owner          resource.Owner
	Process        string // which of the app's processes it runs; empty for the app's own
	Cluster        *Cluster
	TaskDefinition *TaskDefinition
	Network        network.Network
	SecurityGroup  *network.SecurityGroup
	TargetGroup    *traffic.TargetGroup    // nil for one that takes no requests
	Former         *traffic.TargetGroup    // of the other load balancer, which it may have been behind; nil where there is none
	Rules          []*traffic.ListenerRule // each names the target group; ECS refuses one that none does
	Route          *GatewayRoute           // leads requests of an ECS gateway to it; nil for one that takes no requests
	Release        *Release                // runs before a new revision; nil when there is no release command
	Discovery      *Discovery              // lists the tasks
	RevisionOnly   bool                    // change nothing but the revision: a rollback
	Restart        bool                    // new tasks, of the revision that runs
	Scaled         bool                    // the number of tasks follows the load, at least Instances
	Unwanted       bool                    // the app does without; one that is left goes
	Alarms         []string                // names of those that end a rollout when they go off, and have it rolled back
	Behind         []resource.Resource     // made before it, beside all that it names
	Together       *Together               // the services that take a new version over with this one; nil: it is alone

	Port        int
	Instances   int
	GracePeriod time.Duration // how long a new task may fail health checks
	Timeout     time.Duration // how long a rollout may take; zero means 15 minutes, and longer for an app that starts slowly
	Exec        bool          // a shell in its tasks can be had, through ECS Exec
	CPU         float64       // vCPU of a task, for the estimate
	MemoryGB    float64       // of a task, for the estimate
	Arch        string        // x86 or arm, for the estimate
	DiskGB      float64       // of a task, for the estimate
	Bake        time.Duration // how long ECS goes on watching Alarms once the new tasks are healthy, about
	Spot        float64       // share of the tasks beyond the first on Fargate Spot

	ARN string // output

	found   *ecstypes.Service
	since   time.Time // when this run last changed the service; zero when it did not
	touched bool      // this run created or changed the service
	before  string    // ARN of the revision that it ran before this run changed it; empty when it ran none
	rollout string    // id of the rollout that this run began; empty when it began none
	served  bool      // a version came up before this run, which a rollback can go to
}

// Name is the service's name. It is known before the service exists.
func (v *Service) Name() string { return ofProcess(v.Owner.App, v.Process) }

// ServiceARN is the service's ARN. It is known before the service exists.
func (v *Service) ServiceARN(s *resource.Scope) string {
	return s.ARN("ecs", "service/"+v.Cluster.Name()+"/"+v.Name())
}

// Info implements Resource.
func (v *Service) Info() resource.Info {
	return resource.Info{
		ID: nodeOf("service", v.Process), Kind: "ecs.Service", Name: v.Name(), Label: labelOf("the service", v.Process), Group: resource.GroupCompute,
		Usually: 80*time.Second + v.Bake, Gone: 100 * time.Second,
	}
}

// Needs implements Resource.
func (v *Service) Needs() []resource.Need {
	needs := append(v.Network.Needs(), resource.After(v.Cluster, v.TaskDefinition, v.SecurityGroup)...)
	if v.TargetGroup != nil {
		needs = append(needs, resource.Need{On: v.TargetGroup})
	}
	if v.Former != nil {
		needs = append(needs, resource.Need{On: v.Former})
	}
	for _, r := range v.Rules {
		needs = append(needs, resource.Need{On: r})
	}
	if v.Route != nil {
		needs = append(needs, resource.Need{On: v.Route})
	}
	if v.Release != nil {
		needs = append(needs, resource.Need{On: v.Release})
	}
	return append(append(needs, resource.After(v.Behind...)...), resource.Need{On: v.Discovery})
}

// Wanted implements Optional.
func (v *Service) Wanted() bool { return !v.Unwanted }

// Identifier implements Identified.
func (v *Service) Identifier() string { return v.ARN }

// NewVersion implements Versioned.
func (v *Service) NewVersion() event.Action { return event.Update }

// Observe implements Resource. An INACTIVE service counts as absent.
func (v *Service) Observe(ctx context.Context, s *resource.Scope) error {
	found, err := v.describe(ctx, s)
	if err != nil {
		return err
	}
	v.found, v.ARN = nil, ""
	if found != nil && aws.ToString(found.Status) != "INACTIVE" {
		v.found, v.ARN, v.before = found, aws.ToString(found.ServiceArn), aws.ToString(found.TaskDefinition)
		v.served = slices.ContainsFunc(found.Deployments, func(d ecstypes.Deployment) bool {
			return d.RolloutState == ecstypes.DeploymentRolloutStateCompleted && !opening(aws.ToString(d.TaskDefinition))
		})
	}
	return nil
}

// describe returns the service as it is, nil when there is none.
func (v *Service) describe(ctx context.Context, s *resource.Scope) (*ecstypes.Service, error) {
	out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(v.Cluster.Name()), Services: []string{v.Name()},
		Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
	})
	if cloud.NotFound(err) {
		return nil, nil //nolint:nilnil // absent is not an error
	}
	if err != nil || len(out.Services) == 0 {
		return nil, err
	}
	return &out.Services[0], nil
}

// Exists implements Resource.
func (v *Service) Exists() bool { return v.found != nil && v.Stranger() == nil }

// Stranger implements Claimed.
func (v *Service) Stranger() *resource.Stranger {
	if v.found == nil || v.touched {
		return nil
	}
	return v.Owner.Stranger(tagMap(v.found.Tags))
}

// active says whether there is a service that can be updated; one that is draining must go first.
func (v *Service) active() bool { return v.found != nil && aws.ToString(v.found.Status) == "ACTIVE" }

// draining is the error of a name that is still in use by a service that goes away.
var draining = cloud.Retryable{
	Code: "InvalidParameterException", Contains: "still Draining", For: 20 * time.Minute,
}

// Apply implements Resource. It does not wait for the rollout.
func (v *Service) Apply(ctx context.Context, s *resource.Scope) error {
	if v.Route != nil && v.Route.Wanted() && !v.active() { // which the route has opened
		if err := v.Observe(ctx, s); err != nil {
			return err
		}
	}
	if v.active() && v.settled(s) {
		return nil
	}
	done, err := v.Together.begin(v)
	if err != nil {
		return err
	}
	defer done()
	v.touched, v.since = true, s.Clock.Now()
	v.tellOther(s)
	if !v.active() {
		return v.create(ctx, s)
	}
	in := &ecs.UpdateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()),
		TaskDefinition: &v.TaskDefinition.ARN, ForceNewDeployment: v.Restart,
	}
	if !v.RevisionOnly {
		in = v.changes()
	}
	return s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		out, err := s.ECS.UpdateService(ctx, in)
		if err != nil {
			return fmt.Errorf("update service: %w", err)
		}
		v.found = out.Service
		v.began()
		return nil
	})
}

// settled says whether nothing is left to change now.
func (v *Service) settled(s *resource.Scope) bool {
	if d := v.Diff(s); d.Why == "" {
		return true
	}
	if !v.leaves() || v.RevisionOnly {
		return false
	}
	found := *v.found
	found.LoadBalancers = slices.DeleteFunc(slices.Clone(found.LoadBalancers), v.leaving) // at the end
	rest := *v
	rest.found = &found
	return rest.Diff(s).Why == ""
}

// began takes the time of the rollout from AWS: this machine's clock may go wrong.
func (v *Service) began() {
	if p := primary(v.found); p != nil && p.CreatedAt != nil {
		v.since, v.rollout = *p.CreatedAt, aws.ToString(p.Id)
	}
}

// standing says since when the tasks of now are there.
func (v *Service) standing() string {
	if p := primary(v.found); p != nil && p.CreatedAt != nil {
		return "started " + p.CreatedAt.UTC().Format("2006-01-02 15:04 MST")
	}
	return "the current ones"
}

// tellOther tells of a rollout that somebody else has going on, which this one replaces.
func (v *Service) tellOther(s *resource.Scope) {
	if !v.active() {
		return
	}
	if p := primary(v.found); p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
		s.Notice("berth", fmt.Sprintf("a rollout of %s has been in progress since %s; this one replaces it",
			shortARN(aws.ToString(p.TaskDefinition)), aws.ToTime(p.CreatedAt).UTC().Format("15:04:05 MST")))
	}
}

// Observed is the service as AWS described it, nil when there is none.
func (v *Service) Observed() *ecstypes.Service { return v.found }

// Delete implements Resource: it stops all tasks and waits until their network interfaces can go, too.
func (v *Service) Delete(ctx context.Context, s *resource.Scope) error {
	if !v.Exists() {
		return nil
	}
	err := s.Retry(ctx, []cloud.Retryable{
		{Code: "InvalidParameterException", Contains: "cannot be stopped while deployments are active", For: 20 * time.Minute},
	}, func(ctx context.Context) error {
		_, err := s.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{
			Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()), Force: aws.Bool(true),
		})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete service: %w", err)
	}
	w := cloud.Wait{For: "the tasks to drain and stop", Deadline: 20 * time.Minute}
	return s.Poll(ctx, w, v.Info().Gone, func(ctx context.Context) (bool, string, error) {
		found, err := v.describe(ctx, s)
		if err != nil || found == nil || aws.ToString(found.Status) == "INACTIVE" {
			return err == nil, "", err
		}
		return false, fmt.Sprintf("%d running", found.RunningCount), nil
	})
}

// Services lists the clusters of all apps, their services, and the tasks that belong to none. It says which apps are
// alive.
var Services = resource.Listing{
	What: "services", List: listServices, Without: "so nothing can be reported as left over", Judges: true,
}

func listServices(ctx context.Context, s *resource.Survey) error {
	clusters, err := listClusters(ctx, s)
	if err != nil {
		return err
	}
	services, tasks := make([][]ecstypes.Service, len(clusters)), make([][]ecstypes.Task, len(clusters))
	err = resource.Each(ctx, clusters, func(ctx context.Context, i int, k placed) (err error) {
		if services[i], err = servicesOf(ctx, s.Clients, k.arn); resource.UnlessGone(err) != nil {
			return err
		}
		tasks[i], err = tasksOf(ctx, s.Clients, &ecs.ListTasksInput{Cluster: &k.arn})
		return resource.UnlessGone(err)
	})
	for i, k := range clusters {
		for _, svc := range services[i] {
			addService(s, k.owner, svc)
		}
		for _, t := range tasks[i] {
			addTask(s, k.owner, t)
		}
	}
	return err
}

// addService makes its app alive, unless it is on its way out.
func addService(s *resource.Survey, o resource.Owner, svc ecstypes.Service) {
	switch aws.ToString(svc.Status) {
	case "INACTIVE":
		return
	case "ACTIVE":
		a := s.App(o)
		a.Alive = true
		a.InDNS = a.InDNS || len(svc.ServiceRegistries) > 0
		for _, l := range svc.LoadBalancers {
			a.Uses[aws.ToString(l.TargetGroupArn)] = true
		}
	}
	s.Add(resource.Found{
		Owner: o, Kind: "ecs.Service", Name: aws.ToString(svc.ServiceName), ARN: aws.ToString(svc.ServiceArn), Role: "service",
		Why: "is being deleted",
	})
}

// serviceBatch is how many services one call describes.
const serviceBatch = 10

// servicesOf are all services of a cluster.
func servicesOf(ctx context.Context, c *cloud.Clients, cluster string) (all []ecstypes.Service, err error) {
	p := ecs.NewListServicesPaginator(c.ECS, &ecs.ListServicesInput{Cluster: &cluster})
	arns, err := resource.Gather(ctx, p, func(out *ecs.ListServicesOutput) []string { return out.ServiceArns })
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(arns, serviceBatch) {
		out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: batch})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Services...)
	}
	return all, nil
}
