package resource

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine/cloud"
	"berth/engine/event"
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
func (r *ServiceLinkedRole) Info() Info {
	return Info{
		ID: r.ID, Kind: "iam.ServiceLinkedRole", Name: r.Name, Label: r.Label, Group: GroupAccess,
		Usually: 2 * time.Second,
	}
}

// Needs implements Resource.
func (r *ServiceLinkedRole) Needs() []Need { return nil }

// Observe implements Resource.
func (r *ServiceLinkedRole) Observe(ctx context.Context, s *Scope) error {
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
func (r *ServiceLinkedRole) search(ctx context.Context, s *Scope) error {
	out, err := s.IAM.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/aws-service-role/" + r.Service + "/")})
	if err == nil {
		r.found = len(out.Roles) > 0
	}
	return err
}

// Exists implements Resource: never, as far as deleting goes.
func (r *ServiceLinkedRole) Exists() bool { return false }

// Diff implements Resource.
func (r *ServiceLinkedRole) Diff() Diff {
	switch {
	case r.Unwanted:
		return Diff{}
	case r.found:
		return none()
	}
	return Diff{Action: event.Create, Why: "the account has not used this service yet; the role stays when the app goes"}
}

// Apply implements Resource.
func (r *ServiceLinkedRole) Apply(ctx context.Context, s *Scope) error {
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
func (r *ServiceLinkedRole) Delete(context.Context, *Scope) error { return nil }
