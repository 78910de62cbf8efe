package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"

	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
)

// policyName is the name of the one inline policy of our roles.
const policyName = "berth"

// Role is an IAM role that ECS tasks run with, and its one inline policy.
type Role struct {
	resource.Claim
	Owner  resource.Owner
	Role   string // execution or task
	Label  string
	Policy func(*resource.Scope) string // the inline policy's document, asked for once the identity is known; empty: it has none
	Rules  Rules                        // what the organization demands of it
	Grants Grants                       // what berth.toml lets the app do beyond Policy, which has it, too
	// Trust says who may take the role on. Nil: ECS tasks.
	Trust    func(*resource.Scope) policy.Statement
	Behind   []resource.Resource // made before it and removed after it
	Unwanted bool                // the app does without; one that is left goes
	Ends     string              // what stops working without it, beyond the app

	ARN string // output

	name     string
	found    bool
	trust    string // as observed
	policy   string // as observed, empty when there is none
	path     string // as observed
	boundary string // as observed
	attached []string
	tracked  map[string]bool // digests of the managed policies that a run attached
}

// NewRole makes a role; role is execution or task. An account has one set of roles for all regions, so the
// name holds a hash of the region, too; it has 64 characters at most.
func NewRole(o resource.Owner, region, role, label string, policy func(*resource.Scope) string) *Role {
	name := strings.Trim(resource.Shorten(o.Name(), 46), "-") + "-" + inRegion(o, region) + "-" + role
	return &Role{Owner: o, Role: role, Label: label, Policy: policy, name: name}
}

// inRegion stands for an app in a region, in the names of its roles.
func inRegion(o resource.Owner, region string) string {
	return resource.Digest(o.App + "/" + o.Env + "/" + region)[:6]
}

// Info implements Resource.
func (r *Role) Info() resource.Info {
	return resource.Info{
		ID: r.Role + "-role", Kind: "iam.Role", Name: r.name, Label: r.Label, Group: resource.GroupAccess,
		Usually: 2 * time.Second, Gone: 2 * time.Second, Ends: r.Ends,
	}
}

// Needs implements Resource.
func (r *Role) Needs() []resource.Need { return resource.After(r.Behind...) }

// Wanted implements Optional.
func (r *Role) Wanted() bool { return !r.Unwanted }

// Identifier implements Identified.
func (r *Role) Identifier() string { return r.ARN }

// Observe implements Resource.
func (r *Role) Observe(ctx context.Context, s *resource.Scope) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
		if cloud.NotFound(err) {
			return nil
		}
		if err == nil {
			r.found, r.ARN = true, aws.ToString(out.Role.Arn)
			r.trust = aws.ToString(out.Role.AssumeRolePolicyDocument)
			tags := resource.TagMap(out.Role.Tags, func(t iamtypes.Tag) (k, v *string) { return t.Key, t.Value })
			r.path, r.tracked = aws.ToString(out.Role.Path), tracked(tags[tagPolicies])
			if b := out.Role.PermissionsBoundary; b != nil {
				r.boundary = aws.ToString(b.PermissionsBoundaryArn)
			}
			if err = r.Judge(r.Owner, tags, nil); err == nil && len(r.Grants.Policies)+len(r.tracked) > 0 {
				r.attached, err = r.listAttached(ctx, s)
			}
		}
		return err
	})
	g.Go(func() error {
		out, err := s.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.name, PolicyName: aws.String(policyName)})
		if cloud.NotFound(err) {
			return nil
		}
		if err == nil {
			r.policy = aws.ToString(out.PolicyDocument)
		}
		return err
	})
	return g.Wait()
}

// trustPolicy says who may take the role on: ECS tasks of this account and region, unless Trust says otherwise.
func (r *Role) trustPolicy(s *resource.Scope) string {
	if r.Trust != nil {
		return policy.Of(r.Trust(s)).Text()
	}
	return policy.Of(policy.Statement{
		Effect: "Allow", Principal: map[string]string{"Service": "ecs-tasks.amazonaws.com"},
		Action: []string{"sts:AssumeRole"},
		Condition: policy.Condition{
			"StringEquals": {"aws:SourceAccount": {s.Identity.Account}},
			"ArnLike":      {"aws:SourceArn": {s.ARN("ecs", "*")}},
		},
	}).Text()
}

// Exists implements Resource.
func (r *Role) Exists() bool { return r.found && r.Ours() }

