package traffic

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/resource"
)

// behaves is how the distribution treats requests in another way than is wanted.
func (d *Distribution) behaves() (fields []resource.FieldChange) {
	b := d.behaviour()
	https := cftypes.ViewerProtocolPolicyRedirectToHttps
	for _, f := range []resource.FieldChange{
		resource.Field("cache policy", aws.ToString(b.CachePolicyId), cachingDisabled),
		resource.Field("origin request policy", aws.ToString(b.OriginRequestPolicyId), allViewerAndMore),
		resource.Field("viewer protocol policy", b.ViewerProtocolPolicy, https),
		resource.Field("response headers policy", aws.ToString(b.ResponseHeadersPolicyId), d.policy(b.ResponseHeadersPolicyId)),
	} {
		if f.Old != f.New {
			fields = append(fields, f)
		}
	}
	return fields
}

// behaviour is how requests are treated that are for no asset, as observed; never nil.
func (d *Distribution) behaviour() *cftypes.DefaultCacheBehavior {
	if d.config == nil || d.config.DefaultCacheBehavior == nil {
		return &cftypes.DefaultCacheBehavior{}
	}
	return d.config.DefaultCacheBehavior
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
		PriceClass: priceClass(d.Region), CustomErrorResponses: keepNoErrors(nil),
		ViewerCertificate: &cftypes.ViewerCertificate{CloudFrontDefaultCertificate: aws.Bool(true)},
		Origins:           &cftypes.Origins{Quantity: aws.Int32(1), Items: []cftypes.Origin{d.wantedOrigin()}},
		CacheBehaviors:    d.behaviours(nil),
		DefaultCacheBehavior: &cftypes.DefaultCacheBehavior{
			TargetOriginId: aws.String(originID), Compress: aws.Bool(true),
			ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId:        aws.String(cachingDisabled), OriginRequestPolicyId: aws.String(allViewerAndMore),
			ResponseHeadersPolicyId: d.headerPolicy(d.behaviour()),
			AllowedMethods: &cftypes.AllowedMethods{
				Quantity: aws.Int32(int32(len(methods))), Items: methods,
				CachedMethods: &cftypes.CachedMethods{
					Quantity: aws.Int32(2), Items: []cftypes.Method{cftypes.MethodGet, cftypes.MethodHead},
				},
			},
		},
	}
}

// wantedOrigin is where requests go: over the internet, or into the network of a load balancer without public addresses.
func (d *Distribution) wantedOrigin() cftypes.Origin {
	lb := d.leads()
	o := cftypes.Origin{
		Id: aws.String(originID), DomainName: aws.String(lb.DNS),
		ConnectionAttempts: aws.Int32(3), ConnectionTimeout: aws.Int32(10), OriginPath: aws.String(""),
		CustomHeaders: d.headers(),
	}
	if lb.Private {
		o.VpcOriginConfig = &cftypes.VpcOriginConfig{
			VpcOriginId:       aws.String(d.Door.Inner.Origin.ID),
			OriginReadTimeout: aws.Int32(60), OriginKeepaliveTimeout: aws.Int32(d.keepAlive()),
		}
		return o
	}
	o.CustomOriginConfig = &cftypes.CustomOriginConfig{
		HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
		OriginProtocolPolicy: cftypes.OriginProtocolPolicyHttpOnly,
		OriginReadTimeout:    aws.Int32(60), OriginKeepaliveTimeout: aws.Int32(d.keepAlive()),
		OriginSslProtocols: &cftypes.OriginSslProtocols{Quantity: aws.Int32(1), Items: []cftypes.SslProtocol{cftypes.SslProtocolTLSv12}},
	}
	return o
}

// httpsHeaders tell the app that the visitor came by https. The load balancer is asked over plain http and says so in
// X-Forwarded-Proto, which CloudFront may not set; frameworks also know these (engine/AWS.md, CloudFront).
func httpsHeaders() []cftypes.OriginCustomHeader {
	return []cftypes.OriginCustomHeader{
		{HeaderName: aws.String("X-Forwarded-Ssl"), HeaderValue: aws.String("on")},
		{HeaderName: aws.String("X-Forwarded-Scheme"), HeaderValue: aws.String("https")},
	}
}

// headers are what each request to the load balancer has besides the visitor's own.
func (d *Distribution) headers() *cftypes.CustomHeaders {
	all := append([]cftypes.OriginCustomHeader{
		{HeaderName: aws.String(OriginHeader), HeaderValue: aws.String(d.Secret.value())},
	}, httpsHeaders()...)
	return &cftypes.CustomHeaders{Quantity: aws.Int32(int32(len(all))), Items: all}
}

// tellsHTTPS says whether the distribution sends httpsHeaders, as observed.
func (d *Distribution) tellsHTTPS() bool {
	o := d.origin()
	if o == nil || o.CustomHeaders == nil {
		return false
	}
	for _, want := range httpsHeaders() {
		if !slices.ContainsFunc(o.CustomHeaders.Items, func(h cftypes.OriginCustomHeader) bool {
			return strings.EqualFold(aws.ToString(h.HeaderName), *want.HeaderName) && aws.ToString(h.HeaderValue) == *want.HeaderValue
		}) {
			return false
		}
	}
	return true
}

