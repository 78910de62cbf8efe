package resource

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
)

// policyName is the name of the one inline policy of our roles.
const policyName = "berth"

// Role is an IAM role that ECS tasks run with, and its one inline policy.
type Role struct {
	Owner  Owner
	Role   string // execution or task
	Label  string
	Policy func(*Scope) string // the inline policy's document, asked for once the identity is known

	ARN string // output

	name   string
	found  bool
	trust  string // as observed
	policy string // as observed, empty when there is none
	scope  *Scope // of the observation: who and where we are
}

// NewRole makes a role; role is execution or task. An account has one set of roles for all regions, so the
// name holds a hash of the region, too; it has 64 characters at most.
func NewRole(o Owner, region, role, label string, policy func(*Scope) string) *Role {
	name := strings.Trim(cut(o.Name(), 46), "-") + "-" + digest(o.App + "/" + o.Env + "/" + region)[:6] + "-" + role
	return &Role{Owner: o, Role: role, Label: label, Policy: policy, name: name}
}

// Info implements Resource.
func (r *Role) Info() Info {
	return Info{
		ID: r.Role + "-role", Kind: "iam.Role", Name: r.name, Label: r.Label, Group: GroupAccess,
		Usually: 2 * time.Second, Gone: 2 * time.Second,
	}
}

// Needs implements Resource.
func (r *Role) Needs() []Need { return nil }

// Observe implements Resource.
func (r *Role) Observe(ctx context.Context, s *Scope) error {
	r.scope = s
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
		if cloud.NotFound(err) {
			return nil
		}
		if err == nil {
			r.found, r.ARN = true, aws.ToString(out.Role.Arn)
			r.trust = aws.ToString(out.Role.AssumeRolePolicyDocument)
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

// trustTasks lets ECS tasks of this account and region take the role on.
func trustTasks(s *Scope) string {
	return document(statement{
		Effect: "Allow", Principal: map[string]string{"Service": "ecs-tasks.amazonaws.com"},
		Action: []string{"sts:AssumeRole"},
		Condition: map[string]map[string]string{
			"StringEquals": {"aws:SourceAccount": s.Identity.Account},
			"ArnLike":      {"aws:SourceArn": s.ARN("ecs", "*")},
		},
	})
}

// ARN is an ARN in the scope's partition, region and account.
func (s *Scope) ARN(service, rest string) string {
	return "arn:" + s.Identity.Partition + ":" + service + ":" + s.Region + ":" + s.Identity.Account + ":" + rest
}

// Exists implements Resource.
func (r *Role) Exists() bool { return r.found }

// Diff implements Resource.
func (r *Role) Diff() Diff {
	if !r.found {
		return absent()
	}
	var whys []string
	if !samePolicy(r.trust, trustTasks(r.scope)) {
		whys = append(whys, "may be taken on by others than ECS tasks of this account")
	}
	if r.policy == "" || !samePolicy(r.policy, r.Policy(r.scope)) {
		whys = append(whys, "does not allow exactly what is needed")
	}
	return update(whys)
}

// iamSettling are the errors of IAM while an earlier change spreads (ecs-provisioning 3.7).
var iamSettling = []cloud.Retryable{
	{Code: "MalformedPolicyDocument", Contains: "Invalid principal", For: 2 * time.Minute},
	{Code: "ConcurrentModification", For: time.Minute},
	{Code: "EntityTemporarilyUnmodifiable", For: time.Minute},
	{Code: "DeleteConflict", For: time.Minute},
	{Code: "NoSuchEntity", For: 20 * time.Second},
}

// Apply implements Resource.
func (r *Role) Apply(ctx context.Context, s *Scope) error {
	switch {
	case !r.found:
		if err := r.create(ctx, s); err != nil {
			return fmt.Errorf("create role: %w", err)
		}
	case !samePolicy(r.trust, trustTasks(r.scope)):
		err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
			_, err := s.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
				RoleName: &r.name, PolicyDocument: aws.String(trustTasks(s)),
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("set who may take the role on: %w", err)
		}
	}
	if r.policy != "" && samePolicy(r.policy, r.Policy(r.scope)) {
		return nil
	}
	err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
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

func (r *Role) create(ctx context.Context, s *Scope) error {
	err := s.Retry(ctx, iamSettling, func(ctx context.Context) error {
		out, err := s.IAM.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: &r.name, AssumeRolePolicyDocument: aws.String(trustTasks(s)),
			Description: aws.String("berth: " + r.Label), Tags: r.Owner.iamTags(r.Role + "-role"),
		})
		if err == nil {
			r.ARN = aws.ToString(out.Role.Arn)
		}
		return err
	})
	if cloud.Is(err, "EntityAlreadyExists") { // made by a call whose answer got lost
		err = s.Adopt(ctx, r.Label, func(ctx context.Context) error { return r.Observe(ctx, s) }, r.Exists)
	}
	r.found = err == nil
	return err
}

// Delete implements Resource.
func (r *Role) Delete(ctx context.Context, s *Scope) error {
	if !r.found {
		return nil
	}
	_, err := s.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &r.name, PolicyName: aws.String(policyName)})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete the role's policy: %w", err)
	}
	attached, err := s.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &r.name})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("list the role's managed policies: %w", err)
	}
	if attached != nil {
		for _, p := range attached.AttachedPolicies {
			_, err := s.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &r.name, PolicyArn: p.PolicyArn})
			if err != nil && !cloud.NotFound(err) {
				return fmt.Errorf("detach %s: %w", aws.ToString(p.PolicyName), err)
			}
		}
	}
	err = s.Retry(ctx, iamSettling[1:4], func(ctx context.Context) error {
		_, err := s.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &r.name})
		return err
	})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}
