package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsServices are services.
func ecsServices() awsService {
	return awsService{
		operations: []operation{
			op(ecsCreateService, tagging("ecs:TagResource")), op(ecsUpdateService), op(ecsDescribeServices),
			op(ecsListServices, pages("ServiceArns", 10, 100)), op(ecsDeleteService),
		},
		list: func(v *inventory, r *region) {
			for _, s := range r.ecs().Services {
				if s.Status == "INACTIVE" {
					continue
				}
				p := s.primary()
				running, _ := r.counts(p.ID)
				v.add("ecs.Service", named(r, nil, lastPart(s.Cluster), s.Name), false, map[string]any{
					"Status": s.Status, "Desired": s.Desired, "Running": running, "State": p.State, "Revision": p.Rev, "Config": s.Config,
					"Grace": s.Grace, "Exec": s.Exec, "Strategy": s.Strategy, "Launch": s.Launch, "Tags": s.Tags,
				})
			}
		},
	}
}

type service struct {
	ARN      string
	Name     string
	Cluster  string // ARN
	Status   string // ACTIVE, DRAINING, INACTIVE
	Token    string
	Desired  int32
	Created  time.Time
	Rollouts []*rollout // newest first
	Events   []serviceEvent
	EventSeq int
	Told     bool      // the steady state has been told since the last change
	Next     time.Time // when the scheduler looks at it again; zero when something must happen first
	Tags     tagMap

	// What a change of does not start a rollout.
	Config    *ecstypes.DeploymentConfiguration
	Grace     int32 // seconds
	Exec      bool
	Managed   bool
	Propagate ecstypes.PropagateTags
	Rebalance ecstypes.AvailabilityZoneRebalancing
	Strategy  []ecstypes.CapacityProviderStrategyItem
	Launch    ecstypes.LaunchType
}

type serviceEvent struct {
	ID   string
	At   time.Time
	Text string
}

// revision is what a change of starts a rollout.
type revision struct {
	TaskDef    string // ARN
	Platform   string
	Network    *ecstypes.NetworkConfiguration
	LBs        []ecstypes.LoadBalancer
	Registries []ecstypes.ServiceRegistry
	Connectors []ecstypes.GatewayConnector `json:",omitempty"`
}

// service finds a service of a cluster by name or ARN. A name may have been used before: the newest wins.
func (r *region) service(clusterARN, ref string) *service {
	name := lastPart(ref)
	for _, s := range slices.Backward(r.ecs().Services) {
		if s.Name == name && s.Cluster == clusterARN {
			return s
		}
	}
	return nil
}

func noService() error { return &ecstypes.ServiceNotFoundException{Message: msg("Service not found.")} }

// checkRevision checks what a service is to run against everything that it names.
func (c *call) checkRevision(v *revision) error {
	d := c.r.taskDef(v.TaskDef)
	if d == nil {
		return client("TaskDefinition not found.")
	}
	if d.Def.Status != ecstypes.TaskDefinitionStatusActive {
		return client("TaskDefinition is inactive")
	}
	v.TaskDef = d.ARN
	vpc, err := c.checkNetwork(v.Network)
	if err != nil {
		return err
	}
	for _, lb := range v.LBs {
		if err := c.checkLoadBalancer(d, lb, vpc); err != nil {
			return err
		}
	}
	return nil
}

