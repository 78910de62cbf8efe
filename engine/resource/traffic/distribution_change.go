package traffic

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// staleDistribution are the errors of a configuration that somebody else has changed since it was read.
var staleDistribution = []cloud.Retryable{
	{Code: "PreconditionFailed", For: time.Minute}, {Code: "InvalidIfMatchVersion", For: time.Minute},
}

// change reads the configuration, lets edit work on it and writes it back, again if somebody else did the
// same meanwhile.
func (d *Distribution) change(ctx context.Context, s *resource.Scope, edit func(*cftypes.DistributionConfig)) error {
	return s.Retry(ctx, staleDistribution, func(ctx context.Context) error {
		if err := d.Detail(ctx, s); err != nil || !d.found {
			return err
		}
		edit(d.config)
		out, err := s.CloudFront.UpdateDistribution(ctx, &cf.UpdateDistributionInput{
			Id: &d.ID, IfMatch: &d.etag, DistributionConfig: d.config,
		})
		if err != nil {
			return fmt.Errorf("change distribution: %w", err)
		}
		d.etag = aws.ToString(out.ETag)
		d.Secret.seenInDistribution(d.Secret.value())
		return nil
	})
}

// Unattended implements Unattended.
func (d *Distribution) Unattended() {}

// Ready implements Waiter: all edges know the distribution.
func (d *Distribution) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "CloudFront to deploy to all edge locations", Deadline: 35 * time.Minute}
	return d.deployed(ctx, s, w, d.Info().Usually)
}

func (d *Distribution) deployed(ctx context.Context, s *resource.Scope, w cloud.Wait, usually time.Duration) error {
	etag, err := deployed(ctx, s, d.ID, w, usually)
	if err == nil {
		d.etag = etag
	}
	return err
}

// deployed waits until all edges have a distribution's configuration, and gives its version.
func deployed(ctx context.Context, s *resource.Scope, id string, w cloud.Wait, usually time.Duration) (etag string, err error) {
	err = s.Poll(ctx, w, usually, func(ctx context.Context) (bool, string, error) {
		out, err := s.CloudFront.GetDistribution(ctx, &cf.GetDistributionInput{Id: &id})
		if err != nil {
			return false, "", err
		}
		etag = aws.ToString(out.ETag)
		return aws.ToString(out.Distribution.Status) == "Deployed", "", nil
	})
	return etag, err
}
