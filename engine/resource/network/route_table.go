package network

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// RouteTable leads the two public subnets of a VPC of our own to its internet gateway, or the two private ones to its NAT
// gateway.
type RouteTable struct {
	Owner   resource.Owner
	VPC     *VPC
	Gateway *InternetGateway
	NAT     *NATGateway // of the private subnets; nil for the public ones
	Subnets []*Subnet

	Unneeded bool // one that is left goes

	ID string // output

	found *ec2types.RouteTable
}

func (r *RouteTable) role() string {
	if r.NAT != nil {
		return "private-routes"
	}
	return "routes"
}

// Info implements Resource.
func (r *RouteTable) Info() resource.Info {
	label := "the route table"
	if r.NAT != nil {
		label = "the private route table"
	}
	return resource.Info{
		ID: r.role(), Kind: "ec2.RouteTable", Name: r.Owner.Name() + "-" + r.role(),
		Label: label, Group: resource.GroupNetwork, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (r *RouteTable) Needs() []resource.Need {
	needs := []resource.Need{{On: r.VPC, Observe: true}, {On: r.Gateway}}
	if r.NAT != nil {
		needs = append(needs, resource.Need{On: r.NAT})
	}
	for _, sn := range r.Subnets {
		needs = append(needs, resource.Need{On: sn})
	}
	return needs
}

// Wanted implements Optional.
func (r *RouteTable) Wanted() bool { return !r.Unneeded }

// Identifier implements Identified.
func (r *RouteTable) Identifier() string { return r.ID }

// Observe implements Resource. The VPC has looked already.
func (r *RouteTable) Observe(context.Context, *resource.Scope) error {
	if t := r.VPC.tables[r.role()]; t != nil {
		r.found, r.ID = t, aws.ToString(t.RouteTableId)
	}
	return nil
}

// Exists implements Resource.
func (r *RouteTable) Exists() bool { return r.found != nil }

// Diff implements Resource.
func (r *RouteTable) Diff(s *resource.Scope) resource.Diff {
	switch {
	case r.VPC.Default:
		return resource.Diff{}
	case r.Unneeded:
		return resource.Unwanted(r)
	case r.found == nil:
		return resource.Diff{Action: event.Create, Why: "the subnets need a route to the internet"}
	case !r.out():
		return resource.Changed("has no route to the internet", resource.Field("route 0.0.0.0/0", r.leads(), cmp.Or(r.way(), resource.NotYet)))
	case len(r.missing()) > 0:
		return resource.Changed("does not cover every subnet", resource.Field("subnets", resource.Listed(r.covers()), resource.Listed(r.all())))
	}
	return resource.None()
}

// way is the gateway that the table should lead to, empty while there is none.
func (r *RouteTable) way() string {
	if r.NAT != nil {
		return r.NAT.ID
	}
	return r.Gateway.ID
}

// out says whether the table leads out as it should, as observed.
func (r *RouteTable) out() bool {
	if r.NAT == nil {
		return toInternet(r.found)
	}
	return r.NAT.ID != "" && r.leads() == r.NAT.ID && throughNAT(r.found)
}

// leads is where the table sends what is for the internet, as observed.
func (r *RouteTable) leads() string {
	for _, route := range r.found.Routes {
		if aws.ToString(route.DestinationCidrBlock) == "0.0.0.0/0" {
			return cmp.Or(aws.ToString(route.GatewayId), aws.ToString(route.NatGatewayId))
		}
	}
	return ""
}

// covers are the subnets that use the table, as observed.
func (r *RouteTable) covers() (ids []string) {
	for _, a := range r.found.Associations {
		if a.SubnetId != nil {
			ids = append(ids, *a.SubnetId)
		}
	}
	return ids
}

// all are the subnets that should use the table.
func (r *RouteTable) all() (ids []string) {
	for _, sn := range r.Subnets {
		ids = append(ids, sn.ID)
	}
	return ids
}

// missing are the subnets that do not use this table yet.
func (r *RouteTable) missing() []*Subnet {
	var out []*Subnet
	for _, sn := range r.Subnets {
		if sn.ID == "" || r.found == nil || !slices.ContainsFunc(r.found.Associations,
			func(a ec2types.RouteTableAssociation) bool { return aws.ToString(a.SubnetId) == sn.ID }) {
			out = append(out, sn)
		}
	}
	return out
}

// Apply implements Resource.
func (r *RouteTable) Apply(ctx context.Context, s *resource.Scope) error {
	if r.VPC.Default {
		return nil
	}
	if r.found == nil {
		if err := cloud.Once(ctx, s.Clock, r.find(s), r.create(s)); err != nil {
			return fmt.Errorf("create route table: %w", err)
		}
	}
	if !r.out() {
		if err := r.route(ctx, s); err != nil {
			return fmt.Errorf("add the route to the internet: %w", err)
		}
	}
	for _, sn := range r.missing() {
		err := s.Retry(ctx, Settling, func(ctx context.Context) error {
			_, err := s.EC2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &r.ID, SubnetId: &sn.ID})
			return err
		})
		if err != nil && !cloud.Is(err, "Resource.AlreadyAssociated") {
			return fmt.Errorf("associate the route table with %s: %w", sn.ID, err)
		}
	}
	return nil
}

