package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/access"
)

// VPCOrigin is the way of CloudFront to a load balancer without public addresses (engine/AWS.md, CloudFront). Beside one it
// is no part of the plan.
type VPCOrigin struct {
	resource.Claim
	Owner        resource.Owner
	Region       string                    // of the load balancer; CloudFront itself has none
	LoadBalancer *LoadBalancer             // the private one
	LinkedRole   *access.ServiceLinkedRole // nil: AWS makes it

	ID string // output

	found *cftypes.VpcOriginSummary
}

// name is the natural key: CloudFront takes each once.
func (o *VPCOrigin) name() string { return o.Owner.Short() + "-" + o.Region }

// Info implements Resource.
func (o *VPCOrigin) Info() resource.Info {
	return resource.Info{
		ID: "vpc-origin", Kind: "cloudfront.VpcOrigin", Name: o.name(), Label: "the VPC origin of CloudFront", Group: resource.GroupEndpoint,
		Usually: 9 * time.Minute, Gone: 3 * time.Minute,
	}
}

// Needs implements Resource.
func (o *VPCOrigin) Needs() []resource.Need {
	needs := []resource.Need{{On: o.LoadBalancer, Observe: true, Ready: true}}
	if o.LinkedRole != nil {
		needs = append(needs, resource.Need{On: o.LinkedRole})
	}
	return needs
}

// Wanted implements Optional.
func (o *VPCOrigin) Wanted() bool { return o.LoadBalancer.Wanted() }

// Identifier implements Identified.
func (o *VPCOrigin) Identifier() string { return o.ID }

// Observe implements Resource. AWS deletes no load balancer that one leads to, so that without a load balancer there is none.
func (o *VPCOrigin) Observe(ctx context.Context, s *resource.Scope) error {
	o.found, o.ID = nil, ""
	if o.LoadBalancer.found == nil {
		return nil
	}
	return o.find(ctx, s)
}

// find looks for one that is not on its way out.
func (o *VPCOrigin) find(ctx context.Context, s *resource.Scope) error {
	return eachVPCOrigin(ctx, s.Clients, func(one cftypes.VpcOriginSummary) {
		if aws.ToString(one.Name) == o.name() && aws.ToString(one.Status) != "Deleting" {
			o.found, o.ID = &one, aws.ToString(one.Id)
		}
	})
}

// eachVPCOrigin goes through all VPC origins of the account.
func eachVPCOrigin(ctx context.Context, c *cloud.Clients, each func(cftypes.VpcOriginSummary)) error {
	in := &cf.ListVpcOriginsInput{}
	for {
		out, err := c.CloudFront.ListVpcOrigins(ctx, in)
		if err != nil || out.VpcOriginList == nil {
			return err
		}
		for _, one := range out.VpcOriginList.Items {
			each(one)
		}
		if in.Marker = out.VpcOriginList.NextMarker; aws.ToString(in.Marker) == "" {
			return nil
		}
	}
}

// Detail implements Detailer: whose it is.
func (o *VPCOrigin) Detail(ctx context.Context, s *resource.Scope) error {
	if o.found == nil {
		return nil
	}
	tags, err := distributionTags(ctx, s.Clients, aws.ToString(o.found.Arn))
	return o.Judge(o.Owner, tags, err)
}

// Exists implements Resource.
func (o *VPCOrigin) Exists() bool { return o.found != nil && o.Ours() }

// Diff implements Resource.
func (o *VPCOrigin) Diff(*resource.Scope) resource.Diff {
	switch {
	case !o.Wanted():
		return resource.Unwanted(o)
	case o.found == nil:
		return resource.Diff{Action: event.Create, Why: "lets CloudFront reach the load balancer inside the VPC; takes 9 minutes as a rule, up to 30"}
	}
	return resource.None()
}

// settlingVPCOrigin are the errors of what was made a moment ago.
var settlingVPCOrigin = []cloud.Retryable{
	{Code: "InvalidArgument", Contains: "not active", For: 2 * time.Minute},
	{Code: "InvalidArgument", Contains: "service-linked role", For: 2 * time.Minute},
	{Code: "EntityAlreadyExists", For: 35 * time.Minute}, // one of that name is on its way out
}

