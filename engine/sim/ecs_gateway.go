package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsGateways are gateways: load balancers that ECS makes and manages for services, each of which gets an HTTPS name
// of its own. What a gateway makes for a service is in ecs_route.go. All of it follows the API's model; how long
// things take and what the names look like is assumed, for lack of reports.
func ecsGateways() awsService {
	return awsService{
		state: []keeper{gatewayShelf},
		operations: []operation{
			op(ecsCreateGateway, tagging("ecs:TagResource"), also("iam:PassRole")), op(ecsDescribeGateway), op(ecsListGateways, pages("Gateways", 100, 100)),
			op(ecsUpdateGateway, alsoFor(func(in *ecs.UpdateGatewayInput) []string {
				if in.InfrastructureRoleArn != nil {
					return []string{"iam:PassRole"}
				}
				return nil
			})),
			op(ecsDeleteGateway), op(ecsAssociateGatewayWithCluster), op(ecsDisassociateGatewayFromCluster), op(ecsListGatewayRoutes, pages("GatewayRoutes", 100, 100)),
			op(ecsDescribeGatewayRoute), op(ecsDescribeGatewayResources),
		},
		latencies: map[lat]time.Duration{
			latGateway:  20 * time.Second, // assumed: an update of a gateway
			latRoute:    15 * time.Second, // assumed: a route, once the load balancer is there
			latRouteOff: 20 * time.Second, // assumed
		},
		list: func(v *inventory, r *region) {
			for _, g := range r.gateways().Gateways {
				d := *g
				d.ARN, d.Created, d.Updated, d.Token, d.Balancer, d.Group = "", time.Time{}, time.Time{}, "", "", ""
				v.add("ecs.Gateway", named(r, nil, g.Name), false, d, g.ARN)
			}
		},
		sweep: gatewaySweep,
		tags: func(r *region, ref string) *tagMap {
			if g := r.ecsGateway(ref); g != nil {
				return &g.Tags
			}
			return nil
		},
	}
}

type gatewayState struct {
	Gateways []*ecsGateway
	Routes   []*gatewayRoute
}

const gatewayShelf shelf[gatewayState] = "ecs.gateways"

func (r *region) gateways() *gatewayState { return gatewayShelf.in(&r.Kept) }

const (
	latGateway  lat = "ecs.gateway"
	latRoute    lat = "ecs.gateway.route"
	latRouteOff lat = "ecs.gateway.route.gone"
)

type ecsGateway struct {
	ARN       string
	Name      string
	Role      string
	Token     string
	Config    ecstypes.HostSharedAlbConfiguration
	Protected bool
	Propagate ecstypes.PropagateGatewayTags
	Clusters  map[string]ecstypes.GatewayClusterAssociationStatus // by ARN
	Balancer  string                                              // ARN; empty while no service uses it
	Group     string                                              // the security group that it manages
	Created   time.Time
	Updated   time.Time // when the last update is through; zero when there was none
	Tags      tagMap
}

// ecsGateway finds a gateway by name or ARN.
func (r *region) ecsGateway(ref string) *ecsGateway {
	return find(r.gateways().Gateways, func(g *ecsGateway) bool { return g.Name == ref || g.ARN == ref })
}

func (g *ecsGateway) status(now time.Time) ecstypes.GatewayStatus {
	switch {
	case g.Updated.IsZero():
		return ecstypes.GatewayStatusActive
	case now.Before(g.Updated):
		return ecstypes.GatewayStatusUpdateInProgress
	}
	return ecstypes.GatewayStatusUpdateComplete
}

// access says whether services get public or private names.
func (g *ecsGateway) access() ecstypes.AccessType {
	if g.Config.Scheme == ecstypes.GatewayElbSchemeInternal {
		return ecstypes.AccessTypePrivate
	}
	return ecstypes.AccessTypePublic
}

// onGateway looks a gateway up and passes it to fn.
func onGateway[Out any](c *call, ref *string, fn func(*ecsGateway) (*Out, error)) (*Out, error) {
	g := c.r.ecsGateway(str(ref))
	if g == nil {
		return nil, &ecstypes.GatewayNotFoundException{Message: msg("Gateway not found.")}
	}
	return fn(g)
}

func ecsCreateGateway(c *call, in *ecs.CreateGatewayInput) (*ecs.CreateGatewayOutput, error) {
	name := str(in.Name)
	if g := c.r.ecsGateway(name); g != nil {
		if g.Token == str(in.ClientToken) {
			return &ecs.CreateGatewayOutput{GatewayArn: new(g.ARN), Name: new(g.Name), Status: g.status(c.now)}, nil
		}
		return nil, &ecstypes.ConflictException{Message: msg("A gateway with the name %s already exists.", name)}
	}
	shared, ok := in.Configuration.(*ecstypes.GatewayConfigurationMemberHostSharedAlb)
	if !ecsName(name) || !ok {
		return nil, invalid("A gateway needs a valid name and a configuration.")
	}
	g := &ecsGateway{
		ARN: c.ecsARN("gateway/%s", name), Name: name, Role: str(in.InfrastructureRoleArn), Token: str(in.ClientToken), Config: clone(shared.Value),
		Protected: val(in.DeletionProtection, true), Propagate: in.PropagateTags, Created: c.now, Tags: ecsTags(in.Tags),
	}
	if err := c.settle(g); err != nil {
		return nil, err
	}
	c.r.gateways().Gateways = append(c.r.gateways().Gateways, g)
	return &ecs.CreateGatewayOutput{GatewayArn: new(g.ARN), Name: new(g.Name), Status: g.status(c.now)}, nil
}

