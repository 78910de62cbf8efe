package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	waf "github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// wafService is AWS WAF: web ACLs of load balancers in their region, and those of CloudFront in us-east-1. Its rules are
// checked and kept; no request is ever held up by them.
func wafService() awsService {
	return awsService{
		name: "wafv2", placeless: true,
		state: []keeper{wafShelf},
		operations: []operation{
			op(wafCreateWebACL, tagging("wafv2:TagResource")), op(wafListWebACLs, pages("WebACLs", 100, 100)), op(wafGetWebACL), op(wafUpdateWebACL),
			op(wafDeleteWebACL), op(wafAssociateWebACL, also("elasticloadbalancing:SetWebAcl", "elasticloadbalancing:CreateWebACLAssociation")),
			op(wafDisassociateWebACL, also("elasticloadbalancing:SetWebAcl", "elasticloadbalancing:DeleteWebACLAssociation")),
			op(wafGetWebACLForResource, also("elasticloadbalancing:GetLoadBalancerWebACL", "wafv2:GetWebACL")), op(wafListTagsForResource, pages("TagInfoForResource.TagList", 100, 100)),
		},
		latencies: map[lat]time.Duration{
			latWAFSpread: 5 * time.Second, // assumed: until an ACL can be used; AWS says seconds to minutes
			latWAFFree:   3 * time.Second, // assumed: it counts as in use for a while after it was
		},
		list: func(v *inventory, r *region) {
			for _, k := range r.waf().ACLs {
				d := map[string]any{"Scope": k.Scope, "Rules": k.Rules, "Default": k.Default, "Tags": k.Tags}
				if len(k.On) > 0 {
					d["On"] = k.On
				}
				v.add("wafv2.WebACL", named(r, nil, string(k.Scope), k.Name), false, d, k.ARN)
			}
		},
		sweep: wafSweep,
	}
}

type wafState struct{ ACLs []*webACL }

const wafShelf shelf[wafState] = "wafv2"

func (r *region) waf() *wafState { return wafShelf.in(&r.Kept) }

const (
	latWAFSpread lat = "wafv2.spread"
	latWAFFree   lat = "wafv2.free"
)

type webACL struct {
	ID, ARN, Name string
	Scope         waftypes.Scope
	Default       *waftypes.DefaultAction
	Rules         []waftypes.Rule
	Metric        *waftypes.VisibilityConfig
	Version       int // counts the changes: part of the lock token
	Created       time.Time
	Used          time.Time // when something used it last
	On            []string  // ARNs of load balancers
	Tags          tagMap
}

func (k *webACL) lock() *string {
	return new(uuidOf(stableID("lock", k.ARN, strconv.Itoa(k.Version))))
}

// aclOf looks an ACL up by its ARN, wherever it is.
func (st *state) aclOf(arn string) *webACL {
	for _, r := range st.Regions {
		if k := find(r.waf().ACLs, func(k *webACL) bool { return k.ARN == arn }); k != nil {
			return k
		}
	}
	return nil
}

// used says whether something is behind an ACL.
func (st *state) used(k *webACL) bool {
	if len(k.On) > 0 {
		return true
	}
	return slices.ContainsFunc(st.cloudFront().Distributions, func(d *distribution) bool { return str(d.Config.WebACLId) == k.ARN })
}

// wafSweep notes what is in use, and forgets load balancers that are gone.
func wafSweep(w *world) {
	for _, k := range w.r.waf().ACLs {
		k.On = slices.DeleteFunc(k.On, func(arn string) bool {
			return !slices.ContainsFunc(w.r.elb().LoadBalancers, func(lb *loadBalancer) bool { return lb.exists() && lb.ARN == arn })
		})
		if w.st.used(k) {
			k.Used = w.st.Now
		}
	}
}

func noACL() error {
	return &waftypes.WAFNonexistentItemException{Message: msg("AWS WAF couldn’t perform the operation because your resource doesn’t exist.")}
}

// inScope is where ACLs of a scope are kept; those of CloudFront are only seen from us-east-1.
func (c *call) inScope(s waftypes.Scope) error {
	switch {
	case s == waftypes.ScopeCloudfront && c.r.Name != "us-east-1":
		return &waftypes.WAFInvalidParameterException{Message: msg("Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT")}
	case s != waftypes.ScopeCloudfront && s != waftypes.ScopeRegional:
		return &waftypes.WAFInvalidParameterException{Message: msg("Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: %s", s)}
	}
	return nil
}

// onACL looks an ACL up and passes it to fn. lock is the token of the version that a change was made from, nil for looks.
func onACL[Out any](c *call, scope waftypes.Scope, name, id, lock *string, fn func(*webACL) (*Out, error)) (*Out, error) {
	if err := c.inScope(scope); err != nil {
		return nil, err
	}
	k := find(c.r.waf().ACLs, func(k *webACL) bool { return k.ID == str(id) && k.Name == str(name) && k.Scope == scope })
	switch {
	case k == nil:
		return nil, noACL()
	case lock != nil && *lock != *k.lock():
		return nil, &waftypes.WAFOptimisticLockException{Message: msg("AWS WAF couldn’t save your changes because someone changed the resource after you started to edit it. Reapply your changes.")}
	}
	return fn(k)
}

