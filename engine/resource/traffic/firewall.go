package traffic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// edgeRegion is where AWS WAF keeps what belongs to CloudFront.
const edgeRegion = "us-east-1"

// Firewall is the web ACL of AWS WAF in front of the app: at CloudFront or at the load balancer, wherever visitors come
// in. It attaches itself there, once both are made.
type Firewall struct {
	resource.Claim
	Filter
	Owner  resource.Owner
	Region string // of the app
	Edge   bool   // at CloudFront, else at the load balancer
	Door   *Door

	ARN string // output

	id, lock string
	acl      *waftypes.WebACL // as observed
	attached bool
	moved    bool // this run attached it
}

// Name is the ACL's name. Those of CloudFront are all in one region, so that theirs says which region the app is in.
func (f *Firewall) Name() string {
	if f.Edge {
		return f.Owner.Name() + "-" + f.Region
	}
	return f.Owner.Name()
}

// Info implements Resource.
func (f *Firewall) Info() resource.Info {
	i := resource.Info{
		ID: "firewall", Kind: "wafv2.WebACL", Name: f.Name(), Label: "the firewall (AWS WAF)", Group: resource.GroupTraffic,
		Usually: 5 * time.Second, Gone: 5 * time.Second,
	}
	if f.Edge {
		i.ID, i.Label, i.Group = "edge-firewall", "the firewall (AWS WAF) at CloudFront", resource.GroupEndpoint
		i.Gone = 120 * time.Second
	}
	return i
}

// Needs implements Resource.
func (f *Firewall) Needs() []resource.Need {
	if f.Edge {
		return []resource.Need{{On: f.Door.Distribution, Observe: true}}
	}
	return []resource.Need{{On: f.Door.LoadBalancer, Observe: true}, {On: f.Door.HTTPS, Loose: true}}
}

// Wanted implements Optional.
func (f *Firewall) Wanted() bool {
	if f.Edge {
		return f.On && f.Door.CloudFront()
	}
	return f.On && f.Door.Anybody()
}

// Identifier implements Identified.
func (f *Firewall) Identifier() string { return f.ARN }

func (f *Firewall) scope() waftypes.Scope {
	if f.Edge {
		return waftypes.ScopeCloudfront
	}
	return waftypes.ScopeRegional
}

// at leads a call to the region where the ACL is.
func (f *Firewall) at(o *waf.Options) {
	if f.Edge {
		o.Region = edgeRegion
	}
}

// suspected says whether there may be a firewall: one is asked for, or an earlier deployment may have left one.
func (f *Firewall) suspected() bool {
	if f.Edge {
		return f.On || f.Door.Distribution.found
	}
	return f.On || f.Door.LoadBalancer.ARN != ""
}

// Observe implements Resource.
func (f *Firewall) Observe(ctx context.Context, s *resource.Scope) error {
	f.ARN, f.id, f.lock, f.acl, f.attached = "", "", "", nil, false
	if !f.suspected() {
		return nil
	}
	err := f.look(ctx, s)
	if !f.On && resource.Unseen(err) {
		return nil
	}
	return err
}

// look finds the ACL by its name.
func (f *Firewall) look(ctx context.Context, s *resource.Scope) error {
	return f.list(ctx, s.Clients, func(one waftypes.WebACLSummary) {
		if aws.ToString(one.Name) == f.Name() {
			f.ARN, f.id, f.lock = aws.ToString(one.ARN), aws.ToString(one.Id), aws.ToString(one.LockToken)
		}
	})
}

// Detail implements Detailer: whose it is, its rules, and whether it is where visitors come in.
func (f *Firewall) Detail(ctx context.Context, s *resource.Scope) error {
	if f.ARN == "" {
		return nil
	}
	tags, err := firewallTags(ctx, s.Clients, f.ARN, f.at)
	if err := f.Judge(f.Owner, tags, err); err != nil {
		return err
	}
	if err := f.read(ctx, s); err != nil || f.ARN == "" {
		return err
	}
	if f.Edge {
		f.attached = f.Door.Distribution.firewall == f.ARN
		return nil
	}
	if f.Door.LoadBalancer.ARN == "" {
		return nil
	}
	out, err := s.WAF.GetWebACLForResource(ctx, &waf.GetWebACLForResourceInput{ResourceArn: &f.Door.LoadBalancer.ARN})
	if err != nil {
		return resource.UnlessGone(err)
	}
	f.attached = out.WebACL != nil && aws.ToString(out.WebACL.ARN) == f.ARN
	return nil
}

// read reads the rules, and the token that a change must name.
func (f *Firewall) read(ctx context.Context, s *resource.Scope) error {
	out, err := s.WAF.GetWebACL(ctx, &waf.GetWebACLInput{Id: &f.id, Name: aws.String(f.Name()), Scope: f.scope()}, f.at)
	if cloud.NotFound(err) {
		f.ARN, f.id, f.lock, f.acl = "", "", "", nil
		return nil
	}
	if err != nil {
		return err
	}
	f.acl, f.lock = out.WebACL, aws.ToString(out.LockToken)
	return nil
}

