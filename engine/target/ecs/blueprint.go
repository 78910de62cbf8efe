// Package ecs is the blueprint for ECS on Fargate: it turns a spec into the resources that the app needs,
// wired to each other. It makes no call.
package ecs

import (
	"slices"
	"time"

	"berth/engine/fail"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/resource/data"
	"berth/engine/resource/network"
	"berth/engine/resource/traffic"
	"berth/engine/spec"
	"berth/engine/target"
)

// Blueprint is the app as resources.
type Blueprint struct {
	Owner resource.Owner

	VPC           *network.VPC
	Network       network.Network
	Gateway       *network.InternetGateway
	LBGroup       *network.SecurityGroup
	TaskGroup     *network.SecurityGroup
	ExecutionRole *access.Role
	TaskRole      *access.Role
	ECSRole       *access.ServiceLinkedRole
	ELBRole       *access.ServiceLinkedRole
	EdgeRole      *access.ServiceLinkedRole
	Repository    *artifact.Repository
	Build         *artifact.Build // nil when an image is used as it is
	inCloud                       // what builds it in AWS
	Image         *artifact.Image
	LogGroup      *compute.LogGroup
	Cluster       *compute.Cluster
	TaskDef       *compute.TaskDefinition
	LoadBalancer  *traffic.LoadBalancer
	TargetGroup   *traffic.TargetGroup
	Door          *traffic.Door
	DoorRole      *access.Role // by which ECS looks after a gateway
	Route         *compute.GatewayRoute
	Namespace     *compute.Namespace        // nil unless the tasks find each other by DNS
	Discovery     *compute.Discovery        // nil unless the tasks find each other by DNS
	Release       *compute.Release          // nil without a release command
	ScalingRole   *access.ServiceLinkedRole // nil without scaling
	Scaling       *compute.Scaling          // nil without scaling
	Service       *compute.Service
	Processes     []*process // beside the app's own
	ScheduleRole  *access.Role
	ScheduleGroup *compute.ScheduleGroup
	PipelineRole  *access.Role

	Secrets       *data.Secrets
	Given         []*data.Parameter // secrets whose values came with the request
	DatabaseGroup *network.SecurityGroup
	DatabaseRole  *access.ServiceLinkedRole
	Subnets       *data.SubnetGroup
	Password      *data.Parameter
	Parameters    *data.ParameterGroup
	Database      *data.Database
	DatabaseURL   *data.Parameter
	FilesGroup    *network.SecurityGroup
	FilesRole     *access.ServiceLinkedRole
	FileSystem    *data.FileSystem
	MountTargets  []*data.MountTarget
	Folders       []*data.AccessPoint

	cache  // what the cache is made of
	Bucket *data.Bucket
	alarming

	Endpoint *traffic.Endpoint
}

// newBlueprint makes the blueprint of a complete, valid spec that asks for nothing unsupported.
func newBlueprint(s *spec.Spec, o target.Options) (*Blueprint, error) {
	b := &Blueprint{Owner: o.Owner}
	b.Owner.Demanded = resource.Demand(s.AccountRules.Tags)
	b.network(s)
	b.given(s, o.Given)
	b.data(s, o.Given)
	b.access(s)
	b.image(s, o)
	b.traffic(s)
	b.Door.Rule.Secret.Rotate = o.RotateOrigin
	b.uploads(s)
	b.compute(s)
	if err := b.service(s, o); err != nil {
		return nil, err
	}
	b.processes(s, o)
	b.alarms(s)
	b.pipelineRole(s)
	b.endpoint(s, o)
	return b, nil
}

