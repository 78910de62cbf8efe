package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// gatewayRoute is what a gateway makes for a service: a name with a certificate, a rule and a target group. The first
// one of a gateway brings its load balancer, which goes with the last.
type gatewayRoute struct {
	ARN         string
	Gateway     string // ARN
	Service     string // ARN
	Cluster     string // ARN
	Port        string // name of the port in the task definition
	Host        string
	Target      string // ARNs
	Rule        string
	Certificate string
	Group       string // the service's security group that has a rule for it
	Failure     string // why it failed; empty when it did not
	Ready       time.Time
	Gone        time.Time // zero until it is deleted
}

func (x *gatewayRoute) status(now time.Time) ecstypes.GatewayRouteStatus {
	switch {
	case !x.Gone.IsZero():
		return ecstypes.GatewayRouteStatusDeleteInProgress
	case x.Failure != "":
		return ecstypes.GatewayRouteStatusCreateFailed
	case now.Before(x.Ready):
		return ecstypes.GatewayRouteStatusCreateInProgress
	}
	return ecstypes.GatewayRouteStatusActive
}

// routesOf gives the routes of a service that are not going away.
func (r *region) routesOf(service string) []*gatewayRoute {
	var out []*gatewayRoute
	for _, x := range r.gateways().Routes {
		if x.Service == service && x.Gone.IsZero() {
			out = append(out, x)
		}
	}
	return out
}

// connected gives the gateways of a cluster that a connector is for.
func (r *region) connected(cluster string, k ecstypes.GatewayConnector) []*ecsGateway {
	return slices.DeleteFunc(r.gatewaysOf(cluster), func(g *ecsGateway) bool {
		return g.Clusters[cluster] != ecstypes.GatewayClusterAssociationStatusActive ||
			k.Filters != nil && len(k.Filters.AccessTypes) > 0 && !slices.Contains(k.Filters.AccessTypes, g.access())
	})
}

// namedPort is the number of a port that a task definition names, zero for none.
func (d *taskDef) namedPort(name string) int32 {
	for _, k := range d.Def.ContainerDefinitions {
		for _, m := range k.PortMappings {
			if name != "" && str(m.Name) == name {
				return val(m.ContainerPort, 0)
			}
		}
	}
	return 0
}

// checkConnectors checks the gateway connectors of a service's revision.
func (c *call) checkConnectors(cluster string, v *revision) error {
	if len(v.Connectors) > 1 {
		return invalid("A service supports at most one gateway connector.")
	}
	for _, k := range v.Connectors {
		gateways := c.r.connected(cluster, k)
		if len(gateways) == 0 {
			return invalid("The cluster has no ACTIVE association with a gateway that the connector applies to.")
		}
		if c.r.taskDef(v.TaskDef).namedPort(str(k.PortName)) == 0 {
			return invalid("The task definition has no port mapping with the name %s.", str(k.PortName))
		}
		for _, g := range gateways {
			zones := map[string]bool{}
			vpc := ""
			for _, id := range g.Config.NetworkConfiguration.Subnets {
				if s := c.r.subnet(id); s != nil {
					zones[s.Zone], vpc = true, s.VPC
				}
			}
			for _, id := range v.Network.AwsvpcConfiguration.Subnets {
				if s := c.r.subnet(id); s.VPC != vpc || !zones[s.Zone] {
					return invalid("The subnet %s is in a VPC or an Availability Zone that the gateway %s does not cover.", id, g.Name)
				}
			}
		}
	}
	return nil
}

// connect makes the routes that a service's revision wants, and takes away those that it does not.
func (c *call) connect(s *service, v *revision) {
	w := &world{a: c.a, st: c.st, r: c.r}
	var keep []*gatewayRoute
	for _, k := range v.Connectors {
		for _, g := range c.r.connected(s.Cluster, k) {
			x := find(c.r.gateways().Routes, func(x *gatewayRoute) bool {
				return x.Service == s.ARN && x.Gateway == g.ARN && x.Port == str(k.PortName) && x.Gone.IsZero()
			})
			if x == nil {
				x = c.newRoute(g, s, v, k)
			}
			if t := c.r.targetGroup(x.Target); t != nil {
				t.heed(k.HealthCheck)
			}
			keep = append(keep, x)
		}
	}
	for _, x := range c.r.routesOf(s.ARN) {
		if !slices.Contains(keep, x) {
			w.dropRoute(x, c.now)
		}
	}
}

func (w *world) dropRoute(x *gatewayRoute, now time.Time) {
	x.Gone = now.Add(w.a.delay(latRouteOff, x.ARN))
}

