package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/fail"
	"berth/engine/resource"
)

// Given is an existing network that an app is told to use. Nothing of it is ever changed or deleted.
type Given struct {
	VPC     string   // its id; empty: none is given
	Subnets []string // to choose from; none: all of the VPC
	Private bool     // tasks get no public addresses, and stand in subnets that reach out through a NAT gateway
	Within  bool     // the load balancer gets none either, and stands in subnets that the internet does not reach
}

// stands says what stands in the private subnets of a VPC of our own, or in the public ones.
func (g Given) stands(private bool) string {
	switch {
	case private && g.Private && g.Within:
		return "for the tasks and the load balancer, which have no public addresses"
	case private && g.Within:
		return "for the load balancer, which has no public addresses"
	case private:
		return "for the tasks, which have no public addresses"
	case g.Within && g.Private:
		return "for the way out to the internet"
	case g.Within:
		return "for the tasks, in two zones"
	}
	return "a load balancer needs two zones"
}

// reaches says what an internet gateway is for.
func (g Given) reaches() string {
	who := "the tasks"
	if g.Private {
		who = "the NAT gateway"
	}
	if g.Within {
		return "for the way of " + who + " to the internet, and because CloudFront enters only networks that have one"
	}
	return "the load balancer and " + who + " need the internet"
}

// private is the key of berth.toml that asks for private subnets.
func (g Given) private() string {
	if g.Private {
		return "network.tasks"
	}
	return "network.front"
}

// useGiven looks at the network that was given, and says in v.bar what is wrong with it.
func (v *VPC) useGiven(ctx context.Context, s *resource.Scope, at Standing, tables []ec2types.RouteTable) error {
	found, err := describeVPCs(ctx, s, resource.EC2Filter("vpc-id", v.Given.VPC))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		v.bar = v.unfit("network.vpc", "there is no VPC "+v.Given.VPC+" in "+s.Region, "", "name one of: aws ec2 describe-vpcs --region "+s.Region)
		return nil
	}
	v.Default, v.ID = true, v.Given.VPC
	if err := v.names(ctx, s); err != nil || v.bar != nil {
		return err
	}
	subnets, err := describeSubnets(ctx, s, resource.EC2Filter("vpc-id", v.ID))
	if err != nil {
		return err
	}
	if len(v.Given.Subnets) > 0 {
		for _, id := range v.Given.Subnets {
			if !slices.ContainsFunc(subnets, func(sn ec2types.Subnet) bool { return aws.ToString(sn.SubnetId) == id }) {
				v.bar = v.unfit("network.subnets", "there is no subnet "+id+" in "+v.ID, "", "name subnets of that VPC: aws ec2 describe-subnets --filters Name=vpc-id,Values="+v.ID)
				return nil
			}
		}
		subnets = slices.DeleteFunc(subnets, func(sn ec2types.Subnet) bool { return !slices.Contains(v.Given.Subnets, aws.ToString(sn.SubnetId)) })
	}
	if v.Given.Within {
		if err := v.chooseWithin(ctx, s, subnets, tables); err != nil || v.bar != nil {
			return err
		}
	}
	v.choose(subnets, tables, at)
	return nil
}

// chooseWithin takes private subnets in two zones for a load balancer that CloudFront reaches inside. CloudFront wants an
// internet gateway at the network all the same, as a sign that it may be reached (engine/AWS.md, CloudFront).
func (v *VPC) chooseWithin(ctx context.Context, s *resource.Scope, subnets []ec2types.Subnet, tables []ec2types.RouteTable) error {
	out, err := s.EC2.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{
		Filters: []ec2types.Filter{resource.EC2Filter("attachment.vpc-id", v.ID)},
	})
	if err != nil {
		return err
	}
	if len(out.InternetGateways) == 0 {
		v.bar = v.unfit("network.vpc", "CloudFront cannot reach a VPC without an internet gateway, and "+v.ID+" has none", "",
			"attach one; it needs no route: aws ec2 attach-internet-gateway --vpc-id "+v.ID+" --internet-gateway-id igw-...")
		return nil
	}
	v.Within = oneInZone(v.ID, subnets, func(id string) bool { return !toInternet(effectiveTable(v.ID, id, tables)) })
	if len(v.Within) < 2 {
		v.bar = v.unfit("network.subnets", "a private load balancer needs private subnets in two zones, and "+v.ID+" offers "+fmt.Sprint(len(v.Within)),
			strings.Join(reasons(v.ID, subnets, tables), "\n"),
			`name subnets in two zones whose route table has no route to an internet gateway, with 8 free addresses each; or set front = "public"`)
		return nil
	}
	v.Within = v.Within[:2]
	return nil
}

