package compute

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
)

// portName is the name of the port in a task definition, by which a gateway knows it.
const portName = "http"

// GatewayRoute connects the app's service with its ECS gateway. ECS gives the app its name only then, which settings of
// the app may hold, and sets up the load balancer, which takes a while. So a new app is connected before anything of it
// runs: its service starts out with no task.
type GatewayRoute struct {
	Owner         resource.Owner
	Gateway       *traffic.Gateway
	Cluster       *Cluster
	Network       network.Network
	SecurityGroup *network.SecurityGroup
	Port          int
	Health        traffic.Health

	TargetGroup, LoadBalancer string // outputs: ARNs of what ECS made for the route, empty before it did

	service  *ecstypes.Service          // as observed, nil when there is none that can be changed
	has      *ecstypes.GatewayConnector // of the service, as observed
	versions bool                       // there is a version to open the service with, as observed
}

// Info implements Resource.
func (r *GatewayRoute) Info() resource.Info {
	return resource.Info{
		ID: "gateway-route", Kind: "ecs.GatewayRoute", Name: r.Owner.App, Label: "the app's route through the gateway", Group: resource.GroupTraffic,
		Usually: 170 * time.Second, Gone: 40 * time.Second,
	}
}

// Needs implements Resource.
func (r *GatewayRoute) Needs() []resource.Need {
	needs := append(r.Network.Needs(), resource.After(r.Cluster, r.SecurityGroup)...)
	return append(needs, resource.Need{On: r.Gateway, Observe: true})
}

// Wanted implements Optional.
func (r *GatewayRoute) Wanted() bool { return r.Gateway.Wanted() }

// Identifier implements Identified.
func (r *GatewayRoute) Identifier() string { return r.Gateway.Route.ARN }

// Observe implements Resource. Without a gateway there is no route.
func (r *GatewayRoute) Observe(ctx context.Context, s *resource.Scope) error {
	r.service, r.has, r.TargetGroup, r.LoadBalancer, r.versions = nil, nil, "", "", false
	if !r.Gateway.Exists() {
		return nil
	}
	versions, err := r.opener().revisions(ctx, s, ecstypes.TaskDefinitionStatusActive)
	if err != nil {
		return err
	}
	r.versions = len(versions) > 0
	out, err := s.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(r.Cluster.Name()), Services: []string{r.Owner.App}})
	if resource.UnlessGone(err) != nil || err != nil || len(out.Services) == 0 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return resource.UnlessGone(err)
	}
	r.service = &out.Services[0]
	var arns []string
	for _, v := range r.service.CurrentServiceRevisions {
		arns = append(arns, aws.ToString(v.Arn))
	}
	if len(arns) == 0 {
		return nil
	}
	revisions, err := s.ECS.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns})
	if err != nil {
		return resource.UnlessGone(err)
	}
	newest := time.Time{}
	for _, v := range revisions.ServiceRevisions { // the newest says what is wanted
		if aws.ToTime(v.CreatedAt).Before(newest) {
			continue
		}
		newest, r.has = aws.ToTime(v.CreatedAt), nil
		for _, k := range v.GatewayConnectors {
			r.has = &k
		}
		if v.EcsManagedResources != nil {
			r.made(v.EcsManagedResources.GatewayConnections)
		}
	}
	return nil
}

// made notes what ECS made for the route.
func (r *GatewayRoute) made(all []ecstypes.GatewayConnection) {
	for _, k := range all {
		if of, ok := k.Resources.(*ecstypes.GatewayConnectionResourcesMemberHostSharedAlb); ok {
			for _, x := range of.Value {
				r.TargetGroup, r.LoadBalancer = aws.ToString(x.TargetGroupArn), aws.ToString(x.LoadBalancerArn)
			}
		}
	}
}

// Exists implements Resource: also when it is half made, or half gone.
func (r *GatewayRoute) Exists() bool {
	opened := r.service != nil && opening(aws.ToString(r.service.TaskDefinition))
	return r.Gateway.Exists() && (r.Gateway.Route.ARN != "" || r.has != nil || opened || r.versions)
}

