package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// theirs counts what of an inventory is of one of the kinds, or ends with one of the names.
func theirs(items []string, marks ...string) (n int) {
	for _, i := range items {
		for _, m := range marks {
			if strings.HasPrefix(i, m+" ") || strings.HasSuffix(i, " "+m) {
				n++
				break
			}
		}
	}
	return n
}

// stays destroys the app, which must end soon, naming what others have, and leave all of that as it is.
func (h *harbor) stays(named []string, marks ...string) {
	h.t.Helper()
	before, start := theirs(h.left(), marks...), time.Now()
	res, _ := h.apply(h.plan(engine.Request{Destroy: true}))
	if res.Outcome != event.Failed || res.Err == nil {
		h.t.Fatalf("ended %s: %+v", res.Outcome, res.Err)
	}
	for _, want := range append(named, "because others use it") {
		if !strings.Contains(res.Err.Cause+res.Err.Evidence, want) {
			h.t.Errorf("%q is not named: %s\n%s", want, res.Err.Cause, res.Err.Evidence)
		}
	}
	if took := time.Since(start); took > 15*time.Minute {
		h.t.Errorf("took %s", took)
	}
	if after := theirs(h.left(), marks...); after != before || before == 0 {
		h.t.Errorf("others had %d and have %d: %v", before, after, h.left())
	}
}

// What others put into the app's own network keeps as much of it as they need: a destroy names it and does not wait for what
// never comes. Once it is gone, so is the network.
func TestOthersInOurNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{NoDefaultVPC: true}, 0)
		h.must(h.deploy())
		c := h.clients()
		nets, err := c.EC2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
		must(t, err)
		group, err := c.EC2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
			GroupName: aws.String("grafana"), Description: aws.String("Grafana"), VpcId: nets.Subnets[0].VpcId,
		})
		must(t, err)
		balancer, err := c.ELB.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
			Name: aws.String("grafana"), SecurityGroups: []string{*group.GroupId},
			Subnets: []string{*nets.Subnets[0].SubnetId, *nets.Subnets[1].SubnetId},
		})
		must(t, err)
		time.Sleep(5 * time.Minute)
		h.stays([]string{"the load balancer grafana", "the security group grafana (sg-"}, "grafana", "ec2.VPC", "ec2.Subnet", "ec2.InternetGateway", "ec2.RouteTable")

		_, err = c.ELB.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn})
		must(t, err)
		time.Sleep(10 * time.Minute)
		_, err = c.EC2.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: group.GroupId})
		must(t, err)
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// A subnet of others keeps its routes.
func TestASubnetOfOthersKeepsItsRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{NoDefaultVPC: true}, 0)
		h.must(h.deploy())
		c := h.clients()
		tables, err := c.EC2.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{{Name: aws.String("tag-key"), Values: []string{"berth:app"}}}})
		must(t, err)
		table := tables.RouteTables[0]
		subnet, err := c.EC2.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: table.VpcId, CidrBlock: aws.String("10.0.200.0/24")})
		must(t, err)
		_, err = c.EC2.AssociateRouteTable(t.Context(), &ec2.AssociateRouteTableInput{RouteTableId: table.RouteTableId, SubnetId: subnet.Subnet.SubnetId})
		must(t, err)
		h.stays([]string{"the subnet " + *subnet.Subnet.SubnetId}, "ec2.VPC", "ec2.InternetGateway", "ec2.RouteTable", "10.0.200.0/24")
		tables, err = c.EC2.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{RouteTableIds: []string{*table.RouteTableId}})
		must(t, err)
		for _, a := range tables.RouteTables[0].Associations {
			if aws.ToString(a.SubnetId) == *subnet.Subnet.SubnetId {
				return
			}
		}
		t.Error("their subnet lost its routes")
	})
}

// A rule of others that names a security group of ours keeps that group, and is told.
func TestARuleOfOthersNamesOurGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		c := h.clients()
		ours, err := c.EC2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: []string{"*-tasks"}}}})
		must(t, err)
		if len(ours.SecurityGroups) != 1 {
			t.Fatalf("groups: %v", ours.SecurityGroups)
		}
		group, err := c.EC2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("warehouse"), Description: aws.String("Warehouse")})
		must(t, err)
		_, err = c.EC2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group.GroupId, IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(5432), ToPort: aws.Int32(5432),
			UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: ours.SecurityGroups[0].GroupId}},
		}}})
		must(t, err)
		h.stays([]string{"the security group warehouse (" + *group.GroupId + ")"}, "warehouse", *ours.SecurityGroups[0].GroupName)
		_, err = c.EC2.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: group.GroupId})
		must(t, err)
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}
