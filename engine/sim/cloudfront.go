package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// cloudFrontService is CloudFront. It is global.
func cloudFrontService() awsService {
	return awsService{
		name: "cloudfront", protocol: speaksQuery, eventual: true,
		state: []keeper{cloudFrontShelf},
		operations: []operation{
			op(cfCreateDistribution), op(cfCreateDistributionWithTags, action("cloudfront:CreateDistribution"), also("cloudfront:TagResource")),
			op(cfListDistributions, pages("DistributionList.Items", 100, 100)), op(cfGetDistribution), op(cfGetDistributionConfig),
			op(cfUpdateDistribution), op(cfDeleteDistribution), op(cfListTagsForResource), op(cfTagResource),
		},
		parts: []awsService{cfVPCOrigins()},
		latencies: map[lat]time.Duration{
			latCFCreate:  180 * time.Second, // create to Deployed: 2m58 to 3m07
			latCFUpdate:  120 * time.Second, // 1-4 min
			latCFDisable: 180 * time.Second, // disable and delete: 3-5 min
		},
		listGlobal: func(v *inventory) {
			for _, d := range v.st.cloudFront().Distributions {
				for _, o := range d.Config.Origins.Items {
					if o.CustomHeaders != nil {
						for _, h := range o.CustomHeaders.Items {
							v.secrets(str(h.HeaderValue))
						}
					}
				}
				v.add("cloudfront.Distribution", str(d.Config.CallerReference), false, map[string]any{
					"Config": d.Config, "Tags": d.Tags, "Status": d.status(v.now),
				}, d.ID, d.Domain)
			}
		},
	}
}

type cloudFrontState struct {
	Distributions []*distribution
	VPCOrigins    []*vpcOrigin
}

const cloudFrontShelf shelf[cloudFrontState] = "cloudfront"

func (st *state) cloudFront() *cloudFrontState { return cloudFrontShelf.in(&st.Kept) }

const (
	latCFCreate  lat = "cloudfront.create"
	latCFUpdate  lat = "cloudfront.update"
	latCFDisable lat = "cloudfront.disable"
)

// viewerAndCloudFront is the managed policy that also passes on the headers that CloudFront makes.
const viewerAndCloudFront = "33f36d7e-f396-46d9-90e0-52428a34d9dc"

