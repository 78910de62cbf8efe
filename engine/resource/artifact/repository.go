package artifact

import (
	"context"
	"fmt"
	"strings"
	"time"

	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"golang.org/x/sync/errgroup"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/image"
	"berth/engine/policy"
	"berth/engine/resource"
)

// lifecycle never removes an image that a revision which may run again uses, however old it is and whatever was pushed
// since: a rule is the only one for the images that have its tags (engine/AWS.md, ECR). Of the others it removes the
// untagged ones after a week, and keeps the newest thirty. A build cache is no version: it goes two weeks after the last
// build that kept its steps.
const lifecycle = `{"rules":[` +
	`{"rulePriority":1,"description":"berth: images of revisions","selection":{"tagStatus":"tagged",` +
	`"tagPrefixList":["` + keptPrefix + `"],"countType":"imageCountMoreThan","countNumber":1000},"action":{"type":"expire"}},` +
	`{"rulePriority":2,"description":"berth: untagged images","selection":{"tagStatus":"untagged",` +
	`"countType":"sinceImagePushed","countUnit":"days","countNumber":7},"action":{"type":"expire"}},` +
	`{"rulePriority":3,"description":"berth: newest builds","selection":{"tagStatus":"tagged",` +
	`"tagPrefixList":["src-"],"countType":"imageCountMoreThan","countNumber":30},"action":{"type":"expire"}},` +
	`{"rulePriority":4,"description":"berth: newest images from Docker","selection":{"tagStatus":"tagged",` +
	`"tagPrefixList":["img-"],"countType":"imageCountMoreThan","countNumber":30},"action":{"type":"expire"}},` +
	`{"rulePriority":5,"description":"berth: a build cache that no build writes","selection":{"tagStatus":"tagged",` +
	`"tagPrefixList":["` + image.CacheTag + `"],"countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}`

// Repository is the ECR repository that holds the app's images.
type Repository struct {
	resource.Claim
	Owner  resource.Owner
	Cached bool // it keeps what builds have done, too

	URI string // output: host/name without a tag

	found     bool
	arn       string // as observed, which needs no identity
	lifecycle string // as observed
}

// Name is the repository's name. It is known before the repository exists.
func (r *Repository) Name() string { return r.Owner.Name() }

// ARN is the repository's ARN. It is known before the repository exists.
func (r *Repository) ARN(s *resource.Scope) string { return s.ARN("ecr", "repository/"+r.Name()) }

// Info implements Resource.
func (r *Repository) Info() resource.Info {
	return resource.Info{
		ID: "repository", Kind: "ecr.Repository", Name: r.Name(), Label: "the image repository",
		Group: resource.GroupImage, Usually: 2 * time.Second, Gone: time.Second, Keeps: "the app's images",
	}
}

// Needs implements Resource.
func (r *Repository) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (r *Repository) Identifier() string { return r.URI }

// Observe implements Resource.
func (r *Repository) Observe(ctx context.Context, s *resource.Scope) error {
	name := r.Name()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := s.ECR.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
		if cloud.NotFound(err) {
			return nil
		}
		if err == nil && len(out.Repositories) > 0 {
			r.found, r.URI, r.arn = true, aws.ToString(out.Repositories[0].RepositoryUri), aws.ToString(out.Repositories[0].RepositoryArn)
		}
		return err
	})
	g.Go(func() error {
		out, err := s.ECR.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &name})
		if cloud.NotFound(err) {
			return nil
		}
		if err == nil {
			r.lifecycle = aws.ToString(out.LifecyclePolicyText)
		}
		return err
	})
	return g.Wait()
}

// Detail implements Detailer: whose the repository is.
func (r *Repository) Detail(ctx context.Context, s *resource.Scope) error {
	if !r.found {
		return nil
	}
	tags, err := repositoryTags(ctx, s.Clients, r.arn)
	return r.Judge(r.Owner, tags, err)
}

