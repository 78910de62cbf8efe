package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/compare/price"
	"berth/engine/cloud"
)

// breakerThreshold is how many tasks may fail to come up before ECS gives a rollout up.
const breakerThreshold = 3

// Service is the ECS service: it keeps the wanted number of tasks running and rolls new revisions out.
type Service struct {
	Owner          Owner
	Cluster        *Cluster
	TaskDefinition *TaskDefinition
	Network        Network
	SecurityGroup  *SecurityGroup
	TargetGroup    *TargetGroup
	Rule           *ListenerRule // names the target group, without which ECS refuses it
	Release        *Release      // runs before a new revision; nil when there is no release command
	Discovery      *Discovery    // lists the tasks
	RevisionOnly   bool          // change nothing but the revision: a rollback
	Scaled         bool          // the number of tasks follows the load, at least Instances

	Port        int
	Instances   int
	GracePeriod time.Duration // how long a new task may fail health checks
	Timeout     time.Duration // how long a rollout may take; zero means 15 minutes
	CPU         float64       // vCPU of a task, for the estimate
	MemoryGB    float64       // of a task, for the estimate
	Arch        string        // x86 or arm, for the estimate

	ARN string // output

	found   *ecstypes.Service
	since   time.Time // when this run last changed the service; zero when it did not
	touched bool      // this run created or changed the service
	served  bool      // a version came up before this run, which a rollback can go to
}

// Name is the service's name. It is known before the service exists.
func (v *Service) Name() string { return v.Owner.App }

// ServiceARN is the service's ARN. It is known before the service exists.
func (v *Service) ServiceARN(s *Scope) string {
	return s.ARN("ecs", "service/"+v.Cluster.Name()+"/"+v.Name())
}

// Info implements Resource.
func (v *Service) Info() Info {
	return Info{
		ID: "service", Kind: "ecs.Service", Name: v.Name(), Label: "the service", Group: GroupCompute,
		Usually: 80 * time.Second, Gone: 100 * time.Second,
	}
}

// Needs implements Resource.
func (v *Service) Needs() []Need {
	needs := append(v.Network.needs(), after(v.Cluster, v.TaskDefinition, v.SecurityGroup, v.TargetGroup, v.Rule)...)
	if v.Release != nil {
		needs = append(needs, Need{On: v.Release})
	}
	return append(needs, Need{On: v.Discovery})
}

// Usage implements Coster.
func (v *Service) Usage() []price.Item {
	n := float64(v.Instances)
	text := func(what string) string { return fmt.Sprintf("%d x %s", v.Instances, what) }
	return []price.Item{
		{SKU: "fargate." + v.Arch + ".vcpu_hour", Item: text(fmt.Sprintf("%g vCPU", v.CPU)), Quantity: n * v.CPU * 730},
		{SKU: "fargate." + v.Arch + ".gb_hour", Item: text(fmt.Sprintf("%g GB memory", v.MemoryGB)), Quantity: n * v.MemoryGB * 730},
		{SKU: "ipv4.public_hour", Item: text("public address of a task"), Quantity: n * 730},
	}
}

// Observe implements Resource. An INACTIVE service counts as absent.
func (v *Service) Observe(ctx context.Context, s *Scope) error {
	found, err := v.describe(ctx, s)
	if err != nil {
		return err
	}
	v.found, v.ARN = nil, ""
	if found != nil && aws.ToString(found.Status) != "INACTIVE" {
		v.found, v.ARN = found, aws.ToString(found.ServiceArn)
		v.served = slices.ContainsFunc(found.Deployments, func(d ecstypes.Deployment) bool {
			return d.RolloutState == ecstypes.DeploymentRolloutStateCompleted
		})
	}
	return nil
}