// Diff implements Resource.
func (r *GatewayRoute) Diff(s *resource.Scope) resource.Diff {
	if !r.Wanted() {
		return resource.Unwanted(r)
	}
	if r.has == nil || r.Gateway.Route.ARN == "" {
		return resource.Absent()
	}
	var drift resource.Drift
	if failed(r.Gateway.Route) {
		drift.Add("failed to be set up before", resource.Field("state", r.Gateway.Route.State, ecstypes.GatewayRouteStatusActive))
	}
	if was, want := checked(r.has), checked(r.connector()); was != want {
		drift.Add("has different health checks", resource.Field("health check", was, want))
	}
	return drift.Diff()
}

// roleSpreads is how long ECS may not know a role that was made a moment ago (engine/AWS.md, Settling).
const roleSpreads = 2 * time.Minute

func failed(r traffic.Route) bool {
	return r.State == ecstypes.GatewayRouteStatusCreateFailed || r.State == ecstypes.GatewayRouteStatusUpdateFailed
}

// checked is how health is checked, as a text.
func checked(k *ecstypes.GatewayConnector) string {
	h := k.HealthCheck
	if h == nil {
		return ""
	}
	codes := ""
	if h.Matcher != nil {
		codes = aws.ToString(h.Matcher.HttpCode)
	}
	return fmt.Sprintf("%s every %ds within %ds, unhealthy after %d, codes %s", aws.ToString(h.HealthCheckPath), aws.ToInt32(h.HealthCheckIntervalSeconds),
		aws.ToInt32(h.HealthCheckTimeoutSeconds), aws.ToInt32(h.UnhealthyThresholdCount), codes)
}

// connector is what connects the service.
func (r *GatewayRoute) connector() *ecstypes.GatewayConnector {
	return &ecstypes.GatewayConnector{
		PortName: aws.String(portName),
		HealthCheck: &ecstypes.GatewayConnectorHealthCheck{
			HealthCheckPath: &r.Health.Path, HealthCheckProtocol: ecstypes.GatewayConnectorHealthCheckProtocolHttp,
			HealthCheckIntervalSeconds: aws.Int32(int32(r.Health.Interval.Seconds())), HealthCheckTimeoutSeconds: aws.Int32(int32(r.Health.Timeout.Seconds())),
			HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(int32(r.Health.Unhealthy)), //nolint:gosec // small
			Matcher: &ecstypes.GatewayConnectorHealthCheckMatcher{HttpCode: &r.Health.Codes},
		},
	}
}

// Apply implements Resource: it associates, connects, and waits until the app has its name.
func (r *GatewayRoute) Apply(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, append(ecsSettling, cloud.Retryable{Code: "UpdateInProgressException", For: 5 * time.Minute}), func(ctx context.Context) error {
		_, err := s.ECS.AssociateGatewayWithCluster(ctx, &ecs.AssociateGatewayWithClusterInput{Cluster: aws.String(r.Cluster.Name()), Gateway: &r.Gateway.ARN})
		return err
	})
	if err != nil && !cloud.Is(err, "ConflictException") { // associated already
		return fmt.Errorf("associate the gateway with the cluster: %w", err)
	}
	if err := r.Observe(ctx, s); err != nil {
		return err
	}
	if r.service == nil {
		if err := r.open(ctx, s); err != nil {
			return err
		}
	} else if r.has == nil || checked(r.has) != checked(r.connector()) {
		if err := r.connect(ctx, s, *r.connector()); err != nil {
			return err
		}
	}
	since := s.Clock.Now()
	w := cloud.Wait{For: "the app's name", Every: 2 * time.Second, Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, 5*time.Second, func(ctx context.Context) (bool, string, error) {
		route, err := r.Gateway.Look(ctx, s)
		r.Gateway.Route = route
		if failed(route) { // such as for a role that was made a moment ago, and that ECS does not know yet
			if s.Clock.Since(since) > roleSpreads {
				return false, "", r.failure(ctx, s, route)
			}
			return false, "created again", r.again(ctx, s)
		}
		return route.Host != "" && route.State != ecstypes.GatewayRouteStatusDeleteInProgress, "", err
	})
}

