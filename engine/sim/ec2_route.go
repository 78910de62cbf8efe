package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2RouteTables are route tables with their routes.
func ec2RouteTables() awsService {
	return awsService{
		operations: []operation{
			op(ec2CreateRouteTable, tagging("ec2:CreateTags")), op(ec2DescribeRouteTables, pages("RouteTables", 1000, 1000)),
			op(ec2CreateRoute), op(ec2ReplaceRoute), op(ec2DeleteRoute), op(ec2AssociateRouteTable), op(ec2DisassociateRouteTable),
			op(ec2DeleteRouteTable),
		},
		list: func(v *inventory, r *region) {
			for _, x := range r.ec2().RouteTables {
				d := *x
				d.ID, d.MainAssoc = "", ""
				v.add("ec2.RouteTable", named(r, x.Tags, x.VPC), x.Main && x.VPC == r.theDefault(), d, x.ID)
			}
		},
	}
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
	NAT     string `json:",omitempty"`
}

func (r *region) mainTable(vpc string) *routeTable {
	return find(r.ec2().RouteTables, func(t *routeTable) bool { return t.VPC == vpc && t.Main })
}

func (r *region) table(id string) *routeTable {
	return find(r.ec2().RouteTables, func(t *routeTable) bool { return t.ID == id })
}

// tableOf is the route table that a subnet uses.
func (r *region) tableOf(s *subnet) *routeTable {
	if t := r.table(s.RouteTable); t != nil {
		return t
	}
	return r.mainTable(s.VPC)
}

// translated says whether a subnet's way to the internet is a NAT gateway that works at a time.
func (w *world) translated(s *subnet, at time.Time) bool {
	t := w.r.tableOf(s)
	if t == nil {
		return false
	}
	for _, rt := range t.Routes {
		x := w.r.nat(rt.NAT)
		if rt.CIDR != "0.0.0.0/0" || x == nil || x.Private || w.natState(x, at) != ec2types.NatGatewayStateAvailable {
			continue
		}
		if in := w.r.subnet(x.Subnet); x.Regional || in != nil && w.r.public(in) {
			return true
		}
	}
	return false
}

// public says whether a subnet's route table leads to an internet gateway that is attached to its VPC.
func (r *region) public(s *subnet) bool {
	t := r.tableOf(s)
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

const noTable = "The routeTable ID '%s' does not exist"

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
	c.r.ec2().RouteTables = append(c.r.ec2().RouteTables, t)
	return &ec2.CreateRouteTableOutput{RouteTable: new(c.tableOut(t))}, nil
}

func (c *call) tableOut(t *routeTable) ec2types.RouteTable {
	o := ec2types.RouteTable{RouteTableId: new(t.ID), VpcId: new(t.VPC), OwnerId: new(c.st.Account), Tags: t.Tags.toEC2()}
	for _, rt := range t.Routes {
		state, origin := ec2types.RouteStateActive, ec2types.RouteOriginCreateRoute
		if rt.Gateway == "local" {
			origin = ec2types.RouteOriginCreateRouteTable
		} else if g := c.r.gateway(rt.Gateway); rt.NAT == "" && (g == nil || g.VPC != t.VPC) {
			state = ec2types.RouteStateBlackhole
		} else if x := c.r.nat(rt.NAT); rt.NAT != "" && (x == nil || !x.Deleted.IsZero()) {
			state = ec2types.RouteStateBlackhole
		}
		o.Routes = append(o.Routes, ec2types.Route{DestinationCidrBlock: new(rt.CIDR), GatewayId: orNil(rt.Gateway), NatGatewayId: orNil(rt.NAT), State: state, Origin: origin})
	}
	for _, x := range c.r.endpoints().Endpoints {
		if x.Gateway && x.Deleted.IsZero() && slices.Contains(x.Tables, t.ID) {
			o.Routes = append(o.Routes, ec2types.Route{
				DestinationPrefixListId: new(prefixListID(c.r.Name, x.Service)), GatewayId: new(x.ID), State: ec2types.RouteStateActive, Origin: ec2types.RouteOriginCreateRoute,
			})
		}
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
	for _, s := range c.r.ec2().Subnets {
		if s.RouteTable == t.ID {
			o.Associations = append(o.Associations, assoc(s.AssocID, s.ID, false))
		}
	}
	return o
}

func ec2DescribeRouteTables(c *call, in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	ts, err := selectBy(c.r.ec2().RouteTables, in.RouteTableIds, func(t *routeTable) string { return t.ID }, "InvalidRouteTableID.NotFound", noTable,
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
	case "route.nat-gateway-id":
		for _, rt := range t.Routes {
			values = append(values, rt.NAT)
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

// routeTo is the route of a table to an internet or NAT gateway, which has to be in the table's VPC.
func (c *call) routeTo(t *routeTable, cidr, gatewayID, natID *string) (route, error) {
	g, x := c.r.gateway(str(gatewayID)), c.r.nat(str(natID))
	switch {
	case (gatewayID == nil) == (natID == nil):
		return route{}, apiErr("InvalidParameterCombination", "Exactly one of GatewayId and NatGatewayId must be given here")
	case natID != nil && x == nil:
		return route{}, apiErr("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", *natID)
	case natID != nil && x.VPC != t.VPC:
		return route{}, apiErr("InvalidParameterValue", "route table %s and NAT gateway %s belong to different networks", t.ID, x.ID)
	case natID != nil:
		return route{CIDR: str(cidr), NAT: x.ID}, nil
	case g == nil:
		return route{}, apiErr("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", *gatewayID)
	case g.VPC != t.VPC:
		return route{}, apiErr("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", t.ID, g.ID)
	}
	return route{CIDR: str(cidr), Gateway: g.ID}, nil
}

func ec2CreateRoute(c *call, in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	t := c.r.table(str(in.RouteTableId))
	if t == nil {
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	}
	next, err := c.routeTo(t, in.DestinationCidrBlock, in.GatewayId, in.NatGatewayId)
	if err != nil {
		return nil, err
	}
	for _, rt := range t.Routes {
		if rt.CIDR == next.CIDR {
			return nil, apiErr("RouteAlreadyExists", "The route identified by %s already exists.", rt.CIDR)
		}
	}
	t.Routes = append(t.Routes, next)
	return &ec2.CreateRouteOutput{Return: new(true)}, nil
}

func ec2ReplaceRoute(c *call, in *ec2.ReplaceRouteInput) (*ec2.ReplaceRouteOutput, error) {
	t := c.r.table(str(in.RouteTableId))
	if t == nil {
		return nil, apiErr("InvalidRouteTableID.NotFound", noTable, str(in.RouteTableId))
	}
	next, err := c.routeTo(t, in.DestinationCidrBlock, in.GatewayId, in.NatGatewayId)
	if err != nil {
		return nil, err
	}
	for i, rt := range t.Routes {
		if rt.CIDR == next.CIDR {
			t.Routes[i] = next
			return &ec2.ReplaceRouteOutput{}, nil
		}
	}
	return nil, apiErr("InvalidParameterValue", "There is no route defined for '%s' in the route table.", next.CIDR)
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
	s := find(c.r.ec2().Subnets, func(s *subnet) bool { return s.AssocID == str(in.AssociationId) && s.AssocID != "" })
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
	if t.Main || find(c.r.ec2().Subnets, func(s *subnet) bool { return s.RouteTable == t.ID }) != nil {
		return nil, apiErr("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", t.ID)
	}
	c.r.ec2().RouteTables = remove(c.r.ec2().RouteTables, t)
	return &ec2.DeleteRouteTableOutput{}, nil
}