func (r *RouteTable) find(s *resource.Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		own, err := ownRouteTables(ctx, s, r.Owner, r.role())
		if err == nil && len(own) > 0 {
			r.found, r.ID = &own[0], aws.ToString(own[0].RouteTableId)
		}
		return r.found != nil, err
	}
}

func (r *RouteTable) create(s *resource.Scope) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.Retry(ctx, Settling, func(ctx context.Context) error {
			out, err := s.EC2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{
				VpcId: &r.VPC.ID, TagSpecifications: r.Owner.EC2TagSpec(ec2types.ResourceTypeRouteTable, r.role()),
			}, onceEC2)
			if err == nil {
				r.found, r.ID = out.RouteTable, aws.ToString(out.RouteTable.RouteTableId)
			}
			return err
		})
	}
}

// route leads everything to the gateway, over a dead route if there is one.
func (r *RouteTable) route(ctx context.Context, s *resource.Scope) error {
	in := &ec2.CreateRouteInput{RouteTableId: &r.ID, DestinationCidrBlock: aws.String("0.0.0.0/0")}
	settling := Settling
	if r.NAT != nil {
		in.NatGatewayId = &r.NAT.ID
		settling = append([]cloud.Retryable{{Code: "InvalidNatGatewayID.NotFound", For: 2 * time.Minute}}, Settling...)
	} else {
		in.GatewayId = &r.Gateway.ID
	}
	err := s.Retry(ctx, settling, func(ctx context.Context) error {
		_, err := s.EC2.CreateRoute(ctx, in)
		return err
	})
	if !cloud.Is(err, "RouteAlreadyExists") {
		return err
	}
	_, err = s.EC2.ReplaceRoute(ctx, &ec2.ReplaceRouteInput{
		RouteTableId: in.RouteTableId, DestinationCidrBlock: in.DestinationCidrBlock, GatewayId: in.GatewayId, NatGatewayId: in.NatGatewayId,
	})
	return err
}

// Delete implements Resource.
func (r *RouteTable) Delete(ctx context.Context, s *resource.Scope) error {
	if r.found == nil {
		return nil
	}
	if err := r.free(ctx, s); err != nil {
		return err
	}
	for _, a := range r.found.Associations {
		if aws.ToBool(a.Main) {
			continue
		}
		_, err := s.EC2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: a.RouteTableAssociationId})
		if err != nil && !cloud.NotFound(err) {
			return fmt.Errorf("disassociate the route table from its subnets: %w", err)
		}
	}
	return deleteEC2(ctx, s, r.Info().Label, nil, func(ctx context.Context) error {
		_, err := s.EC2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &r.ID})
		return err
	})
}

// free says whether nobody else has routes from the table: no subnet of others, and, where the whole network goes, nothing
// of others in subnets of ours.
func (r *RouteTable) free(ctx context.Context, s *resource.Scope) error {
	if !r.Unneeded {
		all, err := strangers(ctx, s, r.Owner, aws.ToString(r.found.VpcId))
		return inUse(r.Info().Label, all, err)
	}
	all, err := strangeSubnets(ctx, s, r.Owner, aws.ToString(r.found.VpcId))
	if err != nil {
		return err
	}
	var theirs []string
	for _, n := range all {
		if slices.ContainsFunc(r.found.Associations, func(a ec2types.RouteTableAssociation) bool {
			return aws.ToString(a.SubnetId) == aws.ToString(n.SubnetId)
		}) {
			theirs = append(theirs, called("subnet", ec2Tag(n.Tags, "Name"), n.SubnetId))
		}
	}
	return inUse(r.Info().Label, theirs, nil)
}

// Permissions implements Permissioned. The VPC looks it up.
func (r *RouteTable) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if (r.VPC.Default || r.Unneeded) && r.found == nil {
		return nil
	}
	associate := oursEC2(r.Owner, s, resource.Actions("ec2:AssociateRouteTable"), "route-table", "subnet")
	switch do {
	case event.Create:
		return append(newEC2(r.Owner, s, "CreateRouteTable", "route-table"), associate,
			oursEC2(r.Owner, s, resource.Actions("ec2:CreateRouteTable"), "vpc"), oursEC2(r.Owner, s, resource.Actions("ec2:CreateRoute"), "route-table"))
	case event.Update:
		var need []resource.Permission
		if !r.out() {
			need = append(need, oursEC2(r.Owner, s, resource.Actions("ec2:CreateRoute"), "route-table"))
		}
		if r.found == nil || len(r.missing()) > 0 {
			need = append(need, associate)
		}
		return need
	case event.Delete:
		return []resource.Permission{
			oursEC2(r.Owner, s, resource.Actions("ec2:DisassociateRouteTable"), "route-table", "subnet"),
			oursEC2(r.Owner, s, resource.Actions("ec2:DeleteRouteTable"), "route-table"),
		}
	case event.None, event.Replace:
	}
	return nil
}

// RouteTables lists the route tables of all apps.
var RouteTables = resource.Listing{What: "route tables", List: listRouteTables}

func listRouteTables(ctx context.Context, s *resource.Survey) error {
	p := ec2.NewDescribeRouteTablesPaginator(s.EC2, &ec2.DescribeRouteTablesInput{Filters: anyApp})
	return resource.Pages(ctx, p, func(out *ec2.DescribeRouteTablesOutput) error {
		for _, one := range out.RouteTables {
			addTagged(s, "ec2.RouteTable", one.RouteTableId, one.Tags)
		}
		return nil
	})
}
