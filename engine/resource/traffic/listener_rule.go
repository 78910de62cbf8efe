package traffic

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// rulePriority is the place of our rule among the listener's.
const rulePriority = 1

// maxHosts is how many names one rule can be for (engine/AWS.md, Listeners).
const maxHosts = 5

// ListenerRule lets requests through to the target group: on port 80 those with the secret header, or all of them when
// the app has no HTTPS; on port 443 those to the names of the app.
type ListenerRule struct {
	Owner       resource.Owner
	Listener    *Listener
	TargetGroup *TargetGroup
	Door        *Door
	Secret      *OriginSecret // of port 80; nil for port 443

	ARN string // output

	found *elbtypes.Rule
	was   string // the target group that the rule sends to as observed
}

// Info implements Resource.
func (r *ListenerRule) Info() resource.Info {
	i := resource.Info{
		ID: "listener-rule", Kind: "elbv2.Rule", Name: r.lets(), Label: "the listener rule", Group: resource.GroupTraffic,
		Usually: time.Second, Gone: time.Second,
	}
	if r.Secret == nil {
		i.ID, i.Label = "https-rule", "the rule of the HTTPS listener"
	}
	return inside(r.Listener.LoadBalancer.Private, i)
}

// Wanted implements Optional.
func (r *ListenerRule) Wanted() bool {
	if r.Listener.LoadBalancer.Unneeded {
		return false
	}
	if r.Secret == nil {
		return r.Door.TLS()
	}
	return r.Door.CloudFront() || r.Door.Open() || r.Door.Want == ""
}

// lets says which requests the rule lets through.
func (r *ListenerRule) lets() string {
	switch {
	case r.Secret == nil:
		return "requests to " + strings.Join(r.Door.Domain.names(), ", ")
	case r.Door.Open():
		return "all requests"
	}
	return "requests from CloudFront only"
}

// condition is what a request must have to be let through.
func (r *ListenerRule) condition() elbtypes.RuleCondition {
	switch names := r.Door.Domain.names(); {
	case r.Secret == nil && len(names) > 0 && len(names) <= maxHosts:
		return elbtypes.RuleCondition{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: names}}
	case r.Secret == nil || r.Door.Open():
		return openCondition()
	}
	return elbtypes.RuleCondition{
		Field:            aws.String("http-header"),
		HttpHeaderConfig: &elbtypes.HttpHeaderConditionConfig{HttpHeaderName: aws.String(OriginHeader), Values: r.Secret.let()},
	}
}

// told is a condition as a text, without the secret.
func told(c elbtypes.RuleCondition) string {
	switch {
	case c.HttpHeaderConfig != nil:
		return "header " + aws.ToString(c.HttpHeaderConfig.HttpHeaderName)
	case c.HostHeaderConfig != nil:
		return "host " + resource.Listed(c.HostHeaderConfig.Values)
	case c.PathPatternConfig != nil:
		return "path " + resource.Listed(c.PathPatternConfig.Values)
	}
	return aws.ToString(c.Field)
}

// condition as observed, as a text.
func (r *ListenerRule) asked() string {
	var all []string
	for _, c := range r.found.Conditions {
		all = append(all, told(c))
	}
	return strings.Join(all, " and ")
}

// Needs implements Resource.
func (r *ListenerRule) Needs() []resource.Need {
	return []resource.Need{{On: r.Listener, Observe: true}, {On: r.TargetGroup}}
}

// Identifier implements Identified.
func (r *ListenerRule) Identifier() string { return r.ARN }

// Observe implements Resource.
func (r *ListenerRule) Observe(ctx context.Context, s *resource.Scope) error {
	if r.Listener.ARN == "" {
		return nil
	}
	p := elb.NewDescribeRulesPaginator(s.ELB, &elb.DescribeRulesInput{ListenerArn: &r.Listener.ARN})
	return resource.UnlessGone(resource.Pages(ctx, p, func(out *elb.DescribeRulesOutput) error {
		for i, rule := range out.Rules {
			secrets := headerValues(rule)
			if secrets == nil && aws.ToString(rule.Priority) != strconv.Itoa(rulePriority) {
				continue
			}
			r.found, r.ARN = &out.Rules[i], aws.ToString(rule.RuleArn)
			r.was = forwardsTo(rule)
			if secrets != nil && r.Secret != nil && !r.Listener.LoadBalancer.Unneeded {
				r.Secret.seenInRule(secrets)
			}
		}
		return nil
	}))
}