// settle fills in the defaults of a gateway and checks it.
func (c *call) settle(g *ecsGateway) error {
	cfg := &g.Config
	cfg.AccessLogs = nil // a union, which is not plain data; nobody reads the logs here
	if cfg.Scheme == "" {
		cfg.Scheme = ecstypes.GatewayElbSchemeInternetFacing
	}
	if g.Propagate == "" {
		g.Propagate = ecstypes.PropagateGatewayTagsGateway
	}
	cfg.Port, cfg.Protocol, cfg.MaxAlbCount = new(val(cfg.Port, 443)), ecstypes.GatewayAlbProtocolHttps, new(val(cfg.MaxAlbCount, 10))
	if *cfg.Port != 443 {
		return invalid("The gateway supports only HTTPS at port 443.")
	}
	if cfg.NetworkConfiguration == nil {
		cfg.NetworkConfiguration = &ecstypes.GatewayElbNetworkConfiguration{}
	}
	n := cfg.NetworkConfiguration
	if n.IpAddressType == "" {
		n.IpAddressType = ecstypes.GatewayElbIpAddressTypeDualstack
	}
	if len(n.Subnets) == 0 {
		for _, s := range c.r.ec2().Subnets {
			if s.VPC == c.r.theDefault() && s.DefaultAZ {
				n.Subnets = append(n.Subnets, s.ID)
			}
		}
	}
	vpc, err := c.checkSubnets(n.Subnets, cfg.Scheme == ecstypes.GatewayElbSchemeInternetFacing)
	if err != nil {
		return invalid("%s", err.Error())
	}
	if id := str(n.InboundSecurityGroup); id != "" {
		if sg := c.r.group(id); sg == nil || sg.VPC != vpc {
			return invalid("The security group %s does not exist in the VPC of the gateway.", id)
		}
	}
	if !strings.HasPrefix(g.Role, "arn:aws:iam::"+c.st.Account+":role/") {
		return client("Role is not valid")
	}
	return nil
}

func ecsDescribeGateway(c *call, in *ecs.DescribeGatewayInput) (*ecs.DescribeGatewayOutput, error) {
	return onGateway(c, in.Gateway, func(g *ecsGateway) (*ecs.DescribeGatewayOutput, error) {
		cfg := clone(g.Config)
		count := int32(0)
		if g.Balancer != "" {
			count = 1
		}
		return &ecs.DescribeGatewayOutput{Gateway: &ecstypes.Gateway{
			GatewayArn: new(g.ARN), Name: new(g.Name), Status: g.status(c.now), AccessType: g.access(), CreatedAt: new(g.Created), UpdatedAt: timeOrNil(g.Updated),
			DeletionProtection: new(g.Protected), InfrastructureRoleArn: new(g.Role), PropagateTags: g.Propagate, Tags: g.Tags.toECS(),
			Configuration: &ecstypes.DescribeGatewayConfigurationMemberHostSharedAlb{Value: ecstypes.DescribeGatewayAlbConfiguration{
				CurrentAlbCount: new(count), HttpDesync: cfg.HttpDesync, MaxAlbCount: cfg.MaxAlbCount, NetworkConfiguration: cfg.NetworkConfiguration,
				Port: cfg.Port, Protocol: cfg.Protocol, Scheme: cfg.Scheme, TestTrafficRules: cfg.TestTrafficRules, WebACLArn: cfg.WebACLArn,
			}},
		}}, nil
	})
}

func ecsListGateways(c *call, in *ecs.ListGatewaysInput) (*ecs.ListGatewaysOutput, error) {
	out := &ecs.ListGatewaysOutput{}
	for _, g := range c.r.gateways().Gateways {
		if (len(in.Names) == 0 || slices.Contains(in.Names, g.Name)) && (len(in.Status) == 0 || slices.Contains(in.Status, g.status(c.now))) {
			out.Gateways = append(out.Gateways, ecstypes.GatewaySummary{GatewayArn: new(g.ARN), Name: new(g.Name), Status: g.status(c.now), CreatedAt: new(g.Created)})
		}
	}
	return out, nil
}

