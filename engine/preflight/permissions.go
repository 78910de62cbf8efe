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
		c.State, c.Text = Unknown, fmt.Sprintf("could not check the %d permissions: %s", count, why)
		return c
	}
	if who == "" {
		c.State, c.Text = OK, fmt.Sprintf("the root user has all %d permissions, unless the organization restricts the account", count)
		return c
	}
	denied, err := ask(ctx, s, who, need)
	if err != nil {
		c.State = Unknown
		c.Text = fmt.Sprintf("could not check the %d permissions: %s", count, cloud.WhyNot(err))
		return c
	}
	return c.judge(need, denied, count)
}

// denial is why IAM says that an action is not allowed, empty where nothing allows it.
type denial struct {
	how    string
	unsure bool // IAM does not know all that decides
}

// judge says what the denied actions mean for a run. IAM's answer is the last word only where it knew all that decides:
// it is not told of all that a request has, and simulates policies of an organization in part (engine/AWS.md,
// Permissions).
func (c Check) judge(need []resource.Permission, denied map[string]denial, count int) Check {
	if len(denied) == 0 {
		c.State, c.Text = OK, fmt.Sprintf("all %d permissions are granted, as far as IAM can see the organization's policies", count)
		return c
	}
	names := map[string]bool{}
	var less, hard, open, how []string
	for _, a := range slices.Sorted(maps.Keys(denied)) {
		d, without := denied[a], harmless(need, a)
		text := a
		if d.how != "" {
			text += " (" + d.how + ")"
		}
		switch {
		case without != "" && !d.unsure:
			less = append(less, a+" ("+without+")")
		case d.unsure:
			open = append(open, text)
			continue
		default:
			hard, how = append(hard, text), append(how, d.how)
		}
		names[a] = true
	}
	if len(names) > 0 {
		c.Missing = slices.Sorted(maps.Keys(names))
		c.Policy = Policy(missing(need, names))
	}
	switch {
	case len(hard) > 0:
		c.State, c.Text = Fail, "the permission "+hard[0]+" is missing"
		if len(hard) > 1 {
			c.Text = fmt.Sprintf("%d permissions are missing", len(hard))
		}
		c.Remedy = "allow the missing ones (berth doctor prints the policy), then run the same command again"
		if slices.ContainsFunc(how, func(h string) bool { return h != "" }) {
			c.Remedy = "an administrator must remove the deny; an allow in another policy does not override it"
		}
		c.Remedy += "; --skip-preflight goes ahead regardless"
	case len(open) > 0:
		c.State = Unknown
		c.Text = fmt.Sprintf("IAM cannot tell whether %s of %d are granted: %s", resource.Counted(len(open), "permission"), count, some(open))
		c.Remedy = "continue: if one is missing, the run stops and names it, and continues once it is granted"
	default:
		c.State, c.Text = Warn, "optional permissions are missing: "+strings.Join(less, ", ")
		c.Remedy = "allow them with the policy that berth doctor prints, or continue without them"
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
func ask(ctx context.Context, s *resource.Scope, who string, need []resource.Permission) (map[string]denial, error) {
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
func askEach(ctx context.Context, s *resource.Scope, who string, gs []resource.Permission) (map[string]denial, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		denied = map[string]denial{}
		failed error
		slots  = make(chan struct{}, atOnce)
	)
	for _, g := range gs {
		for _, batch := range batches(g.Actions) {
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
						if a := aws.ToString(r.EvalActionName); denied[a] == (denial{}) || denied[a].unsure {
							denied[a] = how
						}
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
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &who, ActionNames: actions, ResourceArns: g.Resources, ContextEntries: circumstances(s, actions[0]),
	}
	for _, keys := range g.When {
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			in.ContextEntries = append(in.ContextEntries, entry(k, iamtypes.ContextKeyTypeEnumString, keys[k][0]))
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

// circumstances are what is known of the request for an action, which policies may ask for. All actions of one question
// are asked for under the same.
func circumstances(s *resource.Scope, action string) []iamtypes.ContextEntry {
	return []iamtypes.ContextEntry{
		entry("aws:RequestedRegion", iamtypes.ContextKeyTypeEnumString, regionOf(s, action)),
		entry("aws:SecureTransport", iamtypes.ContextKeyTypeEnumBoolean, "true"),
		entry("aws:ViaAWSService", iamtypes.ContextKeyTypeEnumBoolean, "false"),
		entry("aws:PrincipalIsAWSService", iamtypes.ContextKeyTypeEnumBoolean, "false"),
		entry("aws:PrincipalAccount", iamtypes.ContextKeyTypeEnumString, s.Identity.Account),
		entry("aws:ResourceAccount", iamtypes.ContextKeyTypeEnumString, s.Identity.Account),
		entry("aws:CurrentTime", iamtypes.ContextKeyTypeEnumDate, s.Clock.Now().UTC().Format("2006-01-02T15:04:05Z")),
	}
}

func entry(key string, kind iamtypes.ContextKeyTypeEnum, value string) iamtypes.ContextEntry {
	return iamtypes.ContextEntry{ContextKeyName: &key, ContextKeyType: kind, ContextKeyValues: []string{value}}
}

// global says whether a service has one place in its partition, whose region its requests are made in (engine/AWS.md,
// Permissions).
func global(action string) bool {
	service, _, _ := strings.Cut(action, ":")
	return service == "iam" || service == "cloudfront" || service == "route53"
}

// regionOf is the region that a request for the action is made in.
func regionOf(s *resource.Scope, action string) string {
	if !global(action) {
		return s.Region
	}
	switch s.Identity.Partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return "us-east-1"
}

// batches are the actions of each question: those of one place, and not too many.
func batches(actions []string) [][]string {
	var here, there []string
	for _, a := range actions {
		if global(a) {
			there = append(there, a)
		} else {
			here = append(here, a)
		}
	}
	return append(slices.Collect(slices.Chunk(here, perCall)), slices.Collect(slices.Chunk(there, perCall))...)
}

// refuses says whether an answer is no, and what forbids it when it is more than that nothing allows it.
func refuses(r iamtypes.EvaluationResult) (how denial, no bool) {
	decisions, lacks := []iamtypes.PolicyEvaluationDecisionType{r.EvalDecision}, r.MissingContextValues
	for _, one := range r.ResourceSpecificResults {
		decisions, lacks = append(decisions, one.EvalResourceDecision), append(lacks, one.MissingContextValues...)
	}
	for _, d := range decisions {
		if d == iamtypes.PolicyEvaluationDecisionTypeAllowed {
			continue
		}
		no = true
		if d == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny {
			how.how = "a policy denies it"
		}
	}
	slices.Sort(lacks)
	switch lacks = slices.Compact(lacks); {
	case !no:
	case r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations:
		how = denial{how: "a policy of the organization seems to forbid it", unsure: true}
	case r.PermissionsBoundaryDecisionDetail != nil && !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		how = denial{how: "the permissions boundary seems to forbid it", unsure: true}
	case len(lacks) > 0:
		how = denial{how: "a policy requires " + some(lacks), unsure: true}
	}
	return how, no
}
