package resource

import "berth/engine/event"

// Permissions implements Permissioned.
func (r *ServiceLinkedRole) Permissions(s *Scope, do event.Action) []Permission {
	if r.Unwanted {
		return nil
	}
	arn := s.globalARN("iam", "role/aws-service-role/"+r.Service+"/*")
	need := []Permission{on(acts("iam:GetRole"), arn)}
	if do == event.Create {
		create := on(acts("iam:CreateServiceLinkedRole"), arn)
		create.When = equal("iam:AWSServiceName", r.Service)
		need = append(need, anywhere("iam:ListRoles"), create)
	}
	return need
}

// arn is the role's ARN, which is known before the role exists.
func (r *Role) arn(s *Scope) string { return s.globalARN("iam", "role/"+r.name) }

// Permissions implements Permissioned.
func (r *Role) Permissions(s *Scope, do event.Action) []Permission {
	actions := acts("iam:GetRole", "iam:GetRolePolicy")
	switch do {
	case event.Create:
		actions = append(actions, "iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy")
	case event.Update:
		if r.scope == nil || !samePolicy(r.trust, trustTasks(r.scope)) {
			actions = append(actions, "iam:UpdateAssumeRolePolicy")
		}
		if r.policy == "" || !samePolicy(r.policy, r.Policy(r.scope)) {
			actions = append(actions, "iam:PutRolePolicy")
		}
	case event.Delete:
		actions = append(actions, "iam:DeleteRolePolicy", "iam:ListAttachedRolePolicies", "iam:DeleteRole")
	case event.None, event.Replace:
	}
	return []Permission{on(actions, r.arn(s))}
}

// Permissions implements Permissioned.
func (r *Repository) Permissions(s *Scope, do event.Action) []Permission {
	actions := acts("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy")
	switch do {
	case event.Create:
		actions = append(actions, "ecr:CreateRepository", "ecr:TagResource", "ecr:PutLifecyclePolicy")
	case event.Update:
		actions = append(actions, "ecr:PutLifecyclePolicy")
	case event.Delete:
		actions = append(actions, "ecr:DeleteRepository")
	case event.None, event.Replace:
	}
	return []Permission{on(actions, r.ARN(s))}
}

// Permissions implements Permissioned: building an image needs nothing of AWS.
func (b *Build) Permissions(*Scope, event.Action) []Permission { return nil }

// Permissions implements Permissioned.
func (i *Image) Permissions(s *Scope, do event.Action) []Permission {
	if !i.pushes() {
		return i.externalPermissions(s)
	}
	actions := acts("ecr:DescribeImages")
	if do != event.Create {
		return []Permission{on(actions, i.Repository.ARN(s))}
	}
	actions = append(actions, "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
		"ecr:CompleteLayerUpload", "ecr:PutImage")
	look := on(acts("ecr:BatchGetImage"), i.Repository.ARN(s))
	look.Without = "an image that is there already is sent once more"
	return []Permission{on(actions, i.Repository.ARN(s)), look, anywhere("ecr:GetAuthorizationToken")}
}

// Permissions implements Permissioned.
func (l *LogGroup) Permissions(s *Scope, do event.Action) []Permission {
	need := []Permission{on(acts("logs:DescribeLogGroups"), s.ARN("logs", "log-group:*"))}
	var actions []string
	switch do {
	case event.Create:
		actions = acts("logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy")
	case event.Update:
		actions = acts("logs:PutRetentionPolicy")
	case event.Delete:
		actions = acts("logs:DeleteLogGroup")
	case event.None, event.Replace:
	}
	return append(need, on(actions, l.arns(s)...))
}

// arns are the two forms in which IAM writes a log group: TagResource wants it without the star.
func (l *LogGroup) arns(s *Scope) []string {
	arn := s.ARN("logs", "log-group:"+l.Name())
	return []string{arn, arn + ":*"}
}
