package sim

import (
	"strconv"
	"strings"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbService is Elastic Load Balancing: application load balancers. Each kind of resource has a file of its own.
func elbService() awsService {
	return awsService{
		name: "elasticloadbalancingv2", prefix: "elasticloadbalancing", protocol: speaksQuery, eventual: true, wires: true,
		state:      []keeper{elbShelf},
		operations: []operation{op(elbDescribeTags), op(elbAddTags), op(elbRemoveTags), op(elbDescribeAccountLimits, pages("Limits", 400, 400))},
		latencies: map[lat]time.Duration{
			latLBActive: 140 * time.Second, // create to active: nine logs, 2m02 to 3m07
			latLBGone:   90 * time.Second,  // delete and release of the interfaces: 0.5-3 min
		},
		roles: map[string]string{"elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing"},
		parts: []awsService{elbBalancers(), elbListeners(), elbRules(), elbCertificates(), elbTargetGroups()},
	}
}

type elbState struct {
	LoadBalancers []*loadBalancer
	TargetGroups  []*targetGroup
}

const elbShelf shelf[elbState] = "elb"

func (r *region) elb() *elbState { return elbShelf.in(&r.Kept) }

const (
	latLBActive lat = "elb.active"
	latLBGone   lat = "elb.gone"
)

// elbTagsOf gives access to the tags of any resource by its ARN.
func (r *region) elbTagsOf(arn string) *tagMap {
	if lb := r.balancer(arn); lb != nil {
		return &lb.Tags
	}
	if t := r.targetGroup(arn); t != nil {
		return &t.Tags
	}
	for _, lb := range r.elb().LoadBalancers {
		for _, l := range lb.Listeners {
			if l.ARN == arn {
				return &l.Tags
			}
			for _, rule := range l.Rules {
				if rule.ARN == arn {
					return &rule.Tags
				}
			}
		}
	}
	return nil
}

func noELBResource(arn string) error {
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		return noBalancer(arn)
	case strings.Contains(arn, ":targetgroup/"):
		return noTargetGroup(arn)
	case strings.Contains(arn, ":listener-rule/"):
		return noRule(arn)
	}
	return noListener(arn)
}

func elbDescribeTags(c *call, in *elb.DescribeTagsInput) (*elb.DescribeTagsOutput, error) {
	out := &elb.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		t := c.r.elbTagsOf(arn)
		if t == nil {
			return nil, noELBResource(arn)
		}
		out.TagDescriptions = append(out.TagDescriptions, elbtypes.TagDescription{
			ResourceArn: new(arn), Tags: tagsTo(*t, func(k, v *string) elbtypes.Tag { return elbtypes.Tag{Key: k, Value: v} }),
		})
	}
	return out, nil
}

func elbAddTags(c *call, in *elb.AddTagsInput) (*elb.AddTagsOutput, error) {
	for _, arn := range in.ResourceArns {
		t := c.r.elbTagsOf(arn)
		if t == nil {
			return nil, noELBResource(arn)
		}
		*t = t.merge(elbTags(in.Tags))
	}
	return &elb.AddTagsOutput{}, nil
}

func elbRemoveTags(c *call, in *elb.RemoveTagsInput) (*elb.RemoveTagsOutput, error) {
	for _, arn := range in.ResourceArns {
		t := c.r.elbTagsOf(arn)
		if t == nil {
			return nil, noELBResource(arn)
		}
		*t = t.without(in.TagKeys)
	}
	return &elb.RemoveTagsOutput{}, nil
}

func elbDescribeAccountLimits(c *call, _ *elb.DescribeAccountLimitsInput) (*elb.DescribeAccountLimitsOutput, error) {
	n, ok := c.a.quota("elb")
	if !ok {
		n = 50
	}
	limit := func(name string, max int) elbtypes.Limit {
		return elbtypes.Limit{Name: new(name), Max: new(strconv.Itoa(max))}
	}
	return &elb.DescribeAccountLimitsOutput{Limits: []elbtypes.Limit{
		limit("application-load-balancers", n), limit("target-groups", 3000), limit("rules-per-application-load-balancer", 100),
		limit("listeners-per-application-load-balancer", 50),
	}}, nil
}
