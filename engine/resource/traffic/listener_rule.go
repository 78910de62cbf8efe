package traffic

import (
	"cmp"
	"context"
	"fmt"
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

// ListenerRule lets requests with the secret header through to the target group.
type ListenerRule struct {
	Owner       resource.Owner
	Listener    *Listener
	TargetGroup *TargetGroup
	Secret      *OriginSecret

	ARN string // output

	found *elbtypes.Rule
	was   string // the target group that the rule sends to as observed
}

// Info implements Resource.
func (r *ListenerRule) Info() resource.Info {
	return resource.Info{
		ID: "listener-rule", Kind: "elbv2.Rule", Name: "requests from CloudFront only",
		Label: "the listener rule", Group: resource.GroupTraffic, Usually: time.Second, Gone: time.Second,
	}
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
			if secret, ok := headerValue(rule); ok {
				r.found, r.ARN = &out.Rules[i], aws.ToString(rule.RuleArn)
				r.was = forwardsTo(rule)
				r.Secret.seenInRule(secret)
			}
		}
		return nil
	}))
}

// headerValue is the value of OriginHeader that the rule asks for.
func headerValue(rule elbtypes.Rule) (string, bool) {
	for _, c := range rule.Conditions {
		h := c.HttpHeaderConfig
		if h != nil && strings.EqualFold(aws.ToString(h.HttpHeaderName), OriginHeader) && len(h.Values) > 0 {
			return h.Values[0], true
		}
	}
	return "", false
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
	if !r.Secret.ruleKnows() {
		drift.Add("does not know the requests of the distribution", resource.Field("header "+OriginHeader, resource.Hidden, resource.Hidden+" of the distribution"))
	}
	return drift.Diff()
}

// Apply implements Resource. A rule that moves to a new target group first names both, with all requests
// still going to the old one: ECS registers tasks only in a target group that a rule names, and TurnOver
// sends the requests there once they run.
func (r *ListenerRule) Apply(ctx context.Context, s *resource.Scope) error {
	conditions := []elbtypes.RuleCondition{{
		Field: aws.String("http-header"),
		HttpHeaderConfig: &elbtypes.HttpHeaderConditionConfig{
			HttpHeaderName: aws.String(OriginHeader), Values: []string{r.Secret.value()},
		},
	}}
	if r.found == nil {
		return r.create(ctx, s, conditions)
	}
	moving := r.was != "" && r.was != r.TargetGroup.ARN
	if !moving && r.Secret.ruleKnows() && r.was != "" {
		return nil
	}
	actions := forward(r.TargetGroup.ARN)
	if moving {
		actions = forward(r.was, r.TargetGroup.ARN)
	}
	_, err := s.ELB.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: &r.ARN, Conditions: conditions, Actions: actions})
	if err != nil {
		return fmt.Errorf("change listener rule: %w", err)
	}
	r.Secret.seenInRule(r.Secret.value())
	return nil
}

func (r *ListenerRule) create(ctx context.Context, s *resource.Scope, conditions []elbtypes.RuleCondition) error {
	out, err := s.ELB.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: &r.Listener.ARN, Priority: aws.Int32(rulePriority), Conditions: conditions,
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
	r.found, r.ARN = &out.Rules[0], aws.ToString(out.Rules[0].RuleArn)
	r.was = r.TargetGroup.ARN
	r.Secret.seenInRule(r.Secret.value())
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
		return fmt.Errorf("turn requests over to the new target group: %w", err)
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