// Diff implements Resource.
func (r *Role) Diff(s *resource.Scope) resource.Diff {
	if r.Unwanted {
		return resource.Unwanted(r)
	}
	if !r.found {
		return resource.Absent()
	}
	var drift resource.Drift
	if want := r.trustPolicy(s); !policy.Same(r.trust, want) {
		drift.Add("trusts other principals than it should", resource.Field("trust policy", policy.Plain(r.trust), want))
	}
	if want := r.Policy(s); !r.says(s) {
		drift.Add("does not grant exactly what is needed", resource.Field("policy", policy.Plain(r.policy), want))
	}
	if want := r.Rules.Path; want != "" && r.path != want { // Checks refuses it
		drift.Add("is not at the required path", resource.Field("path", r.path, want))
	}
	if want := r.Rules.Boundary; want != "" && r.boundary != want {
		drift.Add("does not have the required permissions boundary", resource.Field("permissions boundary", r.boundary, want))
	}
	add, drop := r.managed()
	for _, arn := range add {
		drift.Add("lacks a policy that berth.toml names", resource.Field("policies", "", arn))
	}
	for _, arn := range drop {
		drift.Add("has a policy that berth.toml no longer names", resource.Field("policies", arn, ""))
	}
	return drift.Diff()
}

// iamSettling are the errors of IAM while an earlier change spreads (engine/AWS.md, Settling).
var iamSettling = []cloud.Retryable{
	{Code: "MalformedPolicyDocument", Contains: "Invalid principal", For: 2 * time.Minute},
	{Code: "ConcurrentModification", For: time.Minute},
	{Code: "EntityTemporarilyUnmodifiable", For: time.Minute},
	{Code: "DeleteConflict", For: time.Minute},
	{Code: "NoSuchEntity", For: 20 * time.Second},
}

// Apply implements Resource.
func (r *Role) Apply(ctx context.Context, s *resource.Scope) error {
	switch {
	case !r.found:
		if err := r.create(ctx, s); err != nil {
			return fmt.Errorf("create role: %w", err)
		}
	case !policy.Same(r.trust, r.trustPolicy(s)):
		err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
			_, err := s.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
				RoleName: &r.name, PolicyDocument: aws.String(r.trustPolicy(s)),
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("set the trust policy of the role: %w", err)
		}
	}
	if !r.says(s) {
		if err := r.write(ctx, s); err != nil {
			return err
		}
	}
	if err := r.bound(ctx, s); err != nil {
		return err
	}
	return r.attach(ctx, s)
}

// says says whether the inline policy is the one that is wanted, or none is and there is none.
func (r *Role) says(s *resource.Scope) bool {
	want := r.Policy(s)
	if r.policy == "" || want == "" {
		return r.policy == want
	}
	return policy.Same(r.policy, want)
}

// write writes the inline policy, or deletes one that nothing asks for.
func (r *Role) write(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
		if r.Policy(s) == "" {
			_, err := s.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &r.name, PolicyName: aws.String(policyName)})
			return err
		}
		_, err := s.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &r.name, PolicyName: aws.String(policyName), PolicyDocument: aws.String(r.Policy(s)),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("write the role's policy: %w", err)
	}
	return nil
}

func (r *Role) create(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
		in := &iam.CreateRoleInput{
			RoleName: &r.name, AssumeRolePolicyDocument: aws.String(r.trustPolicy(s)),
			Description: aws.String("berth: " + r.Label), Tags: r.Owner.IAMTags(r.Role + "-role"),
		}
		if r.Rules.Path != "" {
			in.Path = &r.Rules.Path
		}
		if r.Rules.Boundary != "" {
			in.PermissionsBoundary = &r.Rules.Boundary
		}
		out, err := s.IAM.CreateRole(ctx, in)
		if err == nil {
			r.ARN, r.path, r.boundary = aws.ToString(out.Role.Arn), aws.ToString(out.Role.Path), r.Rules.Boundary
		}
		return err
	})
	if cloud.Is(err, "EntityAlreadyExists") { // made by a call whose answer got lost
		err = s.Adopt(ctx, r.Label, func(ctx context.Context) error { return r.Observe(ctx, s) }, r.Exists)
	}
	r.found = err == nil
	return err
}

// Delete implements Resource. What others attached to the role or wrote into it goes with it, each told by name: AWS
// deletes no role that still has a policy.
func (r *Role) Delete(ctx context.Context, s *resource.Scope) error {
	if !r.Exists() {
		return nil
	}
	err := resource.UnlessGone(errors.Join(r.detach(ctx, s), r.empty(ctx, s)))
	if err != nil {
		return err
	}
	err = s.Retry(ctx, iamSettling[1:4], func(ctx context.Context) error {
		_, err := s.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &r.name})
		return err
	})
	return resource.UnlessGone(err)
}