var (
	aclName    = pattern(`^[\w\-]{1,128}$`)
	metricName = pattern(`^[\w#:\.\-/]{1,255}$`)
)

// checkRules checks rules as AWS does: unique names and priorities, one kind of action each, numbers in their bounds.
func checkRules(rules []waftypes.Rule) error {
	bad := func(format string, args ...any) error {
		return &waftypes.WAFInvalidParameterException{Message: msg("Error reason: %s", fmt.Sprintf(format, args...))}
	}
	names, priorities := map[string]bool{}, map[int32]bool{}
	for _, r := range rules {
		switch {
		case !aclName(str(r.Name)) || names[str(r.Name)]:
			return bad("A rule's name is missing or used twice, field: RULE, parameter: %s", str(r.Name))
		case priorities[r.Priority]:
			return bad("Your rules have the same priority, field: RULE, parameter: %d", r.Priority)
		case r.Statement == nil || r.VisibilityConfig == nil || !metricName(str(r.VisibilityConfig.MetricName)):
			return bad("A statement or visibility configuration is missing, field: RULE, parameter: %s", str(r.Name))
		}
		names[str(r.Name)], priorities[r.Priority] = true, true
		group := r.Statement.ManagedRuleGroupStatement
		switch {
		case group != nil && (r.Action != nil || r.OverrideAction == nil):
			return bad("A reference in your rule statement needs an override action and no action, field: RULE, parameter: %s", str(r.Name))
		case group != nil && !slices.Contains(managedGroups, str(group.VendorName)+" "+str(group.Name)):
			return noACL()
		case group == nil && (r.Action == nil || r.OverrideAction != nil):
			return bad("A rule needs an action, field: RULE, parameter: %s", str(r.Name))
		}
		if rate := r.Statement.RateBasedStatement; rate != nil {
			if n := val(rate.Limit, 0); n < 10 || n > 2_000_000_000 {
				return bad("Your rate limit is invalid, field: RATE_LIMIT, parameter: %d", n)
			}
			if !slices.Contains([]int64{0, 60, 120, 300, 600}, rate.EvaluationWindowSec) {
				return bad("The evaluation window is invalid, field: EVALUATION_WINDOW_SEC, parameter: %d", rate.EvaluationWindowSec)
			}
		}
	}
	return nil
}

// managedGroups are groups of rules that AWS keeps.
var managedGroups = []string{"AWS AWSManagedRulesCommonRuleSet", "AWS AWSManagedRulesKnownBadInputsRuleSet", "AWS AWSManagedRulesAmazonIpReputationList"}

