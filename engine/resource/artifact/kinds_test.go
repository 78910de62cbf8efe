package artifact_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"berth/engine/image"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/resource/kindtest"
)

func TestRepository(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*artifact.Repository]{
		Wanted: func(w kindtest.World) *artifact.Repository { return &artifact.Repository{Owner: w.Owner} },
		Drift: func(ctx context.Context, s *resource.Scope, r *artifact.Repository) error {
			_, err := s.ECR.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{
				RepositoryName: aws.String(r.Name()), LifecyclePolicyText: aws.String(`{"rules":[{"rulePriority":1,"selection":` +
					`{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":1},"action":{"type":"expire"}}]}`),
			})
			return err
		},
	})
}

// source writes an app and returns what makes its image.
func source(t *testing.T, version string) func(kindtest.World) *artifact.Image {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\nEXPOSE 4000\nCMD [\"/server\"]\n", "server": version} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(w kindtest.World) *artifact.Image {
		repo := &artifact.Repository{Owner: w.Owner}
		build := &artifact.Build{
			Repository: repo, Builder: w.Builder,
			Source: image.Source{Dir: dir, Dockerfile: "Dockerfile", Platform: "linux/amd64"},
		}
		return &artifact.Image{Repository: repo, Build: build, Platform: "linux/amd64"}
	}
}

func TestBuild(t *testing.T) {
	one := source(t, "version 1")
	kindtest.Lifecycle(t, kindtest.Kind[*artifact.Build]{
		Step:   true,
		Wanted: func(w kindtest.World) *artifact.Build { return one(w).Build },
		Then:   func(w kindtest.World) resource.Resource { return one(w) },
	})
}

func TestImage(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*artifact.Image]{
		Step: true, Wanted: source(t, "version 1"), Changed: source(t, "version 2"),
	})
}

// project is what builds images in AWS.
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

func TestSourceBucket(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*artifact.SourceBucket]{
		Wanted: func(w kindtest.World) *artifact.SourceBucket { return &artifact.SourceBucket{Owner: w.Owner} },
		Drift: func(ctx context.Context, s *resource.Scope, b *artifact.SourceBucket) error {
			name := aws.String(b.BucketName(s))
			_, err := s.S3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
				Bucket: name, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{}},
			})
			if err != nil {
				return err
			}
			_, err = s.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("source-of-a-broken-run.tar.gz")})
			return err
		},
	})
}
