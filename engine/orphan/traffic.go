package orphan

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/traffic"
)

func (s *survey) loadBalancers(ctx context.Context) error {
	var all []found
	p := elb.NewDescribeLoadBalancersPaginator(s.ELB, &elb.DescribeLoadBalancersInput{})
	err := pages(ctx, p, func(out *elb.DescribeLoadBalancersOutput) error {
		for _, l := range out.LoadBalancers {
			all = append(all, found{
				Resource: Resource{Kind: "elbv2.LoadBalancer", Name: aws.ToString(l.LoadBalancerName), ARN: aws.ToString(l.LoadBalancerArn)},
				usage:    usage(&traffic.LoadBalancer{}),
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.balancing(ctx, all)
}

func (s *survey) targetGroups(ctx context.Context) error {
	var all []found
	p := elb.NewDescribeTargetGroupsPaginator(s.ELB, &elb.DescribeTargetGroupsInput{})
	err := pages(ctx, p, func(out *elb.DescribeTargetGroupsOutput) error {
		for _, t := range out.TargetGroups {
			arn := aws.ToString(t.TargetGroupArn)
			all = append(all, found{
				Resource: Resource{Kind: "elbv2.TargetGroup", Name: aws.ToString(t.TargetGroupName), ARN: arn},
				unused: func(a *app) string {
					if a.targets[arn] {
						return ""
					}
					return "the service uses another target group, for another port"
				},
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.balancing(ctx, all)
}

// tagBatch is of how many resources one DescribeTags tells.
const tagBatch = 20

// balancing notes those of the load balancers or target groups that are ours.
func (s *survey) balancing(ctx context.Context, all []found) error {
	all = slices.DeleteFunc(all, func(f found) bool { return !strings.HasPrefix(f.Name, prefix) })
	batches := slices.Collect(slices.Chunk(all, tagBatch))
	tags := make([]map[string]map[string]string, len(batches))
	err := each(ctx, batches, func(ctx context.Context, i int, batch []found) (err error) {
		tags[i], err = s.elbTags(ctx, batch)
		return err
	})
	for i, batch := range batches {
		for _, f := range batch {
			s.own(f, tags[i][f.ARN])
		}
	}
	return err
}

// elbTags are the tags of a batch by ARN. When one of it is gone since it was listed, AWS tells nothing of the
// others either; they are asked for one by one then.
func (s *survey) elbTags(ctx context.Context, batch []found) (map[string]map[string]string, error) {
	tags := map[string]map[string]string{}
	var arns []string
	for _, f := range batch {
		arns = append(arns, f.ARN)
	}
	out, err := s.ELB.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: arns})
	switch {
	case cloud.NotFound(err) && len(batch) == 1:
		return tags, nil
	case cloud.NotFound(err):
		for i := range batch {
			one, err := s.elbTags(ctx, batch[i:i+1])
			if err != nil {
				return nil, err
			}
			for arn, t := range one {
				tags[arn] = t
			}
		}
		return tags, nil
	case err != nil:
		return nil, err
	}
	for _, d := range out.TagDescriptions {
		tags[aws.ToString(d.ResourceArn)] = tagsOf(d.Tags, func(t elbtypes.Tag) (k, v *string) { return t.Key, t.Value })
	}
	return tags, nil
}

// distributionComment is how distributions of ours say whose they are: app, environment and the hash of both.
var distributionComment = regexp.MustCompile(`^berth ([^/ ]+)/([^/ ]+) \(([0-9a-f]{6})\)(?: in [a-z0-9-]+)?$`)

// distributions of apps in this region: CloudFront itself knows no region, but their load balancers do.
func (s *survey) distributions(ctx context.Context) error {
	var silent []found // whose comment is not listed, as some emulators do it
	p := cf.NewListDistributionsPaginator(s.CloudFront, &cf.ListDistributionsInput{})
	err := pages(ctx, p, func(out *cf.ListDistributionsOutput) error {
		if out.DistributionList == nil {
			return nil
		}
		for _, d := range out.DistributionList.Items {
			f := found{
				Resource: Resource{
					Kind: "cloudfront.Distribution", Name: aws.ToString(d.DomainName),
					ARN: cmp.Or(aws.ToString(d.ARN), aws.ToString(d.Id)), Role: "distribution",
				},
				unused: secondDistribution,
				remove: "aws cloudfront delete-distribution --id " + aws.ToString(d.Id) + ", once it is disabled",
			}
			m := distributionComment.FindStringSubmatch(aws.ToString(d.Comment))
			switch {
			case s.elsewhere(d):
			case d.Comment == nil:
				silent = append(silent, f)
			case m != nil && resource.Owner{App: m[1], Env: m[2]}.Hash() == m[3]:
				f.owner = resource.Owner{App: m[1], Env: m[2]}
				s.add(f)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.withTags(ctx, silent, func(ctx context.Context, f *found) (map[string]string, error) {
		out, err := s.CloudFront.ListTagsForResource(ctx, &cf.ListTagsForResourceInput{Resource: &f.ARN})
		if err != nil || out.Tags == nil {
			return nil, unlessGone(err)
		}
		return tagsOf(out.Tags.Items, func(t cftypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
}

// secondDistribution is why a distribution is left over in an app that lives: deployments use the one that is
// listed first.
func secondDistribution(a *app) string {
	if a.distributions++; a.distributions == 1 {
		return ""
	}
	return "the app has another distribution, which deployments use"
}

// elsewhere says whether a distribution leads to a load balancer in another region.
func (s *survey) elsewhere(d cftypes.DistributionSummary) bool {
	if d.Origins == nil {
		return false
	}
	return slices.ContainsFunc(d.Origins.Items, func(o cftypes.Origin) bool {
		host := aws.ToString(o.DomainName)
		return strings.Contains(host, ".elb.") && !strings.Contains(host, "."+s.Region+".elb.")
	})
}

// unlessGone is err, or nil when it says that the thing is gone since it was listed.
func unlessGone(err error) error {
	if cloud.NotFound(err) {
		return nil
	}
	return err
}
