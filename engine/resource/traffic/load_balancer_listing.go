package traffic

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"berth/engine/event"
	"berth/engine/resource"
)

// This file counts load balancers: against the quota of the account, and those of all apps.

// albQuota is the code of "Application Load Balancers per Region" (engine/AWS.md, Quotas).
const albQuota = "L-53DA6B97"

// Checks implements Checked: room for one more load balancer.
func (l *LoadBalancer) Checks(do event.Action) []resource.Probe {
	if do != event.Create {
		return nil
	}
	return resource.OneMore{
		ID: "quota-load-balancer", Title: "load balancers",
		What: "Application Load Balancers", Name: "Application Load Balancers per Region",
		Service: "elasticloadbalancing", Code: albQuota, Count: countLoadBalancers,
	}.Probes()
}

func countLoadBalancers(ctx context.Context, s *resource.Scope) (n int, err error) {
	pages := elb.NewDescribeLoadBalancersPaginator(s.ELB, &elb.DescribeLoadBalancersInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, lb := range out.LoadBalancers {
			if lb.Type == "application" || lb.Type == "" {
				n++
			}
		}
	}
	return n, nil
}

// LoadBalancers lists the load balancers of all apps.
var LoadBalancers = resource.Listing{What: "load balancers", List: listLoadBalancers}

func listLoadBalancers(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := elb.NewDescribeLoadBalancersPaginator(s.ELB, &elb.DescribeLoadBalancersInput{})
	err := resource.Pages(ctx, p, func(out *elb.DescribeLoadBalancersOutput) error {
		for _, l := range out.LoadBalancers {
			all = append(all, resource.Found{
				Kind: "elbv2.LoadBalancer", Name: aws.ToString(l.LoadBalancerName), ARN: aws.ToString(l.LoadBalancerArn),
				Like: &LoadBalancer{},
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return addByTags(ctx, s, all)
}