// Resources implements target.Blueprint.
func (b *Blueprint) Resources() resource.Set {
	rs := append(b.foundation(), b.Secrets)
	for _, p := range b.Given {
		rs = append(rs, p)
	}
	if b.Database.Wanted() {
		for _, r := range b.database() {
			if resource.Wanted(r) { // the settings of an earlier version go with the app
				rs = append(rs, r)
			}
		}
	}
	if b.FileSystem.Wanted() {
		rs = append(rs, b.files()...)
	}
	if b.Bucket.Wanted() {
		rs = append(rs, b.Bucket)
	}
	if b.Cache.Wanted() {
		rs = append(rs, b.caching()...)
	}
	if b.Build != nil {
		if b.Project.Wanted() {
			rs = append(rs, b.building()...)
		}
		rs = append(rs, b.Build)
	}
	rs = append(append(rs, b.Image), b.frontage()...)
	if b.Release != nil {
		rs = append(rs, b.Release)
	}
	rs = append(append(rs, b.running()...), b.watching()...)
	if b.Door.Want != traffic.Nobody { // else nobody is answered
		rs = append(rs, b.Endpoint)
	}
	return rs
}

// Rollback implements target.Blueprint: the service as it is, with that revision (family:number), and the check of
// the endpoint, if it has one. Nothing else is touched.
func (b *Blueprint) Rollback(revision string, now *target.Status) resource.Set {
	b.TaskDef.Pin, b.Service.RevisionOnly = revision, true
	b.Service.Release = nil
	rs := resource.Set{b.TaskDef, b.Service}
	for _, g := range []*traffic.TargetGroup{b.TargetGroup, b.Door.Inner.TargetGroup} {
		rs = append(rs, resource.ReadOnly{Resource: g})
	}
	for _, p := range b.Processes {
		p.TaskDef.Pin, p.Service.RevisionOnly, p.Service.Release = revision, true, nil
		p.TaskDef.Unwanted, p.Service.Unwanted = false, false
		p.Schedule.RevisionOnly, p.Schedule.Unwanted = true, false
		rs = append(rs, p.TaskDef, p.Service, p.Schedule)
	}
	for _, r := range b.Door.Looks() {
		rs = append(rs, resource.ReadOnly{Resource: r})
	}
	if b.Door.Want != traffic.Nobody && now.Endpoint != "" {
		rs = append(rs, b.Endpoint)
	}
	return rs
}

// Restart implements target.Blueprint: the services that run, each with the revision that it runs, and the check of the
// endpoint. What runs by schedule has new tasks every time.
func (b *Blueprint) Restart(now *target.Status) resource.Set {
	rs := b.Rollback(now.Revision, now)
	b.Service.Restart = now.Desired > 0
	for _, p := range b.Processes {
		for _, one := range now.Processes {
			if one.Name == p.name {
				p.TaskDef.Pin, p.TaskDef.Beside = one.Revision, nil
				p.Service.Restart = one.Schedule == "" && one.Desired > 0
			}
		}
	}
	return rs
}

// Lasting implements target.Blueprint.
func (b *Blueprint) Lasting() resource.Set {
	return slices.Concat(b.foundation(), b.building(), b.database(), b.files(), resource.Set{b.Bucket}, b.caching(), b.frontage(), b.running(), b.watching())
}

// Deciding implements target.Blueprint: a network of our own takes permissions that a default one does not.
func (b *Blueprint) Deciding() resource.Set {
	if b.Door.Own() { // and where its DNS is
		return append(resource.Set{b.VPC}, b.Door.Looks()...)
	}
	return resource.Set{b.VPC}
}

// Kept implements target.Blueprint.
func (b *Blueprint) Kept() (key, value string) {
	if b.Door.Stays() {
		return "network.https", traffic.ByCloudFront
	}
	return "", ""
}

// Looks implements target.Blueprint.
func (b *Blueprint) Looks(s *resource.Scope) []resource.Permission { return b.Service.Look(s) }

// Address implements target.Blueprint.
func (b *Blueprint) Address() string {
	return b.Door.URL()
}

