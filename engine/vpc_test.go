package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine"
	"berth/engine/sim"
)

// estate is a network of somebody else: two public subnets, and two private ones behind a NAT gateway when there is one.
type estate struct {
	vpc             string
	public, private []string
}

func (h *harbor) estate(nat bool) (e estate) {
	h.t.Helper()
	ctx, c := context.Background(), h.clients().EC2
	vpc, err := c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.20.0.0/16")})
	must(h.t, err)
	e.vpc = *vpc.Vpc.VpcId
	_, err = c.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &e.vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}})
	must(h.t, err)
	igw, err := c.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	must(h.t, err)
	_, err = c.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: igw.InternetGateway.InternetGatewayId, VpcId: &e.vpc})
	must(h.t, err)
	subnet := func(cidr, zone string) string {
		out, err := c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &e.vpc, CidrBlock: &cidr, AvailabilityZone: &zone})
		must(h.t, err)
		return *out.Subnet.SubnetId
	}
	e.public = []string{subnet("10.20.0.0/24", h.spec.Region+"a"), subnet("10.20.1.0/24", h.spec.Region+"b")}
	e.private = []string{subnet("10.20.2.0/24", h.spec.Region+"a"), subnet("10.20.3.0/24", h.spec.Region+"b")}
	table := func(route *ec2.CreateRouteInput, subnets []string) {
		out, err := c.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &e.vpc})
		must(h.t, err)
		for _, id := range subnets {
			_, err = c.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: out.RouteTable.RouteTableId, SubnetId: &id})
			must(h.t, err)
		}
		if route != nil {
			route.RouteTableId, route.DestinationCidrBlock = out.RouteTable.RouteTableId, aws.String("0.0.0.0/0")
			_, err = c.CreateRoute(ctx, route)
			must(h.t, err)
		}
	}
	table(&ec2.CreateRouteInput{GatewayId: igw.InternetGateway.InternetGatewayId}, e.public)
	if !nat {
		table(nil, e.private)
		return e
	}
	address, err := c.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: ec2types.DomainTypeVpc})
	must(h.t, err)
	gateway, err := c.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: &e.public[0], AllocationId: address.AllocationId})
	must(h.t, err)
	time.Sleep(5 * time.Minute)
	table(&ec2.CreateRouteInput{NatGatewayId: gateway.NatGateway.NatGatewayId}, e.private)
	return e
}

// beside makes a subnet in the zone of another one, with the routes of that one.
func (h *harbor) beside(vpc, other string) string {
	h.t.Helper()
	ctx, c := context.Background(), h.clients().EC2
	there, err := c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{other}})
	must(h.t, err)
	made, err := c.CreateSubnet(ctx, &ec2.CreateSubnetInput{
		VpcId: &vpc, CidrBlock: aws.String("10.20.9.0/24"), AvailabilityZone: there.Subnets[0].AvailabilityZone,
	})
	must(h.t, err)
	tables, err := c.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{
		Filters: []ec2types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{other}}},
	})
	must(h.t, err)
	_, err = c.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: tables.RouteTables[0].RouteTableId, SubnetId: made.Subnet.SubnetId})
	must(h.t, err)
	return *made.Subnet.SubnetId
}

// An app in a network of somebody else, with tasks in public or in private subnets: nothing of the network changes, and a
// destroy leaves it as it was.
func TestAGivenNetwork(t *testing.T) {
	for _, tasks := range []string{"public", "private"} {
		t.Run(tasks, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				e := h.estate(tasks == "private")
				before := h.inventory()
				h.spec.Network.VPC, h.spec.Network.Tasks = e.vpc, tasks
				h.spec.Network.Subnets = slices.Concat(e.public, e.private)
				p := h.plan(engine.Request{})
				told := strings.Contains(change(p, "service").Exposes, "public IPv4")
				if told != (tasks == "public") {
					t.Errorf("the plan says %q", change(p, "service").Exposes)
				}
				t.Logf("%s tasks cost $%.2f a month", tasks, p.MonthlyUSD)
				h.must(h.apply(p))
				if got := actions(h.plan(engine.Request{})); len(got) > 0 {
					t.Errorf("unchanged app: plan does %v", got)
				}
				if s := h.status(); s.Running != 1 || s.MonthlyUSD != p.MonthlyUSD {
					t.Errorf("%d run at $%.2f, planned $%.2f", s.Running, s.MonthlyUSD, p.MonthlyUSD)
				}
				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				after := slices.DeleteFunc(h.inventory(), func(l string) bool { return !strings.HasPrefix(l, "ec2.") })
				if before = slices.DeleteFunc(before, func(l string) bool { return !strings.HasPrefix(l, "ec2.") }); !slices.Equal(before, after) {
					t.Errorf("the network was\n%v\nand is\n%v", before, after)
				}
			})
		})
	}
}

