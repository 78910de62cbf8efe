package artifact_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"berth/engine/image"
	"berth/engine/resource"
	"berth/engine/resource/artifact"
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
