package compute

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
)

// observePinned looks the revision up that is to run again, and whether it still can: its image and its
// secrets must be there.
func (t *TaskDefinition) observePinned(ctx context.Context, s *resource.Scope) error {
	out, err := s.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &t.Pin})
	if cloud.Is(err, "ClientException", "InvalidParameterException") || cloud.NotFound(err) {
		return &fail.Error{
			Class: fail.Refused, Cause: "there is no revision " + t.Pin + " to roll back to", Evidence: cloud.Message(err), Err: err,
			Remedy: "berth status lists the revisions that ran",
		}
	}
	if err != nil {
		return err
	}
	td := out.TaskDefinition
	if td.Status != ecstypes.TaskDefinitionStatusActive {
		return &fail.Error{
			Class: fail.Refused, Cause: "the revision " + t.Pin + " has been retired",
			Remedy: "deploy that version of the source again",
		}
	}
	t.latest, t.found, t.previous = td, aws.ToString(td.TaskDefinitionArn), true
	t.ARN = t.found
	for _, c := range td.ContainerDefinitions {
		if err := startable(ctx, s, c); err != nil {
			return err
		}
	}
	return nil
}

// startable says whether what a container of an old revision needs is still there: a rollback to a version
// that cannot start would take the running one down with it.
func startable(ctx context.Context, s *resource.Scope, c ecstypes.ContainerDefinition) error {
	if gone, err := imageGone(ctx, s, aws.ToString(c.Image)); err != nil || gone {
		if err != nil {
			return err
		}
		return &fail.Error{
			Class: fail.Refused, Cause: "the image of that version is no longer in the registry", Evidence: aws.ToString(c.Image),
			Remedy: "deploy that version of the source again",
		}
	}
	for batch := range slices.Chunk(c.Secrets, 10) {
		in := &ssm.GetParametersInput{}
		for _, secret := range batch {
			in.Names = append(in.Names, aws.ToString(secret.ValueFrom))
		}
		out, err := s.SSM.GetParameters(ctx, in)
		if cloud.Denied(err) {
			return nil // whoever deploys need not be able to read secrets
		}
		if err != nil {
			return err
		}
		if len(out.InvalidParameters) > 0 {
			return &fail.Error{
				Class: fail.Refused, Cause: "a secret of that version is gone", Evidence: strings.Join(out.InvalidParameters, "\n"),
				Remedy: "create it again, or deploy that version of the source with the current secrets",
			}
		}
	}
	return nil
}

// imageGone says whether an image of our registry is no longer there. Other registries are not asked.
func imageGone(ctx context.Context, s *resource.Scope, ref string) (bool, error) {
	repo, digest, ok := strings.Cut(ref, "@")
	host, name, ok2 := strings.Cut(repo, "/")
	if !ok || !ok2 || !strings.Contains(host, ".dkr.ecr.") {
		return false, nil
	}
	_, err := s.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &name, ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
	})
	if cloud.NotFound(err) {
		return true, nil
	}
	return false, err
}