// Tasks move between public and private subnets of a given network without the app being out.
func TestTasksMoveToPrivateSubnets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		e := h.estate(true)
		h.spec.Network.VPC = e.vpc
		res, events := h.deploy()
		h.must(res, events)
		for _, tasks := range []string{"private", "public"} {
			h.spec.Network.Tasks = tasks
			p := h.plan(engine.Request{})
			if got := actions(p); !slices.Equal(got, []string{"service:update"}) {
				t.Errorf("to %s: the plan does %v", tasks, got)
			}
			out := h.outage(res.Endpoint + "/")
			h.must(h.apply(p))
			if gap := out(); gap > 0 {
				t.Errorf("to %s: out for %s", tasks, gap)
			}
		}
	})
}

// What a given network lacks is told before anything is made.
func TestUnfitNetworks(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(*harbor) estate
		want  string
	}{
		{"no such VPC", func(*harbor) estate { return estate{vpc: "vpc-0123456789abcdef0"} }, "there is no VPC"},
		{"foreign subnet", func(h *harbor) estate {
			e := h.estate(false)
			e.public[0] = "subnet-0123456789abcdef0"
			return e
		}, "there is no subnet"},
		{"one zone", func(h *harbor) estate {
			e := h.estate(false)
			e.public = e.public[:1]
			return e
		}, "public subnets in two zones"},
		{"two subnets in one zone", func(h *harbor) estate {
			e := h.estate(false)
			e.public, e.private = []string{e.public[0], h.beside(e.vpc, e.public[0])}, nil
			return e
		}, "public subnets in two zones"},
		{"a private front in one zone", func(h *harbor) estate {
			e := h.estate(false)
			h.spec.Network.Front, e.private = "private", []string{e.private[0], h.beside(e.vpc, e.private[0])}
			return e
		}, "private subnets in two zones"},
		{"a zone without Fargate", func(h *harbor) estate {
			h.spec.Region = "ap-northeast-1"
			return h.estate(false)
		}, "but Fargate does not run in that zone, apne1-az3"},
		{"no way out", func(h *harbor) estate {
			e := h.estate(false)
			h.spec.Network.Tasks = "private"
			return e
		}, "lets tasks without public addresses pull"},
		{"no DNS", func(h *harbor) estate {
			e := h.estate(false)
			_, err := h.clients().EC2.ModifyVpcAttribute(context.Background(), &ec2.ModifyVpcAttributeInput{
				VpcId: &e.vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)},
			})
			must(h.t, err)
			return e
		}, "no DNS names"},
		{"no DNS at all", func(h *harbor) estate {
			e := h.estate(false)
			_, err := h.clients().EC2.ModifyVpcAttribute(context.Background(), &ec2.ModifyVpcAttributeInput{
				VpcId: &e.vpc, EnableDnsSupport: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)},
			})
			must(h.t, err)
			return e
		}, "enableDnsSupport is off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				e := c.setup(h)
				h.spec.Network.VPC, h.spec.Network.Subnets = e.vpc, slices.Concat(e.public, e.private)
				before := h.left()
				f := h.refused()
				if !strings.Contains(f.Cause+"\n"+f.Evidence, c.want) || f.Remedy == "" || !strings.HasPrefix(f.Setting, "network.") {
					t.Errorf("%s | %s | %s | %s", f.Cause, f.Evidence, f.Remedy, f.Setting)
				}
				if after := h.left(); !slices.Equal(before, after) {
					t.Errorf("a refusal changed %v to %v", before, after)
				}
			})
		})
	}
}