// errorCodes are those that a distribution can say something else for, or keep for another time.
var errorCodes = []int32{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// reservedHeaders are some of those that CloudFront adds to no request to an origin.
var reservedHeaders = []string{"x-forwarded-proto", "host", "connection", "cookie", "via", "upgrade", "te", "range", "x-real-ip"}

type distribution struct {
	ID       string
	ARN      string
	Domain   string
	Config   *cftypes.DistributionConfig
	Serving  *cftypes.DistributionConfig // what the edges serve: the last one that was deployed; nil at first
	ETag     int                         // counts the changes
	Changed  time.Time
	Deployed time.Time // from when Config is on all edges
	Tags     tagMap
}

func (d *distribution) etag() string { return "E" + strconv.Itoa(d.ETag) + d.ID[1:8] }

func (d *distribution) status(now time.Time) string {
	if now.Before(d.Deployed) {
		return "InProgress"
	}
	return "Deployed"
}

// serving is the configuration that viewers meet at a time; nil before the first one is deployed.
func (d *distribution) serving(now time.Time) *cftypes.DistributionConfig {
	if now.Before(d.Deployed) {
		return d.Serving
	}
	return d.Config
}

func (st *state) distribution(id string) *distribution {
	return find(st.cloudFront().Distributions, func(d *distribution) bool { return d.ID == id })
}

func cfTags(in *cftypes.Tags) tagMap {
	if in == nil {
		return nil
	}
	return tagsFrom(in.Items, func(t cftypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (t tagMap) toCF() *cftypes.Tags {
	return &cftypes.Tags{Items: tagsTo(t, func(k, v *string) cftypes.Tag { return cftypes.Tag{Key: k, Value: v} })}
}

// checkAliases checks the names that a distribution has besides its own: they need a certificate in us-east-1 that
// covers them, and no other distribution may have them. id is the distribution's, empty for a new one.
func (c *call) checkAliases(cfg *cftypes.DistributionConfig, id string) error {
	bad := &cftypes.InvalidViewerCertificate{Message: msg("The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")}
	var k *certificate
	if v := cfg.ViewerCertificate; v != nil && v.ACMCertificateArn != nil {
		if k = c.st.regionNamed("us-east-1").certificate(*v.ACMCertificateArn); k == nil || k.Status != acmtypes.CertificateStatusIssued {
			return bad
		}
	}
	if cfg.Aliases == nil {
		return nil
	}
	for _, name := range cfg.Aliases.Items {
		if k == nil || !k.covers(name) {
			return &cftypes.InvalidViewerCertificate{Message: msg("To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.")}
		}
		for _, d := range c.st.cloudFront().Distributions {
			if d.ID != id && d.Config.Aliases != nil && slices.Contains(d.Config.Aliases.Items, name) {
				return &cftypes.CNAMEAlreadyExists{Message: msg("One or more of the CNAMEs you provided are already associated with a different resource.")}
			}
		}
	}
	return nil
}

// checkDistribution checks a distribution's configuration. id is the distribution's, empty for a new one.
func (c *call) checkDistribution(cfg *cftypes.DistributionConfig, id string) error { //nolint:gocognit // a list of checks, one after the other
	if len(str(cfg.Comment)) > 128 {
		return &cftypes.InvalidArgument{Message: msg("The parameter Comment is too long.")}
	}
	if len(str(cfg.CallerReference)) > 128 {
		return &cftypes.InvalidArgument{Message: msg("The parameter CallerReference is too long.")}
	}
	if e := cfg.CustomErrorResponses; e != nil {
		if int(val(e.Quantity, 0)) != len(e.Items) {
			return &cftypes.InconsistentQuantities{Message: msg("The value of Quantity and the size of Items do not match.")}
		}
		for _, x := range e.Items {
			if !slices.Contains(errorCodes, val(x.ErrorCode, 0)) || (str(x.ResponseCode) == "") != (str(x.ResponsePagePath) == "") {
				return &cftypes.InvalidErrorCode{Message: msg("The parameter ErrorCode is invalid: %d", val(x.ErrorCode, 0))}
			}
		}
	}
	origins := map[string]bool{}
	for _, o := range cfg.Origins.Items {
		if str(o.DomainName) == "" {
			return &cftypes.InvalidOrigin{Message: msg("The origin %s has no domain name.", str(o.Id))}
		}
		if err := c.checkVPCOrigin(o); err != nil {
			return err
		}
		if o.CustomHeaders != nil && int(val(o.CustomHeaders.Quantity, 0)) != len(o.CustomHeaders.Items) {
			return &cftypes.InconsistentQuantities{Message: msg("The value of Quantity and the size of Items do not match.")}
		}
		if o.CustomHeaders != nil {
			for _, h := range o.CustomHeaders.Items {
				if slices.Contains(reservedHeaders, strings.ToLower(str(h.HeaderName))) {
					return &cftypes.InvalidArgument{Message: msg("The parameter HeaderName contains a header that CloudFront does not add: %s", str(h.HeaderName))}
				}
			}
		}
		origins[str(o.Id)] = true
	}
	if int(val(cfg.Origins.Quantity, 0)) != len(cfg.Origins.Items) || len(cfg.Origins.Items) == 0 {
		return &cftypes.InconsistentQuantities{Message: msg("The value of Quantity and the size of Items do not match.")}
	}
	if err := c.checkAliases(cfg, id); err != nil {
		return err
	}
	if arn := str(cfg.WebACLId); arn != "" {
		if k := c.st.aclOf(arn); k == nil || k.Scope != "CLOUDFRONT" || c.now.Sub(k.Created) < c.a.delay(latWAFSpread, k.ARN) {
			return &cftypes.InvalidWebACLId{Message: msg("Invalid Web ACL Id: %s", arn)}
		}
	}
	if b := cfg.CacheBehaviors; b != nil {
		if int(val(b.Quantity, 0)) != len(b.Items) {
			return &cftypes.InconsistentQuantities{Message: msg("The value of Quantity and the size of Items do not match.")}
		}
		seen := map[string]bool{}
		for _, x := range b.Items {
			switch {
			case !origins[str(x.TargetOriginId)]:
				return &cftypes.NoSuchOrigin{Message: msg("One or more of your origins or origin groups do not exist.")}
			case seen[str(x.PathPattern)]:
				return &cftypes.InvalidArgument{Message: msg("The parameter PathPattern contains duplicates: %s", str(x.PathPattern))}
			}
			seen[str(x.PathPattern)] = true
		}
	}
	if !origins[str(cfg.DefaultCacheBehavior.TargetOriginId)] {
		return &cftypes.NoSuchOrigin{Message: msg("One or more of your origins or origin groups do not exist.")}
	}
	return nil
}

func (c *call) createDistribution(cfg *cftypes.DistributionConfig, t tagMap) (*distribution, error) {
	if _, ok := c.a.fault(faultNoCF); ok {
		return nil, &cftypes.AccessDenied{Message: msg("Your account must be verified before you can add new CloudFront resources. To verify your account, please contact AWS Support (https://console.aws.amazon.com/support/home#/) and include this error message.")}
	}
	if err := c.checkDistribution(cfg, ""); err != nil {
		return nil, err
	}
	for _, d := range c.st.cloudFront().Distributions {
		if str(d.Config.CallerReference) == str(cfg.CallerReference) {
			return nil, &cftypes.DistributionAlreadyExists{Message: msg("The caller reference that you are using to create a distribution is associated with another distribution. Already exists: %s", d.ID)}
		}
	}
	key := c.st.fresh("distribution", str(cfg.CallerReference))
	d := &distribution{ID: "E" + lettersOf(key, 13), Config: clone(cfg), ETag: 1, Changed: c.now, Tags: t}
	d.ARN = fmt.Sprintf("arn:aws:cloudfront::%s:distribution/%s", c.st.Account, d.ID)
	d.Domain = "d" + key[:13] + ".cloudfront.net"
	d.Deployed = c.now.Add(c.a.delay(latCFCreate, d.ID))
	c.st.cloudFront().Distributions = append(c.st.cloudFront().Distributions, d)
	return d, nil
}

func (c *call) distributionOut(d *distribution) *cftypes.Distribution {
	return &cftypes.Distribution{
		Id: new(d.ID), ARN: new(d.ARN), DomainName: new(d.Domain), Status: new(d.status(c.now)), LastModifiedTime: new(d.Changed),
		DistributionConfig: clone(d.Config), InProgressInvalidationBatches: new(int32(0)),
	}
}

func cfCreateDistribution(c *call, in *cloudfront.CreateDistributionInput) (*cloudfront.CreateDistributionOutput, error) {
	d, err := c.createDistribution(in.DistributionConfig, nil)
	if err != nil {
		return nil, err
	}
	return &cloudfront.CreateDistributionOutput{Distribution: c.distributionOut(d), ETag: new(d.etag())}, nil
}

func cfCreateDistributionWithTags(c *call, in *cloudfront.CreateDistributionWithTagsInput) (*cloudfront.CreateDistributionWithTagsOutput, error) {
	d, err := c.createDistribution(in.DistributionConfigWithTags.DistributionConfig, cfTags(in.DistributionConfigWithTags.Tags))
	if err != nil {
		return nil, err
	}
	return &cloudfront.CreateDistributionWithTagsOutput{Distribution: c.distributionOut(d), ETag: new(d.etag())}, nil
}

// onDistribution looks a distribution up and passes it to fn.
func onDistribution[Out any](c *call, id *string, fn func(*distribution) (*Out, error)) (*Out, error) {
	d := c.st.distribution(str(id))
	if d == nil {
		return nil, &cftypes.NoSuchDistribution{Message: msg("The specified distribution does not exist.")}
	}
	return fn(d)
}

func cfGetDistribution(c *call, in *cloudfront.GetDistributionInput) (*cloudfront.GetDistributionOutput, error) {
	return onDistribution(c, in.Id, func(d *distribution) (*cloudfront.GetDistributionOutput, error) {
		return &cloudfront.GetDistributionOutput{Distribution: c.distributionOut(d), ETag: new(d.etag())}, nil
	})
}

func cfGetDistributionConfig(c *call, in *cloudfront.GetDistributionConfigInput) (*cloudfront.GetDistributionConfigOutput, error) {
	return onDistribution(c, in.Id, func(d *distribution) (*cloudfront.GetDistributionConfigOutput, error) {
		return &cloudfront.GetDistributionConfigOutput{DistributionConfig: clone(d.Config), ETag: new(d.etag())}, nil
	})
}

func cfListDistributions(c *call, in *cloudfront.ListDistributionsInput) (*cloudfront.ListDistributionsOutput, error) {
	list := &cftypes.DistributionList{Marker: new(str(in.Marker)), MaxItems: new(int32(100)), IsTruncated: new(false)}
	for _, d := range c.st.cloudFront().Distributions {
		cfg := clone(d.Config)
		aliases := cfg.Aliases
		if aliases == nil {
			aliases = &cftypes.Aliases{Quantity: new(int32(0))}
		}
		list.Items = append(list.Items, cftypes.DistributionSummary{
			Id: new(d.ID), ARN: new(d.ARN), DomainName: new(d.Domain), Status: new(d.status(c.now)), LastModifiedTime: new(d.Changed),
			Comment: cfg.Comment, Enabled: cfg.Enabled, Origins: cfg.Origins, DefaultCacheBehavior: cfg.DefaultCacheBehavior,
			Aliases: aliases, CacheBehaviors: &cftypes.CacheBehaviors{Quantity: new(int32(0))},
			CustomErrorResponses: &cftypes.CustomErrorResponses{Quantity: new(int32(0))}, HttpVersion: cfg.HttpVersion, IsIPV6Enabled: cfg.IsIPV6Enabled,
			PriceClass: cfg.PriceClass, Staging: new(false), ViewerCertificate: cfg.ViewerCertificate,
			Restrictions: cfg.Restrictions, WebACLId: new(str(cfg.WebACLId)),
		})
	}
	return &cloudfront.ListDistributionsOutput{DistributionList: list}, nil
}

// matchETag checks the version that a change was made from.
func (d *distribution) matchETag(ifMatch *string) error {
	switch {
	case str(ifMatch) == "":
		return &cftypes.InvalidIfMatchVersion{Message: msg("The If-Match version is missing or not valid for the resource.")}
	case *ifMatch != d.etag():
		return &cftypes.PreconditionFailed{Message: msg("The request failed because it didn't meet the preconditions in one or more request-header fields.")}
	}
	return nil
}

func cfUpdateDistribution(c *call, in *cloudfront.UpdateDistributionInput) (*cloudfront.UpdateDistributionOutput, error) {
	return onDistribution(c, in.Id, func(d *distribution) (*cloudfront.UpdateDistributionOutput, error) {
		if err := d.matchETag(in.IfMatch); err != nil {
			return nil, err
		}
		if err := c.checkDistribution(in.DistributionConfig, d.ID); err != nil {
			return nil, err
		}
		if str(in.DistributionConfig.CallerReference) != str(d.Config.CallerReference) {
			return nil, &cftypes.IllegalUpdate{Message: msg("The caller reference of a distribution cannot be changed.")}
		}
		took := latCFUpdate
		if !val(in.DistributionConfig.Enabled, false) && val(d.Config.Enabled, false) {
			took = latCFDisable
		}
		if !c.now.Before(d.Deployed) {
			d.Serving = d.Config
		}
		d.Config = clone(in.DistributionConfig)
		d.ETag++
		d.Changed, d.Deployed = c.now, c.now.Add(c.a.delay(took, d.ID+strconv.Itoa(d.ETag)))
		return &cloudfront.UpdateDistributionOutput{Distribution: c.distributionOut(d), ETag: new(d.etag())}, nil
	})
}

func cfDeleteDistribution(c *call, in *cloudfront.DeleteDistributionInput) (*cloudfront.DeleteDistributionOutput, error) {
	return onDistribution(c, in.Id, func(d *distribution) (*cloudfront.DeleteDistributionOutput, error) {
		if err := d.matchETag(in.IfMatch); err != nil {
			return nil, err
		}
		if val(d.Config.Enabled, false) || d.status(c.now) != "Deployed" {
			return nil, &cftypes.DistributionNotDisabled{Message: msg("The distribution you are trying to delete has not been disabled.")}
		}
		c.st.cloudFront().Distributions = remove(c.st.cloudFront().Distributions, d)
		return &cloudfront.DeleteDistributionOutput{}, nil
	})
}

// cfTagsAt are the tags of what has that ARN.
func (c *call) cfTagsAt(arn *string) (*tagMap, error) {
	if d := find(c.st.cloudFront().Distributions, func(d *distribution) bool { return d.ARN == str(arn) }); d != nil {
		return &d.Tags, nil
	}
	if o := find(c.st.vpcOrigins(c.now), func(o *vpcOrigin) bool { return o.ARN == str(arn) }); o != nil {
		return &o.Tags, nil
	}
	return nil, &cftypes.NoSuchResource{Message: msg("The specified resource does not exist: %s", str(arn))}
}

func cfListTagsForResource(c *call, in *cloudfront.ListTagsForResourceInput) (*cloudfront.ListTagsForResourceOutput, error) {
	tags, err := c.cfTagsAt(in.Resource)
	if err != nil {
		return nil, err
	}
	return &cloudfront.ListTagsForResourceOutput{Tags: tags.toCF()}, nil
}

func cfTagResource(c *call, in *cloudfront.TagResourceInput) (*cloudfront.TagResourceOutput, error) {
	tags, err := c.cfTagsAt(in.Resource)
	if err != nil {
		return nil, err
	}
	*tags = tags.merge(cfTags(in.Tags))
	return &cloudfront.TagResourceOutput{}, nil
}
