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
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// vpcCIDR is the address range of a VPC of our own; each subnet gets a /20 of it.
const vpcCIDR = "10.0.0.0/16"

// minFree is how many free addresses a subnet must have for a load balancer (engine/AWS.md, Network).
const minFree = 8

// VPC is the network that the app runs in: one of our own when there is one already, else the region's
// default VPC when it has public subnets in two zones, else a new one.
//
// It observes the whole network in one round of calls; subnets, internet gateway and route table of our own
// VPC read what they need from it.
type VPC struct {
	Owner resource.Owner
	// Stands says where the app's front door stands. What stands and works stays where it is. Nil: nowhere.
	Stands func(context.Context, *resource.Scope) (Standing, error)

	Given Given // an existing network to use instead
	Own   bool  // a network of our own is wanted, whatever the default VPC offers: it has private subnets

	ID      string   // output
	Default bool     // output: the default VPC is used, or the one that was given; nothing of it is ours
	Public  []string // output: public subnets of that VPC in different zones, two at least
	Private []string // output: private subnets of the one that was given, for tasks
	Within  []string // output: private subnets of the one that was given, for a load balancer without public addresses

	own     *ec2types.Vpc
	subnets map[string]ec2types.Subnet      // of our own VPC, by role tag
	gateway *ec2types.InternetGateway       // of our own VPC
	tables  map[string]*ec2types.RouteTable // of our own VPC, by role tag
	named   bool                            // our own VPC gives its machines DNS names
	bar     error                           // what is wrong with the network that was given
	broken  []string                        // of Public, those that do not reach the internet any more
}