// newRoute makes a route. It fails, and says why when one asks, when the gateway's role does not work.
func (c *call) newRoute(g *ecsGateway, s *service, v *revision, k ecstypes.GatewayConnector) *gatewayRoute {
	key := c.st.fresh(g.ARN, s.ARN, str(k.PortName))
	x := &gatewayRoute{
		ARN: c.ecsARN("gateway-route/%s/%s", g.Name, key[:17]), Gateway: g.ARN, Service: s.ARN, Cluster: s.Cluster, Port: str(k.PortName),
		Host: fmt.Sprintf("%s-%s.ecs.%s.on.aws", strings.ToLower(strings.ReplaceAll(s.Name, "_", "-")), key[17:29], c.r.Name),
	}
	c.r.gateways().Routes = append(c.r.gateways().Routes, x)
	if x.Failure = c.roleProblem(g); x.Failure != "" {
		return x
	}
	lb := c.gatewayBalancer(g)
	port := c.r.taskDef(v.TaskDef).namedPort(str(k.PortName))
	t := &targetGroup{
		ARN: elbARN(c, "targetgroup/ecs-gateway-tg-"+key[:12]+"/"+key[12:28]), Name: "ecs-gateway-tg-" + key[:12], Port: port, Protocol: "HTTP", Version: "HTTP1", Type: "ip", VPC: lb.VPC,
		HealthPath: "/", HealthPort: "traffic-port", HealthProto: "HTTP", Interval: 30, Timeout: 5, Healthy: 5, Unhealthy: 2, Matcher: "200", Attrs: map[string]string{}, Tags: g.Tags,
	}
	c.r.elb().TargetGroups = append(c.r.elb().TargetGroups, t)
	cert := &certificate{
		ARN: c.arn("acm", "certificate/%s", uuidOf(key)), Names: []string{x.Host}, Key: string(acmtypes.KeyAlgorithmRsa2048), Status: acmtypes.CertificateStatusIssued,
		Created: c.now, Issued: c.now, Expires: c.now.Add(acmValid), Managed: true, Tags: g.Tags,
	}
	c.r.acm().Certificates = append(c.r.acm().Certificates, cert)
	l := lb.Listeners[0]
	l.Certs = append(l.Certs, cert.ARN)
	rule := &rule{
		ARN: ruleARN(l.ARN, key[28:44]), Priority: int32(len(l.Rules) + 1), Tags: g.Tags,
		Conditions: []elbtypes.RuleCondition{{Field: new("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{x.Host}}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: new(t.ARN)}},
	}
	l.Rules = append(l.Rules, rule)
	x.Target, x.Rule, x.Certificate = t.ARN, rule.ARN, cert.ARN
	if groups := v.Network.AwsvpcConfiguration.SecurityGroups; len(groups) > 0 {
		x.Group = groups[0]
		if sg := c.r.group(x.Group); sg != nil {
			sg.Rules = append(sg.Rules, groupRule{
				ID: "sgr-0" + key[44:60], Proto: "tcp", From: port, To: port, Group: g.Group, Description: "Managed by Amazon ECS gateway " + g.Name,
			})
		}
	}
	x.Ready = c.now
	if lb.Active.After(x.Ready) {
		x.Ready = lb.Active
	}
	x.Ready = x.Ready.Add(c.a.delay(latRoute, x.ARN))
	return x
}

// heed takes over the settings of a connector's health check.
func (t *targetGroup) heed(h *ecstypes.GatewayConnectorHealthCheck) {
	if h == nil {
		return
	}
	t.HealthPath, t.Interval, t.Timeout = val(h.HealthCheckPath, t.HealthPath), val(h.HealthCheckIntervalSeconds, t.Interval), val(h.HealthCheckTimeoutSeconds, t.Timeout)
	t.Healthy, t.Unhealthy = val(h.HealthyThresholdCount, t.Healthy), val(h.UnhealthyThresholdCount, t.Unhealthy)
	if h.Matcher != nil {
		t.Matcher = val(h.Matcher.HttpCode, t.Matcher)
	}
}

// roleProblem says why ECS cannot manage anything with a gateway's role.
func (c *call) roleProblem(g *ecsGateway) string {
	r := c.st.roleByARN(g.Role)
	if r == nil || c.now.Before(r.TrustSince.Add(c.a.delay(latIAM, r.Name))) {
		return "ECS was unable to assume the role '" + g.Role + "'."
	}
	if doc, err := parsePolicy(r.Trust, true); err != nil || !doc.trusts("ecs.amazonaws.com", c.st.Account, g.ARN) {
		return "ECS was unable to assume the role '" + g.Role + "'."
	}
	for _, action := range []string{"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup", "ec2:AuthorizeSecurityGroupIngress", "acm:RequestCertificate"} {
		if !allows(r.policies(), action, "*") {
			return "AccessDenied: " + g.Role + " is not authorized to perform: " + action
		}
	}
	return ""
}

// gatewayBalancer gives a gateway's load balancer, which is made for the first route.
func (c *call) gatewayBalancer(g *ecsGateway) *loadBalancer {
	if lb := c.r.balancer(g.Balancer); lb != nil {
		return lb
	}
	n := g.Config.NetworkConfiguration
	key := c.st.fresh(g.ARN, "balancer")
	name := "ecs-gateway-" + key[:8]
	lb := &loadBalancer{
		ARN: elbARN(c, "loadbalancer/app/"+name+"/"+key[8:24]), Name: name, Scheme: string(g.Config.Scheme), Type: "application", IPType: string(n.IpAddressType),
		DNS: fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", name, digitsOf(key[24:], 10), c.r.Name), VPC: c.r.subnet(n.Subnets[0]).VPC, Subnets: slices.Clone(n.Subnets),
		Attrs: map[string]string{}, Created: c.now, Tags: g.Tags,
	}
	sg := c.st.newGroup(c.r, "ecs-gateway-"+g.Name, "Managed by Amazon ECS gateway "+g.Name, lb.VPC, g.Tags)
	lb.Groups = []string{sg.ID}
	if in := str(n.InboundSecurityGroup); in != "" {
		lb.Groups = append(lb.Groups, in)
	} else {
		sg.Rules = append(sg.Rules, groupRule{ID: "sgr-0" + key[34:50], Proto: "tcp", From: 443, To: 443, CIDR: "0.0.0.0/0"})
	}
	lb.Active = c.now.Add(c.a.delay(latLBActive, lb.ARN))
	lb.Listeners = []*listener{{
		ARN: elbARN(c, "listener/"+lb.suffix()+"/"+key[40:56]), Port: 443, Protocol: string(elbtypes.ProtocolEnumHttps), Policy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
		Default: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: new("404"), ContentType: new("text/plain")}}},
	}}
	c.r.elb().LoadBalancers = append(c.r.elb().LoadBalancers, lb)
	g.Balancer, g.Group = lb.ARN, sg.ID
	return lb
}

