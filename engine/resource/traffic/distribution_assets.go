package traffic

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/engine/resource"
)

// The managed policies for assets: cached and compressed by their path alone, and asked of the app without cookies, so
// that nobody gets what was meant for another (engine/AWS.md, CloudFront).
const (
	cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	hostHeaderOnly   = "bf0718e1-ba1e-49d1-88b1-f726733018ae"
)

// asset is how requests for one pattern of paths are treated.
func asset(pattern string) cftypes.CacheBehavior {
	read := []cftypes.Method{cftypes.MethodGet, cftypes.MethodHead}
	return cftypes.CacheBehavior{
		PathPattern: &pattern, TargetOriginId: aws.String(originID), Compress: aws.Bool(true),
		ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyRedirectToHttps,
		CachePolicyId:        aws.String(cachingOptimized), OriginRequestPolicyId: aws.String(hostHeaderOnly),
		AllowedMethods: &cftypes.AllowedMethods{
			Quantity: aws.Int32(int32(len(read))), Items: read,
			CachedMethods: &cftypes.CachedMethods{Quantity: aws.Int32(int32(len(read))), Items: read},
		},
	}
}

// isAsset says whether a behaviour is one of ours. Those of somebody else stay.
func isAsset(b cftypes.CacheBehavior) bool {
	return aws.ToString(b.TargetOriginId) == originID && aws.ToString(b.CachePolicyId) == cachingOptimized
}

// assetsOf are the patterns that are cached by behaviours of ours.
func assetsOf(c *cftypes.CacheBehaviors) (patterns []string) {
	if c == nil {
		return nil
	}
	for _, b := range c.Items {
		if isAsset(b) {
			patterns = append(patterns, aws.ToString(b.PathPattern))
		}
	}
	return patterns
}

// otherAssets is where other paths are cached than is wanted.
func (d *Distribution) otherAssets() []resource.FieldChange {
	have := assetsOf(d.config.CacheBehaviors)
	if resource.SameSet(have, d.Assets) {
		return nil
	}
	return []resource.FieldChange{resource.Field("cached paths", resource.Listed(have), resource.Listed(d.Assets))}
}

// behaviours are those of the wanted assets, and those that somebody else made.
func (d *Distribution) behaviours(have *cftypes.CacheBehaviors) *cftypes.CacheBehaviors {
	var all []cftypes.CacheBehavior
	if have != nil {
		all = slices.Clone(have.Items)
	}
	was := assetsOf(have)
	all = slices.DeleteFunc(all, func(b cftypes.CacheBehavior) bool {
		return isAsset(b) && !slices.Contains(d.Assets, aws.ToString(b.PathPattern))
	})
	for _, p := range d.Assets {
		if !slices.Contains(was, p) {
			all = append(all, asset(p))
		}
	}
	return &cftypes.CacheBehaviors{Quantity: aws.Int32(int32(len(all))), Items: all} //nolint:gosec // few
}
