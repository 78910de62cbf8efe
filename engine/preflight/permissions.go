package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"berth/engine/cloud"
	"berth/engine/policy"
	"berth/engine/resource"
)

// PermissionsID is the id of the check of the permissions.
const PermissionsID = "permissions"

// perCall is how many actions one question may name.
const perCall = 100

// atOnce is how many questions are asked at the same time: IAM allows few calls a second (engine/AWS.md, Throttling).
const atOnce = 4

// attempts is how often one question is tried: not to know is no harm, to keep somebody waiting is.
const attempts = 4

// permissions asks IAM which of the permissions the caller has not.
func permissions(ctx context.Context, s *resource.Scope, need []resource.Permission) Check {
	c := Check{ID: PermissionsID, Title: "permissions"}
	count := len(Policy(need).Actions())
	who, why := principal(ctx, s)
	if why != "" {
		c.State, c.Text = Unknown, fmt.Sprintf("could not ask whether the %d permissions are there: %s", count, why)
		return c
	}
	if who == "" {
		c.State, c.Text = OK, fmt.Sprintf("the root user has all %d permissions", count)
		return c
	}
	denied, err := ask(ctx, s, who, need)
	if err != nil {
		c.State = Unknown
		c.Text = fmt.Sprintf("could not ask whether the %d permissions are there: %s", count, cloud.WhyNot(err))
		return c
	}
	return c.judge(need, denied, count)
}

// judge tells what is missing: whether the run fails without it, or only knows or tidies up less.
func (c Check) judge(need []resource.Permission, denied map[string]string, count int) Check {
	if len(denied) == 0 {
		c.State, c.Text = OK, fmt.Sprintf("all %d permissions are there", count)
		return c
	}
	names := map[string]bool{}
	for a := range denied {
		names[a] = true
	}
	c.Missing = slices.Sorted(maps.Keys(names))
	c.Policy = Policy(missing(need, names))
	c.State = Warn
	var less, hard, how []string
	for _, a := range c.Missing {
		if without := harmless(need, a); without != "" {
			less = append(less, a+" ("+without+")")
			continue
		}
		hard = append(hard, a)
		if how = append(how, denied[a]); denied[a] != "" {
			hard[len(hard)-1] += " (" + denied[a] + ")"
		}
	}
	c.Text = "permissions that a run can do without are missing: " + strings.Join(less, ", ")
	c.Remedy = "allow them with the policy that berth doctor prints, or go on without"
	if len(hard) == 0 {
		return c
	}
	c.State, c.Text = Fail, "the permission "+hard[0]+" is missing"
	if len(hard) > 1 {
		c.Text = fmt.Sprintf("%d permissions are missing", len(hard))
	}
	c.Remedy = "allow what is missing (berth doctor prints the policy for it), then run the same command again"
	if slices.ContainsFunc(how, func(h string) bool { return h != "" }) {
		c.Remedy = "an administrator must lift what forbids it; a policy that allows it is not enough where another one denies it"
	}
	return c
}

// short is how many actions fit into a sentence.
const short = 4

// some are the first of a list of names.
func some(names []string) string {
	if len(names) <= short {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:short], ", ") + fmt.Sprintf(" and %d more", len(names)-short)
}

// harmless says what a run does less without an action; empty when some part of it fails.
func harmless(need []resource.Permission, action string) string {
	without := ""
	for _, p := range need {
		if slices.Contains(p.Actions, action) {
			if p.Without == "" {
				return ""
			}
			without = p.Without
		}
	}
	return without
}

// principal is the ARN whose policies count: of a user, or of the role behind a session. It is empty for the
// root user, who may do everything. why is not empty when the caller has no policies that can be asked about.
func principal(ctx context.Context, s *resource.Scope) (who, why string) {
	a, err := arn.Parse(s.Identity.ARN)
	if err != nil {
		return "", "AWS names the caller as " + s.Identity.ARN
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Resource == "root":
		return "", ""
	case kind == "user", kind == "role":
		return s.Identity.ARN, ""
	case kind == "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		// The ARN of a session leaves the role's path out, which roles of IAM Identity Center have.
		out, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err == nil && out.Role != nil {
			return aws.ToString(out.Role.Arn), ""
		}
		return s.Identity.RoleARN(name), ""
	}
	return "", "IAM answers that for users and roles only, and this is " + a.Resource
}

// ask returns the actions that are denied, each with how: empty when nothing allows it, or what forbids it. It
// asks for everything on all resources first, which one who may do all that needs no more than; what is not
// allowed so is asked for on the very resources.
func ask(ctx context.Context, s *resource.Scope, who string, need []resource.Permission) (map[string]string, error) {
	all := resource.Permission{Resources: []string{"*"}, When: policy.Condition{"StringEquals": {}}}
	for _, p := range need {
		all.Actions = append(all.Actions, p.Actions...)
		for _, keys := range p.When {
			for k, v := range keys {
				if _, taken := all.When["StringEquals"][k]; !taken {
					all.When["StringEquals"][k] = v[:1]
				}
			}
		}
	}
	first, err := askEach(ctx, s, who, groups([]resource.Permission{all}))
	if err != nil || len(first) == 0 {
		return nil, err
	}
	narrow := map[string]bool{}
	for a := range first {
		narrow[a] = true
	}
	return askEach(ctx, s, who, groups(missing(need, narrow)))
}

// askEach asks a question for each group of at most perCall actions.
func askEach(ctx context.Context, s *resource.Scope, who string, gs []resource.Permission) (map[string]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		denied = map[string]string{}
		failed error
		slots  = make(chan struct{}, atOnce)
	)
	for _, g := range gs {
		for batch := range slices.Chunk(g.Actions, perCall) {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				results, err := simulate(ctx, s, who, batch, g)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					if failed == nil {
						failed = err
					}
					cancel()
					return
				}
				for _, r := range results {
					if how, no := refuses(r); no {
						denied[aws.ToString(r.EvalActionName)] = how
					}
				}
			})
		}
	}
	wg.Wait()
	return denied, failed
}

// simulate is one question, over all pages of its answer.
func simulate(ctx context.Context, s *resource.Scope, who string, actions []string, g resource.Permission) ([]iamtypes.EvaluationResult, error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &who, ActionNames: actions, ResourceArns: g.Resources}
	for _, keys := range g.When {
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{
				ContextKeyName: &k, ContextKeyType: iamtypes.ContextKeyTypeEnumString, ContextKeyValues: keys[k][:1],
			})
		}
	}
	var all []iamtypes.EvaluationResult
	pages := iam.NewSimulatePrincipalPolicyPaginator(s.IAM, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx, func(o *iam.Options) { o.RetryMaxAttempts = attempts })
		if err != nil {
			return nil, err
		}
		all = append(all, out.EvaluationResults...)
	}
	return all, nil
}

// refuses says whether an answer is no, and what forbids it when it is more than that nothing allows it.
func refuses(r iamtypes.EvaluationResult) (how string, no bool) {
	decisions := []iamtypes.PolicyEvaluationDecisionType{r.EvalDecision}
	for _, one := range r.ResourceSpecificResults {
		decisions = append(decisions, one.EvalResourceDecision)
	}
	for _, d := range decisions {
		if d == iamtypes.PolicyEvaluationDecisionTypeAllowed {
			continue
		}
		no = true
		if d == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny {
			how = "a policy denies it"
		}
	}
	switch {
	case !no:
	case r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations:
		how = "the organization does not allow it"
	case r.PermissionsBoundaryDecisionDetail != nil && !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		how = "the permissions boundary does not allow it"
	}
	return how, no
}