// gatewaySweep takes away what routes that are gone leave, and the load balancers of gateways without routes.
func gatewaySweep(w *world) {
	kept := w.r.gateways()
	for _, x := range kept.Routes {
		if s := find(w.r.ecs().Services, func(s *service) bool { return s.ARN == x.Service && s.Status == "ACTIVE" }); s == nil && x.Gone.IsZero() {
			w.dropRoute(x, w.st.Now)
		}
	}
	for _, x := range slices.Clone(kept.Routes) {
		if !x.Gone.IsZero() && !w.st.Now.Before(x.Gone) {
			w.unmake(x)
			kept.Routes = remove(kept.Routes, x)
		}
	}
	for _, g := range kept.Gateways {
		w.r.release(g)
		lb := w.r.balancer(g.Balancer)
		if lb != nil && !slices.ContainsFunc(kept.Routes, func(x *gatewayRoute) bool { return x.Gateway == g.ARN }) {
			lb.Deleted, lb.Listeners, g.Balancer = w.st.Now, nil, ""
		}
	}
	w.r.ec2().Groups = slices.DeleteFunc(w.r.ec2().Groups, func(sg *securityGroup) bool {
		return strings.HasPrefix(sg.Description, "Managed by Amazon ECS gateway ") &&
			!slices.ContainsFunc(w.r.elb().LoadBalancers, func(lb *loadBalancer) bool { return slices.Contains(lb.Groups, sg.ID) })
	})
}

// unmake takes away what a route had made.
func (w *world) unmake(x *gatewayRoute) {
	e := w.r.elb()
	e.TargetGroups = slices.DeleteFunc(e.TargetGroups, func(t *targetGroup) bool { return t.ARN == x.Target })
	for _, lb := range e.LoadBalancers {
		for _, l := range lb.Listeners {
			l.Rules = slices.DeleteFunc(l.Rules, func(r *rule) bool { return r.ARN == x.Rule })
			l.Certs = slices.DeleteFunc(l.Certs, func(arn string) bool { return arn == x.Certificate })
		}
	}
	w.r.acm().Certificates = slices.DeleteFunc(w.r.acm().Certificates, func(k *certificate) bool { return k.ARN == x.Certificate })
	if sg := w.r.group(x.Group); sg != nil {
		g := find(w.r.gateways().Gateways, func(g *ecsGateway) bool { return g.ARN == x.Gateway })
		sg.Rules = slices.DeleteFunc(sg.Rules, func(r groupRule) bool {
			return g != nil && r.Group == g.Group && strings.HasPrefix(r.Description, "Managed by Amazon ECS gateway")
		})
	}
}