func ecsUpdateGateway(c *call, in *ecs.UpdateGatewayInput) (*ecs.UpdateGatewayOutput, error) {
	return onGateway(c, in.Gateway, func(g *ecsGateway) (*ecs.UpdateGatewayOutput, error) {
		if g.status(c.now) == ecstypes.GatewayStatusUpdateInProgress {
			return nil, &ecstypes.UpdateInProgressException{Message: msg("An update of the gateway is in progress.")}
		}
		if u, ok := in.Configuration.(*ecstypes.UpdateGatewayConfigurationMemberHostSharedAlb); ok {
			cfg := clone(u.Value)
			if n := cfg.NetworkConfiguration; n != nil && n.InboundSecurityGroup != nil {
				g.Config.NetworkConfiguration.InboundSecurityGroup = n.InboundSecurityGroup
			}
			if cfg.WebACLArn != nil {
				g.Config.WebACLArn = cfg.WebACLArn
			}
			g.Config.MaxAlbCount = new(val(cfg.MaxAlbCount, *g.Config.MaxAlbCount))
		}
		g.Protected, g.Role = val(in.DeletionProtection, g.Protected), val(in.InfrastructureRoleArn, g.Role)
		g.Updated = c.now.Add(c.a.delay(latGateway, g.ARN+c.now.String()))
		if err := c.settle(g); err != nil {
			return nil, err
		}
		return &ecs.UpdateGatewayOutput{GatewayArn: new(g.ARN), Name: new(g.Name), Status: g.status(c.now)}, nil
	})
}

func ecsDeleteGateway(c *call, in *ecs.DeleteGatewayInput) (*ecs.DeleteGatewayOutput, error) {
	return onGateway(c, in.Gateway, func(g *ecsGateway) (*ecs.DeleteGatewayOutput, error) {
		switch {
		case g.Protected:
			return nil, invalid("The gateway %s cannot be deleted because deletion protection is enabled.", g.Name)
		case len(g.Clusters) > 0:
			return nil, &ecstypes.ResourceInUseException{Message: msg("The gateway %s has associations with clusters. Disassociate all clusters first.", g.Name)}
		case g.status(c.now) == ecstypes.GatewayStatusUpdateInProgress:
			return nil, &ecstypes.UpdateInProgressException{Message: msg("An update of the gateway is in progress.")}
		}
		c.r.gateways().Gateways = remove(c.r.gateways().Gateways, g)
		return &ecs.DeleteGatewayOutput{GatewayArn: new(g.ARN), Name: new(g.Name), Status: ecstypes.GatewayStatusDeleted}, nil
	})
}

func ecsAssociateGatewayWithCluster(c *call, in *ecs.AssociateGatewayWithClusterInput) (*ecs.AssociateGatewayWithClusterOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	return onGateway(c, in.Gateway, func(g *ecsGateway) (*ecs.AssociateGatewayWithClusterOutput, error) {
		if len(c.r.gatewaysOf(k.ARN)) >= 5 && g.Clusters[k.ARN] == "" {
			return nil, &ecstypes.LimitExceededException{Message: msg("A cluster can be associated with at most 5 gateways.")}
		}
		if g.Clusters == nil {
			g.Clusters = map[string]ecstypes.GatewayClusterAssociationStatus{}
		}
		g.Clusters[k.ARN] = ecstypes.GatewayClusterAssociationStatusActive
		return &ecs.AssociateGatewayWithClusterOutput{ClusterArn: new(k.ARN), GatewayArn: new(g.ARN), Status: g.Clusters[k.ARN]}, nil
	})
}

// gatewaysOf gives the gateways that are associated with a cluster, in whatever state.
func (r *region) gatewaysOf(cluster string) []*ecsGateway {
	var out []*ecsGateway
	for _, g := range r.gateways().Gateways {
		if g.Clusters[cluster] != "" {
			out = append(out, g)
		}
	}
	return out
}

func ecsDisassociateGatewayFromCluster(c *call, in *ecs.DisassociateGatewayFromClusterInput) (*ecs.DisassociateGatewayFromClusterOutput, error) {
	k, err := c.activeCluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	return onGateway(c, in.Gateway, func(g *ecsGateway) (*ecs.DisassociateGatewayFromClusterOutput, error) {
		if g.Clusters[k.ARN] == "" {
			return nil, invalid("The gateway %s is not associated with the cluster %s.", g.Name, k.Name)
		}
		g.Clusters[k.ARN] = ecstypes.GatewayClusterAssociationStatusDisassociating
		out := &ecs.DisassociateGatewayFromClusterOutput{ClusterArn: new(k.ARN), GatewayArn: new(g.ARN), Status: g.Clusters[k.ARN]}
		if c.r.release(g); g.Clusters[k.ARN] == "" {
			out.Status = ecstypes.GatewayClusterAssociationStatusInactive
		}
		return out, nil
	})
}

// release ends associations that end as soon as the cluster has no routes.
func (r *region) release(g *ecsGateway) {
	for arn, status := range g.Clusters {
		if status == ecstypes.GatewayClusterAssociationStatusDisassociating &&
			!slices.ContainsFunc(r.gateways().Routes, func(x *gatewayRoute) bool { return x.Gateway == g.ARN && x.Cluster == arn }) {
			delete(g.Clusters, arn)
		}
	}
}
