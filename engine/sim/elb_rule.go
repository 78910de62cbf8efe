package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbRules are the rules of listeners.
func elbRules() awsService {
	return awsService{
		operations: []operation{
			op(elbCreateRule, tagging("elasticloadbalancing:AddTags")), op(elbDescribeRules, pages("Rules", 400, 400)),
			op(elbModifyRule), op(elbDeleteRule),
		},
		list: listRules,
	}
}

func listRules(v *inventory, r *region) {
	for _, lb := range r.elb().LoadBalancers {
		for _, l := range lb.Listeners {
			for _, x := range l.Rules {
				for _, cond := range x.Conditions {
					if cond.HttpHeaderConfig != nil {
						v.secrets(cond.HttpHeaderConfig.Values...)
					}
				}
				d := *x
				d.ARN = ""
				v.add("elasticloadbalancing.ListenerRule", named(r, nil, lb.Name, fmt.Sprint(l.Port), fmt.Sprint(x.Priority)), false, d, x.ARN)
			}
		}
	}
}

type rule struct {
	ARN        string
	Priority   int32
	Conditions []elbtypes.RuleCondition
	Actions    []elbtypes.Action
	Tags       tagMap
}

func noRule(arn string) error {
	return &elbtypes.RuleNotFoundException{Message: msg("One or more rules not found: %s", arn)}
}

func (r *region) rule(arn string) (*listener, *rule) {
	for _, lb := range r.elb().LoadBalancers {
		for _, l := range lb.Listeners {
			if x := find(l.Rules, func(x *rule) bool { return x.ARN == arn }); x != nil {
				return l, x
			}
		}
	}
	return nil, nil
}

func (x *rule) out() elbtypes.Rule {
	return elbtypes.Rule{
		RuleArn: new(x.ARN), Priority: new(strconv.Itoa(int(x.Priority))), IsDefault: new(false),
		Conditions: clone(x.Conditions), Actions: clone(x.Actions),
	}
}

func (l *listener) defaultRule() elbtypes.Rule {
	return elbtypes.Rule{
		RuleArn: new(ruleARN(l.ARN, stableID(l.ARN)[:16])), Priority: new("default"), IsDefault: new(true), Actions: clone(l.Default),
	}
}

// ruleARN makes a rule's ARN out of its listener's.
func ruleARN(listener, id string) string {
	const kind = ":listener/"
	for i := 0; i+len(kind) <= len(listener); i++ {
		if listener[i:i+len(kind)] == kind {
			return listener[:i] + ":listener-rule/" + listener[i+len(kind):] + "/" + id
		}
	}
	return listener + "/" + id
}

// checkConditions checks limits: header names of 40 and values of 128 characters.
func checkConditions(conditions []elbtypes.RuleCondition) error {
	for _, x := range conditions {
		if str(x.Field) == "http-header" && x.HttpHeaderConfig == nil {
			return validation("A condition on a header needs its configuration")
		}
		if h := x.HttpHeaderConfig; h != nil {
			if len(str(h.HttpHeaderName)) > 40 || len(h.Values) == 0 ||
				slices.ContainsFunc(h.Values, func(v string) bool { return len(v) > 128 }) {
				return validation("A header condition needs a name of at most 40 and values of at most 128 characters")
			}
		}
	}
	return nil
}

func elbCreateRule(c *call, in *elb.CreateRuleInput) (*elb.CreateRuleOutput, error) {
	lb, l := c.r.listener(str(in.ListenerArn))
	if l == nil {
		return nil, noListener(str(in.ListenerArn))
	}
	priority := val(in.Priority, 0)
	if priority < 1 || priority > 50000 {
		return nil, validation("Priority must be between 1 and 50000, inclusive")
	}
	if find(l.Rules, func(x *rule) bool { return x.Priority == priority }) != nil {
		return nil, &elbtypes.PriorityInUseException{Message: msg("Priority '%d' is currently in use", priority)}
	}
	if err := checkConditions(in.Conditions); err != nil {
		return nil, err
	}
	if err := c.checkActions(lb, in.Actions); err != nil {
		return nil, err
	}
	x := &rule{
		ARN: ruleARN(l.ARN, c.st.fresh(l.ARN, strconv.Itoa(int(priority)))[:16]), Priority: priority, Conditions: clone(in.Conditions),
		Actions: clone(in.Actions), Tags: elbTags(in.Tags),
	}
	l.Rules = append(l.Rules, x)
	slices.SortFunc(l.Rules, func(a, b *rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return &elb.CreateRuleOutput{Rules: []elbtypes.Rule{x.out()}}, nil
}

func elbDescribeRules(c *call, in *elb.DescribeRulesInput) (*elb.DescribeRulesOutput, error) {
	out := &elb.DescribeRulesOutput{}
	if in.ListenerArn != nil {
		_, l := c.r.listener(*in.ListenerArn)
		if l == nil {
			return nil, noListener(*in.ListenerArn)
		}
		for _, x := range l.Rules {
			out.Rules = append(out.Rules, x.out())
		}
		out.Rules = append(out.Rules, l.defaultRule())
	}
	for _, arn := range in.RuleArns {
		_, x := c.r.rule(arn)
		if x == nil {
			return nil, noRule(arn)
		}
		out.Rules = append(out.Rules, x.out())
	}
	return out, nil
}

func elbModifyRule(c *call, in *elb.ModifyRuleInput) (*elb.ModifyRuleOutput, error) {
	l, x := c.r.rule(str(in.RuleArn))
	if x == nil {
		return nil, noRule(str(in.RuleArn))
	}
	lb, _ := c.r.listener(l.ARN)
	if err := checkConditions(in.Conditions); err != nil {
		return nil, err
	}
	if err := c.checkActions(lb, in.Actions); err != nil {
		return nil, err
	}
	if len(in.Conditions) > 0 {
		x.Conditions = clone(in.Conditions)
	}
	if len(in.Actions) > 0 {
		x.Actions = clone(in.Actions)
	}
	return &elb.ModifyRuleOutput{Rules: []elbtypes.Rule{x.out()}}, nil
}

func elbDeleteRule(c *call, in *elb.DeleteRuleInput) (*elb.DeleteRuleOutput, error) {
	l, x := c.r.rule(str(in.RuleArn))
	if x == nil {
		return nil, noRule(str(in.RuleArn))
	}
	l.Rules = remove(l.Rules, x)
	return &elb.DeleteRuleOutput{}, nil
}
