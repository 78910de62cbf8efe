package network_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/resource"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
	"berth/engine/sim"
)

// own is a region without a default VPC, so that the app gets a network of its own.
var own = sim.Options{NoDefaultVPC: true}

func place(w kindtest.World) network.Network {
	vpc := &network.VPC{Owner: w.Owner}
	subnets := []*network.Subnet{{Owner: w.Owner, VPC: vpc, Index: 0}, {Owner: w.Owner, VPC: vpc, Index: 1}}
	gateway := &network.InternetGateway{Owner: w.Owner, VPC: vpc}
	return network.Network{
		VPC: vpc, Subnets: subnets,
		Routes: &network.RouteTable{Owner: w.Owner, VPC: vpc, Gateway: gateway, Subnets: subnets},
	}
}

func TestVPC(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.VPC]{
		Account: own,
		Wanted:  func(w kindtest.World) *network.VPC { return place(w).VPC },
		Drift: func(ctx context.Context, s *resource.Scope, v *network.VPC) error {
			_, err := s.EC2.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{
				VpcId: &v.ID, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)},
			})
			return err
		},
	})
}

func TestSubnet(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.Subnet]{
		Account: own,
		Wanted:  func(w kindtest.World) *network.Subnet { return place(w).Subnets[1] },
		Drift: func(ctx context.Context, s *resource.Scope, n *network.Subnet) error {
			_, err := s.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.ID})
			return err
		},
	})
}

func TestInternetGateway(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.InternetGateway]{
		Account: own,
		Wanted:  func(w kindtest.World) *network.InternetGateway { return place(w).Routes.Gateway },
		Drift: func(ctx context.Context, s *resource.Scope, g *network.InternetGateway) error {
			_, err := s.EC2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &g.ID, VpcId: &g.VPC.ID})
			return err
		},
	})
}

func TestRouteTable(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.RouteTable]{
		Account: own,
		Wanted:  func(w kindtest.World) *network.RouteTable { return place(w).Routes },
		Drift: func(ctx context.Context, s *resource.Scope, r *network.RouteTable) error {
			_, err := s.EC2.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &r.ID, DestinationCidrBlock: aws.String("0.0.0.0/0")})
			return err
		},
	})
}

// inside is what tasks without public addresses stand in.
func inside(w kindtest.World) network.Network {
	n := place(w)
	n.VPC.Own = true
	n.Inside = []*network.Subnet{{Owner: w.Owner, VPC: n.VPC, Index: 2}, {Owner: w.Owner, VPC: n.VPC, Index: 3}}
	n.NAT = &network.NATGateway{Owner: w.Owner, VPC: n.VPC, Subnet: n.Subnets[0], Address: &network.ElasticAddress{Owner: w.Owner, VPC: n.VPC}, Gateway: n.Routes.Gateway}
	n.InsideRoutes = &network.RouteTable{Owner: w.Owner, VPC: n.VPC, Gateway: n.Routes.Gateway, NAT: n.NAT, Subnets: n.Inside}
	return n
}

func TestNATGateway(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.NATGateway]{
		Wanted: func(w kindtest.World) *network.NATGateway { return inside(w).NAT },
		Drift: func(ctx context.Context, s *resource.Scope, n *network.NATGateway) error {
			_, err := s.EC2.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &n.ID})
			time.Sleep(5 * time.Minute)
			return err
		},
	})
}

func TestElasticAddress(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.ElasticAddress]{
		Wanted: func(w kindtest.World) *network.ElasticAddress { return inside(w).NAT.Address },
		Drift: func(ctx context.Context, s *resource.Scope, a *network.ElasticAddress) error {
			_, err := s.EC2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &a.ID})
			return err
		},
	})
}

func TestPrivateRouteTable(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*network.RouteTable]{
		Wanted: func(w kindtest.World) *network.RouteTable { return inside(w).InsideRoutes },
		Drift: func(ctx context.Context, s *resource.Scope, r *network.RouteTable) error {
			_, err := s.EC2.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &r.ID, DestinationCidrBlock: aws.String("0.0.0.0/0")})
			return err
		},
	})
}

// guarded is the security group of tasks that only the load balancer reaches, on one port.
func guarded(w kindtest.World, port int) *network.SecurityGroup {
	vpc := &network.VPC{Owner: w.Owner}
	lb := &network.SecurityGroup{
		Owner: w.Owner, Role: "lb", Label: "the load balancer's security group", VPC: vpc,
		Ingress: []network.Ingress{{Port: 80, PrefixList: network.CloudFrontPrefixList, Text: "CloudFront"}},
	}
	return &network.SecurityGroup{
		Owner: w.Owner, Role: "tasks", Label: "the tasks' security group", VPC: vpc, Ingress: []network.Ingress{
			{Port: port, From: lb, Text: "the load balancer"}, {Port: 1, ToPort: 65535, Self: true, Text: "the other tasks"},
		},
	}
}

func TestSecurityGroup(t *testing.T) {
	group := func(port int) func(kindtest.World) *network.SecurityGroup {
		return func(w kindtest.World) *network.SecurityGroup { return guarded(w, port) }
	}
	kindtest.Lifecycle(t, kindtest.Kind[*network.SecurityGroup]{
		Wanted: group(4000), Changed: group(5000),
		Drift: func(ctx context.Context, s *resource.Scope, g *network.SecurityGroup) error {
			_, err := s.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
				GroupId: &g.ID, IpPermissions: []ec2types.IpPermission{{
					IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
					IpRanges: []ec2types.IpRange{{CidrIp: aws.String("10.0.0.0/8"), Description: aws.String("berth: an older version")}},
				}},
			})
			return err
		},
	})
}
