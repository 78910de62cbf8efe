package orphan

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/resource"
)

// ours finds what carries the tag of an app, whichever it is.
var ours = []ec2types.Filter{{Name: aws.String("tag-key"), Values: []string{resource.TagApp}}}

// tagged notes a resource of EC2, whose listings carry the tags.
func (s *survey) tagged(kind string, id *string, tags []ec2types.Tag) {
	t := tagsOf(tags, func(x ec2types.Tag) (k, v *string) { return x.Key, x.Value })
	s.own(found{Resource: Resource{Kind: kind, Name: t["Name"], ARN: aws.ToString(id)}}, t)
}

func (s *survey) vpcs(ctx context.Context) error {
	p := ec2.NewDescribeVpcsPaginator(s.EC2, &ec2.DescribeVpcsInput{Filters: ours})
	return pages(ctx, p, func(out *ec2.DescribeVpcsOutput) error {
		for _, v := range out.Vpcs {
			s.tagged("ec2.VPC", v.VpcId, v.Tags)
		}
		return nil
	})
}

func (s *survey) subnets(ctx context.Context) error {
	p := ec2.NewDescribeSubnetsPaginator(s.EC2, &ec2.DescribeSubnetsInput{Filters: ours})
	return pages(ctx, p, func(out *ec2.DescribeSubnetsOutput) error {
		for _, n := range out.Subnets {
			s.tagged("ec2.Subnet", n.SubnetId, n.Tags)
		}
		return nil
	})
}

func (s *survey) gateways(ctx context.Context) error {
	p := ec2.NewDescribeInternetGatewaysPaginator(s.EC2, &ec2.DescribeInternetGatewaysInput{Filters: ours})
	return pages(ctx, p, func(out *ec2.DescribeInternetGatewaysOutput) error {
		for _, g := range out.InternetGateways {
			s.tagged("ec2.InternetGateway", g.InternetGatewayId, g.Tags)
		}
		return nil
	})
}

func (s *survey) routeTables(ctx context.Context) error {
	p := ec2.NewDescribeRouteTablesPaginator(s.EC2, &ec2.DescribeRouteTablesInput{Filters: ours})
	return pages(ctx, p, func(out *ec2.DescribeRouteTablesOutput) error {
		for _, t := range out.RouteTables {
			s.tagged("ec2.RouteTable", t.RouteTableId, t.Tags)
		}
		return nil
	})
}

func (s *survey) securityGroups(ctx context.Context) error {
	p := ec2.NewDescribeSecurityGroupsPaginator(s.EC2, &ec2.DescribeSecurityGroupsInput{Filters: ours})
	return pages(ctx, p, func(out *ec2.DescribeSecurityGroupsOutput) error {
		for _, g := range out.SecurityGroups {
			s.tagged("ec2.SecurityGroup", g.GroupId, g.Tags)
		}
		return nil
	})
}
