package access

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// ServiceLinkedRole is a role that an AWS service itself acts with. An account has one of each service for
// everything in it, so it is made when it is missing and never deleted.
type ServiceLinkedRole struct {
	ID      string // within the plan
	Service string // ecs.amazonaws.com
	Name    string // AWSServiceRoleForECS
	Label   string

	Unwanted bool // the app does without this service

	found bool
}

// Info implements Resource.
func (r *ServiceLinkedRole) Info() resource.Info {
	return resource.Info{
		ID: r.ID, Kind: "iam.ServiceLinkedRole", Name: r.Name, Label: r.Label, Group: resource.GroupAccess,
		Usually: 2 * time.Second,
	}
}

// Wanted implements Optional.
func (r *ServiceLinkedRole) Wanted() bool { return !r.Unwanted }

// Needs implements Resource.
func (r *ServiceLinkedRole) Needs() []resource.Need { return nil }

// Observe implements Resource.
func (r *ServiceLinkedRole) Observe(ctx context.Context, s *resource.Scope) error {
	if r.Unwanted {
		return nil
	}
	_, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.Name})
	if cloud.NotFound(err) {
		return r.search(ctx, s)
	}
	r.found = err == nil
	return err
}

// search finds the role by the service it is for, should it have another name.
func (r *ServiceLinkedRole) search(ctx context.Context, s *resource.Scope) error {
	p := iam.NewListRolesPaginator(s.IAM, &iam.ListRolesInput{PathPrefix: aws.String("/aws-service-role/" + r.Service + "/")})
	return resource.Pages(ctx, p, func(out *iam.ListRolesOutput) error {
		r.found = r.found || len(out.Roles) > 0
		return nil
	})
}

// Exists implements Resource: never, as far as deleting goes.
func (r *ServiceLinkedRole) Exists() bool { return false }

// Diff implements Resource.
func (r *ServiceLinkedRole) Diff(s *resource.Scope) resource.Diff {
	switch {
	case r.Unwanted:
		return resource.Diff{}
	case r.found:
		return resource.None()
	}
	return resource.Diff{Action: event.Create, Why: "the account has not used this service yet; the role is kept when the app is destroyed"}
}

// Apply implements Resource.
func (r *ServiceLinkedRole) Apply(ctx context.Context, s *resource.Scope) error {
	if r.found || r.Unwanted {
		return nil
	}
	_, err := s.IAM.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: &r.Service})
	if cloud.Is(err, "EntityAlreadyExists") || cloud.Is(err, "InvalidInput") && strings.Contains(cloud.Message(err), "has been taken") {
		err = nil // AWS made it meanwhile
	}
	r.found = err == nil
	return err
}

// Delete implements Resource. It does nothing: other apps of the account need the role.
func (r *ServiceLinkedRole) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (r *ServiceLinkedRole) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if r.Unwanted {
		return nil
	}
	arn := s.GlobalARN("iam", "role/aws-service-role/"+r.Service+"/*")
	need := []resource.Permission{resource.On(resource.Actions("iam:GetRole"), arn)}
	if do == event.Create {
		create := resource.On(resource.Actions("iam:CreateServiceLinkedRole"), arn)
		create.When = resource.WhenEqual("iam:AWSServiceName", r.Service)
		need = append(need, resource.Anywhere("iam:ListRoles"), create)
	}
	return need
}

// Checks implements Checked: whether the role is there or will be made. The permission to make it is asked for
// with all the others.
func (r *ServiceLinkedRole) Checks(do event.Action) []resource.Probe {
	if do != event.Create && do != event.None || r.Unwanted {
		return nil
	}
	return []resource.Probe{{ID: r.ID, Title: "service role", Look: func(context.Context, *resource.Scope) resource.Finding {
		if do == event.Create {
			return resource.Finding{Verdict: resource.OK, Text: r.Name + " will be created: the account has not used this service yet"}
		}
		return resource.Finding{Verdict: resource.OK, Text: r.Name + " exists"}
	}}}
}
