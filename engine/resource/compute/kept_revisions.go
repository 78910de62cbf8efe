package compute

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/resource"
)

// keepRevisions is how many revisions stay registered, to roll back to.
const keepRevisions = 10

// Cleanup implements Cleaner: it retires the oldest revisions. Those that never came up do not count among the ones that stay:
// nobody goes back to them.
func (t *TaskDefinition) Cleanup(ctx context.Context, s *resource.Scope) error {
	if !t.previous {
		return nil
	}
	arns, err := t.revisions(ctx, s, ecstypes.TaskDefinitionStatusActive)
	if err != nil || len(arns) <= keepRevisions {
		return err
	}
	well, err := t.Service.rolledOut(ctx, s)
	if err != nil {
		return err
	}
	good := slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { up, known := well[arn]; return known && !up })
	stay := append(good[max(0, len(good)-keepRevisions):], t.ARN) // which may be an old one that was gone back to
	old := slices.DeleteFunc(arns, func(arn string) bool { return slices.Contains(stay, arn) })
	if t.Beside == nil {
		var numbers []string
		for _, arn := range old {
			numbers = append(numbers, numberOf(arn))
		}
		if err := t.Image.LetGo(ctx, s, numbers); err != nil {
			return err
		}
	}
	for _, arn := range old {
		if _, err := s.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn}); err != nil {
			return fmt.Errorf("retire %s: %w", arn, err)
		}
	}
	return nil
}

// revisionBatch is how many service revisions DescribeServiceRevisions takes.
const revisionBatch = 20

// rolledOut says of each task definition that was rolled out, by its ARN, whether a rollout of it did not fail, as far as ECS
// remembers. Where that may not be asked, and without a service, none is known.
func (v *Service) rolledOut(ctx context.Context, s *resource.Scope) (map[string]bool, error) {
	if v == nil {
		return nil, nil
	}
	all, err := Deployments(ctx, s.Clients, &ecs.ListServiceDeploymentsInput{Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name())}, 0)
	if resource.Unseen(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the rollouts: %w", err)
	}
	came := map[string]bool{} // by service revision: whether a rollout of it did not fail
	for _, d := range all {
		arn := aws.ToString(d.TargetServiceRevisionArn)
		came[arn] = came[arn] || !failedRollout(d.Status)
	}
	well := map[string]bool{}
	for batch := range slices.Chunk(slices.Sorted(maps.Keys(came)), revisionBatch) {
		out, err := s.ECS.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: batch})
		if resource.Unseen(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look at the versions that were rolled out: %w", err)
		}
		for _, r := range out.ServiceRevisions {
			td := aws.ToString(r.TaskDefinition)
			well[td] = well[td] || came[aws.ToString(r.ServiceRevisionArn)]
		}
	}
	return well, nil
}

// historyPermissions are to ask which revisions never came up.
func (v *Service) historyPermissions(s *resource.Scope) []resource.Permission {
	if v == nil {
		return nil
	}
	list := resource.On(resource.Actions("ecs:ListServiceDeployments"), v.ServiceARN(s))
	list.Without = "versions that failed count among those that one can go back to"
	return []resource.Permission{list, v.readsRevisions(s, list.Without)}
}

// failedRollout says whether a rollout is over and its version did not come up.
func failedRollout(s ecstypes.ServiceDeploymentStatus) bool {
	switch s {
	case ecstypes.ServiceDeploymentStatusRollbackSuccessful, ecstypes.ServiceDeploymentStatusRollbackFailed,
		ecstypes.ServiceDeploymentStatusRollbackInProgress, ecstypes.ServiceDeploymentStatusRollbackRequested:
		return true
	default: // a rollout that was stopped, such as by a newer one, may have been well
		return false
	}
}