// describe returns the service as it is, nil when there is none.
func (v *Service) describe(ctx context.Context, s *Scope) (*ecstypes.Service, error) {
	out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(v.Cluster.Name()), Services: []string{v.Name()},
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
func (v *Service) Exists() bool { return v.found != nil }

// active says whether there is a service that can be updated; one that is draining must go first.
func (v *Service) active() bool { return v.found != nil && aws.ToString(v.found.Status) == "ACTIVE" }

// Diff implements Resource.
func (v *Service) Diff() Diff {
	if !v.active() {
		return absent()
	}
	var whys []string
	if v.TaskDefinition.ARN == "" || aws.ToString(v.found.TaskDefinition) != v.TaskDefinition.ARN {
		whys = append(whys, "runs another revision")
	}
	if v.RevisionOnly {
		return update(whys)
	}
	if v.failed() {
		whys = append(whys, "its last rollout failed, so it starts anew")
	}
	if n := int(v.found.DesiredCount); n != v.Instances && (!v.Scaled || n < v.Instances) {
		whys = append(whys, fmt.Sprintf("runs %d tasks, not %d", v.found.DesiredCount, v.Instances))
	}
	if n := v.found.NetworkConfiguration; n == nil || n.AwsvpcConfiguration == nil || !v.Network.known() ||
		!sameSet(n.AwsvpcConfiguration.Subnets, v.Network.SubnetIDs()) ||
		!sameSet(n.AwsvpcConfiguration.SecurityGroups, []string{v.SecurityGroup.ID}) {
		whys = append(whys, "runs in another network")
	}
	if len(v.found.LoadBalancers) != 1 || v.TargetGroup.ARN == "" ||
		aws.ToString(v.found.LoadBalancers[0].TargetGroupArn) != v.TargetGroup.ARN ||
		int(aws.ToInt32(v.found.LoadBalancers[0].ContainerPort)) != v.Port {
		whys = append(whys, "gets requests another way")
	}
	if !v.sameRegistry() {
		whys = append(whys, "is listed in DNS another way")
	}
	if !v.sameDeployment() {
		whys = append(whys, "rolls out in another way")
	}
	return update(whys)
}

// failed says that the rollout that ECS holds on to ended in failure: ECS starts no more tasks by itself, so
// the same revision needs a new rollout, such as after a remedy that is not part of the service.
func (v *Service) failed() bool {
	p := primary(v.found)
	return p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateFailed
}

func (v *Service) sameRegistry() bool {
	if v.Discovery.Unwanted {
		return len(v.found.ServiceRegistries) == 0
	}
	return len(v.found.ServiceRegistries) == 1 && v.Discovery.ARN != "" &&
		aws.ToString(v.found.ServiceRegistries[0].RegistryArn) == v.Discovery.ARN
}

// registries lists the tasks under their DNS name; an empty list takes them out.
func (v *Service) registries() []ecstypes.ServiceRegistry {
	if v.Discovery.Unwanted {
		return []ecstypes.ServiceRegistry{}
	}
	return []ecstypes.ServiceRegistry{{RegistryArn: &v.Discovery.ARN}}
}

// count is how many tasks to ask for; nil leaves the number to the scaling.
func (v *Service) count() *int32 {
	if v.Scaled && v.active() && int(v.found.DesiredCount) >= v.Instances {
		return nil
	}
	return aws.Int32(int32(v.Instances)) //nolint:gosec // small
}

// sameDeployment compares what UpdateService can change without a rollout. What AWS does not tell counts as
// the same.
func (v *Service) sameDeployment() bool {
	if g := v.found.HealthCheckGracePeriodSeconds; g != nil && int(*g) != int(v.GracePeriod.Seconds()) {
		return false
	}
	d := v.found.DeploymentConfiguration
	return d == nil || d.DeploymentCircuitBreaker != nil && d.DeploymentCircuitBreaker.Enable && d.DeploymentCircuitBreaker.Rollback
}

func (v *Service) loadBalancers() []ecstypes.LoadBalancer {
	return []ecstypes.LoadBalancer{{
		TargetGroupArn: &v.TargetGroup.ARN, ContainerName: aws.String(ContainerName),
		ContainerPort: aws.Int32(int32(v.Port)), //nolint:gosec // a port
	}}
}

func (v *Service) network() *ecstypes.NetworkConfiguration {
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		Subnets: v.Network.SubnetIDs(), SecurityGroups: []string{v.SecurityGroup.ID},
		AssignPublicIp: ecstypes.AssignPublicIpEnabled,
	}}
}

// deployment replaces tasks one after the other without a gap, goes back by itself when three tasks fail,
// and ends as soon as the new tasks are healthy while the old ones drain (ecs-provisioning 4.16).
func (v *Service) deployment() *ecstypes.DeploymentConfiguration {
	return &ecstypes.DeploymentConfiguration{
		Strategy:              ecstypes.DeploymentStrategyRolling,
		MinimumHealthyPercent: aws.Int32(100), MaximumPercent: aws.Int32(200),
		DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{
			Enable: true, Rollback: true, ResetOnHealthyTask: aws.Bool(false),
			ThresholdConfiguration: &ecstypes.ThresholdConfiguration{
				Type: ecstypes.ThresholdTypeCount, Value: breakerThreshold,
			},
		},
		EarlySuccessCriteria: &ecstypes.DeploymentEarlySuccessCriteria{
			Enable: true, HealthyPercent: aws.Int32(100),
			SourceServiceRevisionCleanup: ecstypes.ServiceRevisionCleanupDeferred,
		},
	}
}