func firewallTags(ctx context.Context, c *cloud.Clients, arn string, at func(*waf.Options)) (map[string]string, error) {
	tags, in := map[string]string{}, &waf.ListTagsForResourceInput{ResourceARN: &arn}
	for {
		out, err := c.WAF.ListTagsForResource(ctx, in, at)
		if err != nil || out.TagInfoForResource == nil {
			return nil, err
		}
		maps.Copy(tags, resource.TagMap(out.TagInfoForResource.TagList, func(t waftypes.Tag) (k, v *string) { return t.Key, t.Value }))
		if in.NextMarker = out.NextMarker; aws.ToString(out.NextMarker) == "" || len(out.TagInfoForResource.TagList) == 0 {
			return tags, nil
		}
	}
}

// Exists implements Resource.
func (f *Firewall) Exists() bool { return f.ARN != "" && f.Ours() }

// Diff implements Resource.
func (f *Firewall) Diff(*resource.Scope) resource.Diff {
	switch {
	case !f.Wanted():
		return resource.Unwanted(f)
	case f.ARN == "":
		return resource.Absent()
	}
	var drift resource.Drift
	if have, want := inWords(f.acl), f.words(); have != want {
		drift.Add("has different rules", resource.Field("rules", have, want))
	}
	if !f.attached {
		drift.Add("is not attached to what visitors reach", resource.Field("attached", false, true))
	}
	return drift.Diff()
}

// settlingFirewall are the errors of an ACL that was made, or changed, a moment ago.
var settlingFirewall = []cloud.Retryable{
	{Code: "WAFUnavailableEntityException", For: 5 * time.Minute},
	{Code: "WAFNonexistentItemException", For: time.Minute},
	{Code: "WAFOptimisticLockException", For: time.Minute},
}

// Apply implements Resource.
func (f *Firewall) Apply(ctx context.Context, s *resource.Scope) error {
	if f.ARN == "" {
		if err := f.create(ctx, s); err != nil {
			return err
		}
	}
	if f.acl != nil && inWords(f.acl) != f.words() {
		if err := f.change(ctx, s); err != nil {
			return err
		}
	}
	if f.attached {
		return nil
	}
	s.Doing("attaching")
	if err := f.attach(ctx, s, f.ARN); err != nil {
		return fmt.Errorf("attach firewall: %w", err)
	}
	f.attached, f.moved = true, true
	return nil
}

// Unattended implements Unattended.
func (f *Firewall) Unattended() {}

// Ready implements Waiter: all edges of CloudFront ask the firewall.
func (f *Firewall) Ready(ctx context.Context, s *resource.Scope) error {
	if !f.Edge || !f.moved {
		return nil
	}
	return f.atAllEdges(ctx, s)
}

func (f *Firewall) create(ctx context.Context, s *resource.Scope) error {
	out, err := s.WAF.CreateWebACL(ctx, &waf.CreateWebACLInput{
		Name: aws.String(f.Name()), Scope: f.scope(), DefaultAction: allowed(), Rules: f.rules(), VisibilityConfig: measured(f.Name()),
		Tags: resource.TagList(f.Owner, f.Info().ID, func(k, v *string) waftypes.Tag { return waftypes.Tag{Key: k, Value: v} }),
	}, f.at)
	switch {
	case cloud.Is(err, "WAFDuplicateItemException"): // made by a call whose answer got lost
		return s.Adopt(ctx, f.Info().Label, func(ctx context.Context) error {
			return errors.Join(f.look(ctx, s), f.Detail(ctx, s))
		}, f.Exists)
	case cloud.Is(err, "WAFLimitsExceededException"):
		return &fail.Error{
			Class: fail.Failed, Cause: "the account has reached its quota of web ACLs", Evidence: cloud.Message(err), Err: err,
			Setting: "network.firewall", Remedy: "remove network.firewall from berth.toml, or delete unused web ACLs",
		}
	case err != nil:
		return fmt.Errorf("create firewall: %w", err)
	}
	f.ARN, f.id, f.lock = aws.ToString(out.Summary.ARN), aws.ToString(out.Summary.Id), aws.ToString(out.Summary.LockToken)
	return nil
}

