package compute

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// registries lists the tasks under their DNS name; an empty list takes them out.
func (v *Service) registries() []ecstypes.ServiceRegistry {
	if v.Discovery.Unwanted {
		return []ecstypes.ServiceRegistry{} // an update with none takes them out
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

// loadBalancers is where requests come from; an empty list takes the tasks out of all target groups.
func (v *Service) loadBalancers() []ecstypes.LoadBalancer {
	if !v.balanced() {
		return []ecstypes.LoadBalancer{}
	}
	return []ecstypes.LoadBalancer{{
		TargetGroupArn: &v.TargetGroup.ARN, ContainerName: aws.String(ContainerName),
		ContainerPort: aws.Int32(int32(v.Port)), //nolint:gosec // a port
	}}
}

// meanwhile is loadBalancers with those that the service leaves only at the end.
func (v *Service) meanwhile() []ecstypes.LoadBalancer {
	all := v.loadBalancers()
	for _, l := range v.found.LoadBalancers {
		if v.leaving(l) {
			all = append(all, l)
		}
	}
	return all
}

// balanced says whether a load balancer of the app's own sends it requests.
func (v *Service) balanced() bool { return v.TargetGroup != nil && v.TargetGroup.Wanted() }

// checked says whether something outside asks the tasks how they are. A rollback takes the service as it is.
func (v *Service) checked() bool {
	if v.RevisionOnly && v.found != nil && len(v.found.LoadBalancers) == 0 && (v.Route == nil || !v.Route.Wanted()) {
		return false
	}
	return v.TargetGroup != nil
}

// Bar implements Barred: a rollback changes nothing but the revision, so that one must listen where requests are sent to.
func (v *Service) Bar() error {
	if !v.RevisionOnly || !v.active() || len(v.found.LoadBalancers) == 0 || v.TaskDefinition.latest == nil {
		return nil
	}
	to := aws.ToInt32(v.found.LoadBalancers[0].ContainerPort)
	for _, p := range appContainer(v.TaskDefinition.latest).PortMappings {
		if port := aws.ToInt32(p.ContainerPort); port != to {
			return &fail.Error{
				Class: fail.Refused, Cause: fmt.Sprintf("the version %s listens on port %d, but requests now go to port %d", v.TaskDefinition.Pin, port, to),
				Remedy: fmt.Sprintf("deploy that version of the source again, with service.port = %d: berth deploy --port %d", port, port),
			}
		}
	}
	return nil
}

// leaving says whether requests come by a load balancer that a gateway or another load balancer takes over from. They do
// until that serves.
func (v *Service) leaving(l ecstypes.LoadBalancer) bool {
	if !v.balanced() {
		return true
	}
	return v.Former != nil && v.Former.Ours() && v.Former.Identifier() == aws.ToString(l.TargetGroupArn)
}

// leaves says whether the service is in such a target group.
func (v *Service) leaves() bool {
	return v.TargetGroup != nil && v.found != nil && slices.ContainsFunc(v.found.LoadBalancers, v.leaving)
}

// goesBack says whether a failed rollout goes back: there must be a version that came up. The one that a service was
// opened with never did.
func (v *Service) goesBack() bool { return v.Route == nil || !v.Route.Wanted() || v.served }

// Cleanup implements Cleaner: once the gateway or the other load balancer serves, no requests come from elsewhere, and a
// version has come up that a failed rollout can go back to.
func (v *Service) Cleanup(ctx context.Context, s *resource.Scope) error {
	if v.found == nil || v.Unwanted || v.RevisionOnly || v.Route == nil || !v.Route.Wanted() && !v.leaves() {
		return nil
	}
	if err := v.Observe(ctx, s); err != nil || !v.active() {
		return err
	}
	in := &ecs.UpdateServiceInput{Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name())}
	if v.leaves() {
		in.LoadBalancers = v.loadBalancers()
	}
	if len(v.otherDeployment()) > 0 {
		in.DeploymentConfiguration = v.deployment()
	}
	if in.LoadBalancers == nil && in.DeploymentConfiguration == nil {
		return nil
	}
	_, err := s.ECS.UpdateService(ctx, in)
	if err != nil {
		return fmt.Errorf("update service: %w", err)
	}
	return nil
}

// grace is how long a new task may fail its checks, which nobody makes without a load balancer.
func (v *Service) grace() *int32 {
	if v.TargetGroup == nil {
		return nil
	}
	return aws.Int32(int32(v.GracePeriod.Seconds()))
}

func (v *Service) network() *ecstypes.NetworkConfiguration {
	return awsvpc(v.Network, v.SecurityGroup)
}

// awsvpc is where tasks stand.
func awsvpc(n network.Network, g *network.SecurityGroup) *ecstypes.NetworkConfiguration {
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		Subnets: n.SubnetIDs(), SecurityGroups: []string{g.ID}, AssignPublicIp: publicIP(n),
	}}
}