// headerValues are the values of OriginHeader that the rule asks for, nil when it does not.
func headerValues(rule elbtypes.Rule) []string {
	for _, c := range rule.Conditions {
		h := c.HttpHeaderConfig
		if h != nil && strings.EqualFold(aws.ToString(h.HttpHeaderName), OriginHeader) && len(h.Values) > 0 {
			return h.Values
		}
	}
	return nil
}

// forwardsTo is the target group that gets the rule's requests.
func forwardsTo(rule elbtypes.Rule) string {
	for _, a := range rule.Actions {
		if a.ForwardConfig != nil {
			for _, t := range a.ForwardConfig.TargetGroups {
				if t.Weight == nil || aws.ToInt32(t.Weight) > 0 {
					return aws.ToString(t.TargetGroupArn)
				}
			}
		}
		if a.TargetGroupArn != nil {
			return aws.ToString(a.TargetGroupArn)
		}
	}
	return ""
}

// Exists implements Resource.
func (r *ListenerRule) Exists() bool { return r.found != nil }

// Diff implements Resource.
func (r *ListenerRule) Diff(s *resource.Scope) resource.Diff {
	if !r.Wanted() {
		return resource.Unwanted(r)
	}
	if r.Listener.ARN == "" {
		r.found, r.ARN, r.was = nil, "", ""
	}
	if r.found == nil {
		return resource.Absent()
	}
	var drift resource.Drift
	if r.was != r.TargetGroup.ARN || r.TargetGroup.ARN == "" {
		drift.Add("sends requests to another target group", resource.Field("target group", r.was, cmp.Or(r.TargetGroup.ARN, resource.NotYet)))
	}
	switch was, want := r.asked(), told(r.condition()); {
	case was != want:
		drift.Add("accepts different requests", resource.Field("condition", was, want))
	case !r.knows():
		drift.Add("does not accept the distribution's secret header", resource.Field("header "+OriginHeader, resource.Hidden, resource.Hidden+" of the distribution"))
	}
	return drift.Diff()
}

// knows says whether the rule has the secret, where it needs one.
func (r *ListenerRule) knows() bool { return r.Secret == nil || r.Door.Open() || r.Secret.ruleKnows() }

// tightens says whether the rule lets everybody in, and shall not any more: that waits until the other way serves.
func (r *ListenerRule) tightens() bool {
	return !r.Door.Open() && r.open()
}

// open says whether the rule of port 80 lets everybody in, as observed.
func (r *ListenerRule) open() bool {
	return r.found != nil && r.Secret != nil && r.asked() == told(openCondition())
}

// openCondition is met by every request.
func openCondition() elbtypes.RuleCondition {
	return elbtypes.RuleCondition{Field: aws.String("path-pattern"), PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: []string{"/*"}}}
}

// Apply implements Resource. A rule that moves to a new target group first names both, with all requests
// still going to the old one: ECS registers tasks only in a target group that a rule names, and TurnOver
// sends the requests there once they run.
func (r *ListenerRule) Apply(ctx context.Context, s *resource.Scope) error {
	if r.found == nil {
		return r.create(ctx, s)
	}
	moving := r.was != "" && r.was != r.TargetGroup.ARN
	same := r.asked() == told(r.condition()) && r.knows() || r.tightens()
	if !moving && same && r.was != "" {
		return nil
	}
	in := &elb.ModifyRuleInput{RuleArn: &r.ARN, Actions: forward(r.TargetGroup.ARN)}
	if moving {
		in.Actions = forward(r.was, r.TargetGroup.ARN)
	}
	if !r.tightens() {
		in.Conditions = []elbtypes.RuleCondition{r.condition()}
	}
	return r.modify(ctx, s, in)
}

