package traffic

import (
	"context"
	"time"

	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// attach puts the ACL where visitors come in; an empty arn takes it away.
func (f *Firewall) attach(ctx context.Context, s *resource.Scope, arn string) error {
	if f.Edge {
		return f.attachAtEdge(ctx, s, arn)
	}
	lb := f.Door.LoadBalancer.ARN
	return s.Retry(ctx, settlingFirewall, func(ctx context.Context) error {
		if arn == "" {
			_, err := s.WAF.DisassociateWebACL(ctx, &waf.DisassociateWebACLInput{ResourceArn: &lb})
			return resource.UnlessGone(err)
		}
		_, err := s.WAF.AssociateWebACL(ctx, &waf.AssociateWebACLInput{ResourceArn: &lb, WebACLArn: &arn})
		return err
	})
}

// staleEdge are the errors of a distribution that was changed by somebody else meanwhile, or knows no new ACL yet.
var staleEdge = append([]cloud.Retryable{{Code: "InvalidWebACLId", For: 5 * time.Minute}}, staleDistribution...)

// attachAtEdge is attach at the distribution. It keeps what it reads to itself: others wait for the distribution meanwhile.
func (f *Firewall) attachAtEdge(ctx context.Context, s *resource.Scope, arn string) error {
	id := f.Door.Distribution.ID
	return s.Retry(ctx, staleEdge, func(ctx context.Context) error {
		now, err := s.CloudFront.GetDistributionConfig(ctx, &cf.GetDistributionConfigInput{Id: &id})
		if err != nil {
			return err
		}
		now.DistributionConfig.WebACLId = &arn
		_, err = s.CloudFront.UpdateDistribution(ctx, &cf.UpdateDistributionInput{
			Id: &id, IfMatch: now.ETag, DistributionConfig: now.DistributionConfig,
		})
		return err
	})
}

// atAllEdges waits until all edges know which ACL is before the app.
func (f *Firewall) atAllEdges(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "CloudFront to deploy to all edge locations", Deadline: 35 * time.Minute}
	_, err := deployed(ctx, s, f.Door.Distribution.ID, w, f.Info().Gone)
	return err
}

// detach takes the ACL away, and waits until no edge of CloudFront asks it any more.
func (f *Firewall) detach(ctx context.Context, s *resource.Scope) error {
	if err := resource.UnlessGone(f.attach(ctx, s, "")); err != nil || !f.Edge {
		return err
	}
	return resource.UnlessGone(f.atAllEdges(ctx, s))
}