// choose takes public subnets in different zones for the load balancer, and private ones in the same zones for tasks.
func (v *VPC) choose(subnets []ec2types.Subnet, tables []ec2types.RouteTable, at Standing) {
	public := publicSubnets(v.ID, subnets, tables)
	if v.Given.Within && v.Given.Private { // then nothing stands in them
		public = v.Within
	}
	if len(public) < 2 {
		v.bar = v.unfit("network.subnets", "a load balancer needs public subnets in two zones, and "+v.ID+" offers "+fmt.Sprint(len(public)),
			strings.Join(reasons(v.ID, subnets, tables), "\n"),
			"name subnets in two zones whose route table has a route to an internet gateway, with 8 free addresses each")
		return
	}
	switch {
	case len(v.Given.Subnets) > 0:
		v.Public = public
	case at.VPC == v.ID && len(at.Subnets) > 1: // where it stands it stays
		v.stay(at, public, subnets, tables)
	default:
		v.Public = public[:2]
	}
	if !v.Given.Private {
		return
	}
	zones := map[string]bool{}
	for _, sn := range subnets {
		if slices.Contains(v.Public, aws.ToString(sn.SubnetId)) {
			zones[aws.ToString(sn.AvailabilityZone)] = true
		}
	}
	for _, sn := range subnets {
		id := aws.ToString(sn.SubnetId)
		if zones[aws.ToString(sn.AvailabilityZone)] && holdsTasks(sn) && aws.ToInt32(sn.AvailableIpAddressCount) > 0 && throughNAT(effectiveTable(v.ID, id, tables)) {
			v.Private = append(v.Private, id)
		}
	}
	if len(v.Private) == 0 {
		v.bar = v.unfit("network.subnets", "no subnet of "+v.ID+" lets tasks without public addresses pull their image", strings.Join(reasons(v.ID, subnets, tables), "\n"),
			"name subnets whose route table has a route to a NAT gateway, in the zones of the load balancer; or set tasks = \"public\"")
	}
}

// throughNAT says whether a route table leads out through a NAT gateway, or through a gateway of the organization.
func throughNAT(t *ec2types.RouteTable) bool {
	return t != nil && slices.ContainsFunc(t.Routes, func(r ec2types.Route) bool {
		return aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0" && r.State != ec2types.RouteStateBlackhole &&
			(r.NatGatewayId != nil || r.TransitGatewayId != nil)
	})
}

// reasons say of each subnet what it is good for.
func reasons(vpc string, subnets []ec2types.Subnet, tables []ec2types.RouteTable) (all []string) {
	for _, sn := range subnets {
		id, t := aws.ToString(sn.SubnetId), effectiveTable(vpc, aws.ToString(sn.SubnetId), tables)
		text := "has no route to the internet"
		switch {
		case toInternet(t):
			text = "is public"
		case throughNAT(t):
			text = "is private, with a route to a NAT gateway"
		}
		if !holdsTasks(sn) {
			text += ", but Fargate does not run in that zone, " + aws.ToString(sn.AvailabilityZoneId)
		}
		if n := aws.ToInt32(sn.AvailableIpAddressCount); n < minFree {
			text += fmt.Sprintf(", with %d free addresses", n)
		}
		all = append(all, id+" in "+aws.ToString(sn.AvailabilityZone)+" "+text)
	}
	return all
}

// names looks whether machines of the given network get DNS names, which databases and the discovery of tasks need.
func (v *VPC) names(ctx context.Context, s *resource.Scope) error {
	for _, a := range []ec2types.VpcAttributeName{ec2types.VpcAttributeNameEnableDnsSupport, ec2types.VpcAttributeNameEnableDnsHostnames} {
		out, err := s.EC2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &v.ID, Attribute: a})
		if err != nil {
			return err
		}
		on := out.EnableDnsSupport
		if a == ec2types.VpcAttributeNameEnableDnsHostnames {
			on = out.EnableDnsHostnames
		}
		if on == nil || !aws.ToBool(on.Value) {
			option := map[ec2types.VpcAttributeName]string{
				ec2types.VpcAttributeNameEnableDnsSupport: "--enable-dns-support", ec2types.VpcAttributeNameEnableDnsHostnames: "--enable-dns-hostnames",
			}[a]
			v.bar = v.unfit("network.vpc", "the VPC "+v.ID+" gives its hosts no DNS names", string(a)+" is off",
				"switch it on: aws ec2 modify-vpc-attribute --vpc-id "+v.ID+" "+option)
			return nil
		}
	}
	return nil
}

func (v *VPC) unfit(setting, cause, evidence, remedy string) error {
	return &fail.Error{Class: fail.Refused, Cause: cause, Evidence: evidence, Remedy: remedy, Setting: setting}
}

// Bar implements Barred.
func (v *VPC) Bar() error {
	if v.Given.VPC != "" && v.own != nil {
		return v.unfit("network.vpc", "the app already has a VPC of its own, "+v.ID,
			"network.vpc names "+v.Given.VPC, "run berth destroy first, then deploy again; or remove vpc from berth.toml")
	}
	return v.bar
}
