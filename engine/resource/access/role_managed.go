package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
)

// Rules are what an organization demands of every role.
type Rules struct {
	Boundary string // ARN of the permissions boundary; empty for none
	Path     string // such as /teams/web/; empty is /
}

// Grants are what berth.toml lets the app itself do in AWS.
type Grants struct {
	Policies []string           // ARNs of managed policies
	Allow    []policy.Statement // written into the role's own policy
}

// tagPolicies is the tag that says which managed policies a run attached, by their digests: those of others stay.
const tagPolicies = "berth:policies"

// digest stands for the ARN of a policy where there is little room.
func digest(arn string) string { return resource.Digest(arn)[:8] }

// tracked reads the tag.
func tracked(tag string) map[string]bool {
	m := map[string]bool{}
	for _, d := range strings.Fields(tag) {
		m[d] = true
	}
	return m
}

// listAttached are the ARNs of the managed policies that the role has.
func (r *Role) listAttached(ctx context.Context, s *resource.Scope) (arns []string, err error) {
	p := iam.NewListAttachedRolePoliciesPaginator(s.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &r.name})
	err = resource.Pages(ctx, p, func(out *iam.ListAttachedRolePoliciesOutput) error {
		for _, a := range out.AttachedPolicies {
			arns = append(arns, aws.ToString(a.PolicyArn))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the role's managed policies: %w", err)
	}
	return arns, nil
}

// managed are the policies to attach, and those of an earlier run to detach.
func (r *Role) managed() (add, drop []string) {
	for _, arn := range r.Grants.Policies {
		if !slices.Contains(r.attached, arn) || !r.tracked[digest(arn)] {
			add = append(add, arn)
		}
	}
	for _, arn := range r.attached {
		if r.tracked[digest(arn)] && !slices.Contains(r.Grants.Policies, arn) {
			drop = append(drop, arn)
		}
	}
	return add, drop
}

// bound sets the permissions boundary.
func (r *Role) bound(ctx context.Context, s *resource.Scope) error {
	if r.Rules.Boundary == "" || r.boundary == r.Rules.Boundary {
		return nil
	}
	_, err := s.IAM.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &r.name, PermissionsBoundary: &r.Rules.Boundary})
	if err != nil {
		return fmt.Errorf("set the role's permissions boundary: %w", err)
	}
	r.boundary = r.Rules.Boundary
	return nil
}

// attach attaches and detaches managed policies. What will be attached is noted before, so that a run that is cut short
// leaves none that nobody knows of.
func (r *Role) attach(ctx context.Context, s *resource.Scope) error {
	add, drop := r.managed()
	if len(add)+len(drop) == 0 {
		return nil
	}
	if err := r.track(ctx, s, append(slices.Clone(r.Grants.Policies), drop...)); err != nil {
		return err
	}
	for _, arn := range add {
		err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
			_, err := s.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &r.name, PolicyArn: &arn})
			return err
		})
		if err != nil {
			return fmt.Errorf("attach %s: %w", arn, err)
		}
	}
	for _, arn := range drop {
		_, err := s.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &r.name, PolicyArn: &arn})
		if resource.UnlessGone(err) != nil {
			return fmt.Errorf("detach %s: %w", arn, err)
		}
	}
	r.attached = append(slices.DeleteFunc(r.attached, func(a string) bool { return slices.Contains(drop, a) }), add...)
	if len(drop) == 0 {
		return nil
	}
	return r.track(ctx, s, r.Grants.Policies)
}

// track notes which managed policies are those of berth.toml.
func (r *Role) track(ctx context.Context, s *resource.Scope, arns []string) error {
	var digests []string
	for _, arn := range arns {
		digests = append(digests, digest(arn))
	}
	slices.Sort(digests)
	value := strings.Join(slices.Compact(digests), " ")
	_, err := s.IAM.TagRole(ctx, &iam.TagRoleInput{
		RoleName: &r.name, Tags: []iamtypes.Tag{{Key: aws.String(tagPolicies), Value: &value}},
	})
	if err != nil {
		return fmt.Errorf("tag the role with its managed policies: %w", err)
	}
	r.tracked = tracked(value)
	return nil
}