// connect sets the connectors of the service that there is; none disconnects it.
func (r *GatewayRoute) connect(ctx context.Context, s *resource.Scope, with ...ecstypes.GatewayConnector) error {
	err := s.Retry(ctx, append(associating, ecsSettling...), func(ctx context.Context) error {
		_, err := s.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
			Cluster: aws.String(r.Cluster.Name()), Service: aws.String(r.Owner.App), GatewayConnectors: append([]ecstypes.GatewayConnector{}, with...),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("connect the service to the gateway: %w", err)
	}
	return nil
}

// associating is the error of an association that spreads.
var associating = []cloud.Retryable{{Code: "InvalidParameterException", Contains: "no ACTIVE association", For: 2 * time.Minute}}

// openingMark ends the family of the version by which a service is opened. No process can be called that.
const openingMark = processMark + processMark + "opening"

func (r *GatewayRoute) family() string { return r.Owner.Name() + openingMark }

// opener is the version that a service is opened with, as far as it takes to find and remove it.
func (r *GatewayRoute) opener() *TaskDefinition {
	return &TaskDefinition{Owner: r.Owner, Process: strings.TrimPrefix(openingMark, processMark)}
}

// opening says whether a version is one that a service was opened with, and that never runs.
func opening(taskDefinition string) bool {
	family, _, _ := strings.Cut(shortARN(taskDefinition), ":")
	return strings.HasSuffix(family, openingMark)
}

// open makes the service, connected and with no task. The version that it starts out with never runs.
func (r *GatewayRoute) open(ctx context.Context, s *resource.Scope) error {
	var version string
	err := s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		out, err := s.ECS.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
			Family: aws.String(r.family()), NetworkMode: ecstypes.NetworkModeAwsvpc, RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
			Cpu: aws.String("256"), Memory: aws.String("512"), Tags: r.Owner.ECSTags("gateway-route"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{
				Name: aws.String(ContainerName), Image: aws.String("none"), Essential: aws.Bool(true),
				PortMappings: []ecstypes.PortMapping{{
					Name: aws.String(portName), ContainerPort: aws.Int32(int32(r.Port)), Protocol: ecstypes.TransportProtocolTcp, //nolint:gosec // a port
				}},
			}},
		})
		if err == nil {
			version = aws.ToString(out.TaskDefinition.TaskDefinitionArn)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("register the first version of the service: %w", err)
	}
	err = s.Retry(ctx, append(append([]cloud.Retryable{draining}, associating...), ecsSettling...), func(ctx context.Context) error {
		_, err := s.ECS.CreateService(ctx, &ecs.CreateServiceInput{
			Cluster: aws.String(r.Cluster.Name()), ServiceName: aws.String(r.Owner.App), TaskDefinition: &version, DesiredCount: aws.Int32(0),
			LaunchType: ecstypes.LaunchTypeFargate, PlatformVersion: aws.String("LATEST"),
			NetworkConfiguration: awsvpc(r.Network, r.SecurityGroup),
			GatewayConnectors:    []ecstypes.GatewayConnector{*r.connector()},
			EnableECSManagedTags: true, PropagateTags: ecstypes.PropagateTagsService,
			AvailabilityZoneRebalancing: ecstypes.AvailabilityZoneRebalancingEnabled, Tags: r.Owner.ECSTags("service"),
		})
		return err
	})
	if cloud.Is(err, "InvalidParameterException") && strings.Contains(cloud.Message(err), "not idempotent") { // made by a call whose answer got lost
		err = nil
	}
	if err != nil {
		return fmt.Errorf("create the service: %w", err)
	}
	return s.Adopt(ctx, "the service", func(ctx context.Context) error { return r.Observe(ctx, s) }, func() bool { return r.service != nil })
}

// Ready implements Waiter: the route takes traffic.
func (r *GatewayRoute) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the gateway's load balancer", Deadline: 15 * time.Minute}
	return s.Poll(ctx, w, r.Info().Usually, func(ctx context.Context) (bool, string, error) {
		route, err := r.Gateway.Look(ctx, s)
		if err != nil {
			return false, "", err
		}
		switch route.State {
		case ecstypes.GatewayRouteStatusActive, ecstypes.GatewayRouteStatusUpdateInProgress:
			return true, "", nil
		case ecstypes.GatewayRouteStatusCreateFailed, ecstypes.GatewayRouteStatusUpdateFailed:
			return false, "", r.failure(ctx, s, route)
		}
		return false, "", nil
	})
}

func (r *GatewayRoute) failure(ctx context.Context, s *resource.Scope, route traffic.Route) error {
	return &fail.Error{
		Class: fail.Failed, Cause: "ECS could not set up the app's route through the gateway", Evidence: strings.TrimSpace(route.ARN + " is " + string(route.State) + "\n" + r.Gateway.Why(ctx, s)),
		Remedy: `run the same command again; if it fails again, set https = "cloudfront" under [network]`, Setting: "network.https",
	}
}

