package sim

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// indoors makes two subnets without a way to the internet, and gives their route table.
func (r *rig) indoors() string {
	r.Helper()
	table := *must(r.ec2.CreateRouteTable(r.ctx, &ec2.CreateRouteTableInput{VpcId: &r.vpc}))(r).RouteTable.RouteTableId
	for i, cidr := range []string{"172.31.128.0/24", "172.31.129.0/24"} {
		s := *must(r.ec2.CreateSubnet(r.ctx, &ec2.CreateSubnetInput{VpcId: &r.vpc, CidrBlock: &cidr, AvailabilityZone: aws.String(london + string(rune('a'+i)))}))(r).Subnet.SubnetId
		must(r.ec2.AssociateRouteTable(r.ctx, &ec2.AssociateRouteTableInput{RouteTableId: &table, SubnetId: &s}))(r)
		r.inside = append(r.inside, s)
	}
	r.publicIP = ecstypes.AssignPublicIpDisabled
	return table
}

// nat makes a NAT gateway of either kind and a route to it.
func (r *rig) nat(table string, regional bool) (nat, address string) {
	r.Helper()
	in := &ec2.CreateNatGatewayInput{AvailabilityMode: ec2types.AvailabilityModeRegional, VpcId: &r.vpc}
	if !regional {
		address = *must(r.ec2.AllocateAddress(r.ctx, &ec2.AllocateAddressInput{Domain: ec2types.DomainTypeVpc}))(r).AllocationId
		in = &ec2.CreateNatGatewayInput{SubnetId: &r.subnets[0], AllocationId: &address}
	}
	nat = *must(r.ec2.CreateNatGateway(r.ctx, in))(r).NatGateway.NatGatewayId
	must(r.ec2.CreateRoute(r.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: &nat}))(r)
	return nat, address
}

func (r *rig) endpoints(table string, names ...string) {
	r.Helper()
	group := *must(r.ec2.CreateSecurityGroup(r.ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("endpoints"), Description: aws.String("endpoints"), VpcId: &r.vpc}))(r).GroupId
	must(r.ec2.AuthorizeSecurityGroupIngress(r.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: []ec2types.IpPermission{{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &r.taskGroup}},
	}}}))(r)
	for _, name := range names {
		in := &ec2.CreateVpcEndpointInput{VpcId: &r.vpc, ServiceName: aws.String("com.amazonaws." + london + "." + name), VpcEndpointType: ec2types.VpcEndpointTypeInterface, SubnetIds: r.inside, SecurityGroupIds: []string{group}}
		if name == "s3" {
			in = &ec2.CreateVpcEndpointInput{VpcId: &r.vpc, ServiceName: in.ServiceName, VpcEndpointType: ec2types.VpcEndpointTypeGateway, RouteTableIds: []string{table}}
		}
		must(r.ec2.CreateVpcEndpoint(r.ctx, in))(r)
	}
}

// Tasks without public addresses: what they need to start, and what they say when it is not there.
func TestPrivateTasks(t *testing.T) {
	for name, x := range map[string]struct {
		ways  func(r *rig, table string)
		early bool
		want  string // in stoppedReason; empty when the tasks run
	}{
		"zonal NAT":         {ways: func(r *rig, table string) { r.nat(table, false) }},
		"regional NAT":      {ways: func(r *rig, table string) { r.nat(table, true) }},
		"NAT too early":     {ways: func(r *rig, table string) { r.nat(table, false) }, early: true, want: "The task cannot pull registry auth from Amazon ECR"},
		"nothing":           {ways: func(*rig, string) {}, want: "The task cannot pull registry auth from Amazon ECR"},
		"endpoints":         {ways: func(r *rig, table string) { r.endpoints(table, "ecr.api", "ecr.dkr", "s3", "logs") }},
		"no layers":         {ways: func(r *rig, table string) { r.endpoints(table, "ecr.api", "ecr.dkr", "logs") }, want: "starport-layer-bucket.s3"},
		"no endpoint: logs": {ways: func(r *rig, table string) { r.endpoints(table, "ecr.api", "ecr.dkr", "s3") }, want: "https://logs.eu-west-2.amazonaws.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Options{})
				r.network()
				x.ways(r, r.indoors())
				if !x.early {
					r.sleep(2 * time.Minute)
				}
				r.start()
				if x.want == "" {
					if got, _ := r.verdict(10 * time.Minute); got.Status != ecstypes.ServiceDeploymentStatusSuccessful {
						t.Errorf("ended %s\n%s", got.Status, r.story())
					}
					return
				}
				r.sleep(110 * time.Second)
				if stopped := r.stopped(); len(stopped) == 0 || !strings.Contains(aws.ToString(stopped[0].StoppedReason), x.want) {
					t.Errorf("want %q\n%s", x.want, r.story())
				}
			})
		})
	}
}

