package resource

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/event"
)

// vpcCIDR is the address range of a VPC of our own; each subnet gets a /20 of it.
const vpcCIDR = "10.0.0.0/16"

// minFree is how many free addresses a subnet must have for a load balancer (ecs-provisioning 4.2).
const minFree = 8

// noLoadBalancerZones are zone ids without Application Load Balancers or Fargate (ecs-provisioning 4.2).
var noLoadBalancerZones = []string{"use1-az3"}

// VPC is the network that the app runs in: one of our own when there is one already, else the region's
// default VPC when it has public subnets in two zones, else a new one.
//
// It observes the whole network in one round of calls; subnets, internet gateway and route table of our own
// VPC read what they need from it.
type VPC struct {
	Owner Owner

	ID      string   // output
	Default bool     // output: the default VPC is used, nothing of it is ours
	Public  []string // output: two public subnets of the default VPC in different zones

	own     *ec2types.Vpc
	subnets map[string]ec2types.Subnet // of our own VPC, by role tag
	gateway *ec2types.InternetGateway  // of our own VPC
	table   *ec2types.RouteTable       // of our own VPC
	named   bool                       // our own VPC gives its machines DNS names
}

// Info implements Resource.
func (v *VPC) Info() Info {
	name := v.Owner.Name()
	if v.Default {
		name = "default VPC"
	}
	return Info{
		ID: "vpc", Kind: "ec2.VPC", Name: name, Label: "the network (VPC)", Group: GroupNetwork,
		Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (v *VPC) Needs() []Need { return nil }

// Observe implements Resource.
func (v *VPC) Observe(ctx context.Context, s *Scope) error {
	var defaults, ours []ec2types.Vpc
	var defaultSubnets, ourSubnets []ec2types.Subnet
	var tables []ec2types.RouteTable
	var gateways []ec2types.InternetGateway
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { defaults, err = describeVPCs(ctx, s, filter("is-default", "true")); return err })
	g.Go(func() (err error) { ours, err = describeVPCs(ctx, s, v.Owner.ec2Filter("vpc")...); return err })
	g.Go(func() (err error) {
		defaultSubnets, err = describeSubnets(ctx, s, filter("default-for-az", "true"))
		return err
	})
	g.Go(func() (err error) { ourSubnets, err = describeSubnets(ctx, s, v.Owner.ec2Filter("")...); return err })
	g.Go(func() (err error) { tables, err = describeRouteTables(ctx, s); return err })
	g.Go(func() (err error) { gateways, err = describeGateways(ctx, s, v.Owner.ec2Filter("")...); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	if len(ours) > 0 {
		v.useOwn(ours[0], ourSubnets, tables)
	} else if len(defaults) > 0 {
		v.useDefault(aws.ToString(defaults[0].VpcId), defaultSubnets, tables)
	}
	if len(gateways) > 0 {
		v.gateway = &gateways[0]
	}
	return nil
}

func describeVPCs(ctx context.Context, s *Scope, filters ...ec2types.Filter) ([]ec2types.Vpc, error) {
	out, err := s.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	return out.Vpcs, nil
}

func describeGateways(ctx context.Context, s *Scope, filters ...ec2types.Filter) ([]ec2types.InternetGateway, error) {
	out, err := s.EC2.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	return out.InternetGateways, nil
}

func describeSubnets(ctx context.Context, s *Scope, filters ...ec2types.Filter) ([]ec2types.Subnet, error) {
	var all []ec2types.Subnet
	pages := ec2.NewDescribeSubnetsPaginator(s.EC2, &ec2.DescribeSubnetsInput{Filters: filters})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Subnets...)
	}
	return all, nil
}

func describeRouteTables(ctx context.Context, s *Scope) ([]ec2types.RouteTable, error) {
	var all []ec2types.RouteTable
	pages := ec2.NewDescribeRouteTablesPaginator(s.EC2, &ec2.DescribeRouteTablesInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, out.RouteTables...)
	}
	return all, nil
}

func (v *VPC) useOwn(own ec2types.Vpc, subnets []ec2types.Subnet, tables []ec2types.RouteTable) {
	v.own, v.ID, v.Default = &own, aws.ToString(own.VpcId), false
	v.subnets = map[string]ec2types.Subnet{}
	for _, sn := range subnets {
		v.subnets[ec2Tag(sn.Tags, TagRole)] = sn
	}
	for i, t := range tables {
		if ec2Tag(t.Tags, TagRole) == "routes" && aws.ToString(t.VpcId) == v.ID {
			v.table = &tables[i]
		}
	}
}

// useDefault takes the default VPC when two of its subnets in different zones reach the internet.
func (v *VPC) useDefault(id string, subnets []ec2types.Subnet, tables []ec2types.RouteTable) {
	public := publicSubnets(id, subnets, tables)
	if len(public) < 2 {
		return
	}
	v.Default, v.ID, v.Public = true, id, public[:2]
}

// publicSubnets returns the ids of the subnets of the VPC whose effective route table leads to an internet
// gateway, at most one a zone, in the order of their zones.
func publicSubnets(vpc string, subnets []ec2types.Subnet, tables []ec2types.RouteTable) []string {
	slices.SortFunc(subnets, func(a, b ec2types.Subnet) int {
		return cmp.Compare(aws.ToString(a.AvailabilityZone), aws.ToString(b.AvailabilityZone))
	})
	var ids, zones []string
	for _, sn := range subnets {
		zone := aws.ToString(sn.AvailabilityZone)
		if aws.ToString(sn.VpcId) != vpc || slices.Contains(zones, zone) ||
			slices.Contains(noLoadBalancerZones, aws.ToString(sn.AvailabilityZoneId)) ||
			aws.ToInt32(sn.AvailableIpAddressCount) < minFree ||
			!toInternet(effectiveTable(vpc, aws.ToString(sn.SubnetId), tables)) {
			continue
		}
		ids, zones = append(ids, aws.ToString(sn.SubnetId)), append(zones, zone)
	}
	return ids
}

