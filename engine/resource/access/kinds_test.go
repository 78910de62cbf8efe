package access_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/kindtest"
)

func TestRole(t *testing.T) {
	role := func(actions ...string) func(kindtest.World) *access.Role {
		return func(w kindtest.World) *access.Role {
			return access.NewRole(w.Owner, kindtest.Region, "task", "the role that the app runs with", func(*resource.Scope) string {
				return policy.Of(policy.Allow(actions, "*")).Text()
			})
		}
	}
	kindtest.Lifecycle(t, kindtest.Kind[*access.Role]{
		Wanted: role("ecs:ListTasks"), Changed: role("ecs:ListTasks", "ecs:DescribeTasks"),
		Drift: func(ctx context.Context, s *resource.Scope, r *access.Role) error {
			_, err := s.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(r.Info().Name), PolicyName: aws.String("berth")})
			return err
		},
	})
}

func TestServiceLinkedRole(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*access.ServiceLinkedRole]{
		Step: true, Shared: true,
		Wanted: func(kindtest.World) *access.ServiceLinkedRole {
			return &access.ServiceLinkedRole{
				ID: "ecs-service-role", Service: "ecs.amazonaws.com", Name: "AWSServiceRoleForECS", Label: "the role of ECS itself",
			}
		},
	})
}