func wafTags(in []waftypes.Tag) tagMap {
	return tagsFrom(in, func(t waftypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (k *webACL) summary() waftypes.WebACLSummary {
	return waftypes.WebACLSummary{ARN: new(k.ARN), Id: new(k.ID), Name: new(k.Name), LockToken: k.lock()}
}

func wafCreateWebACL(c *call, in *waf.CreateWebACLInput) (*waf.CreateWebACLOutput, error) {
	if err := c.inScope(in.Scope); err != nil {
		return nil, err
	}
	if !aclName(str(in.Name)) || in.DefaultAction == nil || in.VisibilityConfig == nil || !metricName(str(in.VisibilityConfig.MetricName)) {
		return nil, &waftypes.WAFInvalidParameterException{Message: msg("Error reason: The parameter contains formatting that is not valid., field: ENTITY_NAME, parameter: %s", str(in.Name))}
	}
	if err := checkRules(in.Rules); err != nil {
		return nil, err
	}
	if find(c.r.waf().ACLs, func(k *webACL) bool { return k.Name == str(in.Name) && k.Scope == in.Scope }) != nil {
		return nil, &waftypes.WAFDuplicateItemException{Message: msg("AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.")}
	}
	scope := "regional"
	if in.Scope == waftypes.ScopeCloudfront {
		scope = "global"
	}
	k := &webACL{
		Name: str(in.Name), Scope: in.Scope, Default: in.DefaultAction, Rules: in.Rules, Metric: in.VisibilityConfig, Created: c.now, Tags: wafTags(in.Tags),
	}
	k.ID = uuidOf(c.st.fresh(c.r.Name, "webacl", scope, k.Name))
	k.ARN = c.arn("wafv2", "%s/webacl/%s/%s", scope, k.Name, k.ID)
	c.r.waf().ACLs = append(c.r.waf().ACLs, k)
	return &waf.CreateWebACLOutput{Summary: new(k.summary())}, nil
}

func wafListWebACLs(c *call, in *waf.ListWebACLsInput) (*waf.ListWebACLsOutput, error) {
	if err := c.inScope(in.Scope); err != nil {
		return nil, err
	}
	out := &waf.ListWebACLsOutput{}
	for _, k := range c.r.waf().ACLs {
		if k.Scope == in.Scope {
			out.WebACLs = append(out.WebACLs, k.summary())
		}
	}
	return out, nil
}

func wafGetWebACL(c *call, in *waf.GetWebACLInput) (*waf.GetWebACLOutput, error) {
	return onACL(c, in.Scope, in.Name, in.Id, nil, func(k *webACL) (*waf.GetWebACLOutput, error) {
		return &waf.GetWebACLOutput{LockToken: k.lock(), WebACL: k.out()}, nil
	})
}

func (k *webACL) out() *waftypes.WebACL {
	return &waftypes.WebACL{
		ARN: new(k.ARN), Id: new(k.ID), Name: new(k.Name), DefaultAction: clone(k.Default), Rules: clone(k.Rules), VisibilityConfig: clone(k.Metric),
	}
}

func wafUpdateWebACL(c *call, in *waf.UpdateWebACLInput) (*waf.UpdateWebACLOutput, error) {
	return onACL(c, in.Scope, in.Name, in.Id, new(str(in.LockToken)), func(k *webACL) (*waf.UpdateWebACLOutput, error) {
		if err := checkRules(in.Rules); err != nil {
			return nil, err
		}
		k.Rules, k.Default, k.Metric = in.Rules, in.DefaultAction, in.VisibilityConfig
		k.Version++
		return &waf.UpdateWebACLOutput{NextLockToken: k.lock()}, nil
	})
}

func wafDeleteWebACL(c *call, in *waf.DeleteWebACLInput) (*waf.DeleteWebACLOutput, error) {
	return onACL(c, in.Scope, in.Name, in.Id, new(str(in.LockToken)), func(k *webACL) (*waf.DeleteWebACLOutput, error) {
		if c.st.used(k) || !k.Used.IsZero() && c.now.Sub(k.Used) < c.a.delay(latWAFFree, k.ARN) {
			return nil, &waftypes.WAFAssociatedItemException{Message: msg("AWS WAF couldn’t perform the operation because your resource is being used by another resource or it’s associated with another resource.")}
		}
		c.r.waf().ACLs = remove(c.r.waf().ACLs, k)
		return &waf.DeleteWebACLOutput{}, nil
	})
}

// onBalancer looks a load balancer up by its ARN.
func (c *call) onBalancer(arn *string) error {
	if !strings.Contains(str(arn), ":loadbalancer/app/") {
		return &waftypes.WAFInvalidParameterException{Message: msg("Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: RESOURCE_ARN, parameter: %s", str(arn))}
	}
	if !slices.ContainsFunc(c.r.elb().LoadBalancers, func(lb *loadBalancer) bool { return lb.exists() && lb.ARN == str(arn) }) {
		return noACL()
	}
	return nil
}

// apart takes a load balancer from behind its ACL.
func (r *region) apart(balancer string) {
	for _, k := range r.waf().ACLs {
		k.On = slices.DeleteFunc(k.On, func(arn string) bool { return arn == balancer })
	}
}

func wafAssociateWebACL(c *call, in *waf.AssociateWebACLInput) (*waf.AssociateWebACLOutput, error) {
	if err := c.onBalancer(in.ResourceArn); err != nil {
		return nil, err
	}
	k := find(c.r.waf().ACLs, func(k *webACL) bool { return k.ARN == str(in.WebACLArn) && k.Scope == waftypes.ScopeRegional })
	switch {
	case k == nil:
		return nil, noACL()
	case c.now.Sub(k.Created) < c.a.delay(latWAFSpread, k.ARN):
		return nil, &waftypes.WAFUnavailableEntityException{Message: msg("AWS WAF couldn’t retrieve the resource that you requested. Retry your request.")}
	}
	c.r.apart(*in.ResourceArn)
	k.On = append(k.On, *in.ResourceArn)
	return &waf.AssociateWebACLOutput{}, nil
}

func wafDisassociateWebACL(c *call, in *waf.DisassociateWebACLInput) (*waf.DisassociateWebACLOutput, error) {
	if err := c.onBalancer(in.ResourceArn); err != nil {
		return nil, err
	}
	c.r.apart(*in.ResourceArn)
	return &waf.DisassociateWebACLOutput{}, nil
}

func wafGetWebACLForResource(c *call, in *waf.GetWebACLForResourceInput) (*waf.GetWebACLForResourceOutput, error) {
	if err := c.onBalancer(in.ResourceArn); err != nil {
		return nil, err
	}
	out := &waf.GetWebACLForResourceOutput{}
	if k := find(c.r.waf().ACLs, func(k *webACL) bool { return slices.Contains(k.On, *in.ResourceArn) }); k != nil {
		out.WebACL = k.out()
	}
	return out, nil
}

func wafListTagsForResource(c *call, in *waf.ListTagsForResourceInput) (*waf.ListTagsForResourceOutput, error) {
	k := find(c.r.waf().ACLs, func(k *webACL) bool { return k.ARN == str(in.ResourceARN) })
	if k == nil {
		return nil, noACL()
	}
	return &waf.ListTagsForResourceOutput{TagInfoForResource: &waftypes.TagInfoForResource{
		ResourceARN: new(k.ARN), TagList: tagsTo(k.Tags, func(key, v *string) waftypes.Tag { return waftypes.Tag{Key: key, Value: v} }),
	}}, nil
}
