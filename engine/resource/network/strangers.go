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

// inUse is that something of ours stays because of what others have there, by name, as a look found it; nil when there is
// nothing of theirs.
func inUse(label string, theirs []string, err error) error {
	if err != nil || len(theirs) == 0 {
		return err
	}
	return &fail.Error{
		Class: fail.Failed, Cause: label + " stays, because others use it: " + strings.Join(theirs, ", "),
		Remedy: "once they have moved or removed that, berth destroy removes the rest",
	}
}

// strangers are what others have in a network of ours: subnets, security groups, and what has network interfaces there.
func strangers(ctx context.Context, s *resource.Scope, o resource.Owner, vpc string) ([]string, error) {
	here := resource.EC2Filter("vpc-id", vpc)
	theirs, err := strangeSubnets(ctx, s, o, vpc)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, n := range theirs {
		all = append(all, called("subnet", ec2Tag(n.Tags, "Name"), n.SubnetId))
	}
	groups, err := strangeGroups(ctx, s, o, here)
	if err != nil {
		return nil, err
	}
	interfaces, err := strangeInterfaces(ctx, s, o, here)
	return slices.Concat(all, groups, interfaces), err
}

// strangeSubnets are the subnets of others in a network of ours.
func strangeSubnets(ctx context.Context, s *resource.Scope, o resource.Owner, vpc string) ([]ec2types.Subnet, error) {
	all, err := describeSubnets(ctx, s, resource.EC2Filter("vpc-id", vpc))
	return slices.DeleteFunc(all, func(n ec2types.Subnet) bool { return o.OwnsEC2(n.Tags) }), err
}

// holders are what others have that keeps a security group of ours: rules that name it, and network interfaces in it.
func holders(ctx context.Context, s *resource.Scope, o resource.Owner, group string) ([]string, error) {
	var all []string
	for _, filter := range []string{"ip-permission.group-id", "egress.ip-permission.group-id"} {
		groups, err := strangeGroups(ctx, s, o, resource.EC2Filter(filter, group))
		if err != nil {
			return nil, err
		}
		all = append(all, groups...)
	}
	interfaces, err := strangeInterfaces(ctx, s, o, resource.EC2Filter("group-id", group))
	all = append(all, interfaces...)
	slices.Sort(all)
	return slices.Compact(all), err
}

// strangeGroups are the security groups of others that pass the filter. AWS keeps some of its own beside what it made for us.
func strangeGroups(ctx context.Context, s *resource.Scope, o resource.Owner, filter ec2types.Filter) ([]string, error) {
	var all []string
	p := ec2.NewDescribeSecurityGroupsPaginator(s.EC2, &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{filter}})
	err := resource.Pages(ctx, p, func(out *ec2.DescribeSecurityGroupsOutput) error {
		for _, g := range out.SecurityGroups {
			name := aws.ToString(g.GroupName)
			if name == "default" || strings.HasPrefix(name, "CloudFront-VPCOrigins-") || strings.HasPrefix(name, "ecs-") || o.OwnsEC2(g.Tags) {
				continue
			}
			all = append(all, called("security group", name, g.GroupId))
		}
		return nil
	})
	return all, err
}

// strangeInterfaces are what of others has network interfaces that pass the filter. Who may not look sees none.
func strangeInterfaces(ctx context.Context, s *resource.Scope, o resource.Owner, filter ec2types.Filter) ([]string, error) {
	var all []string
	p := ec2.NewDescribeNetworkInterfacesPaginator(s.EC2, &ec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{filter}})
	err := resource.Pages(ctx, p, func(out *ec2.DescribeNetworkInterfacesOutput) error {
		for _, n := range out.NetworkInterfaces {
			if who := strangerOf(o, n); who != "" {
				all = append(all, who)
			}
		}
		return nil
	})
	if resource.Unseen(err) {
		return nil, nil
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// strangerOf is whose network interface that is, where that is certainly somebody else's; empty for what AWS still has of
// ours, which goes by itself (engine/AWS.md, Network).
func strangerOf(o resource.Owner, n ec2types.NetworkInterface) string {
	text := aws.ToString(n.Description)
	if balancer, ok := strings.CutPrefix(text, "ELB "); ok {
		name := strings.TrimPrefix(strings.TrimPrefix(balancer, "app/"), "net/")
		name, _, _ = strings.Cut(name, "/")
		if strings.HasPrefix(name, o.Short()) || strings.HasPrefix(name, "ecs-") {
			return ""
		}
		return "the load balancer " + name
	}
	if function, ok := strings.CutPrefix(text, "AWS Lambda VPC ENI-"); ok {
		if i := len(function) - len("-01234567-89ab-cdef-0123-456789abcdef"); i > 0 {
			function = function[:i]
		}
		return "the Lambda function " + function
	}
	if a := n.Attachment; a != nil && a.InstanceId != nil {
		return "the instance " + *a.InstanceId
	}
	ours := slices.ContainsFunc(n.Groups, func(g ec2types.GroupIdentifier) bool {
		return strings.HasPrefix(aws.ToString(g.GroupName), o.Name()+"-")
	})
	if !aws.ToBool(n.RequesterManaged) && !ours { // what is in a group of ours is a task's
		return called("network interface", text, n.NetworkInterfaceId)
	}
	return ""
}

// lookWho is the permission to see what has network interfaces.
func lookWho() resource.Permission {
	p := resource.Anywhere("ec2:DescribeNetworkInterfaces")
	p.Without = "what others have in the app's network is not named"
	return p
}

// called is what a resource is called in sentences.
func called(kind, name string, id *string) string {
	if name == "" {
		return fmt.Sprintf("the %s %s", kind, aws.ToString(id))
	}
	return fmt.Sprintf("the %s %s (%s)", kind, name, aws.ToString(id))
}