func effectiveTable(vpc, subnet string, tables []ec2types.RouteTable) *ec2types.RouteTable {
	var main *ec2types.RouteTable
	for i, t := range tables {
		for _, a := range t.Associations {
			if aws.ToString(a.SubnetId) == subnet {
				return &tables[i]
			}
			if aws.ToBool(a.Main) && aws.ToString(t.VpcId) == vpc {
				main = &tables[i]
			}
		}
	}
	return main
}

func toInternet(t *ec2types.RouteTable) bool {
	if t == nil {
		return false
	}
	return slices.ContainsFunc(t.Routes, func(r ec2types.Route) bool {
		return aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0" && r.State != ec2types.RouteStateBlackhole &&
			len(aws.ToString(r.GatewayId)) > 4 && aws.ToString(r.GatewayId)[:4] == "igw-"
	})
}

func ec2Tag(tags []ec2types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// Detail implements Detailer: whether machines in our own VPC get DNS names, which is the last thing that
// Apply switches on.
func (v *VPC) Detail(ctx context.Context, s *Scope) error {
	if v.own == nil {
		return nil
	}
	out, err := s.EC2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{
		VpcId: &v.ID, Attribute: ec2types.VpcAttributeNameEnableDnsHostnames,
	})
	if err == nil {
		v.named = out.EnableDnsHostnames != nil && aws.ToBool(out.EnableDnsHostnames.Value)
	}
	return err
}

// Exists implements Resource: only a VPC of our own counts.
func (v *VPC) Exists() bool { return v.own != nil }

// Diff implements Resource.
func (v *VPC) Diff() Diff {
	switch {
	case v.Default:
		return Diff{Action: event.None, Why: "the region's default VPC has public subnets in two zones"}
	case v.own != nil && !v.named:
		return changed("its machines get no DNS names")
	case v.own != nil:
		return none()
	}
	return Diff{Action: event.Create, Why: "the region has no default VPC with public subnets in two zones"}
}

// Apply implements Resource.
func (v *VPC) Apply(ctx context.Context, s *Scope) error {
	if v.Default {
		return nil
	}
	if v.own == nil {
		if err := cloud.Once(ctx, s.Clock, v.find(s), v.create(s)); err != nil {
			return fmt.Errorf("create VPC: %w", err)
		}
	}
	on := &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}
	for _, in := range []*ec2.ModifyVpcAttributeInput{
		{VpcId: &v.ID, EnableDnsSupport: on}, {VpcId: &v.ID, EnableDnsHostnames: on},
	} {
		err := s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
			_, err := s.EC2.ModifyVpcAttribute(ctx, in)
			return err
		})
		if err != nil {
			return fmt.Errorf("switch on DNS in the VPC: %w", err)
		}
	}
	return nil
}

func (v *VPC) find(s *Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		ours, err := describeVPCs(ctx, s, v.Owner.ec2Filter("vpc")...)
		if err == nil && len(ours) > 0 {
			v.own, v.ID = &ours[0], aws.ToString(ours[0].VpcId)
		}
		return v.own != nil, err
	}
}

func (v *VPC) create(s *Scope) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := s.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{
			CidrBlock: aws.String(vpcCIDR), TagSpecifications: v.Owner.ec2Spec(ec2types.ResourceTypeVpc, "vpc"),
		}, onceEC2)
		if err == nil {
			v.own, v.ID = out.Vpc, aws.ToString(out.Vpc.VpcId)
		}
		return err
	}
}

// onceEC2 keeps the SDK from repeating a call whose answer got lost.
func onceEC2(o *ec2.Options) { o.Retryer = cloud.OnlyThrottled(o.Retryer) }

// Delete implements Resource. The default VPC is never deleted.
func (v *VPC) Delete(ctx context.Context, s *Scope) error {
	if v.own == nil {
		return nil
	}
	return deleteEC2(ctx, s, func(ctx context.Context) error {
		_, err := s.EC2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &v.ID})
		return err
	})
}

// ec2Settling are the errors of a resource that EC2 made a moment ago and does not know everywhere yet.
var ec2Settling = []cloud.Retryable{
	{Code: "InvalidVpcID.NotFound", For: 2 * time.Minute},
	{Code: "InvalidSubnetID.NotFound", For: 2 * time.Minute},
	{Code: "InvalidGroup.NotFound", For: 2 * time.Minute},
	{Code: "InvalidInternetGatewayID.NotFound", For: 2 * time.Minute},
	{Code: "InvalidRouteTableID.NotFound", For: 2 * time.Minute},
}

// deleteEC2 deletes something of EC2 and waits while network interfaces or references still hold it.
func deleteEC2(ctx context.Context, s *Scope, del func(context.Context) error) error {
	err := s.Retry(ctx, []cloud.Retryable{{Code: "DependencyViolation", For: 20 * time.Minute}},
		func(ctx context.Context) error {
			err := del(ctx)
			if cloud.Is(err, "DependencyViolation") {
				s.emit(event.Event{
					Type: event.NodeWaiting, Text: "waiting for AWS to let go of its network interfaces",
					UsuallyS: 90, DeadlineS: (20 * time.Minute).Seconds(),
				})
			}
			return err
		})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}
