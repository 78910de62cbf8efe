package artifact

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// keptPrefix begins the tags by which a repository keeps the images of the revisions that may run again.
const keptPrefix = "rev-"

// digestInRepository is the digest of an image in the app's own repository; ok is false for one elsewhere, which is
// nobody's to clean up.
func (i *Image) digestInRepository() (digest string, ok bool) {
	name, digest, ok := strings.Cut(i.Ref, "@")
	return digest, ok && strings.HasSuffix(name, "/"+i.Repository.Name())
}

// Kept says whether the repository keeps the image for a revision, which is a number, as far as it was looked at.
func (i *Image) Kept(revision string) bool {
	_, ours := i.digestInRepository()
	return !ours || slices.Contains(i.tags, keptPrefix+revision)
}

// Keep has the repository keep the image for a revision. That this may not be done is told, and no failure.
func (i *Image) Keep(ctx context.Context, s *resource.Scope, revision string) error {
	if i.Kept(revision) {
		return nil
	}
	digest, _ := i.digestInRepository()
	err := i.tagKept(ctx, s, digest, keptPrefix+revision)
	switch {
	case resource.Unseen(err), cloud.Is(err, refusesTag...):
		s.Notice("berth", "the repository may expire the image of this version one day: "+cloud.WhyNot(err))
	case err != nil && !cloud.Is(err, "ImageAlreadyExistsException"): // kept by a call whose answer got lost
		return fmt.Errorf("keep the image of the version: %w", err)
	}
	i.tags = append(i.tags, keptPrefix+revision)
	return nil
}

// refusesTag are the errors of an image that gets no further tag, such as where tags never move.
var refusesTag = []string{
	"ImageTagAlreadyExistsException", "InvalidParameterException", "LayersNotFoundException", "LimitExceededException", "ReferencedImagesNotFoundException",
}

// tagKept gives the image with a digest another tag.
func (i *Image) tagKept(ctx context.Context, s *resource.Scope, digest, tag string) error {
	name := i.Repository.Name()
	out, err := s.ECR.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: &name, ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
	})
	if err != nil || len(out.Images) == 0 {
		return err
	}
	_, err = s.ECR.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: &name, ImageManifest: out.Images[0].ImageManifest, ImageManifestMediaType: out.Images[0].ImageManifestMediaType,
		ImageTag: &tag,
	})
	return err
}

// LetGo has the repository keep images for those revisions no longer. An image without another tag goes at once.
func (i *Image) LetGo(ctx context.Context, s *resource.Scope, revisions []string) error {
	if _, ours := i.digestInRepository(); !ours || len(revisions) == 0 {
		return nil
	}
	name := i.Repository.Name()
	in := &ecr.BatchDeleteImageInput{RepositoryName: &name}
	for _, r := range revisions {
		in.ImageIds = append(in.ImageIds, ecrtypes.ImageIdentifier{ImageTag: aws.String(keptPrefix + r)})
	}
	_, err := s.ECR.BatchDeleteImage(ctx, in)
	switch {
	case cloud.NotFound(err):
		return nil
	case resource.Unseen(err):
		s.Notice("berth", "the images of earlier versions stay: "+cloud.WhyNot(err))
		return nil
	case err != nil:
		return fmt.Errorf("release the images of earlier versions: %w", err)
	}
	return nil
}

// KeepPermissions are those for Keep and LetGo.
func (i *Image) KeepPermissions(s *resource.Scope) []resource.Permission {
	if !i.pushes() {
		return nil
	}
	keep := resource.On(resource.Actions("ecr:BatchGetImage", "ecr:PutImage"), i.Repository.ARN(s))
	keep.Without = "the images of older versions may expire, so a rollback to them would fail"
	letGo := resource.On(resource.Actions("ecr:BatchDeleteImage"), i.Repository.ARN(s))
	letGo.Without = "the images of retired versions stay in the repository"
	return []resource.Permission{keep, letGo}
}
