package network

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

func describeVPCs(ctx context.Context, s *resource.Scope, filters ...ec2types.Filter) ([]ec2types.Vpc, error) {
	p := ec2.NewDescribeVpcsPaginator(s.EC2, &ec2.DescribeVpcsInput{Filters: filters})
	return resource.Gather(ctx, p, func(out *ec2.DescribeVpcsOutput) []ec2types.Vpc { return out.Vpcs })
}

func describeGateways(ctx context.Context, s *resource.Scope, filters ...ec2types.Filter) ([]ec2types.InternetGateway, error) {
	p := ec2.NewDescribeInternetGatewaysPaginator(s.EC2, &ec2.DescribeInternetGatewaysInput{Filters: filters})
	return resource.Gather(ctx, p, func(out *ec2.DescribeInternetGatewaysOutput) []ec2types.InternetGateway { return out.InternetGateways })
}

func describeSubnets(ctx context.Context, s *resource.Scope, filters ...ec2types.Filter) ([]ec2types.Subnet, error) {
	p := ec2.NewDescribeSubnetsPaginator(s.EC2, &ec2.DescribeSubnetsInput{Filters: filters})
	return resource.Gather(ctx, p, func(out *ec2.DescribeSubnetsOutput) []ec2types.Subnet { return out.Subnets })
}

func describeRouteTables(ctx context.Context, s *resource.Scope, filters ...ec2types.Filter) ([]ec2types.RouteTable, error) {
	p := ec2.NewDescribeRouteTablesPaginator(s.EC2, &ec2.DescribeRouteTablesInput{Filters: filters})
	return resource.Gather(ctx, p, func(out *ec2.DescribeRouteTablesOutput) []ec2types.RouteTable { return out.RouteTables })
}

// ours are those of all that carry the owner's tags.
func ours[T any](o resource.Owner, all []T, tags func(T) []ec2types.Tag) []T {
	return slices.DeleteFunc(all, func(one T) bool { return !o.OwnsEC2(tags(one)) })
}

func ownVPCs(ctx context.Context, s *resource.Scope, o resource.Owner) ([]ec2types.Vpc, error) {
	all, err := describeVPCs(ctx, s, o.EC2Filter("vpc")...)
	return ours(o, all, func(v ec2types.Vpc) []ec2types.Tag { return v.Tags }), err
}

func ownGateways(ctx context.Context, s *resource.Scope, o resource.Owner, role string) ([]ec2types.InternetGateway, error) {
	all, err := describeGateways(ctx, s, o.EC2Filter(role)...)
	return ours(o, all, func(g ec2types.InternetGateway) []ec2types.Tag { return g.Tags }), err
}

func ownSubnets(ctx context.Context, s *resource.Scope, o resource.Owner, role string) ([]ec2types.Subnet, error) {
	all, err := describeSubnets(ctx, s, o.EC2Filter(role)...)
	return ours(o, all, func(n ec2types.Subnet) []ec2types.Tag { return n.Tags }), err
}

func ownRouteTables(ctx context.Context, s *resource.Scope, o resource.Owner, role string) ([]ec2types.RouteTable, error) {
	all, err := describeRouteTables(ctx, s, o.EC2Filter(role)...)
	return ours(o, all, func(t ec2types.RouteTable) []ec2types.Tag { return t.Tags }), err
}

func ec2Tag(tags []ec2types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// onceEC2 keeps the SDK from repeating a call whose answer got lost.
func onceEC2(o *ec2.Options) { o.Retryer = cloud.OnlyThrottled(o.Retryer) }

// ec2Settling are the errors of a resource that EC2 made a moment ago and does not know everywhere yet.
var Settling = []cloud.Retryable{
	{Code: "InvalidVpcID.NotFound", For: 2 * time.Minute},
	{Code: "InvalidSubnetID.NotFound", For: 2 * time.Minute},
	{Code: "InvalidGroup.NotFound", For: 2 * time.Minute},
	{Code: "InvalidInternetGatewayID.NotFound", For: 2 * time.Minute},
	{Code: "InvalidRouteTableID.NotFound", For: 2 * time.Minute},
}

// deleteEC2 deletes something of EC2, which label names, and waits while network interfaces or references still hold it. What
// others have there, as held lists it, goes not by waiting: it stays then. Nil where they can have nothing.
func deleteEC2(ctx context.Context, s *resource.Scope, label string, held func(context.Context) ([]string, error), del func(context.Context) error) error {
	err := s.Retry(ctx, []cloud.Retryable{{Code: "DependencyViolation", For: 20 * time.Minute}},
		func(ctx context.Context) error {
			err := del(ctx)
			if cloud.Is(err, "DependencyViolation") {
				if held != nil {
					theirs, lookErr := held(ctx)
					if err := inUse(label, theirs, lookErr); err != nil {
						return err
					}
				}
				s.Send(event.Event{
					Type: event.NodeWaiting, Text: "waiting for AWS to delete its network interfaces",
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

// newEC2 is to create something of EC2 with our tags; api is the call and kind its ARN's.
func newEC2(o resource.Owner, s *resource.Scope, api, kind string) []resource.Permission {
	arn := s.ARN("ec2", kind+"/*")
	return []resource.Permission{
		{Actions: resource.Actions("ec2:" + api), Resources: []string{arn}, When: o.Tagged("aws:RequestTag")},
		{Actions: resource.Actions("ec2:CreateTags"), Resources: []string{arn}, When: resource.WhenEqual("ec2:CreateAction", api)},
	}
}

// oursEC2 are actions on things of EC2 that carry our tags.
func oursEC2(o resource.Owner, s *resource.Scope, actions []string, kinds ...string) resource.Permission {
	p := resource.Permission{Actions: actions, When: o.Tagged("aws:ResourceTag")}
	for _, k := range kinds {
		p.Resources = append(p.Resources, s.ARN("ec2", k+"/*"))
	}
	return p
}

// anyApp finds what carries the tag of an app, whichever it is.
var anyApp = []ec2types.Filter{{Name: aws.String("tag-key"), Values: []string{resource.TagApp}}}

// addTagged notes a resource of EC2, whose listings carry the tags.
func addTagged(s *resource.Survey, kind string, id *string, tags []ec2types.Tag) {
	t := resource.TagMap(tags, func(x ec2types.Tag) (k, v *string) { return x.Key, x.Value })
	s.AddTagged(resource.Found{Kind: kind, Name: t["Name"], ARN: aws.ToString(id)}, t)
}
