package sim

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type gateway struct {
	ID   string
	VPC  string // empty when detached
	Tags tagMap
}

type routeTable struct {
	ID        string
	VPC       string
	Main      bool
	MainAssoc string
	Routes    []route
	Tags      tagMap
}

type route struct {
	CIDR    string
	Gateway string // local or an igw- id
}

func (r *region) mainTable(vpc string) *routeTable {
	return find(r.RouteTables, func(t *routeTable) bool { return t.VPC == vpc && t.Main })
}

func (r *region) table(id string) *routeTable {
	return find(r.RouteTables, func(t *routeTable) bool { return t.ID == id })
}

func (r *region) gateway(id string) *gateway {
	return find(r.Gateways, func(g *gateway) bool { return g.ID == id })
}

// public says whether a subnet's route table leads to an internet gateway that is attached to its VPC.
func (r *region) public(s *subnet) bool {
	t := r.table(s.RouteTable)
	if t == nil {
		t = r.mainTable(s.VPC)
	}
	if t == nil {
		return false
	}
	for _, rt := range t.Routes {
		if g := r.gateway(rt.Gateway); rt.CIDR == "0.0.0.0/0" && g != nil && g.VPC == s.VPC {
			return true
		}
	}
	return false
}

const (
	noGateway = "The internetGateway ID '%s' does not exist"
	noTable   = "The routeTable ID '%s' does not exist"
)

func ec2CreateInternetGateway(c *call, in *ec2.CreateInternetGatewayInput) (*ec2.CreateInternetGatewayOutput, error) {
	t := ec2Tags(in.TagSpecifications)
	g := &gateway{ID: "igw-0" + c.st.fresh(c.r.Name, "gateway", fmt.Sprint(t))[:16], Tags: t}
	c.r.Gateways = append(c.r.Gateways, g)
	return &ec2.CreateInternetGatewayOutput{InternetGateway: new(g.out(c))}, nil
}

func (g *gateway) out(c *call) ec2types.InternetGateway {
	o := ec2types.InternetGateway{InternetGatewayId: new(g.ID), OwnerId: new(c.st.Account), Tags: g.Tags.toEC2()}
	if g.VPC != "" {
		o.Attachments = []ec2types.InternetGatewayAttachment{{VpcId: new(g.VPC), State: ec2types.AttachmentStatus("available")}}
	}
	return o
}

