package compute_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/resource/kindtest"
)

// project is what builds images in AWS. It writes to a log group, which is a kind of this family.
func project(w kindtest.World, platform string) *artifact.BuildProject {
	p := &artifact.BuildProject{
		Owner: w.Owner, Logs: &compute.LogGroup{Owner: w.Owner, Days: 30, Builds: true}, Source: &artifact.SourceBucket{Owner: w.Owner},
		Repository: &artifact.Repository{Owner: w.Owner}, Platform: platform,
	}
	role := access.NewRole(w.Owner, kindtest.Region, "build", "the role that builds images", p.Policy)
	role.Trust, p.Role = p.Trust, role
	return p
}

func TestBuildProject(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*artifact.BuildProject]{
		Wanted:  func(w kindtest.World) *artifact.BuildProject { return project(w, "linux/amd64") },
		Changed: func(w kindtest.World) *artifact.BuildProject { return project(w, "linux/arm64") },
		Drift: func(ctx context.Context, s *resource.Scope, p *artifact.BuildProject) error {
			_, err := s.CodeBuild.UpdateProject(ctx, &codebuild.UpdateProjectInput{
				Name: aws.String(p.Name()), Source: &cbtypes.ProjectSource{Type: cbtypes.SourceTypeNoSource, Buildspec: aws.String("version: 0.2")},
			})
			return err
		},
	})
}