// checkNetwork checks a network configuration and returns its VPC.
func (c *call) checkNetwork(n *ecstypes.NetworkConfiguration) (vpc string, err error) {
	if n == nil || n.AwsvpcConfiguration == nil {
		return "", invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	cfg := n.AwsvpcConfiguration
	if len(cfg.Subnets) == 0 {
		return "", invalid("subnets can not be empty.")
	}
	for _, id := range cfg.Subnets {
		s := c.r.subnet(id)
		if s == nil {
			return "", invalid("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)", strings.Join(cfg.Subnets, ", "), id)
		}
		if vpc != "" && s.VPC != vpc {
			return "", invalid("The specified subnets are not in the same VPC.")
		}
		vpc = s.VPC
	}
	for _, id := range cfg.SecurityGroups {
		g := c.r.group(id)
		if g == nil {
			return "", invalid("Error retrieving security group information for [%s]: The security group '%s' does not exist (ErrorCode: InvalidGroup.NotFound)", strings.Join(cfg.SecurityGroups, ", "), id)
		}
		if g.VPC != vpc {
			return "", invalid("Security group %s does not appear to belong to the same VPC as the input subnets.", id)
		}
	}
	return vpc, nil
}

func (c *call) checkLoadBalancer(d *taskDef, lb ecstypes.LoadBalancer, vpc string) error {
	arn, port := str(lb.TargetGroupArn), val(lb.ContainerPort, 0)
	t := c.r.targetGroup(arn)
	switch {
	case t == nil:
		return invalid("The specified target group does not exist. targetGroupArn %s", arn)
	case t.Type != "ip":
		return invalid("The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified in the task definition.", arn, t.Type)
	case t.VPC != vpc:
		return invalid("The target group %s is in another VPC than the subnets of the service.", arn)
	case len(c.r.usersOf(arn)) == 0:
		return invalid("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	}
	for _, k := range d.Def.ContainerDefinitions {
		if str(k.Name) != str(lb.ContainerName) {
			continue
		}
		if !slices.ContainsFunc(k.PortMappings, func(m ecstypes.PortMapping) bool { return val(m.ContainerPort, 0) == port }) {
			return invalid("The container %s did not have a container port %d defined.", str(lb.ContainerName), port)
		}
		return nil
	}
	return invalid("The container %s does not exist in the task definition.", str(lb.ContainerName))
}

// checkConfig checks a deployment configuration.
func checkConfig(cfg *ecstypes.DeploymentConfiguration) error {
	if cfg == nil {
		return nil
	}
	least, most := val(cfg.MinimumHealthyPercent, 100), val(cfg.MaximumPercent, 200)
	if least < 0 || most < least || most == 0 {
		return invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	}
	if b := cfg.DeploymentCircuitBreaker; b != nil && b.ThresholdConfiguration != nil && b.ThresholdConfiguration.Value < 1 {
		return invalid("The threshold value must be at least 1.")
	}
	return nil
}

func ecsCreateService(c *call, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if k.status(c.now) != "ACTIVE" {
		return nil, client("Cluster was not ACTIVE.")
	}
	name := str(in.ServiceName)
	if !ecsName(name) {
		return nil, invalid("Identifier is invalid.")
	}
	if err := c.ecsRole(); err != nil {
		return nil, err
	}
	if old := c.r.service(k.ARN, name); old != nil {
		switch {
		case old.Status == "DRAINING":
			return nil, invalid("Unable to Start a service that is still Draining.")
		case old.Status == "ACTIVE" && in.ClientToken != nil && old.Token == *in.ClientToken:
			return &ecs.CreateServiceOutput{Service: new(c.serviceOut(old))}, nil
		case old.Status == "ACTIVE":
			return nil, invalid("Creation of service was not idempotent.")
		}
		c.r.ecs().Services = remove(c.r.ecs().Services, old)
	}
	if in.DesiredCount == nil && in.SchedulingStrategy != ecstypes.SchedulingStrategyDaemon {
		return nil, invalid("The number of desired tasks must be specified for a service with scheduling strategy REPLICA.")
	}
	if in.LaunchType != "" && len(in.CapacityProviderStrategy) > 0 {
		return nil, invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	if err := checkConfig(in.DeploymentConfiguration); err != nil {
		return nil, err
	}
	v := revision{
		TaskDef: str(in.TaskDefinition), Platform: val(in.PlatformVersion, "LATEST"), Network: clone(in.NetworkConfiguration),
		LBs: clone(in.LoadBalancers), Registries: clone(in.ServiceRegistries), Connectors: clone(in.GatewayConnectors),
	}
	if err := c.checkRevision(&v); err != nil {
		return nil, err
	}
	if err := c.checkConnectors(k.ARN, &v); err != nil {
		return nil, err
	}
	s := &service{
		ARN: c.ecsARN("service/%s/%s", k.Name, name), Name: name, Cluster: k.ARN, Status: "ACTIVE", Token: str(in.ClientToken),
		Desired: val(in.DesiredCount, 0), Created: c.now, Tags: ecsTags(in.Tags),
		Config: clone(in.DeploymentConfiguration), Grace: val(in.HealthCheckGracePeriodSeconds, 0),
		Exec: in.EnableExecuteCommand, Managed: in.EnableECSManagedTags, Propagate: in.PropagateTags,
		Rebalance: in.AvailabilityZoneRebalancing, Strategy: clone(in.CapacityProviderStrategy), Launch: in.LaunchType,
	}
	if s.Launch == "" && len(s.Strategy) == 0 {
		s.Strategy = clone(k.Strategy)
	}
	if s.Launch == "" && len(s.Strategy) == 0 {
		return nil, invalid("No Container Instances were found in your cluster.")
	}
	c.r.ecs().Services = append(c.r.ecs().Services, s)
	c.newRollout(s, v)
	return &ecs.CreateServiceOutput{Service: new(c.serviceOut(s))}, nil
}

// activeService finds a service that can be changed.
func (c *call) activeService(clusterRef, ref *string) (*service, error) {
	k, err := c.activeCluster(clusterRef)
	if err != nil {
		return nil, err
	}
	s := c.r.service(k.ARN, str(ref))
	switch {
	case s == nil || s.Status == "INACTIVE":
		return nil, noService()
	case s.Status != "ACTIVE":
		return nil, &ecstypes.ServiceNotActiveException{Message: msg("Service was not ACTIVE.")}
	}
	return s, nil
}

func ecsUpdateService(c *call, in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	s, err := c.activeService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if err := checkConfig(in.DeploymentConfiguration); err != nil {
		return nil, err
	}
	was := s.primary().Rev
	v := clone(was)
	if in.TaskDefinition != nil {
		v.TaskDef = *in.TaskDefinition
	}
	if in.NetworkConfiguration != nil {
		v.Network = clone(in.NetworkConfiguration)
	}
	if in.LoadBalancers != nil {
		v.LBs = clone(in.LoadBalancers)
	}
	if in.ServiceRegistries != nil {
		v.Registries = clone(in.ServiceRegistries)
	}
	if in.GatewayConnectors != nil {
		v.Connectors = clone(in.GatewayConnectors)
	}
	v.Platform = val(in.PlatformVersion, v.Platform)
	if v.TaskDef != was.TaskDef || in.NetworkConfiguration != nil || in.LoadBalancers != nil {
		if err := c.checkRevision(&v); err != nil {
			return nil, err
		}
	}
	if err := c.checkConnectors(s.Cluster, &v); err != nil {
		return nil, err
	}
	if in.CapacityProviderStrategy != nil && !in.ForceNewDeployment {
		return nil, invalid("When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.")
	}
	s.Desired = val(in.DesiredCount, s.Desired)
	s.Grace = val(in.HealthCheckGracePeriodSeconds, s.Grace)
	s.Exec = val(in.EnableExecuteCommand, s.Exec)
	s.Managed = val(in.EnableECSManagedTags, s.Managed)
	if in.PropagateTags != "" {
		s.Propagate = in.PropagateTags
	}
	if in.DeploymentConfiguration != nil {
		s.Config = clone(in.DeploymentConfiguration)
	}
	if in.CapacityProviderStrategy != nil {
		s.Launch = ""
		s.Strategy = clone(in.CapacityProviderStrategy)
	}
	if in.AvailabilityZoneRebalancing != "" {
		s.Rebalance = in.AvailabilityZoneRebalancing
	}
	s.Told = false
	s.wake(c.now.Add(c.a.delay(latSchedule, s.ARN)))
	if in.ForceNewDeployment || !equalJSON(v, was) {
		c.newRollout(s, v)
	}
	return &ecs.UpdateServiceOutput{Service: new(c.serviceOut(s))}, nil
}

func ecsDescribeServices(c *call, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Services) == 0 || len(in.Services) > 10 {
		return nil, invalid("Services must be given, at most 10.")
	}
	out := &ecs.DescribeServicesOutput{}
	for _, ref := range in.Services {
		s := c.r.service(k.ARN, ref)
		if s == nil {
			out.Failures = append(out.Failures, ecstypes.Failure{Arn: new(c.ecsARN("service/%s/%s", k.Name, lastPart(ref))), Reason: new("MISSING")})
			continue
		}
		o := c.serviceOut(s)
		if !slices.Contains(in.Include, ecstypes.ServiceFieldTags) {
			o.Tags = nil
		}
		out.Services = append(out.Services, o)
	}
	return out, nil
}

func ecsListServices(c *call, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, s := range c.r.ecs().Services {
		if s.Cluster == k.ARN && s.Status != "INACTIVE" {
			arns = append(arns, s.ARN)
		}
	}
	return &ecs.ListServicesOutput{ServiceArns: arns}, nil
}

func ecsDeleteService(c *call, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := c.r.service(k.ARN, str(in.Service))
	if s == nil || s.Status == "INACTIVE" {
		return nil, noService()
	}
	if s.Status == "DRAINING" {
		return &ecs.DeleteServiceOutput{Service: new(c.serviceOut(s))}, nil
	}
	if !val(in.Force, false) {
		if s.Desired > 0 {
			return nil, invalid("The service cannot be stopped while it is scaled above 0.")
		}
		if len(c.r.liveTasks(s, nil)) > 0 {
			return nil, invalid("The service cannot be stopped while deployments are active.")
		}
	}
	s.Status, s.Desired = "DRAINING", 0
	s.Next = c.now
	return &ecs.DeleteServiceOutput{Service: new(c.serviceOut(s))}, nil
}