// Info implements Resource.
func (v *VPC) Info() resource.Info {
	name := v.Owner.Name()
	if v.Default {
		name = cmp.Or(v.Given.VPC, "default VPC")
	}
	return resource.Info{
		ID: "vpc", Kind: "ec2.VPC", Name: name, Label: "the network (VPC)", Group: resource.GroupNetwork,
		Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (v *VPC) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (v *VPC) Identifier() string { return v.ID }

// Observe implements Resource.
func (v *VPC) Observe(ctx context.Context, s *resource.Scope) error {
	var defaults, own []ec2types.Vpc
	var defaultSubnets, ourSubnets []ec2types.Subnet
	var tables []ec2types.RouteTable
	var gateways []ec2types.InternetGateway
	var at Standing
	outer := ctx
	v.bar, v.Private, v.Within = nil, nil, nil
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		defaults, err = describeVPCs(ctx, s, resource.EC2Filter("is-default", "true"))
		return err
	})
	g.Go(func() (err error) { own, err = ownVPCs(ctx, s, v.Owner); return err })
	g.Go(func() (err error) {
		defaultSubnets, err = describeSubnets(ctx, s, resource.EC2Filter("default-for-az", "true"))
		return err
	})
	g.Go(func() (err error) { ourSubnets, err = ownSubnets(ctx, s, v.Owner, ""); return err })
	g.Go(func() (err error) { tables, err = describeRouteTables(ctx, s); return err })
	g.Go(func() (err error) { gateways, err = ownGateways(ctx, s, v.Owner, ""); return err })
	g.Go(func() (err error) { at, err = v.standing(ctx, s); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	if len(own) > 0 {
		v.useOwn(own[0], ourSubnets, tables)
	} else if v.Given.VPC != "" {
		if err := v.useGiven(outer, s, at, tables); err != nil {
			return err
		}
	} else if v.Own && at.VPC != "" {
		v.ID, v.Default = at.VPC, true
		v.bar = v.unfit(v.Given.private(), "the app runs in the default VPC, where all subnets are public, and cannot move without downtime", "it runs in "+at.VPC,
			"name private subnets of that VPC with network.vpc and network.subnets; or run berth destroy first, then deploy again")
	} else if len(defaults) > 0 && !v.Own {
		v.useDefault(aws.ToString(defaults[0].VpcId), at, defaultSubnets, tables)
	}
	if len(gateways) > 0 {
		v.gateway = &gateways[0]
	}
	return nil
}

func (v *VPC) useOwn(own ec2types.Vpc, subnets []ec2types.Subnet, tables []ec2types.RouteTable) {
	v.own, v.ID, v.Default = &own, aws.ToString(own.VpcId), false
	v.subnets, v.tables = map[string]ec2types.Subnet{}, map[string]*ec2types.RouteTable{}
	for _, sn := range subnets {
		v.subnets[ec2Tag(sn.Tags, resource.TagRole)] = sn
	}
	for i, t := range tables {
		if role := ec2Tag(t.Tags, resource.TagRole); role != "" && aws.ToString(t.VpcId) == v.ID {
			v.tables[role] = &tables[i]
		}
	}
}

// useDefault takes the default VPC when the app stands in it, or when two of its subnets in different zones reach
// the internet.
func (v *VPC) useDefault(id string, at Standing, subnets []ec2types.Subnet, tables []ec2types.RouteTable) {
	public := publicSubnets(id, subnets, tables)
	switch {
	case at.VPC == id && len(at.Subnets) > 0:
		v.stay(at, public, subnets, tables)
	case len(public) >= 2:
		v.Default, v.ID, v.Public = true, id, public[:2]
	}
}

// publicSubnets returns the ids of the subnets of the VPC whose effective route table leads to an internet
// gateway, at most one a zone, in the order of their zones.
func publicSubnets(vpc string, subnets []ec2types.Subnet, tables []ec2types.RouteTable) []string {
	return oneInZone(vpc, subnets, func(id string) bool { return toInternet(effectiveTable(vpc, id, tables)) })
}

// oneInZone returns the ids of those subnets of the VPC that can hold a load balancer and tasks, at most one a zone, in the order of
// their zones.
func oneInZone(vpc string, subnets []ec2types.Subnet, those func(id string) bool) []string {
	slices.SortFunc(subnets, func(a, b ec2types.Subnet) int {
		return cmp.Compare(aws.ToString(a.AvailabilityZone), aws.ToString(b.AvailabilityZone))
	})
	var ids, zones []string
	for _, sn := range subnets {
		zone := aws.ToString(sn.AvailabilityZone)
		if aws.ToString(sn.VpcId) != vpc || slices.Contains(zones, zone) || !holdsTasks(sn) ||
			aws.ToInt32(sn.AvailableIpAddressCount) < minFree || !those(aws.ToString(sn.SubnetId)) {
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

// Detail implements Detailer: whether machines in our own VPC get DNS names, which is the last thing that
// Apply switches on.
func (v *VPC) Detail(ctx context.Context, s *resource.Scope) error {
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
func (v *VPC) Diff(s *resource.Scope) resource.Diff {
	switch {
	case v.noRoute() != "":
		return resource.Diff{Action: event.None, Why: v.noRoute()}
	case v.Given.VPC != "" && v.own == nil:
		return resource.Diff{Action: event.None, Why: "the VPC set by network.vpc; berth does not change it"}
	case v.Default:
		return resource.Diff{Action: event.None, Why: "the region's default VPC has public subnets in two zones"}
	case v.own != nil && !v.named:
		return resource.Changed("its hosts get no DNS names", resource.Field("DNS hostnames", false, true))
	case v.own != nil:
		return resource.None()
	}
	if v.Own {
		return resource.Diff{Action: event.Create, Why: "resources without public addresses need private subnets"}
	}
	return resource.Diff{Action: event.Create, Why: "the region has no default VPC with public subnets in two zones"}
}

// Apply implements Resource.
func (v *VPC) Apply(ctx context.Context, s *resource.Scope) error {
	if v.Default || v.Given.VPC != "" {
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
		err := s.Retry(ctx, Settling, func(ctx context.Context) error {
			_, err := s.EC2.ModifyVpcAttribute(ctx, in)
			return err
		})
		if err != nil {
			return fmt.Errorf("enable DNS in the VPC: %w", err)
		}
	}
	return nil
}

func (v *VPC) find(s *resource.Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		own, err := ownVPCs(ctx, s, v.Owner)
		if err == nil && len(own) > 0 {
			v.own, v.ID = &own[0], aws.ToString(own[0].VpcId)
		}
		return v.own != nil, err
	}
}

func (v *VPC) create(s *resource.Scope) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := s.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{
			CidrBlock: aws.String(vpcCIDR), TagSpecifications: v.Owner.EC2TagSpec(ec2types.ResourceTypeVpc, "vpc"),
		}, onceEC2)
		if err == nil {
			v.own, v.ID = out.Vpc, aws.ToString(out.Vpc.VpcId)
		}
		return err
	}
}

// Delete implements Resource. The default VPC is never deleted.
func (v *VPC) Delete(ctx context.Context, s *resource.Scope) error {
	if v.own == nil {
		return nil
	}
	held := func(ctx context.Context) ([]string, error) { return strangers(ctx, s, v.Owner, v.ID) }
	return deleteEC2(ctx, s, v.Info().Label, held, func(ctx context.Context) error {
		_, err := s.EC2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &v.ID})
		return err
	})
}