func (b *Blueprint) foundation() resource.Set {
	rs := resource.Set{b.VPC, b.Gateway}
	for _, sn := range b.Network.Subnets {
		rs = append(rs, sn)
	}
	for _, sn := range b.Network.Inside {
		rs = append(rs, sn)
	}
	return append(rs, b.Network.NAT.Address, b.Network.NAT, b.Network.InsideRoutes, b.Network.Routes, b.LBGroup, b.TaskGroup, b.Namespace, b.Discovery, b.ECSRole, b.ELBRole,
		b.EdgeRole, b.ScalingRole, b.ExecutionRole, b.TaskRole, b.DoorRole, b.Repository)
}

func (b *Blueprint) frontage() resource.Set {
	return slices.Concat(resource.Set{b.LoadBalancer, b.TargetGroup}, b.Door.Behind(), resource.Set{b.LogGroup, b.Cluster, b.Route, b.TaskDef}, b.definitions())
}

func (b *Blueprint) running() resource.Set {
	return slices.Concat(resource.Set{b.Service, b.Scaling}, b.services(), b.Door.Before())
}

func (b *Blueprint) network(s *spec.Spec) {
	b.VPC = &network.VPC{Owner: b.Owner, Given: network.Given{
		VPC: s.Network.VPC, Subnets: s.Network.Subnets, Private: s.Network.Tasks == "private", Within: fronted(s),
	}, Own: (s.Network.Tasks == "private" || fronted(s)) && s.Network.VPC == ""}
	b.Gateway = &network.InternetGateway{Owner: b.Owner, VPC: b.VPC}
	subnets := []*network.Subnet{{Owner: b.Owner, VPC: b.VPC, Index: 0}, {Owner: b.Owner, VPC: b.VPC, Index: 1}}
	b.Network = network.Network{
		VPC: b.VPC, Subnets: subnets,
		Routes: &network.RouteTable{Owner: b.Owner, VPC: b.VPC, Gateway: b.Gateway, Subnets: subnets},
	}
	b.inside(s, subnets[0])
	b.LBGroup = &network.SecurityGroup{
		Owner: b.Owner, Role: "lb", Label: "the load balancer's security group", VPC: b.VPC,
		Ingress: b.doorIngress(),
	}
	b.TaskGroup = &network.SecurityGroup{
		Owner: b.Owner, Role: "tasks", Label: "the tasks' security group", VPC: b.VPC,
		Ingress: []network.Ingress{{Port: s.Service.Port, From: b.LBGroup, Text: "the load balancer"}},
	}
	if s.NoHTTP() {
		b.LBGroup.Unneeded, b.TaskGroup.Ingress = true, nil
	}
	if s.Network.Clustering != "" { // nodes talk on ports of their own choice
		b.TaskGroup.Ingress = append(b.TaskGroup.Ingress,
			network.Ingress{Port: 1, ToPort: 65535, Self: true, Text: "the other tasks of the app"})
	}
}

func (b *Blueprint) access(s *spec.Spec) {
	b.ECSRole = &access.ServiceLinkedRole{
		ID: "ecs-service-role", Service: "ecs.amazonaws.com", Name: "AWSServiceRoleForECS", Label: "the role of ECS itself",
	}
	b.EdgeRole = &access.ServiceLinkedRole{
		ID: "edge-service-role", Service: "vpcorigin.cloudfront.amazonaws.com", Name: "AWSServiceRoleForCloudFrontVPCOrigin",
		Label: "the role of CloudFront itself inside networks", Unwanted: !fronted(s),
	}
	b.ELBRole = &access.ServiceLinkedRole{
		ID: "elb-service-role", Service: "elasticloadbalancing.amazonaws.com",
		Name: "AWSServiceRoleForElasticLoadBalancing", Label: "the role of the load balancer service itself",
		Unwanted: s.NoHTTP(),
	}
	b.Repository = &artifact.Repository{Owner: b.Owner, Cached: s.Image.Cache && s.Image.Ref == ""}
	b.LogGroup = &compute.LogGroup{Owner: b.Owner, Days: s.Service.LogDays}
	b.ExecutionRole = access.NewRole(b.Owner, s.Region, "execution", "the role that starts tasks", func(sc *resource.Scope) string {
		return compute.ExecutionPolicy(sc, b.Image.Repositories(sc), b.LogGroup, b.Secrets.Read(sc))
	})
	b.ExecutionRole.Rules = rules(s)
}