// names are the names of headers.
func names(headers []cftypes.OriginCustomHeader) string {
	all := make([]string, len(headers))
	for i, h := range headers {
		all[i] = aws.ToString(h.HeaderName)
	}
	return strings.Join(all, ", ")
}

// mostKeepAlive is for how many seconds CloudFront keeps a connection that nothing is asked on.
const mostKeepAlive = 30

// keepAlive is for how many seconds CloudFront keeps such a connection to the load balancer: less than that one keeps it,
// since a request on a connection that is just being closed fails.
func (d *Distribution) keepAlive() int32 {
	return max(1, min(mostKeepAlive, int32(d.leads().IdleTimeout/time.Second)-5)) //nolint:gosec // 4000 at most
}

// keeps is keepAlive as observed.
func (d *Distribution) keeps() int32 {
	switch o := d.origin(); {
	case o == nil:
	case o.CustomOriginConfig != nil:
		return aws.ToInt32(o.CustomOriginConfig.OriginKeepaliveTimeout)
	case o.VpcOriginConfig != nil:
		return aws.ToInt32(o.VpcOriginConfig.OriginKeepaliveTimeout)
	}
	return 0
}

// edges is how the distribution differs at its edges from what is wanted.
func (d *Distribution) edges() (fields []resource.FieldChange) {
	if have := errorsKept(d.config.CustomErrorResponses); have != 0 {
		fields = append(fields, resource.Field("error caching TTL", time.Duration(have)*time.Second, time.Duration(0)))
	}
	if want := priceClass(d.Region); d.config.PriceClass != want {
		fields = append(fields, resource.Field("price class", d.config.PriceClass, want))
	}
	if have := d.keeps(); have >= d.keepAlive()+5 {
		fields = append(fields, resource.Field("origin keep-alive", have, d.keepAlive()))
	}
	return fields
}

// errorCodes are the statuses that CloudFront keeps for 10 s unless told otherwise, whatever the app says of caching:
// one visitor's refusal would be shown to the next (engine/AWS.md, CloudFront).
var errorCodes = []int32{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// errorsKept is for how many seconds errors are kept at most.
func errorsKept(have *cftypes.CustomErrorResponses) int64 {
	kept := map[int32]int64{}
	for _, code := range errorCodes {
		kept[code] = 10
	}
	if have != nil {
		for _, x := range have.Items {
			kept[aws.ToInt32(x.ErrorCode)] = aws.ToInt64(x.ErrorCachingMinTTL)
		}
	}
	return slices.Max(slices.Collect(maps.Values(kept)))
}

// keepNoErrors has no error kept, and leaves the pages that somebody chose for some.
func keepNoErrors(have *cftypes.CustomErrorResponses) *cftypes.CustomErrorResponses {
	page := map[int32]cftypes.CustomErrorResponse{}
	if have != nil {
		for _, x := range have.Items {
			page[aws.ToInt32(x.ErrorCode)] = x
		}
	}
	out := &cftypes.CustomErrorResponses{Quantity: aws.Int32(int32(len(errorCodes)))}
	for _, code := range errorCodes {
		x := page[code]
		out.Items = append(out.Items, cftypes.CustomErrorResponse{
			ErrorCode: aws.Int32(code), ErrorCachingMinTTL: aws.Int64(0),
			ResponseCode: aws.String(aws.ToString(x.ResponseCode)), ResponsePagePath: aws.String(aws.ToString(x.ResponsePagePath)),
		})
	}
	return out
}

// priceClass is the cheapest one whose edges are near an app in the region (engine/AWS.md, CloudFront).
func priceClass(region string) cftypes.PriceClass {
	land, _, _ := strings.Cut(region, "-")
	switch land {
	case "us", "ca", "mx", "eu", "il":
		return cftypes.PriceClassPriceClass100
	case "sa":
		return cftypes.PriceClassPriceClassAll
	}
	switch region {
	case "ap-southeast-2", "ap-southeast-4", "ap-southeast-6": // Australia and New Zealand
		return cftypes.PriceClassPriceClassAll
	}
	return cftypes.PriceClassPriceClass200
}

// mend brings what Diff looks at to what is wanted and leaves the rest as AWS told it: an update must say many
// fields that a creation may leave out (SmoothStreaming, FieldLevelEncryptionId, LambdaFunctionAssociations,
// those of the origin).
func mend(c, want *cftypes.DistributionConfig) {
	o, w := &want.Origins.Items[0], want.DefaultCacheBehavior
	c.PriceClass, c.CustomErrorResponses = want.PriceClass, keepNoErrors(c.CustomErrorResponses)
	if c.Origins != nil && len(c.Origins.Items) == 1 && c.DefaultCacheBehavior != nil {
		have, b := &c.Origins.Items[0], c.DefaultCacheBehavior
		have.DomainName, have.CustomHeaders = o.DomainName, o.CustomHeaders
		have.CustomOriginConfig, have.VpcOriginConfig = o.CustomOriginConfig, o.VpcOriginConfig
		b.CachePolicyId, b.OriginRequestPolicyId = w.CachePolicyId, w.OriginRequestPolicyId
		b.ViewerProtocolPolicy, b.AllowedMethods = w.ViewerProtocolPolicy, w.AllowedMethods
		b.ResponseHeadersPolicyId = w.ResponseHeadersPolicyId
		return
	}
	c.Origins, c.DefaultCacheBehavior = want.Origins, w
}
