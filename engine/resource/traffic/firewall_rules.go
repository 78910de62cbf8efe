package traffic

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// coreRules is AWS's own set of rules, without the rule that refuses every body over 8 KB: it would stop uploads
// (engine/AWS.md, WAF).
const (
	coreRules = "AWSManagedRulesCommonRuleSet"
	bodySize  = "SizeRestrictions_BODY"
)

// words are the wanted rules as a text.
func (f *Firewall) words() string {
	return inWords(&waftypes.WebACL{DefaultAction: allowed(), Rules: f.rules()})
}

// inWords is what an ACL does, as a text.
func inWords(acl *waftypes.WebACL) string {
	var all []string
	for _, r := range acl.Rules {
		switch st := r.Statement; {
		case st != nil && st.ManagedRuleGroupStatement != nil:
			text := aws.ToString(st.ManagedRuleGroupStatement.Name)
			for _, o := range st.ManagedRuleGroupStatement.RuleActionOverrides {
				if o.ActionToUse != nil && o.ActionToUse.Count != nil {
					text += " but " + aws.ToString(o.Name)
				}
			}
			if r.OverrideAction == nil || r.OverrideAction.None == nil {
				text += " (count only)"
			}
			all = append(all, text)
		case st != nil && st.RateBasedStatement != nil:
			all = append(all, fmt.Sprintf("%d requests per address in %d s", aws.ToInt64(st.RateBasedStatement.Limit), st.RateBasedStatement.EvaluationWindowSec))
		default:
			all = append(all, aws.ToString(r.Name))
		}
	}
	if acl.DefaultAction == nil || acl.DefaultAction.Allow == nil {
		all = append(all, "everything else blocked")
	}
	return strings.Join(all, ", ")
}

func allowed() *waftypes.DefaultAction {
	return &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}}
}

// rateWindow is for how many seconds requests of an address are counted, as AWS does it if nothing is said.
const rateWindow = 300

// rules are the wanted ones.
func (f *Firewall) rules() []waftypes.Rule {
	all := []waftypes.Rule{{
		Name: aws.String("core"), Priority: 1, VisibilityConfig: measured(f.Name() + "-core"),
		OverrideAction: &waftypes.OverrideAction{None: &waftypes.NoneAction{}},
		Statement: &waftypes.Statement{ManagedRuleGroupStatement: &waftypes.ManagedRuleGroupStatement{
			VendorName: aws.String("AWS"), Name: aws.String(coreRules),
			RuleActionOverrides: []waftypes.RuleActionOverride{{
				Name: aws.String(bodySize), ActionToUse: &waftypes.RuleAction{Count: &waftypes.CountAction{}},
			}},
		}},
	}}
	if f.RateLimit > 0 {
		all = append(all, waftypes.Rule{
			Name: aws.String("rate"), Priority: 0, VisibilityConfig: measured(f.Name() + "-rate"),
			Action: &waftypes.RuleAction{Block: &waftypes.BlockAction{}},
			Statement: &waftypes.Statement{RateBasedStatement: &waftypes.RateBasedStatement{
				AggregateKeyType: waftypes.RateBasedStatementAggregateKeyTypeIp, Limit: aws.Int64(int64(f.RateLimit)), EvaluationWindowSec: rateWindow,
			}},
		})
	}
	return all
}

// measured has CloudWatch count what a rule does.
func measured(name string) *waftypes.VisibilityConfig {
	return &waftypes.VisibilityConfig{CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true, MetricName: &name}
}