// alarms are those that a rollout is watched by. None are said as well: an update that does not say so may keep them.
func (v *Service) alarms() *ecstypes.DeploymentAlarms {
	if len(v.Alarms) > 0 {
		return &ecstypes.DeploymentAlarms{AlarmNames: v.Alarms, Enable: true, Rollback: v.goesBack()}
	}
	if len(v.watchedBy()) > 0 {
		return &ecstypes.DeploymentAlarms{AlarmNames: []string{}}
	}
	return nil
}

// watchedBy are the alarms that rollouts are watched by as observed.
func (v *Service) watchedBy() []string {
	if v.found == nil || v.found.DeploymentConfiguration == nil {
		return nil
	}
	if a := v.found.DeploymentConfiguration.Alarms; a != nil && a.Enable {
		return a.AlarmNames
	}
	return nil
}

// deployment replaces tasks one after the other without a gap, goes back by itself when three tasks fail,
// and ends as soon as the new tasks are healthy while the old ones drain (engine/AWS.md, Service).
func (v *Service) deployment() *ecstypes.DeploymentConfiguration {
	return &ecstypes.DeploymentConfiguration{
		Alarms:                v.alarms(),
		Strategy:              ecstypes.DeploymentStrategyRolling,
		MinimumHealthyPercent: aws.Int32(100), MaximumPercent: aws.Int32(200),
		DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{
			Enable: true, Rollback: v.goesBack(), ResetOnHealthyTask: aws.Bool(false),
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

// changes is the update that brings everything to what is wanted. It says only what differs: AWS starts a rollout for
// some settings even when they stay the same (engine/AWS.md, Service).
func (v *Service) changes() *ecs.UpdateServiceInput {
	in := &ecs.UpdateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()), ForceNewDeployment: v.failed(),
	}
	if aws.ToString(v.found.TaskDefinition) != v.TaskDefinition.ARN {
		in.TaskDefinition = &v.TaskDefinition.ARN
	}
	if n := v.count(); n != nil && *n != v.found.DesiredCount {
		in.DesiredCount = n
	}
	if len(v.otherNetwork()) > 0 {
		in.NetworkConfiguration = v.network()
	}
	switch {
	case len(v.otherTraffic()) == 0:
	case v.TargetGroup == nil: // with the port goes what the tasks are reached by
		in.LoadBalancers = v.loadBalancers()
	case v.balanced():
		in.LoadBalancers = v.meanwhile()
	}
	if !v.sameRegistry() {
		in.ServiceRegistries = v.registries()
	}
	if len(v.otherDeployment()) > 0 {
		in.DeploymentConfiguration = v.deployment()
		in.HealthCheckGracePeriodSeconds = v.grace()
	}
	if len(v.otherCapacity()) > 0 { // which ECS takes with a new rollout only
		in.CapacityProviderStrategy, in.ForceNewDeployment = v.capacity(), true
	}
	if v.found.EnableExecuteCommand != v.Exec {
		in.EnableExecuteCommand = &v.Exec
	}
	return in
}

func (v *Service) create(ctx context.Context, s *resource.Scope) error {
	in := &ecs.CreateServiceInput{
		Cluster: aws.String(v.Cluster.Name()), ServiceName: aws.String(v.Name()),
		TaskDefinition: &v.TaskDefinition.ARN, DesiredCount: v.count(),
		PlatformVersion:      aws.String("LATEST"),
		NetworkConfiguration: v.network(), LoadBalancers: v.loadBalancers(), ServiceRegistries: v.registries(),
		DeploymentConfiguration:       v.deployment(),
		HealthCheckGracePeriodSeconds: v.grace(),
		EnableExecuteCommand:          v.Exec, EnableECSManagedTags: true,
		PropagateTags:               ecstypes.PropagateTagsService,
		AvailabilityZoneRebalancing: ecstypes.AvailabilityZoneRebalancingEnabled,
		Tags:                        v.Owner.ECSTags(nodeOf("service", v.Process)),
	}
	if v.Spot > 0 {
		in.CapacityProviderStrategy = v.capacity()
	} else {
		in.LaunchType = ecstypes.LaunchTypeFargate
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