// draining is the error of a name that is still in use by a service that goes away.
var draining = cloud.Retryable{
	Code: "InvalidParameterException", Contains: "still Draining", For: 20 * time.Minute,
}

// Apply implements Resource. It does not wait for the rollout.
func (v *Service) Apply(ctx context.Context, s *Scope) error {
	if v.active() && v.Diff().Why == "" {
		return nil
	}
	v.touched, v.since = true, s.Clock.Now()
	v.tellOther(s)
	if !v.active() {
		return v.create(ctx, s)
	}
	in := &ecs.UpdateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()),
		TaskDefinition: &v.TaskDefinition.ARN,
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

// began takes the time of the rollout from AWS: this machine's clock may go wrong.
func (v *Service) began() {
	if p := primary(v.found); p != nil && p.CreatedAt != nil {
		v.since = *p.CreatedAt
	}
}

// changes is the update that brings everything to what is wanted.
func (v *Service) changes() *ecs.UpdateServiceInput {
	return &ecs.UpdateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()),
		TaskDefinition: &v.TaskDefinition.ARN, DesiredCount: v.count(), NetworkConfiguration: v.network(),
		LoadBalancers: v.loadBalancers(), ServiceRegistries: v.registries(),
		DeploymentConfiguration:       v.deployment(),
		HealthCheckGracePeriodSeconds: aws.Int32(int32(v.GracePeriod.Seconds())),
		EnableExecuteCommand:          aws.Bool(true),
		ForceNewDeployment:            v.failed(),
	}
}

// tellOther tells of a rollout that somebody else has going on, which this one replaces.
func (v *Service) tellOther(s *Scope) {
	if !v.active() {
		return
	}
	if p := primary(v.found); p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
		s.Notice("berth", fmt.Sprintf("a rollout of %s is going on since %s; this one takes its place",
			shortARN(aws.ToString(p.TaskDefinition)), aws.ToTime(p.CreatedAt).UTC().Format("15:04:05 MST")))
	}
}

func (v *Service) create(ctx context.Context, s *Scope) error {
	in := &ecs.CreateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), ServiceName: aws.String(v.Name()),
		TaskDefinition: &v.TaskDefinition.ARN, DesiredCount: v.count(),
		LaunchType: ecstypes.LaunchTypeFargate, PlatformVersion: aws.String("LATEST"),
		NetworkConfiguration: v.network(), LoadBalancers: v.loadBalancers(), ServiceRegistries: v.registries(),
		DeploymentConfiguration:       v.deployment(),
		HealthCheckGracePeriodSeconds: aws.Int32(int32(v.GracePeriod.Seconds())),
		EnableExecuteCommand:          true, EnableECSManagedTags: true,
		PropagateTags:               ecstypes.PropagateTagsService,
		AvailabilityZoneRebalancing: ecstypes.AvailabilityZoneRebalancingEnabled,
		Tags:                        v.Owner.ecsTags("service"),
	}
	err := s.Retry(ctx, append([]cloud.Retryable{draining}, ecsSettling...), func(ctx context.Context) error {
		out, err := s.ECS.CreateService(ctx, in)
		if err != nil {
			return fmt.Errorf("create service: %w", err)
		}
		v.found, v.ARN = out.Service, aws.ToString(out.Service.ServiceArn)
		v.began()
		return nil
	})
	if cloud.Is(err, "InvalidParameterException") && strings.Contains(cloud.Message(err), "not idempotent") {
		// made by a call whose answer got lost, or by somebody else: bring it to what is wanted
		err := s.Adopt(ctx, v.Info().Label, func(ctx context.Context) error { return v.Observe(ctx, s) }, v.active)
		if err != nil {
			return err
		}
		return v.Apply(ctx, s)
	}
	return err
}

// Delete implements Resource: it stops all tasks and waits until their network interfaces can go, too.
func (v *Service) Delete(ctx context.Context, s *Scope) error {
	if v.found == nil {
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

// Observed is the service as AWS described it, nil when there is none.
func (v *Service) Observed() *ecstypes.Service { return v.found }
