package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"berth/engine"
	"berth/engine/sim"
)

// defaultSubnets are the ids of the default VPC's subnets by zone.
func (h *harbor) defaultSubnets() map[string]string {
	h.t.Helper()
	out, err := h.clients().EC2.DescribeSubnets(h.t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []ec2types.Filter{{Name: aws.String("default-for-az"), Values: []string{"true"}}},
	})
	must(h.t, err)
	ids := map[string]string{}
	for _, sn := range out.Subnets {
		zone := aws.ToString(sn.AvailabilityZone)
		ids[zone[len(zone)-1:]] = aws.ToString(sn.SubnetId)
	}
	return ids
}

// private makes a subnet private, as somebody does who gives it a route table without a way to the internet. It
// returns what makes it public again.
func (h *harbor) private(subnet string) (public func()) {
	h.t.Helper()
	c := h.clients()
	found, err := c.EC2.DescribeSubnets(h.t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: []string{subnet}})
	must(h.t, err)
	table, err := c.EC2.CreateRouteTable(h.t.Context(), &ec2.CreateRouteTableInput{VpcId: found.Subnets[0].VpcId})
	must(h.t, err)
	at, err := c.EC2.AssociateRouteTable(h.t.Context(), &ec2.AssociateRouteTableInput{
		RouteTableId: table.RouteTable.RouteTableId, SubnetId: &subnet,
	})
	must(h.t, err)
	return func() {
		_, err := c.EC2.DisassociateRouteTable(h.t.Context(), &ec2.DisassociateRouteTableInput{AssociationId: at.AssociationId})
		must(h.t, err)
	}
}

// stands are the subnets of the load balancer.
func (h *harbor) stands() (ids []string) {
	h.t.Helper()
	out, err := h.clients().ELB.DescribeLoadBalancers(h.t.Context(), &elb.DescribeLoadBalancersInput{})
	must(h.t, err)
	for _, z := range out.LoadBalancers[0].AvailabilityZones {
		ids = append(ids, aws.ToString(z.SubnetId))
	}
	slices.Sort(ids)
	return ids
}

// A subnet that would be chosen today is no reason to leave those that the app stands in.
func TestTheAppStaysInItsSubnets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		zones := h.defaultSubnets()
		public := h.private(zones["a"])
		h.must(h.deploy())
		before := h.stands()
		public()
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("plan does %v", actions(p))
		}
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		if after := h.stands(); !slices.Equal(before, after) || slices.Contains(after, zones["a"]) {
			t.Errorf("stood in %v, stands in %v", before, after)
		}
	})
}

// A subnet that somebody made private is left for another one; the one that works stays.
func TestTheAppLeavesAPrivateSubnetOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		zones := h.defaultSubnets()
		h.must(h.deploy())
		h.private(zones["a"])
		h.must(h.deploy())
		want := []string{zones["b"], zones["c"]}
		slices.Sort(want)
		if got := h.stands(); !slices.Equal(got, want) {
			t.Errorf("stands in %v, want %v", got, want)
		}
	})
}

// When no other subnet works the app stays where it is and the plan says what is wrong, instead of moving to a
// network of its own.
func TestTheAppStaysInItsNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		zones := h.defaultSubnets()
		h.must(h.deploy())
		before := h.stands()
		h.private(zones["a"])
		h.private(zones["c"])
		p := h.plan(engine.Request{})
		if p.Changed() {
			t.Errorf("plan does %v", actions(p))
		}
		i := slices.IndexFunc(p.Changes, func(c engine.Change) bool { return c.ID == "vpc" })
		if i < 0 || !strings.Contains(p.Changes[i].Why, zones["a"]+" has no route to the internet") {
			t.Errorf("the plan does not say what is wrong: %+v", p.Changes)
		}
		write(t, h.spec.Dir, "server", "version 2")
		p = h.plan(engine.Request{})
		for _, c := range p.Changes {
			if c.Action != "none" && c.Group == "network" {
				t.Errorf("plan does %v", actions(p))
			}
		}
		if after := h.stands(); !slices.Equal(before, after) {
			t.Errorf("stood in %v, stands in %v", before, after)
		}
	})
}

// The longest names that an app and an environment may have fit everywhere.
func TestTheLongestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.spec.App, h.spec.EnvName = strings.Repeat("a", 32), strings.Repeat("e", 32)
		h.must(h.deploy())
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// Fargate places no task in some zones, which only their ids tell: each account has letters of its own. Neither the default
// VPC nor a network of our own has the app there, and a network that was given is told before anything is made.
func TestZonesWithoutFargate(t *testing.T) {
	for region, unfit := range map[string]string{"ap-northeast-1": "apne1-az3", "us-west-1": "usw1-az2"} {
		for _, own := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, own network %v", region, own), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHarbor(t, sim.Options{NoDefaultVPC: own}, 0)
					h.spec.Region = region
					h.must(h.deploy())
					out, err := h.clients().ELB.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{})
					must(t, err)
					if n := len(out.LoadBalancers); n != 1 {
						t.Fatalf("%d load balancers", n)
					}
					for _, z := range out.LoadBalancers[0].AvailabilityZones {
						found, err := h.clients().EC2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: []string{*z.SubnetId}})
						must(t, err)
						if id := aws.ToString(found.Subnets[0].AvailabilityZoneId); id == unfit {
							t.Errorf("the app stands in %s", id)
						}
					}
				})
			})
		}
	}
}
