package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// The managed policies of CloudFront that the distribution uses (engine/AWS.md, CloudFront).
const (
	cachingDisabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	// allViewerAndMore also tells the origin what CloudFront knows of the viewer, such as CloudFront-Forwarded-Proto.
	allViewerAndMore = "33f36d7e-f396-46d9-90e0-52428a34d9dc"
)

// originID names the one origin within the distribution.
const originID = "load-balancer"

// Distribution is the CloudFront distribution that gives the app an https address with a certificate of its
// own, without a domain. It caches nothing.
type Distribution struct {
	resource.Claim
	Owner   resource.Owner
	Region  string // of the load balancer; CloudFront itself has none
	Door    *Door
	Assets  []string // patterns of paths that are cached and compressed
	Headers Headers
	Secret  *OriginSecret

	ID, Host string // outputs, known as soon as it is created

	found    bool
	turned   bool // the handover has begun
	arn      string
	firewall string                      // ARN of the web ACL before it, as listed
	config   *cftypes.DistributionConfig // as observed
	etag     string
}

// comment is the natural key: nothing else about a distribution can be chosen and listed.
func (d *Distribution) comment() string {
	return "berth " + d.Owner.App + "/" + d.Owner.Env + " (" + d.Owner.Hash() + ") in " + d.Region
}

// Info implements Resource.
func (d *Distribution) Info() resource.Info {
	return resource.Info{
		ID: "distribution", Kind: "cloudfront.Distribution", Name: d.Owner.Name(),
		Label: "the https address (CloudFront)", Group: resource.GroupEndpoint,
		Usually: 180 * time.Second, Gone: 240 * time.Second,
	}
}

// Needs implements Resource.
func (d *Distribution) Needs() []resource.Need {
	lb, rule := d.Door.front()
	return []resource.Need{{On: lb, Loose: true}, {On: rule, Loose: true}, {On: d.Door.Inner.Origin, Ready: true}}
}

// leads is the load balancer that requests go to: the one of now as long as a handover is to come.
func (d *Distribution) leads() *LoadBalancer {
	if d.moves() {
		return d.Door.behind()
	}
	return d.Door.Front()
}

// moves says whether requests go to the other load balancer of the app, as observed, which the handover will change.
func (d *Distribution) moves() bool {
	other := d.Door.behind()
	return d.found && !d.turned && other.found != nil && strings.EqualFold(d.leadsTo(), other.DNS)
}

// Wanted implements Optional.
func (d *Distribution) Wanted() bool { return d.Door.CloudFront() }

// Identifier implements Identified.
func (d *Distribution) Identifier() string { return d.ID }

// Observe implements Resource.
func (d *Distribution) Observe(ctx context.Context, s *resource.Scope) error {
	pages := cf.NewListDistributionsPaginator(s.CloudFront, &cf.ListDistributionsInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if out.DistributionList == nil {
			return nil
		}
		for _, item := range out.DistributionList.Items {
			ours, err := d.isOurs(ctx, s, item)
			if err != nil {
				return err
			}
			if ours {
				d.found, d.ID, d.Host, d.arn = true, aws.ToString(item.Id), aws.ToString(item.DomainName), aws.ToString(item.ARN)
				d.firewall = aws.ToString(item.WebACLId)
				return nil
			}
		}
	}
	return nil
}

// isOurs goes by the comment, which AWS always lists. Where an emulator does not, the tags tell.
func (d *Distribution) isOurs(ctx context.Context, s *resource.Scope, item cftypes.DistributionSummary) (bool, error) {
	if item.Comment != nil {
		return *item.Comment == d.comment(), nil
	}
	tags, err := distributionTags(ctx, s.Clients, aws.ToString(item.ARN))
	if err != nil {
		return false, err
	}
	owner, ok := resource.OwnerOf(tags)
	return ok && owner.Same(d.Owner), nil
}