// rules are what the organization demands of roles.
func rules(s *spec.Spec) access.Rules {
	return access.Rules{Boundary: s.AccountRules.PermissionsBoundary, Path: s.AccountRules.RolePath}
}

// grants are what the app itself may do.
func grants(s *spec.Spec) access.Grants {
	g := access.Grants{Policies: s.Permissions.Policies}
	for _, one := range s.Permissions.Allow {
		g.Allow = append(g.Allow, policy.Allow(one.Actions, one.Resources...))
	}
	return g
}

// drain is how long a task that leaves may finish its requests: connections that stay open get longer, since
// everybody on them has to come back elsewhere (engine/AWS.md, Health checks and draining).
func drain(s *spec.Spec) time.Duration {
	if s.Network.WebSockets {
		return 30 * time.Second
	}
	return 10 * time.Second
}

// health is how tasks are asked whether they are well.
func health(s *spec.Spec) traffic.Health {
	h := s.Service.Health
	return traffic.Health{
		Path: s.Service.HealthPath, Interval: time.Duration(h.Interval), Timeout: time.Duration(h.Timeout), Unhealthy: h.Unhealthy, Codes: h.Codes,
	}
}

// idle is how long a connection may be silent: WebSockets outlive the usual heartbeat of 30 s many times.
func idle(s *spec.Spec) time.Duration {
	if said := time.Duration(s.Network.IdleTimeout); said != 0 {
		return said
	}
	if s.Network.WebSockets {
		return 300 * time.Second
	}
	return 60 * time.Second
}

func (b *Blueprint) traffic(s *spec.Spec) {
	gateway, private := wants(s) == traffic.ByGateway, fronted(s)
	b.LoadBalancer = &traffic.LoadBalancer{
		Owner: b.Owner, Network: b.Network, SecurityGroup: b.LBGroup, LinkedRole: b.ELBRole, IdleTimeout: idle(s),
		Unneeded: s.NoHTTP() || gateway || private,
	}
	b.TargetGroup = &traffic.TargetGroup{
		Owner: b.Owner, VPC: b.VPC, Port: s.Service.Port, Health: health(s), DrainFor: drain(s), Sticky: s.Service.StickySessions,
		Unneeded: s.NoHTTP() || gateway || private,
	}
	b.DoorRole = access.NewRole(b.Owner, s.Region, "gateway", "the role ECS manages the gateway with", func(*resource.Scope) string { return "" })
	b.DoorRole.Rules, b.DoorRole.Trust, b.DoorRole.Unwanted = rules(s), traffic.GatewayTrust, !gateway
	if gateway {
		b.DoorRole.Grants.Policies = []string{traffic.GatewayPolicy}
	}
	b.Door = b.door(s)
	b.VPC.Stands = b.Door.Stands
}