// again takes the route away and makes it anew, by the same name where AWS gives that again.
func (r *GatewayRoute) again(ctx context.Context, s *resource.Scope) error {
	if err := r.connect(ctx, s); err != nil {
		return err
	}
	w := cloud.Wait{For: "the failed route to go", Deadline: 5 * time.Minute}
	err := s.Poll(ctx, w, 20*time.Second, func(ctx context.Context) (bool, string, error) {
		route, err := r.Gateway.Look(ctx, s)
		return route.ARN == "", "", err
	})
	if err != nil {
		return err
	}
	return r.connect(ctx, s, *r.connector())
}

// Cleanup implements Cleaner: the version that the service was opened with is of no use any more.
func (r *GatewayRoute) Cleanup(ctx context.Context, s *resource.Scope) error {
	if !r.Wanted() {
		return nil
	}
	return r.forget(ctx, s)
}

// forget removes the version that the service was opened with.
func (r *GatewayRoute) forget(ctx context.Context, s *resource.Scope) error {
	return r.opener().Delete(ctx, s)
}

// Delete implements Resource: it disconnects the service, if that stays, and waits until the name is gone.
func (r *GatewayRoute) Delete(ctx context.Context, s *resource.Scope) error {
	if err := r.Observe(ctx, s); err != nil {
		return err
	}
	if r.service != nil && opening(aws.ToString(r.service.TaskDefinition)) { // no version ever ran
		_, err := s.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{Cluster: aws.String(r.Cluster.Name()), Service: aws.String(r.Owner.App), Force: aws.Bool(true)})
		if resource.UnlessGone(err) != nil {
			return fmt.Errorf("delete the placeholder service: %w", err)
		}
	} else if r.service != nil && r.has != nil {
		if err := r.connect(ctx, s); err != nil {
			return err
		}
	}
	if err := r.forget(ctx, s); err != nil {
		return err
	}
	w := cloud.Wait{For: "the route to go", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, r.Info().Gone, func(ctx context.Context) (bool, string, error) {
		route, err := r.Gateway.Look(ctx, s)
		return route.ARN == "", "", err
	})
}

// Permissions implements Permissioned. Without a gateway it makes no call.
func (r *GatewayRoute) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if do == "" && !r.Gateway.Exists() && !r.Wanted() {
		return nil
	}
	gateway, service := s.ARN("ecs", "gateway/"+r.Gateway.Name()), s.ARN("ecs", "service/"+r.Cluster.Name()+"/"+r.Owner.App)
	revisions := s.ARN("ecs", "service-revision/"+r.Cluster.Name()+"/"+r.Owner.App+"/*")
	need := []resource.Permission{
		resource.Anywhere("ecs:ListTaskDefinitions"), resource.On(resource.Actions("ecs:DescribeServices"), service), resource.On(resource.Actions("ecs:DescribeServiceRevisions"), revisions),
	}
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("ecs:AssociateGatewayWithCluster"), gateway, s.ARN("ecs", "cluster/"+r.Cluster.Name())))
		need = append(need, newECS("CreateService", service)...)
		need = append(need, newECS("RegisterTaskDefinition", s.ARN("ecs", "task-definition/"+r.family()+":*"))[1],
			resource.Anywhere("ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"),
			resource.On(resource.Actions("ecs:DeleteTaskDefinitions"), s.ARN("ecs", "task-definition/"+r.family()+":*")),
			resource.On(resource.Actions("ecs:UpdateService"), service))
	case event.Update:
		need = append(need, resource.On(resource.Actions("ecs:AssociateGatewayWithCluster"), gateway, s.ARN("ecs", "cluster/"+r.Cluster.Name())),
			resource.On(resource.Actions("ecs:UpdateService"), service))
	case event.Delete:
		need = append(need, resource.Anywhere("ecs:DeregisterTaskDefinition"),
			resource.On(resource.Actions("ecs:DeleteTaskDefinitions"), s.ARN("ecs", "task-definition/"+r.family()+":*")),
			resource.On(resource.Actions("ecs:UpdateService", "ecs:DeleteService"), service))
	case event.None, event.Replace:
	}
	return need
}
