package artifact

import (
	"context"
	"fmt"

	"berth/engine/image"
	"berth/engine/resource"
)

// withCache is the source with the place in the repository where the steps of builds are kept, where that is wanted. No
// program of this machine reaches a registry that only this process does.
func (b *Build) withCache(ctx context.Context, s *resource.Scope) (image.Source, error) {
	src := b.Source
	if _, real := b.machine(); !b.Cached || real && s.Enclosed {
		return src, nil
	}
	auth, err := b.Repository.login(ctx, s)
	if err != nil {
		return src, fmt.Errorf("sign in to the registry: %w", err)
	}
	src.Cache = &image.Cache{Repository: b.Repository.host(s) + "/" + b.Repository.Name(), Auth: auth}
	return src, nil
}

// cachePermissions are those to take the steps of earlier builds from the repository, and to keep those of this one.
func (b *Build) cachePermissions(s *resource.Scope) []resource.Permission {
	keep := resource.On(resource.Actions(
		"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload",
		"ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage",
	), b.Repository.ARN(s))
	keep.Without = "the build starts from what this machine has, and keeps nothing in ECR"
	return []resource.Permission{keep, resource.Anywhere("ecr:GetAuthorizationToken")}
}
