package resource

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
)

// Subnet is one of the two public subnets of a VPC of our own. With the default VPC it is no part of the
// plan.
type Subnet struct {
	Owner Owner
	VPC   *VPC
	Index int // 0 or 1: which zone and which /20 of the VPC

	ID string // output, empty with the default VPC

	found *ec2types.Subnet
}

func (n *Subnet) role() string { return "subnet-" + string(rune('a'+n.Index)) }

// Info implements Resource.
func (n *Subnet) Info() Info {
	return Info{
		ID: n.role(), Kind: "ec2.Subnet", Name: n.Owner.Name() + "-" + n.role(),
		Label: "public subnet " + strconv.Itoa(n.Index+1), Group: GroupNetwork, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (n *Subnet) Needs() []Need { return []Need{{On: n.VPC, Observe: true}} }

// Observe implements Resource. The VPC has looked already.
func (n *Subnet) Observe(context.Context, *Scope) error {
	if sn, ok := n.VPC.subnets[n.role()]; ok {
		n.found, n.ID = &sn, aws.ToString(sn.SubnetId)
	}
	return nil
}

// Exists implements Resource.
func (n *Subnet) Exists() bool { return n.found != nil }

// Diff implements Resource.
func (n *Subnet) Diff() Diff {
	switch {
	case n.VPC.Default:
		return Diff{}
	case n.found != nil:
		return none()
	}
	return Diff{Action: event.Create, Why: "a load balancer needs two zones"}
}

// Apply implements Resource.
func (n *Subnet) Apply(ctx context.Context, s *Scope) error {
	if n.VPC.Default || n.found != nil {
		return nil
	}
	zone, err := n.zone(ctx, s)
	if err != nil {
		return err
	}
	err = s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
		out, err := s.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: &n.VPC.ID, AvailabilityZone: &zone,
			CidrBlock:         aws.String(fmt.Sprintf("10.0.%d.0/20", 16*n.Index)),
			TagSpecifications: n.Owner.ec2Spec(ec2types.ResourceTypeSubnet, n.role()),
		})
		if err != nil {
			return fmt.Errorf("create subnet in %s: %w", zone, err)
		}
		n.found, n.ID = out.Subnet, aws.ToString(out.Subnet.SubnetId)
		return nil
	})
	if !cloud.Is(err, "InvalidSubnet.Conflict") {
		return err
	}
	look := func(ctx context.Context) error { // made by a call whose answer got lost
		ours, err := describeSubnets(ctx, s, n.Owner.ec2Filter(n.role())...)
		if err == nil && len(ours) > 0 {
			n.found, n.ID = &ours[0], aws.ToString(ours[0].SubnetId)
		}
		return err
	}
	if s.Adopt(ctx, n.Info().Label, look, n.Exists) != nil {
		return err // somebody else's subnet is in the way
	}
	return nil
}

// zone is the availability zone of this subnet: the region's first or second that can hold a load balancer.
func (n *Subnet) zone(ctx context.Context, s *Scope) (string, error) {
	out, err := s.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{
		Filters: []ec2types.Filter{filter("state", "available"), filter("zone-type", "availability-zone")},
	})
	if err != nil {
		return "", fmt.Errorf("list availability zones: %w", err)
	}
	var zones []string
	for _, z := range out.AvailabilityZones {
		if !slices.Contains(noLoadBalancerZones, aws.ToString(z.ZoneId)) {
			zones = append(zones, aws.ToString(z.ZoneName))
		}
	}
	slices.Sort(zones)
	if len(zones) < 2 {
		return "", fmt.Errorf("the region %s offers %d usable zones, a load balancer needs two", s.Region, len(zones))
	}
	return zones[n.Index], nil
}

// Delete implements Resource.
func (n *Subnet) Delete(ctx context.Context, s *Scope) error {
	if n.found == nil {
		return nil
	}
	return deleteEC2(ctx, s, func(ctx context.Context) error {
		_, err := s.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.ID})
		return err
	})
}

// Network is what a load balancer or a task is placed in: the subnets to use and the resources that must be
// there first.
type Network struct {
	VPC     *VPC
	Subnets []*Subnet
	Routes  *RouteTable
}

// SubnetIDs are the two public subnets; some are empty as long as they are not made.
func (n Network) SubnetIDs() []string {
	if n.VPC.Default {
		return n.VPC.Public
	}
	var ids []string
	for _, sn := range n.Subnets {
		ids = append(ids, sn.ID)
	}
	return ids
}

// known says whether all subnets exist.
func (n Network) known() bool { return !slices.Contains(n.SubnetIDs(), "") && n.VPC.ID != "" }

func (n Network) needs() []Need {
	needs := after(n.VPC, n.Routes)
	for _, sn := range n.Subnets {
		needs = append(needs, after(sn)...)
	}
	return needs
}
