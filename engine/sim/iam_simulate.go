package sim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// guards are what the policies that the caller has allow anything under, by the name of the guard: what each needs to
// know of a request, and whether that meets it. Requests themselves meet all of them.
var guards = map[string]struct {
	key string
	met func(c *call, value, action string) bool
}{
	"region": {"aws:RequestedRegion", func(c *call, value, action string) bool {
		service, _, _ := strings.Cut(action, ":")
		if slices.Contains([]string{"iam", "cloudfront", "route53"}, service) {
			return value == "us-east-1"
		}
		return value == c.r.Name
	}},
	"tls": {"aws:SecureTransport", func(_ *call, value, _ string) bool { return value == "true" }},
	"mfa": {"aws:MultiFactorAuthPresent", func(_ *call, value, _ string) bool { return value == "true" }},
}

// iamSimulatePrincipalPolicy answers as IAM does: what a policy needs to know and was not told is missing, in the result
// where all resources were asked for and in those of each resource else, and nothing is allowed by it (engine/AWS.md,
// Permissions).
func iamSimulatePrincipalPolicy(c *call, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if str(in.PolicySourceArn) != c.st.principal() {
		return nil, &iamtypes.NoSuchEntityException{Message: msg("The entity %s cannot be found.", str(in.PolicySourceArn))}
	}
	told := map[string]string{}
	for _, e := range in.ContextEntries {
		told[str(e.ContextKeyName)] = e.ContextKeyValues[0]
	}
	out := &iam.SimulatePrincipalPolicyOutput{}
	for _, act := range in.ActionNames {
		res := iamtypes.EvaluationResult{
			EvalActionName: new(act), EvalDecision: iamtypes.PolicyEvaluationDecisionTypeAllowed, EvalResourceName: new("*"),
		}
		c.guarded(&res, told)
		if c.a.denied([]string{act}) != "" {
			res.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
		}
		if len(in.ResourceArns) > 0 && in.ResourceArns[0] != "*" {
			for _, arn := range in.ResourceArns {
				res.ResourceSpecificResults = append(res.ResourceSpecificResults, iamtypes.ResourceSpecificResult{
					EvalResourceName: new(arn), EvalResourceDecision: res.EvalDecision, MissingContextValues: res.MissingContextValues,
				})
			}
			res.MissingContextValues = nil
		}
		out.EvaluationResults = append(out.EvaluationResults, res)
	}
	return out, nil
}

// guarded judges an action by the guards of the account.
func (c *call) guarded(res *iamtypes.EvaluationResult, told map[string]string) {
	for _, f := range c.a.faults {
		if f.kind != faultGuard {
			continue
		}
		kind, action, _ := strings.Cut(f.target, "/")
		refused := wild(action, str(res.EvalActionName))
		switch g, known := guards[kind]; {
		case known:
			value, there := valueOf(told, g.key)
			if !there {
				res.MissingContextValues = append(res.MissingContextValues, g.key)
			}
			refused = !g.met(c, value, str(res.EvalActionName))
		case refused && kind == "organization":
			res.OrganizationsDecisionDetail = &iamtypes.OrganizationsDecisionDetail{}
		case refused && kind == "boundary":
			res.PermissionsBoundaryDecisionDetail = &iamtypes.PermissionsBoundaryDecisionDetail{}
		}
		if refused {
			res.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
		}
	}
}