// Permissions implements Permissioned. Looking up covers subnets, gateways and routes, too.
func (v *VPC) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere(
		"ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeInternetGateways")}
	if v.Given.VPC != "" && v.own == nil {
		return append(need, resource.Anywhere("ec2:DescribeVpcAttribute"))
	}
	if v.Default {
		return need
	}
	if v.own != nil || resource.Existing(do) {
		need = append(need, resource.Anywhere("ec2:DescribeVpcAttribute"))
	}
	switch do {
	case event.Create:
		need = append(need, newEC2(v.Owner, s, "CreateVpc", "vpc")...)
		need = append(need, oursEC2(v.Owner, s, resource.Actions("ec2:ModifyVpcAttribute"), "vpc"))
	case event.Update:
		need = append(need, oursEC2(v.Owner, s, resource.Actions("ec2:ModifyVpcAttribute"), "vpc"))
	case event.Delete:
		need = append(need, oursEC2(v.Owner, s, resource.Actions("ec2:DeleteVpc"), "vpc"), resource.Anywhere("ec2:DescribeSecurityGroups"), lookWho())
	case event.None, event.Replace:
	}
	return need
}

// vpcQuota is the code of "VPCs per Region" (engine/AWS.md, Quotas).
const vpcQuota = "L-F678F1CE"

// Checks implements Checked: room for one more VPC.
func (v *VPC) Checks(do event.Action) []resource.Probe {
	if do != event.Create || v.Default || v.Given.VPC != "" {
		return nil
	}
	return resource.OneMore{
		ID: "quota-vpc", Title: "VPCs",
		What: "VPCs", Name: "VPCs per Region", Service: "vpc", Code: vpcQuota, Count: countVPCs,
	}.Probes()
}

func countVPCs(ctx context.Context, s *resource.Scope) (n int, err error) {
	pages := ec2.NewDescribeVpcsPaginator(s.EC2, &ec2.DescribeVpcsInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		n += len(out.Vpcs)
	}
	return n, nil
}

// VPCs lists the networks of all apps.
var VPCs = resource.Listing{What: "networks", List: listVPCs}

func listVPCs(ctx context.Context, s *resource.Survey) error {
	p := ec2.NewDescribeVpcsPaginator(s.EC2, &ec2.DescribeVpcsInput{Filters: anyApp})
	return resource.Pages(ctx, p, func(out *ec2.DescribeVpcsOutput) error {
		for _, one := range out.Vpcs {
			addTagged(s, "ec2.VPC", one.VpcId, one.Tags)
		}
		return nil
	})
}