// gatewayHost finds the load balancer behind the name of a route that works.
func (st *state) gatewayHost(host string, now time.Time) (dns string, ok bool) {
	for _, name := range st.regionNames() {
		r := st.Regions[name]
		for _, x := range r.gateways().Routes {
			g := find(r.gateways().Gateways, func(g *ecsGateway) bool { return g.ARN == x.Gateway })
			if lb := (*loadBalancer)(nil); x.Host == host && g != nil && x.status(now) == ecstypes.GatewayRouteStatusActive {
				if lb = r.balancer(g.Balancer); lb != nil {
					return lb.DNS, true
				}
			}
		}
	}
	return "", false
}

func ecsListGatewayRoutes(c *call, in *ecs.ListGatewayRoutesInput) (*ecs.ListGatewayRoutesOutput, error) {
	out := &ecs.ListGatewayRoutesOutput{}
	for _, x := range c.r.gateways().Routes {
		g := find(c.r.gateways().Gateways, func(g *ecsGateway) bool { return g.ARN == x.Gateway })
		switch {
		case in.Gateway != nil && (g == nil || g.Name != *in.Gateway && g.ARN != *in.Gateway),
			in.Cluster != nil && lastPart(*in.Cluster) != lastPart(x.Cluster), in.Service != nil && lastPart(*in.Service) != lastPart(x.Service),
			in.ServiceContainerPortName != nil && *in.ServiceContainerPortName != x.Port, len(in.Status) > 0 && !slices.Contains(in.Status, x.status(c.now)):
			continue
		}
		out.GatewayRoutes = append(out.GatewayRoutes, ecstypes.GatewayRouteSummary{
			GatewayRouteArn: new(x.ARN), GatewayArn: new(x.Gateway), ClusterArn: new(x.Cluster), ServiceArn: new(x.Service), ServiceContainerPortName: new(x.Port), Status: x.status(c.now),
		})
	}
	return out, nil
}

func ecsDescribeGatewayRoute(c *call, in *ecs.DescribeGatewayRouteInput) (*ecs.DescribeGatewayRouteOutput, error) {
	x := find(c.r.gateways().Routes, func(x *gatewayRoute) bool { return x.ARN == str(in.GatewayRouteArn) })
	if x == nil {
		return nil, &ecstypes.ResourceNotFoundException{Message: msg("Gateway route not found.")}
	}
	return &ecs.DescribeGatewayRouteOutput{GatewayRoute: &ecstypes.GatewayRoute{
		GatewayRouteArn: new(x.ARN), ServiceArn: new(x.Service), ServiceContainerPortName: new(x.Port), ServiceUrl: new("https://" + x.Host), Status: x.status(c.now),
	}}, nil
}

func ecsDescribeGatewayResources(c *call, in *ecs.DescribeGatewayResourcesInput) (*ecs.DescribeGatewayResourcesOutput, error) {
	return onGateway(c, in.Gateway, func(g *ecsGateway) (*ecs.DescribeGatewayResourcesOutput, error) {
		var made []ecstypes.ElbGatewayResources
		if lb := c.r.balancer(g.Balancer); lb != nil {
			r := ecstypes.ElbGatewayResources{LoadBalancerArn: new(lb.ARN), ListenerArn: new(lb.Listeners[0].ARN), SecurityGroup: new(g.Group)}
			for _, x := range c.r.gateways().Routes {
				if x.Gateway == g.ARN {
					r.GatewayRouteArns = append(r.GatewayRouteArns, x.ARN)
				}
			}
			made = append(made, r)
		}
		return &ecs.DescribeGatewayResourcesOutput{GatewayResources: &ecstypes.GatewayResources{
			GatewayArn: new(g.ARN), Resources: &ecstypes.GatewayInfrastructureResourcesMemberHostSharedAlb{Value: made},
		}}, nil
	})
}

// connectionsOf are the gateway connections of a service, as its revisions show them.
func (c *call) connectionsOf(s *service) *ecstypes.ECSManagedResources {
	var out []ecstypes.GatewayConnection
	for _, x := range c.r.routesOf(s.ARN) {
		g := find(c.r.gateways().Gateways, func(g *ecsGateway) bool { return g.ARN == x.Gateway })
		if g == nil {
			continue
		}
		k := ecstypes.GatewayConnection{
			AccessType: g.access(), GatewayArn: new(g.ARN), GatewayRouteArn: new(x.ARN), PortName: new(x.Port), ServiceUrl: new("https://" + x.Host), Status: x.status(c.now),
		}
		if lb := c.r.balancer(g.Balancer); lb != nil {
			k.Resources = &ecstypes.GatewayConnectionResourcesMemberHostSharedAlb{Value: []ecstypes.GatewayConnectionAlbResources{{
				LoadBalancerArn: new(lb.ARN), ListenerArn: new(lb.Listeners[0].ARN), ListenerRuleArn: orNil(x.Rule), TargetGroupArn: orNil(x.Target), AcmCertificateArn: orNil(x.Certificate),
			}}}
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil
	}
	return &ecstypes.ECSManagedResources{GatewayConnections: out}
}