func (b *Blueprint) compute(s *spec.Spec) {
	b.Cluster = &compute.Cluster{Owner: b.Owner, LinkedRole: b.ECSRole}
	b.Door.Gateway.Behind = []resource.Resource{b.Cluster}
	b.Route = &compute.GatewayRoute{
		Owner: b.Owner, Gateway: b.Door.Gateway, Cluster: b.Cluster, Network: b.tasksIn(s), SecurityGroup: b.TaskGroup, Port: s.Service.Port, Health: health(s),
	}
	grants := grants(s)
	b.TaskRole = access.NewRole(b.Owner, s.Region, "task", "the role that the app runs with", func(sc *resource.Scope) string {
		more := slices.Clone(grants.Allow)
		if b.FileSystem.Wanted() {
			more = append(more, b.FileSystem.Mount(sc))
		}
		if b.Bucket.Wanted() {
			more = append(more, b.Bucket.Use(sc)...)
		}
		if s.Service.Exec {
			more = append(more, compute.Channels())
		}
		return compute.TaskPolicy(sc, b.Cluster, s.Network.Clustering == "ecs-api", more...)
	})
	b.TaskRole.Rules, b.TaskRole.Grants = rules(s), grants
	b.TaskDef = b.taskDefinition(s, func(sc *resource.Scope) string { return b.Service.ServiceARN(sc) })
	b.TaskDef.CPU, b.TaskDef.Memory, b.TaskDef.Command, b.TaskDef.Port = spec.CPUUnits(s.Service.CPU), s.Service.Memory, s.Service.Command, s.Service.Port
	b.TaskDef.Settings = fingerprint(s, nil)
	for _, m := range b.MountTargets {
		m.Used = func() bool { return b.TaskDef.MountsAlready(b.FileSystem.ID) }
	}
	b.Namespace = &compute.Namespace{Owner: b.Owner, VPC: b.VPC, Unwanted: s.Network.Clustering != "dns"}
	b.Discovery = &compute.Discovery{Owner: b.Owner, Namespace: b.Namespace, Unwanted: s.Network.Clustering != "dns"}
}

func (b *Blueprint) service(s *spec.Spec, o target.Options) error {
	b.Service = b.serviceOf(s, o, b.TaskDef)
	b.TaskDef.Service = b.Service
	b.Door.Handover.Service = b.Service
	if !s.NoHTTP() {
		b.Service.TargetGroup, b.Service.Former = b.TargetGroup, b.Door.Inner.TargetGroup
		if fronted(s) {
			b.Service.TargetGroup, b.Service.Former = b.Service.Former, b.Service.TargetGroup
		}
		b.Service.Rules, b.Service.Port = b.Door.Rules(), s.Service.Port
		b.Service.Route = b.Route
	}
	b.Service.Instances, b.Service.Scaled, b.Service.Spot = s.Service.Instances, s.Service.Autoscale != nil, s.Service.Spot
	b.Service.CPU, b.Service.MemoryGB = s.Service.CPU, float64(s.Service.Memory)/1024
	b.ScalingRole = &access.ServiceLinkedRole{
		ID: "scaling-service-role", Service: "ecs.application-autoscaling.amazonaws.com",
		Name: "AWSServiceRoleForApplicationAutoScaling_ECSService", Label: "the role of Application Auto Scaling itself",
		Unwanted: !scaled(s),
	}
	b.Scaling = &compute.Scaling{Service: b.Service, LinkedRole: b.ScalingRole, Unwanted: s.Service.Autoscale == nil}
	if a := s.Service.Autoscale; a != nil {
		b.Scaling.Min, b.Scaling.Max = s.Service.Instances, a.Max
		b.Scaling.CPU, b.Scaling.Memory, b.Scaling.Requests = a.CPUPercent, a.MemoryPercent, a.RequestsPerInstance
		if a.RequestsPerInstance > 0 {
			b.Scaling.Balancer = b.Door.Front()
		}
	}
	if s.Service.ReleaseCommand == "" || o.Made {
		return nil
	}
	words, err := spec.Words(s.Service.ReleaseCommand)
	if err != nil || len(words) == 0 {
		return fail.Usagef("service.release_command cannot be read: %v", err)
	}
	b.Release = &compute.Release{
		Cluster: b.Cluster, TaskDefinition: b.TaskDef, Network: b.tasksIn(s), SecurityGroup: b.TaskGroup,
		Service: b.Service, Command: words,
	}
	b.Service.Release = b.Release
	return nil
}

func (b *Blueprint) endpoint(s *spec.Spec, o target.Options) {
	b.Endpoint = &traffic.Endpoint{
		Door: b.Door, Service: b.Service, Path: s.Service.HealthPath, More: []resource.Need{{On: b.Route, Ready: true}},
		WebSockets: s.Network.WebSockets, WebSocketPath: s.Network.WebSocketPath,
		Skip: o.SkipVerify || s.Service.Instances == 0,
	}
}