// detach takes off the managed policies that others attached.
func (r *Role) detach(ctx context.Context, s *resource.Scope) error {
	attached, err := r.listAttached(ctx, s)
	if err != nil {
		return err
	}
	for _, arn := range attached {
		_, err := s.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &r.name, PolicyArn: &arn})
		if resource.UnlessGone(err) != nil {
			return fmt.Errorf("detach %s from the role %s: %w", resource.Last(arn), r.name, err)
		}
		if !r.tracked[digest(arn)] {
			s.Notice("berth", "detached "+resource.Last(arn)+", which berth did not attach, from the role "+r.name)
		}
	}
	return nil
}

// empty removes the inline policies, ours and those of others.
func (r *Role) empty(ctx context.Context, s *resource.Scope) error {
	var inline []string
	p := iam.NewListRolePoliciesPaginator(s.IAM, &iam.ListRolePoliciesInput{RoleName: &r.name})
	err := resource.Pages(ctx, p, func(out *iam.ListRolePoliciesOutput) error {
		inline = append(inline, out.PolicyNames...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the role's inline policies: %w", err)
	}
	for _, name := range inline {
		_, err := s.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &r.name, PolicyName: &name})
		if resource.UnlessGone(err) != nil {
			return fmt.Errorf("delete the policy %s of the role %s: %w", name, r.name, err)
		}
		if name != policyName {
			s.Notice("berth", "deleted the policy "+name+", which berth did not create, from the role "+r.name)
		}
	}
	return nil
}

// arn is the role's ARN, which is known before the role exists.
func (r *Role) RoleARN(s *resource.Scope) string {
	return s.GlobalARN("iam", "role"+cmp.Or(r.path, r.Rules.Path, "/")+r.name)
}

// Permissions implements Permissioned.
func (r *Role) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("iam:GetRole", "iam:GetRolePolicy")
	switch do {
	case event.Create:
		actions = append(actions, "iam:CreateRole", "iam:TagRole")
		if r.Policy(s) != "" {
			actions = append(actions, "iam:PutRolePolicy")
		}
		if r.Rules.Boundary != "" {
			actions = append(actions, "iam:PutRolePermissionsBoundary")
		}
	case event.Update:
		if !policy.Same(r.trust, r.trustPolicy(s)) {
			actions = append(actions, "iam:UpdateAssumeRolePolicy")
		}
		if !r.says(s) {
			actions = append(actions, map[bool]string{true: "iam:DeleteRolePolicy", false: "iam:PutRolePolicy"}[r.Policy(s) == ""])
		}
		if want := r.Rules.Boundary; want != "" && r.boundary != want {
			actions = append(actions, "iam:PutRolePermissionsBoundary")
		}
	case event.Delete:
		actions = append(actions, "iam:DeleteRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:DeleteRole")
		detach := resource.On(resource.Actions("iam:DetachRolePolicy"), r.RoleARN(s))
		detach.Without = "a role with a policy attached by someone else is not deleted"
		return []resource.Permission{resource.On(actions, r.RoleARN(s)), detach}
	case event.None, event.Replace:
	}
	return append([]resource.Permission{resource.On(actions, r.RoleARN(s))}, r.attaching(s, do)...)
}

// Roles lists the roles of apps in this region: IAM itself knows no region, but what they trust does, and their names do.
var Roles = resource.Listing{What: "roles", List: listRoles}

func listRoles(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := iam.NewListRolesPaginator(s.IAM, &iam.ListRolesInput{})
	err := resource.Pages(ctx, p, func(out *iam.ListRolesOutput) error {
		for _, r := range out.Roles {
			name := aws.ToString(r.RoleName)
			if strings.HasPrefix(name, resource.NamePrefix) && trustsHere(aws.ToString(r.AssumeRolePolicyDocument), s.Region) {
				all = append(all, resource.Found{Kind: "iam.Role", Name: name, ARN: aws.ToString(r.Arn)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByTags(ctx, all, func(ctx context.Context, f *resource.Found) (map[string]string, error) {
		tags := map[string]string{}
		p := iam.NewListRoleTagsPaginator(s.IAM, &iam.ListRoleTagsInput{RoleName: &f.Name})
		err := resource.Pages(ctx, p, func(out *iam.ListRoleTagsOutput) error {
			maps.Copy(tags, resource.TagMap(out.Tags, func(t iamtypes.Tag) (k, v *string) { return t.Key, t.Value }))
			return nil
		})
		if o, ok := resource.OwnerOf(tags); ok && !strings.Contains(f.Name, "-"+inRegion(o, s.Region)+"-") {
			tags = nil // for the app in another region: what a pipeline's role trusts has none
		}
		return tags, err
	})
}

// trusted finds the region whose tasks may take a role on.
var trusted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`arn:[a-z-]+:ecs:([a-z0-9-]+):`) })

// trustsHere says whether a role is for tasks in the region. A trust policy that names none counts as such.
func trustsHere(document, region string) bool {
	m := trusted().FindStringSubmatch(policy.Plain(document))
	return m == nil || m[1] == region
}