func (r *ListenerRule) modify(ctx context.Context, s *resource.Scope, in *elb.ModifyRuleInput) error {
	out, err := s.ELB.ModifyRule(ctx, in)
	if err != nil {
		return fmt.Errorf("change listener rule: %w", err)
	}
	r.took(&out.Rules[0])
	return nil
}

// took is the rule as AWS gave it back.
func (r *ListenerRule) took(rule *elbtypes.Rule) {
	r.found = rule
	if secrets := headerValues(*rule); secrets != nil && r.Secret != nil {
		r.Secret.seenInRule(secrets)
	}
}

// Cleanup implements Cleaner: once CloudFront serves, nobody else is let through any more, and no secret of before.
func (r *ListenerRule) Cleanup(ctx context.Context, s *resource.Scope) error {
	old := r.found != nil && r.Secret != nil && !r.Door.Open() && r.Secret.outlived()
	if !r.tightens() && !old || !r.Wanted() {
		return nil
	}
	return r.modify(ctx, s, &elb.ModifyRuleInput{RuleArn: &r.ARN, Conditions: []elbtypes.RuleCondition{r.condition()}})
}

func (r *ListenerRule) create(ctx context.Context, s *resource.Scope) error {
	out, err := s.ELB.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: &r.Listener.ARN, Priority: aws.Int32(rulePriority), Conditions: []elbtypes.RuleCondition{r.condition()},
		Actions: forward(r.TargetGroup.ARN), Tags: r.Owner.ELBTags("listener-rule"),
	})
	if cloud.Is(err, "PriorityInUse") { // made by a call whose answer got lost
		err := s.Adopt(ctx, r.Info().Label, func(ctx context.Context) error { return r.Observe(ctx, s) }, r.Exists)
		if err != nil {
			return err
		}
		return r.Apply(ctx, s)
	}
	if err != nil {
		return fmt.Errorf("create listener rule: %w", err)
	}
	r.took(&out.Rules[0])
	r.ARN, r.was = aws.ToString(r.found.RuleArn), r.TargetGroup.ARN
	return nil
}

// forward sends all requests to the first target group and names the others.
func forward(arns ...string) []elbtypes.Action {
	groups := []elbtypes.TargetGroupTuple{}
	for i, arn := range arns {
		weight := int32(0)
		if i == 0 {
			weight = 1
		}
		groups = append(groups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)})
	}
	return []elbtypes.Action{{
		Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups},
	}}
}

// TurnOver sends the requests to the new target group, once the tasks in it serve.
func (r *ListenerRule) TurnOver(ctx context.Context, s *resource.Scope) error {
	if r.found == nil || r.was == r.TargetGroup.ARN || r.was == "" {
		return nil
	}
	_, err := s.ELB.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: &r.ARN, Actions: forward(r.TargetGroup.ARN)})
	if err != nil {
		return fmt.Errorf("forward requests to the new target group: %w", err)
	}
	r.was = r.TargetGroup.ARN
	return nil
}

// Delete implements Resource.
func (r *ListenerRule) Delete(ctx context.Context, s *resource.Scope) error {
	if r.found == nil {
		return nil
	}
	_, err := s.ELB.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: r.found.RuleArn})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Permissions implements Permissioned.
func (r *ListenerRule) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	var need []resource.Permission
	if r.Listener.ARN != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("elasticloadbalancing:DescribeRules"))
	}
	lb := r.Listener.LoadBalancer
	arn := lb.pattern(s, "listener-rule")
	switch do {
	case event.Create, event.Replace:
		need = append(need, newELB("CreateRule", arn, lb.pattern(s, "listener"))...)
	case event.Update:
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:ModifyRule"), arn))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("elasticloadbalancing:DeleteRule"), arn))
	case event.None:
	}
	return need
}

// Exposes implements Exposed.
func (r *ListenerRule) Exposes(do event.Action) string {
	if r.Secret == nil || !r.Door.Open() || !resource.Makes(do) && do != event.Update {
		return ""
	}
	return "the app is open to the internet, without encryption"
}