// repositoryTags are the tags of a repository.
func repositoryTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.ECR.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.Tags, func(t ecrtypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

// digest is the digest of the image with a tag, empty when there is none, and all the tags that it has.
func (r *Repository) digest(ctx context.Context, s *resource.Scope, tag string) (digest string, tags []string, err error) {
	name := r.Name()
	out, err := s.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &name, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: &tag}},
	})
	if cloud.NotFound(err) {
		return "", nil, nil
	}
	if err != nil || len(out.ImageDetails) == 0 {
		return "", nil, err
	}
	return aws.ToString(out.ImageDetails[0].ImageDigest), out.ImageDetails[0].ImageTags, nil
}

// Exists implements Resource.
func (r *Repository) Exists() bool { return r.found && r.Ours() }

// Diff implements Resource.
func (r *Repository) Diff(s *resource.Scope) resource.Diff {
	switch {
	case !r.found:
		return resource.Absent()
	case !policy.Same(r.lifecycle, lifecycle):
		why := "old images never expire"
		if r.lifecycle != "" {
			why = "keeps images by other rules"
		}
		return resource.Changed(why, resource.Field("lifecycle policy", r.lifecycle, lifecycle))
	}
	return resource.None()
}

// Apply implements Resource.
func (r *Repository) Apply(ctx context.Context, s *resource.Scope) error {
	name := r.Name()
	if !r.found {
		out, err := s.ECR.CreateRepository(ctx, &ecr.CreateRepositoryInput{
			RepositoryName: &name, Tags: r.Owner.ECRTags("repository"),
		})
		switch {
		case cloud.Is(err, "RepositoryAlreadyExistsException"): // made by a call whose answer got lost
			err := s.Adopt(ctx, r.Info().Label, func(ctx context.Context) error { return r.Observe(ctx, s) }, r.Exists)
			if err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("create repository: %w", err)
		default:
			r.found, r.URI = true, aws.ToString(out.Repository.RepositoryUri)
		}
	}
	if policy.Same(r.lifecycle, lifecycle) {
		return nil
	}
	_, err := s.ECR.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{
		RepositoryName: &name, LifecyclePolicyText: aws.String(lifecycle),
	})
	if err != nil {
		return fmt.Errorf("set how long images are kept: %w", err)
	}
	return nil
}

// Delete implements Resource: the repository with all images in it.
func (r *Repository) Delete(ctx context.Context, s *resource.Scope) error {
	if !r.found {
		return nil
	}
	name := r.Name()
	_, err := s.ECR.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &name, Force: true})
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// Permissions implements Permissioned.
func (r *Repository) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy")
	switch do {
	case event.Create:
		actions = append(actions, "ecr:CreateRepository", "ecr:TagResource", "ecr:PutLifecyclePolicy")
	case event.Update:
		actions = append(actions, "ecr:PutLifecyclePolicy")
	case event.Delete:
		actions = append(actions, "ecr:DeleteRepository")
	case event.None, event.Replace:
	}
	need := []resource.Permission{resource.On(actions, r.ARN(s))}
	if r.found || resource.Existing(do) {
		need = append(need, resource.Whose("ecr:ListTagsForResource", "an image repository", r.ARN(s)))
	}
	return need
}

// Costs implements Coster.
func (r *Repository) Costs(b *price.Bill) {
	b.Images()
	if r.Cached {
		b.BuildCache()
	}
}

// Repositories lists the image repositories of all apps.
var Repositories = resource.Listing{What: "image repositories", List: listRepositories}

func listRepositories(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := ecr.NewDescribeRepositoriesPaginator(s.ECR, &ecr.DescribeRepositoriesInput{})
	err := resource.Pages(ctx, p, func(out *ecr.DescribeRepositoriesOutput) error {
		for _, r := range out.Repositories {
			if name := aws.ToString(r.RepositoryName); strings.HasPrefix(name, resource.NamePrefix) {
				all = append(all, resource.Found{
					Kind: "ecr.Repository", Name: name, ARN: aws.ToString(r.RepositoryArn), Like: &Repository{},
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, repositoryTags)
}
