package traffic

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/resource"
)

// behaves is how the distribution treats requests in another way than is wanted.
func (d *Distribution) behaves() (fields []resource.FieldChange) {
	b := d.config.DefaultCacheBehavior
	if b == nil {
		b = &cftypes.DefaultCacheBehavior{}
	}
	https := cftypes.ViewerProtocolPolicyRedirectToHttps
	for _, f := range []resource.FieldChange{
		resource.Field("cache policy", aws.ToString(b.CachePolicyId), cachingDisabled),
		resource.Field("origin request policy", aws.ToString(b.OriginRequestPolicyId), allViewer),
		resource.Field("viewer protocol policy", b.ViewerProtocolPolicy, https),
	} {
		if f.Old != f.New {
			fields = append(fields, f)
		}
	}
	return fields
}

// wanted is the whole configuration. The caller reference makes creating it twice impossible.
func (d *Distribution) wanted(reference string) *cftypes.DistributionConfig {
	methods := []cftypes.Method{
		cftypes.MethodGet, cftypes.MethodHead, cftypes.MethodOptions, cftypes.MethodPut, cftypes.MethodPost,
		cftypes.MethodPatch, cftypes.MethodDelete,
	}
	return &cftypes.DistributionConfig{
		CallerReference: &reference, Comment: aws.String(d.comment()), Enabled: aws.Bool(true),
		HttpVersion: cftypes.HttpVersionHttp2and3, IsIPV6Enabled: aws.Bool(true),
		PriceClass:        cftypes.PriceClassPriceClass100,
		ViewerCertificate: &cftypes.ViewerCertificate{CloudFrontDefaultCertificate: aws.Bool(true)},
		Origins: &cftypes.Origins{Quantity: aws.Int32(1), Items: []cftypes.Origin{{
			Id: aws.String(originID), DomainName: &d.LoadBalancer.DNS,
			ConnectionAttempts: aws.Int32(3), ConnectionTimeout: aws.Int32(10), OriginPath: aws.String(""),
			CustomHeaders: &cftypes.CustomHeaders{Quantity: aws.Int32(1), Items: []cftypes.OriginCustomHeader{
				{HeaderName: aws.String(OriginHeader), HeaderValue: aws.String(d.Secret.value())},
			}},
			CustomOriginConfig: &cftypes.CustomOriginConfig{
				HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
				OriginProtocolPolicy: cftypes.OriginProtocolPolicyHttpOnly,
				OriginReadTimeout:    aws.Int32(60), OriginKeepaliveTimeout: aws.Int32(60),
				OriginSslProtocols: &cftypes.OriginSslProtocols{
					Quantity: aws.Int32(1), Items: []cftypes.SslProtocol{cftypes.SslProtocolTLSv12},
				},
			},
		}}},
		DefaultCacheBehavior: &cftypes.DefaultCacheBehavior{
			TargetOriginId: aws.String(originID), Compress: aws.Bool(true),
			ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId:        aws.String(cachingDisabled), OriginRequestPolicyId: aws.String(allViewer),
			AllowedMethods: &cftypes.AllowedMethods{
				Quantity: aws.Int32(int32(len(methods))), Items: methods,
				CachedMethods: &cftypes.CachedMethods{
					Quantity: aws.Int32(2), Items: []cftypes.Method{cftypes.MethodGet, cftypes.MethodHead},
				},
			},
		},
	}
}

// mend brings what Diff looks at to what is wanted and leaves the rest as AWS told it: an update must say many
// fields that a creation may leave out (SmoothStreaming, FieldLevelEncryptionId, LambdaFunctionAssociations,
// those of the origin).
func mend(c, want *cftypes.DistributionConfig) {
	o, w := &want.Origins.Items[0], want.DefaultCacheBehavior
	if c.Origins != nil && len(c.Origins.Items) == 1 && c.DefaultCacheBehavior != nil {
		have, b := &c.Origins.Items[0], c.DefaultCacheBehavior
		have.DomainName, have.CustomHeaders, have.CustomOriginConfig = o.DomainName, o.CustomHeaders, o.CustomOriginConfig
		b.CachePolicyId, b.OriginRequestPolicyId = w.CachePolicyId, w.OriginRequestPolicyId
		b.ViewerProtocolPolicy, b.AllowedMethods = w.ViewerProtocolPolicy, w.AllowedMethods
		return
	}
	c.Origins, c.DefaultCacheBehavior = want.Origins, w
}
