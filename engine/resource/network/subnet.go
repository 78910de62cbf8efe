package network

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
	"berth/engine/resource"
)

// Subnet is one of the subnets of a VPC of our own: two public ones, and two for tasks without public addresses where
// the app wants that. With the default VPC it is no part of the plan.
type Subnet struct {
	Owner resource.Owner
	VPC   *VPC
	Index int // which /20 of the VPC: 0 and 1 are public, 2 and 3 private, in the same two zones

	Unneeded bool // one that is left goes

	ID string // output, empty with the default VPC

	found *ec2types.Subnet
}

func (n *Subnet) role() string { return "subnet-" + string(rune('a'+n.Index)) }

// Info implements Resource.
func (n *Subnet) Info() resource.Info {
	label := "public subnet " + strconv.Itoa(n.Index+1)
	if n.Index > 1 {
		label = "private subnet " + strconv.Itoa(n.Index-1)
	}
	return resource.Info{
		ID: n.role(), Kind: "ec2.Subnet", Name: n.Owner.Name() + "-" + n.role(),
		Label: label, Group: resource.GroupNetwork, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (n *Subnet) Needs() []resource.Need { return []resource.Need{{On: n.VPC, Observe: true}} }

// Wanted implements Optional.
func (n *Subnet) Wanted() bool { return !n.Unneeded }

// Identifier implements Identified.
func (n *Subnet) Identifier() string { return n.ID }

// Observe implements Resource. The VPC has looked already.
func (n *Subnet) Observe(context.Context, *resource.Scope) error {
	if sn, ok := n.VPC.subnets[n.role()]; ok {
		n.found, n.ID = &sn, aws.ToString(sn.SubnetId)
	}
	return nil
}

// Exists implements Resource.
func (n *Subnet) Exists() bool { return n.found != nil }

// Diff implements Resource.
func (n *Subnet) Diff(s *resource.Scope) resource.Diff {
	switch {
	case n.VPC.Default:
		return resource.Diff{}
	case n.Unneeded:
		return resource.Unwanted(n)
	case n.found != nil:
		return resource.None()
	}
	return resource.Diff{Action: event.Create, Why: n.VPC.Given.stands(n.Index > 1)}
}

// Apply implements Resource.
func (n *Subnet) Apply(ctx context.Context, s *resource.Scope) error {
	if n.VPC.Default || n.found != nil {
		return nil
	}
	zone, err := n.zone(ctx, s)
	if err != nil {
		return err
	}
	err = s.Retry(ctx, Settling, func(ctx context.Context) error {
		out, err := s.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: &n.VPC.ID, AvailabilityZone: &zone,
			CidrBlock:         aws.String(fmt.Sprintf("10.0.%d.0/20", 16*n.Index)),
			TagSpecifications: n.Owner.EC2TagSpec(ec2types.ResourceTypeSubnet, n.role()),
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
		own, err := ownSubnets(ctx, s, n.Owner, n.role())
		if err == nil && len(own) > 0 {
			n.found, n.ID = &own[0], aws.ToString(own[0].SubnetId)
		}
		return err
	}
	if s.Adopt(ctx, n.Info().Label, look, n.Exists) != nil {
		return err // somebody else's subnet is in the way
	}
	return nil
}

// zone is the availability zone of this subnet: the region's first or second that can hold tasks.
func (n *Subnet) zone(ctx context.Context, s *resource.Scope) (string, error) {
	out, err := s.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{
		Filters: []ec2types.Filter{resource.EC2Filter("state", "available"), resource.EC2Filter("zone-type", "availability-zone")},
	})
	if err != nil {
		return "", fmt.Errorf("list availability zones: %w", err)
	}
	var zones []string
	for _, z := range out.AvailabilityZones {
		if runsTasks(aws.ToString(z.ZoneId)) {
			zones = append(zones, aws.ToString(z.ZoneName))
		}
	}
	slices.Sort(zones)
	if len(zones) < 2 {
		return "", fmt.Errorf("the region %s has %d usable zones, but a load balancer needs two", s.Region, len(zones))
	}
	return zones[n.Index%2], nil
}

// Delete implements Resource.
func (n *Subnet) Delete(ctx context.Context, s *resource.Scope) error {
	if n.found == nil {
		return nil
	}
	held := func(ctx context.Context) ([]string, error) {
		return strangeInterfaces(ctx, s, n.Owner, resource.EC2Filter("subnet-id", n.ID))
	}
	return deleteEC2(ctx, s, n.Info().Label, held, func(ctx context.Context) error {
		_, err := s.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.ID})
		return err
	})
}

// Permissions implements Permissioned. The VPC looks it up.
func (n *Subnet) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if (n.VPC.Default || n.Unneeded) && n.found == nil {
		return nil
	}
	switch do {
	case event.Create:
		return append(newEC2(n.Owner, s, "CreateSubnet", "subnet"),
			oursEC2(n.Owner, s, resource.Actions("ec2:CreateSubnet"), "vpc"), resource.Anywhere("ec2:DescribeAvailabilityZones"))
	case event.Delete:
		return []resource.Permission{oursEC2(n.Owner, s, resource.Actions("ec2:DeleteSubnet"), "subnet")}
	case event.None, event.Update, event.Replace:
	}
	return nil
}

// Subnets lists the subnets of all apps.
var Subnets = resource.Listing{What: "subnets", List: listSubnets}

func listSubnets(ctx context.Context, s *resource.Survey) error {
	p := ec2.NewDescribeSubnetsPaginator(s.EC2, &ec2.DescribeSubnetsInput{Filters: anyApp})
	return resource.Pages(ctx, p, func(out *ec2.DescribeSubnetsOutput) error {
		for _, one := range out.Subnets {
			addTagged(s, "ec2.Subnet", one.SubnetId, one.Tags)
		}
		return nil
	})
}