// A NAT gateway holds its address and subnet until it is gone, and leaves its routes behind.
func TestNATGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.network()
		table := r.indoors()
		id, address := r.nat(table, false)
		release := func() error {
			_, err := r.ec2.ReleaseAddress(r.ctx, &ec2.ReleaseAddressInput{AllocationId: &address})
			return err
		}
		state := func() ec2types.NatGatewayState {
			return must(r.ec2.DescribeNatGateways(r.ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{id}}))(r).NatGateways[0].State
		}
		if got := state(); got != ec2types.NatGatewayStatePending {
			t.Errorf("a new one is %s", got)
		}
		r.sleep(2 * time.Minute)
		if got := state(); got != ec2types.NatGatewayStateAvailable {
			t.Errorf("after 2 min it is %s", got)
		}
		must(r.ec2.DeleteNatGateway(r.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &id}))(r)
		if err := release(); code(err) != "InvalidIPAddress.InUse" {
			t.Errorf("an address in use was released: %v", err)
		}
		r.sleep(2 * time.Minute)
		if got := state(); got != ec2types.NatGatewayStateDeleted {
			t.Errorf("deleted, it is %s", got)
		}
		must(0, release())(r)
		routes := must(r.ec2.DescribeRouteTables(r.ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{table}}))(r).RouteTables[0].Routes
		if !slices.ContainsFunc(routes, func(x ec2types.Route) bool {
			return aws.ToString(x.NatGatewayId) == id && x.State == ec2types.RouteStateBlackhole
		}) {
			t.Errorf("routes %+v", routes)
		}
		for range 5 {
			must(r.ec2.AllocateAddress(r.ctx, &ec2.AllocateAddressInput{}))(r)
		}
		if _, err := r.ec2.AllocateAddress(r.ctx, &ec2.AllocateAddressInput{}); code(err) != "AddressLimitExceeded" {
			t.Errorf("more addresses than there can be: %v", err)
		}
	})
}

// An endpoint's interfaces hold its subnets and group; two for one name are refused; the VPC stays while one is there.
func TestVPCEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.network()
		table := r.indoors()
		r.endpoints(table, "ecr.api", "s3")
		in := &ec2.CreateVpcEndpointInput{VpcId: &r.vpc, ServiceName: aws.String("com.amazonaws.eu-west-2.ecr.api"), VpcEndpointType: ec2types.VpcEndpointTypeInterface, SubnetIds: r.inside[:1]}
		if _, err := r.ec2.CreateVpcEndpoint(r.ctx, in); code(err) != "InvalidParameter" {
			t.Errorf("two with one private name: %v", err)
		}
		in.ServiceName = aws.String("com.amazonaws.eu-west-2.none")
		if _, err := r.ec2.CreateVpcEndpoint(r.ctx, in); code(err) != "InvalidServiceName" {
			t.Errorf("for a service that is none: %v", err)
		}
		routes := must(r.ec2.DescribeRouteTables(r.ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{table}}))(r).RouteTables[0].Routes
		if !slices.ContainsFunc(routes, func(x ec2types.Route) bool { return aws.ToString(x.DestinationPrefixListId) != "" }) {
			t.Errorf("the gateway has no route: %+v", routes)
		}
		if _, err := r.ec2.DeleteSubnet(r.ctx, &ec2.DeleteSubnetInput{SubnetId: &r.inside[0]}); code(err) != "DependencyViolation" {
			t.Errorf("a subnet with an endpoint was deleted: %v", err)
		}
		var ids []string
		for p := ec2.NewDescribeVpcEndpointsPaginator(r.ec2, &ec2.DescribeVpcEndpointsInput{}); p.HasMorePages(); {
			for _, x := range must(p.NextPage(r.ctx))(r).VpcEndpoints {
				ids = append(ids, *x.VpcEndpointId)
			}
		}
		must(r.ec2.DeleteVpcEndpoints(r.ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: ids}))(r)
		if bad := must(r.ec2.DeleteVpcEndpoints(r.ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{"vpce-none"}}))(r).Unsuccessful; len(bad) != 1 {
			t.Errorf("one that is not there: %+v", bad)
		}
		r.sleep(time.Minute)
		must(r.ec2.DeleteSubnet(r.ctx, &ec2.DeleteSubnetInput{SubnetId: &r.inside[0]}))(r)
	})
}