// attaching are the permissions for the managed policies.
func (r *Role) attaching(s *resource.Scope, do event.Action) (need []resource.Permission) {
	if len(r.Grants.Policies)+len(r.tracked) == 0 {
		return nil
	}
	need = append(need, resource.On(resource.Actions("iam:ListAttachedRolePolicies"), r.RoleARN(s)))
	add, drop := r.managed()
	if do != event.Create && do != event.Update || len(add)+len(drop) == 0 {
		return need
	}
	actions := resource.Actions("iam:TagRole")
	if len(add) > 0 {
		actions = append(actions, "iam:AttachRolePolicy")
	}
	if len(drop) > 0 {
		actions = append(actions, "iam:DetachRolePolicy")
	}
	return append(need, resource.On(actions, r.RoleARN(s)))
}

// Checks implements Checked: what the app may do is told before it is given, and what AWS cannot change is refused.
func (r *Role) Checks(do event.Action) []resource.Probe {
	if do == event.Delete {
		return nil
	}
	var all []resource.Probe
	if r.Rules.Path != "" && r.found && r.path != r.Rules.Path {
		all = append(all, r.probe("path", "the path of "+r.Label, resource.Finding{
			Verdict: resource.Fail, Text: fmt.Sprintf("%s is at %s, and AWS cannot move it to %s", r.Label, r.path, r.Rules.Path),
			Remedy: "restore account_rules.role_path, or destroy the app (berth destroy --keep-data leaves its data) and deploy it again",
		}))
	}
	if (do == event.Create || do == event.Update) && r.Trust == nil && len(r.Grants.Policies)+len(r.Grants.Allow) > 0 {
		all = append(all, r.probe("grants", "what the app itself is allowed to do in AWS", r.Grants.told()))
	}
	var policies []string
	if r.Rules.Boundary != "" && r.boundary != r.Rules.Boundary {
		policies = append(policies, r.Rules.Boundary)
	}
	add, _ := r.managed()
	for _, arn := range append(policies, add...) {
		all = append(all, resource.Probe{
			ID: r.Role + "-role-" + resource.Last(arn), Title: "the policy " + resource.Last(arn),
			Look: func(ctx context.Context, s *resource.Scope) resource.Finding { return there(ctx, s, arn) },
		})
	}
	return all
}

func (r *Role) probe(id, title string, f resource.Finding) resource.Probe {
	return resource.Probe{ID: r.Role + "-role-" + id, Title: title, Offline: true, Look: func(context.Context, *resource.Scope) resource.Finding { return f }}
}

// there says whether a managed policy exists.
func there(ctx context.Context, s *resource.Scope, arn string) resource.Finding {
	_, err := s.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	switch {
	case cloud.NotFound(err):
		return resource.Finding{
			Verdict: resource.Fail, Text: "the policy " + arn + " does not exist",
			Remedy: "correct its ARN in berth.toml, or create the policy in IAM",
		}
	case err != nil:
		return resource.Finding{Verdict: resource.Unknown, Text: "could not look up the policy " + resource.Last(arn) + ": " + cloud.WhyNot(err)}
	}
	return resource.Finding{Verdict: resource.OK, Text: "the policy " + resource.Last(arn) + " exists"}
}

// told says what the app may do, and what of that is wide open.
func (g Grants) told() resource.Finding {
	var may, open []string
	for _, arn := range g.Policies {
		name := resource.Last(arn)
		may = append(may, "everything that "+name+" allows")
		if name == "AdministratorAccess" || name == "PowerUserAccess" || name == "IAMFullAccess" {
			open = append(open, name)
		}
	}
	for _, st := range g.Allow {
		may = append(may, strings.Join(st.Action, ", ")+" on "+strings.Join(st.Resource, ", "))
		for _, a := range st.Action {
			if a == "*" || strings.HasSuffix(a, ":*") {
				open = append(open, a)
			}
		}
		if slices.Contains(st.Resource, "*") {
			open = append(open, strings.Join(st.Action, ", ")+" on *, which is everything in the account")
		}
	}
	f := resource.Finding{Verdict: resource.Warn, Text: "the app itself is allowed in AWS: " + strings.Join(may, "; ")}
	if len(open) > 0 {
		f.Text += ". Wide open: " + strings.Join(open, "; ")
		f.Remedy = "name actions and resources in permissions.allow of berth.toml"
	}
	return f
}