func ec2DescribeInternetGateways(c *call, in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
	gs, err := selectBy(c.r.Gateways, in.InternetGatewayIds, func(g *gateway) string { return g.ID }, "InvalidInternetGatewayID.NotFound", noGateway,
		func(g *gateway) (bool, error) {
			return matches(in.Filters, g.Tags, func(name string) ([]string, bool) {
				switch name {
				case "attachment.vpc-id":
					return []string{g.VPC}, true
				case "internet-gateway-id":
					return []string{g.ID}, true
				case "attachment.state":
					if g.VPC == "" {
						return nil, true
					}
					return []string{"available"}, true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInternetGatewaysOutput{}
	for _, g := range gs {
		out.InternetGateways = append(out.InternetGateways, g.out(c))
	}
	return out, nil
}

func ec2AttachInternetGateway(c *call, in *ec2.AttachInternetGatewayInput) (*ec2.AttachInternetGatewayOutput, error) {
	g, v := c.r.gateway(str(in.InternetGatewayId)), c.r.vpc(str(in.VpcId))
	switch {
	case g == nil:
		return nil, apiErr("InvalidInternetGatewayID.NotFound", noGateway, str(in.InternetGatewayId))
	case v == nil:
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	case g.VPC != "":
		return nil, apiErr("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	case find(c.r.Gateways, func(o *gateway) bool { return o.VPC == v.ID }) != nil:
		return nil, apiErr("InvalidParameterValue", "Network %s already has an internet gateway attached", v.ID)
	}
	g.VPC = v.ID
	return &ec2.AttachInternetGatewayOutput{}, nil
}

func ec2DetachInternetGateway(c *call, in *ec2.DetachInternetGatewayInput) (*ec2.DetachInternetGatewayOutput, error) {
	g := c.r.gateway(str(in.InternetGatewayId))
	switch {
	case g == nil:
		return nil, apiErr("InvalidInternetGatewayID.NotFound", noGateway, str(in.InternetGatewayId))
	case g.VPC != str(in.VpcId) || g.VPC == "":
		return nil, apiErr("Gateway.NotAttached", "resource %s is not attached to network %s", g.ID, str(in.VpcId))
	}
	for _, n := range c.a.interfaces(c.st, c.r, c.now) {
		if n.PublicIP != "" && n.VPC == g.VPC {
			return nil, apiErr("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", g.VPC)
		}
	}
	g.VPC = ""
	return &ec2.DetachInternetGatewayOutput{}, nil
}

func ec2DeleteInternetGateway(c *call, in *ec2.DeleteInternetGatewayInput) (*ec2.DeleteInternetGatewayOutput, error) {
	g := c.r.gateway(str(in.InternetGatewayId))
	switch {
	case g == nil:
		return nil, apiErr("InvalidInternetGatewayID.NotFound", noGateway, str(in.InternetGatewayId))
	case g.VPC != "":
		return nil, apiErr("DependencyViolation", "The internetGateway '%s' has dependencies and cannot be deleted.", g.ID)
	}
	c.r.Gateways = remove(c.r.Gateways, g)
	return &ec2.DeleteInternetGatewayOutput{}, nil
}

func ec2CreateRouteTable(c *call, in *ec2.CreateRouteTableInput) (*ec2.CreateRouteTableOutput, error) {
	v := c.r.vpc(str(in.VpcId))
	if v == nil {
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, str(in.VpcId))
	}
	tags := ec2Tags(in.TagSpecifications)
	t := &routeTable{
		ID: "rtb-0" + c.st.fresh(v.ID, "table", fmt.Sprint(tags))[:16], VPC: v.ID, Tags: tags,
		Routes: []route{{CIDR: v.CIDR, Gateway: "local"}},
	}
	c.r.RouteTables = append(c.r.RouteTables, t)
	return &ec2.CreateRouteTableOutput{RouteTable: new(c.tableOut(t))}, nil
}

func (c *call) tableOut(t *routeTable) ec2types.RouteTable {
	o := ec2types.RouteTable{RouteTableId: new(t.ID), VpcId: new(t.VPC), OwnerId: new(c.st.Account), Tags: t.Tags.toEC2()}
	for _, rt := range t.Routes {
		state, origin := ec2types.RouteStateActive, ec2types.RouteOriginCreateRoute
		if rt.Gateway == "local" {
			origin = ec2types.RouteOriginCreateRouteTable
		} else if g := c.r.gateway(rt.Gateway); g == nil || g.VPC != t.VPC {
			state = ec2types.RouteStateBlackhole
		}
		o.Routes = append(o.Routes, ec2types.Route{DestinationCidrBlock: new(rt.CIDR), GatewayId: new(rt.Gateway), State: state, Origin: origin})
	}
	assoc := func(id, subnet string, main bool) ec2types.RouteTableAssociation {
		a := ec2types.RouteTableAssociation{
			RouteTableAssociationId: new(id), RouteTableId: new(t.ID), Main: new(main),
			AssociationState: &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated},
		}
		if subnet != "" {
			a.SubnetId = new(subnet)
		}
		return a
	}
	if t.Main {
		o.Associations = append(o.Associations, assoc(t.MainAssoc, "", true))
	}
	for _, s := range c.r.Subnets {
		if s.RouteTable == t.ID {
			o.Associations = append(o.Associations, assoc(s.AssocID, s.ID, false))
		}
	}
	return o
}

func ec2DescribeRouteTables(c *call, in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	ts, err := selectBy(c.r.RouteTables, in.RouteTableIds, func(t *routeTable) string { return t.ID }, "InvalidRouteTableID.NotFound", noTable,
		func(t *routeTable) (bool, error) {
			return matches(in.Filters, t.Tags, func(name string) ([]string, bool) { return c.tableAttr(t, name) })
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeRouteTablesOutput{}
	for _, t := range ts {
		out.RouteTables = append(out.RouteTables, c.tableOut(t))
	}
	return out, nil
}

// tableAttr gives a route table's values for a filter name.
func (c *call) tableAttr(t *routeTable, name string) (values []string, ok bool) {
	o := c.tableOut(t)
	switch name {
	case "vpc-id":
		return []string{t.VPC}, true
	case "route-table-id":
		return []string{t.ID}, true
	case "association.main":
		return []string{boolText(t.Main)}, true
	case "association.subnet-id":
		for _, a := range o.Associations {
			values = append(values, str(a.SubnetId))
		}
		return values, true
	case "association.route-table-association-id":
		for _, a := range o.Associations {
			values = append(values, str(a.RouteTableAssociationId))
		}
		return values, true
	case "route.gateway-id":
		for _, rt := range t.Routes {
			values = append(values, rt.Gateway)
		}
		return values, true
	case "route.destination-cidr-block":
		for _, rt := range t.Routes {
			values = append(values, rt.CIDR)
		}
		return values, true
	}
	return nil, false
}

func ec2CreateRoute(c *call, in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	t, g := c.r.table(str(in.RouteTableId)), c.r.gateway(str(in.GatewayId))
	switch {
	case t == nil:
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	case g == nil:
		return nil, apiErr("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", str(in.GatewayId))
	case g.VPC != t.VPC:
		return nil, apiErr("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", t.ID, g.ID)
	}
	for _, rt := range t.Routes {
		if rt.CIDR == str(in.DestinationCidrBlock) {
			return nil, apiErr("RouteAlreadyExists", "The route identified by %s already exists.", rt.CIDR)
		}
	}
	t.Routes = append(t.Routes, route{CIDR: str(in.DestinationCidrBlock), Gateway: g.ID})
	return &ec2.CreateRouteOutput{Return: new(true)}, nil
}

func ec2ReplaceRoute(c *call, in *ec2.ReplaceRouteInput) (*ec2.ReplaceRouteOutput, error) {
	t, g := c.r.table(str(in.RouteTableId)), c.r.gateway(str(in.GatewayId))
	switch {
	case t == nil:
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	case g == nil:
		return nil, apiErr("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", str(in.GatewayId))
	}
	for i, rt := range t.Routes {
		if rt.CIDR == str(in.DestinationCidrBlock) {
			t.Routes[i].Gateway = g.ID
			return &ec2.ReplaceRouteOutput{}, nil
		}
	}
	return nil, apiErr("InvalidParameterValue", "There is no route defined for '%s' in the route table.", str(in.DestinationCidrBlock))
}

func ec2DeleteRoute(c *call, in *ec2.DeleteRouteInput) (*ec2.DeleteRouteOutput, error) {
	t := c.r.table(str(in.RouteTableId))
	if t == nil {
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	}
	for i, rt := range t.Routes {
		if rt.CIDR == str(in.DestinationCidrBlock) && rt.Gateway != "local" {
			t.Routes = append(t.Routes[:i:i], t.Routes[i+1:]...)
			return &ec2.DeleteRouteOutput{}, nil
		}
	}
	return nil, apiErr("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", str(in.DestinationCidrBlock), t.ID)
}

func ec2AssociateRouteTable(c *call, in *ec2.AssociateRouteTableInput) (*ec2.AssociateRouteTableOutput, error) {
	t, s := c.r.table(str(in.RouteTableId)), c.r.subnet(str(in.SubnetId))
	switch {
	case t == nil:
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	case s == nil:
		return nil, apiErr("InvalidSubnetID.NotFound", noSubnet, str(in.SubnetId))
	case s.VPC != t.VPC:
		return nil, apiErr("InvalidParameterValue", "route table %s and subnet %s belong to different networks", t.ID, s.ID)
	case s.RouteTable != "":
		return nil, apiErr("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", t.ID)
	}
	s.RouteTable, s.AssocID = t.ID, "rtbassoc-0"+c.st.fresh(t.ID, s.ID)[:16]
	return &ec2.AssociateRouteTableOutput{AssociationId: new(s.AssocID)}, nil
}

func ec2DisassociateRouteTable(c *call, in *ec2.DisassociateRouteTableInput) (*ec2.DisassociateRouteTableOutput, error) {
	s := find(c.r.Subnets, func(s *subnet) bool { return s.AssocID == str(in.AssociationId) && s.AssocID != "" })
	if s == nil {
		return nil, apiErr("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", str(in.AssociationId))
	}
	s.RouteTable, s.AssocID = "", ""
	return &ec2.DisassociateRouteTableOutput{}, nil
}

func ec2DeleteRouteTable(c *call, in *ec2.DeleteRouteTableInput) (*ec2.DeleteRouteTableOutput, error) {
	t := c.r.table(str(in.RouteTableId))
	if t == nil {
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	}
	if t.Main || find(c.r.Subnets, func(s *subnet) bool { return s.RouteTable == t.ID }) != nil {
		return nil, apiErr("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", t.ID)
	}
	c.r.RouteTables = remove(c.r.RouteTables, t)
	return &ec2.DeleteRouteTableOutput{}, nil
}
