package resource

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
)

// RouteTable leads the two public subnets of a VPC of our own to its internet gateway.
type RouteTable struct {
	Owner   Owner
	VPC     *VPC
	Gateway *InternetGateway
	Subnets []*Subnet

	ID string // output

	found *ec2types.RouteTable
}

// Info implements Resource.
func (r *RouteTable) Info() Info {
	return Info{
		ID: "routes", Kind: "ec2.RouteTable", Name: r.Owner.Name() + "-routes",
		Label: "the route table", Group: GroupNetwork, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (r *RouteTable) Needs() []Need {
	needs := []Need{{On: r.VPC, Observe: true}, {On: r.Gateway}}
	for _, sn := range r.Subnets {
		needs = append(needs, Need{On: sn})
	}
	return needs
}

// Observe implements Resource. The VPC has looked already.
func (r *RouteTable) Observe(context.Context, *Scope) error {
	if t := r.VPC.table; t != nil {
		r.found, r.ID = t, aws.ToString(t.RouteTableId)
	}
	return nil
}

// Exists implements Resource.
func (r *RouteTable) Exists() bool { return r.found != nil }

// Diff implements Resource.
func (r *RouteTable) Diff() Diff {
	switch {
	case r.VPC.Default:
		return Diff{}
	case r.found == nil:
		return Diff{Action: event.Create, Why: "the subnets need a route to the internet"}
	case !toInternet(r.found):
		return changed("has no route to the internet")
	case len(r.missing()) > 0:
		return changed("does not cover every subnet")
	}
	return none()
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
func (r *RouteTable) Apply(ctx context.Context, s *Scope) error {
	if r.VPC.Default {
		return nil
	}
	if r.found == nil {
		if err := cloud.Once(ctx, s.Clock, r.find(s), r.create(s)); err != nil {
			return fmt.Errorf("create route table: %w", err)
		}
	}
	if !toInternet(r.found) {
		if err := r.route(ctx, s); err != nil {
			return fmt.Errorf("add the route to the internet: %w", err)
		}
	}
	for _, sn := range r.missing() {
		err := s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
			_, err := s.EC2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &r.ID, SubnetId: &sn.ID})
			return err
		})
		if err != nil && !cloud.Is(err, "Resource.AlreadyAssociated") {
			return fmt.Errorf("use the route table in %s: %w", sn.ID, err)
		}
	}
	return nil
}

func (r *RouteTable) find(s *Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		out, err := s.EC2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: r.Owner.ec2Filter("routes")})
		if err == nil && len(out.RouteTables) > 0 {
			r.found, r.ID = &out.RouteTables[0], aws.ToString(out.RouteTables[0].RouteTableId)
		}
		return r.found != nil, err
	}
}

func (r *RouteTable) create(s *Scope) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
			out, err := s.EC2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{
				VpcId: &r.VPC.ID, TagSpecifications: r.Owner.ec2Spec(ec2types.ResourceTypeRouteTable, "routes"),
			}, onceEC2)
			if err == nil {
				r.found, r.ID = out.RouteTable, aws.ToString(out.RouteTable.RouteTableId)
			}
			return err
		})
	}
}

// route leads everything to the internet gateway, over a dead route if there is one.
func (r *RouteTable) route(ctx context.Context, s *Scope) error {
	everywhere := aws.String("0.0.0.0/0")
	err := s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
		_, err := s.EC2.CreateRoute(ctx, &ec2.CreateRouteInput{
			RouteTableId: &r.ID, DestinationCidrBlock: everywhere, GatewayId: &r.Gateway.ID,
		})
		return err
	})
	if !cloud.Is(err, "RouteAlreadyExists") {
		return err
	}
	_, err = s.EC2.ReplaceRoute(ctx, &ec2.ReplaceRouteInput{
		RouteTableId: &r.ID, DestinationCidrBlock: everywhere, GatewayId: &r.Gateway.ID,
	})
	return err
}

// Delete implements Resource.
func (r *RouteTable) Delete(ctx context.Context, s *Scope) error {
	if r.found == nil {
		return nil
	}
	for _, a := range r.found.Associations {
		if aws.ToBool(a.Main) {
			continue
		}
		_, err := s.EC2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: a.RouteTableAssociationId})
		if err != nil && !cloud.NotFound(err) {
			return fmt.Errorf("take the route table off its subnets: %w", err)
		}
	}
	return deleteEC2(ctx, s, func(ctx context.Context) error {
		_, err := s.EC2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &r.ID})
		return err
	})
}
