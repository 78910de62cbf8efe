package preflight

import (
	"berth/engine/lock"
	"berth/engine/resource"
)

// Own are the permissions that the engine itself needs: to say who it is, to look before it changes something,
// and to lock the app.
func Own(s *resource.Scope) []resource.Permission {
	locking := resource.Actions("ssm:PutParameter", "ssm:GetParameter", "ssm:DeleteParameter")
	if s.Owner.Demanded != "" {
		locking = append(locking, "ssm:AddTagsToResource")
	}
	return []resource.Permission{
		{Actions: []string{"sts:GetCallerIdentity"}, Resources: []string{"*"}},
		{Actions: locking, Resources: []string{s.ARN("ssm", "parameter"+lock.Name(s.Owner))}},
		{
			Actions: []string{"iam:SimulatePrincipalPolicy"}, Resources: []string{"*"},
			Without: "missing permissions only show when they are needed",
		},
	}
}

// Quotas is the permission to ask for quotas.
func Quotas() resource.Permission {
	return resource.Permission{
		Actions: []string{"servicequotas:GetServiceQuota"}, Resources: []string{"*"},
		Without: "a quota that is too low only shows when it is reached",
	}
}