// Apply implements Resource. It does not wait until CloudFront is in the network.
func (o *VPCOrigin) Apply(ctx context.Context, s *resource.Scope) error {
	if o.found != nil {
		return nil
	}
	err := s.Retry(ctx, settlingVPCOrigin, func(ctx context.Context) error {
		out, err := s.CloudFront.CreateVpcOrigin(ctx, &cf.CreateVpcOriginInput{
			VpcOriginEndpointConfig: &cftypes.VpcOriginEndpointConfig{
				Name: aws.String(o.name()), Arn: &o.LoadBalancer.ARN, HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
				OriginProtocolPolicy: cftypes.OriginProtocolPolicyHttpOnly,
				OriginSslProtocols:   &cftypes.OriginSslProtocols{Quantity: aws.Int32(1), Items: []cftypes.SslProtocol{cftypes.SslProtocolTLSv12}},
			},
			Tags: &cftypes.Tags{Items: o.Owner.CloudFrontTags("vpc-origin")},
		})
		if cloud.Is(err, "EntityAlreadyExists") { // made by a call whose answer got lost
			if lookErr := o.find(ctx, s); lookErr != nil || o.found != nil {
				return lookErr
			}
		}
		if err == nil {
			o.ID = aws.ToString(out.VpcOrigin.Id)
			o.found = &cftypes.VpcOriginSummary{Id: out.VpcOrigin.Id, Arn: out.VpcOrigin.Arn, Status: out.VpcOrigin.Status}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create VPC origin: %w", err)
	}
	return nil
}

// Unattended implements Unattended.
func (o *VPCOrigin) Unattended() {}

// Ready implements Waiter: CloudFront has its interfaces in the network.
func (o *VPCOrigin) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "CloudFront to connect to the VPC", Deadline: 35 * time.Minute}
	return s.Poll(ctx, w, o.Info().Usually, func(ctx context.Context) (bool, string, error) {
		out, err := s.CloudFront.GetVpcOrigin(ctx, &cf.GetVpcOriginInput{Id: &o.ID})
		if err != nil {
			return false, "", err
		}
		return aws.ToString(out.VpcOrigin.Status) == "Deployed", "", nil
	})
}

// Delete implements Resource. Some edges may know the distribution that led to it for a while.
func (o *VPCOrigin) Delete(ctx context.Context, s *resource.Scope) error {
	if o.found == nil {
		return nil
	}
	busy := append([]cloud.Retryable{{Code: "CannotDeleteEntityWhileInUse", For: 35 * time.Minute}}, staleDistribution...)
	err := s.Retry(ctx, busy, func(ctx context.Context) error {
		now, err := s.CloudFront.GetVpcOrigin(ctx, &cf.GetVpcOriginInput{Id: &o.ID})
		if err != nil {
			return err
		}
		_, err = s.CloudFront.DeleteVpcOrigin(ctx, &cf.DeleteVpcOriginInput{Id: &o.ID, IfMatch: now.ETag})
		return err
	})
	if resource.UnlessGone(err) != nil {
		return fmt.Errorf("delete VPC origin: %w", err)
	}
	w := cloud.Wait{For: "CloudFront to disconnect from the VPC", Deadline: 35 * time.Minute}
	return s.Poll(ctx, w, o.Info().Gone, func(ctx context.Context) (bool, string, error) {
		_, err := s.CloudFront.GetVpcOrigin(ctx, &cf.GetVpcOriginInput{Id: &o.ID})
		if cloud.NotFound(err) {
			return true, "", nil
		}
		return false, "", err
	})
}

// seenForOrigin is what AWS looks at in the caller's name when a VPC origin is made.
var seenForOrigin = []string{
	"ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeLoadBalancers",
}

// Permissions implements Permissioned.
func (o *VPCOrigin) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if !o.Wanted() && o.LoadBalancer.found == nil && do != event.Delete {
		return nil
	}
	need := []resource.Permission{resource.Anywhere("cloudfront:ListVpcOrigins")}
	arn := s.GlobalARN("cloudfront", "vpcorigin/*")
	if o.found != nil || resource.Existing(do) {
		need = append(need, resource.Whose("cloudfront:ListTagsForResource", "a VPC origin", arn))
	}
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("cloudfront:CreateVpcOrigin", "cloudfront:TagResource", "cloudfront:GetVpcOrigin"), arn),
			resource.Anywhere(seenForOrigin...))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("cloudfront:GetVpcOrigin", "cloudfront:DeleteVpcOrigin"), arn))
	case event.None, event.Update, event.Replace:
		need = append(need, resource.On(resource.Actions("cloudfront:GetVpcOrigin"), arn))
	}
	return need
}

// VPCOrigins lists the VPC origins of all apps.
var VPCOrigins = resource.Listing{What: "VPC origins", List: listVPCOrigins}

func listVPCOrigins(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	err := eachVPCOrigin(ctx, s.Clients, func(one cftypes.VpcOriginSummary) {
		name := aws.ToString(one.Name) // which ends in the region of the load balancer
		if strings.HasPrefix(name, resource.NamePrefix) && strings.HasSuffix(name, "-"+s.Region) {
			all = append(all, resource.Found{Kind: "cloudfront.VpcOrigin", Name: name, ARN: aws.ToString(one.Arn)})
		}
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, distributionTags)
}