// distributionTags are the tags of a distribution.
func distributionTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.CloudFront.ListTagsForResource(ctx, &cf.ListTagsForResourceInput{Resource: &arn})
	if err != nil || out.Tags == nil {
		return nil, err
	}
	return resource.TagMap(out.Tags.Items, func(t cftypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

// Detail implements Detailer: whose it is, the configuration and its ETag.
func (d *Distribution) Detail(ctx context.Context, s *resource.Scope) error {
	if !d.found {
		return nil
	}
	if d.arn != "" {
		tags, err := distributionTags(ctx, s.Clients, d.arn)
		if err := d.Judge(d.Owner, tags, err); err != nil {
			return err
		}
	}
	out, err := s.CloudFront.GetDistributionConfig(ctx, &cf.GetDistributionConfigInput{Id: &d.ID})
	if cloud.NotFound(err) {
		d.found, d.ID, d.Host = false, "", ""
		return nil
	}
	if err != nil {
		return err
	}
	d.config, d.etag = out.DistributionConfig, aws.ToString(out.ETag)
	if o := d.origin(); o != nil && o.CustomHeaders != nil {
		for _, h := range o.CustomHeaders.Items {
			if strings.EqualFold(aws.ToString(h.HeaderName), OriginHeader) {
				d.Secret.seenInDistribution(aws.ToString(h.HeaderValue))
			}
		}
	}
	return nil
}

func (d *Distribution) origin() *cftypes.Origin {
	if d.config == nil || d.config.Origins == nil || len(d.config.Origins.Items) == 0 {
		return nil
	}
	return &d.config.Origins.Items[0]
}

// Exists implements Resource.
func (d *Distribution) Exists() bool { return d.found && d.Ours() }

// Diff implements Resource.
func (d *Distribution) Diff(s *resource.Scope) resource.Diff {
	if !d.Wanted() {
		return resource.Unwanted(d)
	}
	if !d.found {
		return resource.Absent()
	}
	var drift resource.Drift
	if leads, lb := d.leadsTo(), d.leads(); leads != lb.DNS || leads == "" {
		drift.Add("points to another load balancer", resource.Field("origin", leads, cmp.Or(lb.DNS, resource.NotYet)))
	}
	if !d.Secret.sent() {
		drift.Add("does not send the secret header", resource.Field("origin header "+OriginHeader, "", resource.Hidden))
	}
	if !aws.ToBool(d.config.Enabled) {
		drift.Add("is disabled", resource.Field("enabled", false, true))
	}
	if fields := d.otherAssets(); len(fields) > 0 {
		drift.Add("caches different paths", fields...)
	}
	if fields := d.edges(); len(fields) > 0 {
		drift.Add("has different error caching, price class or origin settings", fields...)
	}
	if !d.tellsHTTPS() {
		drift.Add("does not tell the app that the visitor uses https", resource.Field("origin headers", "", names(httpsHeaders())))
	}
	if fields := d.behaves(); len(fields) > 0 {
		drift.Add("has different cache or origin request settings", fields...)
	}
	return drift.Diff()
}

// leadsTo is the host name that requests go to, as observed.
func (d *Distribution) leadsTo() string {
	if o := d.origin(); o != nil {
		return aws.ToString(o.DomainName)
	}
	return ""
}

// Apply implements Resource. It does not wait until all edges know it: only requests need that.
func (d *Distribution) Apply(ctx context.Context, s *resource.Scope) error {
	if d.found {
		if d.Diff(s).Why == "" {
			return nil
		}
		return d.change(ctx, s, func(c *cftypes.DistributionConfig) {
			want := d.wanted(aws.ToString(c.CallerReference))
			c.Enabled = want.Enabled
			c.CacheBehaviors = d.behaviours(c.CacheBehaviors)
			mend(c, want)
		})
	}
	return d.create(ctx, s, d.comment()+" "+d.leads().DNS)
}

// create makes the distribution. The reference stands for this one creation: AWS never accepts it again,
// not even when the distribution is gone, so it holds the name of the load balancer, which is new each time.
func (d *Distribution) create(ctx context.Context, s *resource.Scope, reference string) error {
	out, err := s.CloudFront.CreateDistributionWithTags(ctx, &cf.CreateDistributionWithTagsInput{
		DistributionConfigWithTags: &cftypes.DistributionConfigWithTags{
			DistributionConfig: d.wanted(short(reference)),
			Tags:               &cftypes.Tags{Items: d.Owner.CloudFrontTags("distribution")},
		},
	})
	switch {
	case cloud.Is(err, "DistributionAlreadyExists"): // made by a call whose answer got lost
		return d.adopt(ctx, s)
	case cloud.Is(err, "AccessDenied") && strings.Contains(cloud.Message(err), "must be verified"):
		return &fail.Error{
			Class: fail.Failed, Cause: "this AWS account is not allowed to use CloudFront yet, which the app's https address needs",
			Evidence: cloud.Message(err), Err: err,
			Remedy: "ask AWS Support to verify the account for CloudFront (a case of type \"Account and billing\"), " +
				"then run the same command again; everything created so far is kept and used",
		}
	case err != nil:
		return fmt.Errorf("create distribution: %w", err)
	}
	d.found, d.ID = true, aws.ToString(out.Distribution.Id)
	d.Host, d.etag = aws.ToString(out.Distribution.DomainName), aws.ToString(out.ETag)
	d.config = out.Distribution.DistributionConfig
	d.Secret.seenInDistribution(d.Secret.value())
	return nil
}

// short cuts a caller reference to the length that CloudFront takes, and keeps it unique.
func short(reference string) string {
	const most, digest = 128, 32
	if len(reference) <= most {
		return reference
	}
	return reference[:most-digest-1] + " " + resource.Digest(reference)[:digest]
}

// adopt uses the distribution that has the reference already, or makes one with another reference when it
// is gone, after a destroy that did not finish.
func (d *Distribution) adopt(ctx context.Context, s *resource.Scope) error {
	look := func(ctx context.Context) error { return errors.Join(d.Observe(ctx, s), d.Detail(ctx, s)) }
	if err := s.Adopt(ctx, d.Info().Label, look, d.Exists); err == nil {
		return d.Apply(ctx, s)
	} else if ctx.Err() != nil || errors.Is(err, cloud.ErrStopped) {
		return err
	}
	return d.create(ctx, s, fmt.Sprintf("%s %d", d.comment(), s.Clock.Now().UnixNano()))
}

// Delete implements Resource: a distribution must be switched off everywhere before it can go.
func (d *Distribution) Delete(ctx context.Context, s *resource.Scope) error {
	if !d.found {
		return nil
	}
	if d.config == nil || aws.ToBool(d.config.Enabled) {
		s.Doing("disabling")
		err := d.change(ctx, s, func(c *cftypes.DistributionConfig) { c.Enabled = aws.Bool(false) })
		if err != nil || !d.found {
			return err
		}
	}
	w := cloud.Wait{For: "CloudFront to disable it in all edge locations", Deadline: 60 * time.Minute}
	if err := d.deployed(ctx, s, w, d.Info().Gone); err != nil {
		if cloud.NotFound(err) {
			return nil
		}
		return err
	}
	busy := append([]cloud.Retryable{
		{Code: "DistributionNotDisabled", For: 10 * time.Minute},
		{Code: "ResourceInUse", For: 10 * time.Minute},
	}, staleDistribution...)
	err := s.Retry(ctx, busy, func(ctx context.Context) error {
		_, err := s.CloudFront.DeleteDistribution(ctx, &cf.DeleteDistributionInput{Id: &d.ID, IfMatch: &d.etag})
		if cloud.Is(err, "PreconditionFailed", "InvalidIfMatchVersion") {
			return errors.Join(err, d.Detail(ctx, s))
		}
		return err
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Permissions implements Permissioned.
func (d *Distribution) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("cloudfront:ListDistributions")}
	var actions []string
	if d.found || resource.Existing(do) {
		actions = resource.Actions("cloudfront:GetDistributionConfig")
	}
	known := len(actions) > 0
	switch do {
	case event.Create:
		actions = append(actions, "cloudfront:CreateDistribution", "cloudfront:TagResource", "cloudfront:GetDistribution")
	case event.Update, event.Replace:
		actions = append(actions, "cloudfront:UpdateDistribution", "cloudfront:GetDistribution")
	case event.Delete:
		actions = append(actions, "cloudfront:UpdateDistribution", "cloudfront:GetDistribution", "cloudfront:DeleteDistribution")
	case event.None:
		actions = append(actions, "cloudfront:GetDistribution")
	}
	which := "*"
	if d.ID != "" {
		which = d.ID
	}
	arn := s.GlobalARN("cloudfront", "distribution/"+which)
	if known {
		need = append(need, resource.Whose("cloudfront:ListTagsForResource", "a distribution", arn))
	}
	return append(need, resource.On(actions, arn))
}

// Exposes implements Exposed.
func (d *Distribution) Exposes(do event.Action) string {
	if !resource.Makes(do) {
		return ""
	}
	onward := "requests travel from CloudFront to the load balancer over plain HTTP"
	if d.Door.Private() {
		onward = "requests travel from CloudFront to the load balancer over HTTP inside the AWS network, not over the internet"
	}
	return "its https:// address is open to the internet, with the cloudfront.net certificate, which accepts TLS 1.0 and later; " + onward
}

// Costs implements Coster. One that stands in for a domain is priced as that, which it soon gives way to.
func (d *Distribution) Costs(b *price.Bill) {
	switch {
	case d.Door.Want == Nobody:
		return
	case d.Door.Interim():
		b.Egress()
		return
	}
	b.Distribution()
}