// change gives the ACL the wanted rules, again if somebody else changed it meanwhile.
func (f *Firewall) change(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, settlingFirewall, func(ctx context.Context) error {
		out, err := s.WAF.UpdateWebACL(ctx, &waf.UpdateWebACLInput{
			Id: &f.id, Name: aws.String(f.Name()), Scope: f.scope(), LockToken: &f.lock, DefaultAction: allowed(), Rules: f.rules(),
			VisibilityConfig: measured(f.Name()), Description: f.acl.Description, CustomResponseBodies: f.acl.CustomResponseBodies,
		}, f.at)
		if cloud.Is(err, "WAFOptimisticLockException") {
			return errors.Join(err, f.read(ctx, s))
		}
		if err == nil {
			f.lock = aws.ToString(out.NextLockToken)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("change firewall: %w", err)
	}
	return nil
}

// attachedFirewall is the error of an ACL that was taken away a moment ago.
var attachedFirewall = []cloud.Retryable{
	{Code: "WAFAssociatedItemException", For: 20 * time.Minute},
	{Code: "WAFOptimisticLockException", For: time.Minute},
	{Code: "WAFUnavailableEntityException", For: 5 * time.Minute},
}

// Delete implements Resource.
func (f *Firewall) Delete(ctx context.Context, s *resource.Scope) error {
	if f.ARN == "" {
		return nil
	}
	if f.attached {
		s.Doing("detaching it")
		if err := f.detach(ctx, s); err != nil {
			return fmt.Errorf("detach firewall: %w", err)
		}
		f.attached = false
	}
	err := s.Retry(ctx, attachedFirewall, func(ctx context.Context) error {
		_, err := s.WAF.DeleteWebACL(ctx, &waf.DeleteWebACLInput{Id: &f.id, Name: aws.String(f.Name()), Scope: f.scope(), LockToken: &f.lock}, f.at)
		if cloud.Is(err, "WAFOptimisticLockException") {
			return errors.Join(err, f.read(ctx, s))
		}
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete firewall: %w", err)
	}
	f.ARN = ""
	return nil
}

// arn is the ARN of something of WAF in the firewall's scope.
func (f *Firewall) arn(s *resource.Scope, rest string) string {
	region, scope := s.Region, "regional"
	if f.Edge {
		region, scope = edgeRegion, "global"
	}
	return "arn:" + s.Identity.Partition + ":wafv2:" + region + ":" + s.Identity.Account + ":" + scope + "/" + rest
}

// Permissions implements Permissioned.
func (f *Firewall) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	list := resource.Anywhere("wafv2:ListWebACLs")
	if !f.On {
		list.Without = "a firewall that is no longer used would stay"
	}
	need := []resource.Permission{list}
	acl := f.arn(s, "webacl/"+f.Name()+"/*")
	actions := []string{}
	if f.ARN != "" || resource.Existing(do) {
		actions = append(actions, "wafv2:GetWebACL")
		need = append(need, resource.Whose("wafv2:ListTagsForResource", "a firewall", acl))
	}
	if !f.Edge && (f.ARN != "" || resource.Existing(do)) {
		lb := f.Door.LoadBalancer.pattern(s, "loadbalancer")
		need = append(need, resource.On(resource.Actions("wafv2:GetWebACLForResource"), lb, acl),
			resource.On(resource.Actions("elasticloadbalancing:GetLoadBalancerWebACL"), lb), resource.On(resource.Actions("wafv2:GetWebACL"), acl))
	}
	switch do {
	case event.Create, event.Replace, event.Update:
		if do != event.Update {
			need = append(need, resource.On(resource.Actions("wafv2:CreateWebACL", "wafv2:TagResource"), acl, f.arn(s, "managedruleset/*/*")))
		} else {
			need = append(need, resource.On(resource.Actions("wafv2:UpdateWebACL"), acl, f.arn(s, "managedruleset/*/*")))
		}
		need = append(need, f.attaching(s, "wafv2:AssociateWebACL", "elasticloadbalancing:CreateWebACLAssociation", acl)...)
	case event.Delete:
		actions = append(actions, "wafv2:DeleteWebACL")
		need = append(need, f.attaching(s, "wafv2:DisassociateWebACL", "elasticloadbalancing:DeleteWebACLAssociation", acl)...)
	case event.None:
	}
	if len(actions) > 0 {
		need = append(need, resource.On(actions, acl))
	}
	return need
}

// attaching is what it takes to put the ACL somewhere, or to take it away: the action, and that of the load balancer
// beside it (engine/AWS.md, WAF).
func (f *Firewall) attaching(s *resource.Scope, action, beside, acl string) []resource.Permission {
	if f.Edge {
		return resource.PermissionsOf(f.Door.Distribution, s, event.Update)
	}
	lb := f.Door.LoadBalancer.pattern(s, "loadbalancer")
	return []resource.Permission{
		resource.On(resource.Actions(action), acl, lb), resource.On(resource.Actions(beside), lb), resource.Anywhere("elasticloadbalancing:SetWebAcl"),
	}
}

// Costs implements Coster.
func (f *Firewall) Costs(b *price.Bill) {
	if f.On && (f.Wanted() || f.Door.Want == "") {
		b.Firewall(len(f.rules()))
	}
}
