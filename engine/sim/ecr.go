package sim

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// ecrService is ECR: repositories. The registry itself, to which images are pushed over HTTP, is in registry.go.
func ecrService() awsService {
	return awsService{
		name:  "ecr",
		state: []keeper{ecrShelf},
		operations: []operation{
			op(ecrCreateRepository, tagging("ecr:TagResource")), op(ecrDescribeRepositories, pages("Repositories", 100, 1000)),
			op(ecrDeleteRepository), op(ecrPutLifecyclePolicy), op(ecrGetLifecyclePolicy), op(ecrDeleteLifecyclePolicy),
			op(ecrPutImageTagMutability), op(ecrTagResource), op(ecrListTagsForResource), op(ecrGetAuthorizationToken),
			op(ecrDescribeImages, pages("ImageDetails", 100, 1000)), op(ecrListImages, pages("ImageIds", 100, 1000)),
			op(ecrBatchGetImage), op(ecrBatchDeleteImage), op(ecrPutImage),
		},
		sweep: ecrSweep,
		list: func(v *inventory, r *region) {
			for _, p := range r.ecr().Repositories {
				var images []string
				for _, i := range p.Images {
					images = append(images, i.Digest+" "+strings.Join(slices.Sorted(slices.Values(i.Tags)), ","))
				}
				slices.Sort(images)
				v.add("ecr.Repository", named(r, nil, p.Name), false, map[string]any{
					"Mutability": p.Mutability, "Lifecycle": p.Lifecycle, "Tags": p.Tags, "Images": images,
				})
			}
		},
	}
}

type ecrState struct{ Repositories []*repository }

const ecrShelf shelf[ecrState] = "ecr"

func (r *region) ecr() *ecrState { return ecrShelf.in(&r.Kept) }

type repository struct {
	Name       string
	Mutability string
	Lifecycle  string
	Created    time.Time
	Cleaned    time.Time // when its lifecycle policy was followed last
	Images     []*ecrImage
	Blobs      map[string]*blob // by digest
	Tags       tagMap
}

// ecrImage is one manifest that was pushed.
type ecrImage struct {
	Digest    string
	Tags      []string
	MediaType string
	Manifest  []byte
	Config    string // digest of the configuration, empty for an index
	Size      int64  // of all layers
	Pushed    time.Time
}

// blob is a layer or a configuration. Only small ones keep their bytes.
type blob struct {
	Size int64
	Data []byte `json:",omitempty"`
}

var repoName = pattern(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)

func (r *region) repository(name string) *repository {
	return find(r.ecr().Repositories, func(p *repository) bool { return p.Name == name })
}

// image finds an image by digest or tag.
func (p *repository) image(ref string) *ecrImage {
	return find(p.Images, func(i *ecrImage) bool { return i.Digest == ref || slices.Contains(i.Tags, ref) })
}

func registryHost(account, region string) string {
	return account + ".dkr.ecr." + region + ".amazonaws.com"
}

func (c *call) noRepo(name *string) error {
	return &ecrtypes.RepositoryNotFoundException{Message: msg(
		"The repository with name '%s' does not exist in the registry with id '%s'", str(name), c.st.Account)}
}

// onRepo looks a repository up and passes it to fn.
func onRepo[Out any](c *call, name *string, fn func(*repository) (*Out, error)) (*Out, error) {
	p := c.r.repository(str(name))
	if p == nil {
		return nil, c.noRepo(name)
	}
	return fn(p)
}

func ecrTags(in []ecrtypes.Tag) tagMap {
	return tagsFrom(in, func(t ecrtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func ecrCreateRepository(c *call, in *ecr.CreateRepositoryInput) (*ecr.CreateRepositoryOutput, error) {
	name := str(in.RepositoryName)
	if len(name) < 2 || len(name) > 256 || !repoName(name) {
		return nil, &ecrtypes.InvalidParameterException{Message: msg(
			"Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''")}
	}
	if c.r.repository(name) != nil {
		return nil, &ecrtypes.RepositoryAlreadyExistsException{Message: msg(
			"The repository with name '%s' already exists in the registry with id '%s'", name, c.st.Account)}
	}
	p := &repository{Name: name, Mutability: string(in.ImageTagMutability), Created: c.now, Blobs: map[string]*blob{}, Tags: ecrTags(in.Tags)}
	if p.Mutability == "" {
		p.Mutability = string(ecrtypes.ImageTagMutabilityMutable)
	}
	c.r.ecr().Repositories = append(c.r.ecr().Repositories, p)
	return &ecr.CreateRepositoryOutput{Repository: new(c.repoOut(p))}, nil
}

func (c *call) repoARN(name string) string { return repoARN(c.r.Name, c.st.Account, name) }

func repoARN(region, account, name string) string {
	return fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", region, account, name)
}

func (c *call) repoOut(p *repository) ecrtypes.Repository {
	return ecrtypes.Repository{
		RepositoryName: new(p.Name), RepositoryArn: new(c.repoARN(p.Name)), RegistryId: new(c.st.Account),
		RepositoryUri:      new(registryHost(c.st.Account, c.r.Name) + "/" + p.Name),
		ImageTagMutability: ecrtypes.ImageTagMutability(p.Mutability), CreatedAt: new(p.Created),
	}
}

func ecrDescribeRepositories(c *call, in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
	out := &ecr.DescribeRepositoriesOutput{}
	for _, n := range in.RepositoryNames {
		if c.r.repository(n) == nil {
			return nil, c.noRepo(new(n))
		}
	}
	for _, p := range c.r.ecr().Repositories {
		if len(in.RepositoryNames) == 0 || slices.Contains(in.RepositoryNames, p.Name) {
			out.Repositories = append(out.Repositories, c.repoOut(p))
		}
	}
	return out, nil
}

func ecrDeleteRepository(c *call, in *ecr.DeleteRepositoryInput) (*ecr.DeleteRepositoryOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.DeleteRepositoryOutput, error) {
		if len(p.Images) > 0 && !in.Force {
			return nil, &ecrtypes.RepositoryNotEmptyException{Message: msg(
				"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", p.Name, c.st.Account)}
		}
		c.r.ecr().Repositories = remove(c.r.ecr().Repositories, p)
		return &ecr.DeleteRepositoryOutput{Repository: new(c.repoOut(p))}, nil
	})
}

func ecrPutLifecyclePolicy(c *call, in *ecr.PutLifecyclePolicyInput) (*ecr.PutLifecyclePolicyOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.PutLifecyclePolicyOutput, error) {
		text := str(in.LifecyclePolicyText)
		if len(text) < 100 || len(text) > 30720 {
			return nil, &ecrtypes.InvalidParameterException{Message: msg(
				"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'length must be between 100 and 30720'")}
		}
		p.Lifecycle = text
		return &ecr.PutLifecyclePolicyOutput{RepositoryName: in.RepositoryName, RegistryId: new(c.st.Account), LifecyclePolicyText: new(text)}, nil
	})
}

func (c *call) noLifecycle(p *repository) error {
	return &ecrtypes.LifecyclePolicyNotFoundException{Message: msg(
		"Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", p.Name, c.st.Account)}
}

func ecrGetLifecyclePolicy(c *call, in *ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.GetLifecyclePolicyOutput, error) {
		if p.Lifecycle == "" {
			return nil, c.noLifecycle(p)
		}
		return &ecr.GetLifecyclePolicyOutput{RepositoryName: in.RepositoryName, RegistryId: new(c.st.Account), LifecyclePolicyText: new(p.Lifecycle)}, nil
	})
}

func ecrDeleteLifecyclePolicy(c *call, in *ecr.DeleteLifecyclePolicyInput) (*ecr.DeleteLifecyclePolicyOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.DeleteLifecyclePolicyOutput, error) {
		if p.Lifecycle == "" {
			return nil, c.noLifecycle(p)
		}
		p.Lifecycle = ""
		return &ecr.DeleteLifecyclePolicyOutput{RepositoryName: in.RepositoryName}, nil
	})
}

func ecrPutImageTagMutability(c *call, in *ecr.PutImageTagMutabilityInput) (*ecr.PutImageTagMutabilityOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.PutImageTagMutabilityOutput, error) {
		p.Mutability = string(in.ImageTagMutability)
		return &ecr.PutImageTagMutabilityOutput{RepositoryName: in.RepositoryName, ImageTagMutability: in.ImageTagMutability}, nil
	})
}

func ecrTagResource(c *call, in *ecr.TagResourceInput) (*ecr.TagResourceOutput, error) {
	p := find(c.r.ecr().Repositories, func(p *repository) bool { return c.repoARN(p.Name) == str(in.ResourceArn) })
	if p == nil {
		return nil, c.noRepo(in.ResourceArn)
	}
	p.Tags = p.Tags.merge(ecrTags(in.Tags))
	return &ecr.TagResourceOutput{}, nil
}

func ecrListTagsForResource(c *call, in *ecr.ListTagsForResourceInput) (*ecr.ListTagsForResourceOutput, error) {
	p := find(c.r.ecr().Repositories, func(p *repository) bool { return c.repoARN(p.Name) == str(in.ResourceArn) })
	if p == nil {
		return nil, c.noRepo(in.ResourceArn)
	}
	return &ecr.ListTagsForResourceOutput{Tags: tagsTo(p.Tags, func(k, v *string) ecrtypes.Tag { return ecrtypes.Tag{Key: k, Value: v} })}, nil
}

// registryPassword is the token that GetAuthorizationToken hands out and the registry accepts.
func registryPassword(st *state) string { return stableID("registry password", st.Account) }

func ecrGetAuthorizationToken(c *call, _ *ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + registryPassword(c.st)))
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []ecrtypes.AuthorizationData{{
		AuthorizationToken: new(token), ExpiresAt: new(c.now.Add(12 * time.Hour)),
		ProxyEndpoint: new("https://" + registryHost(c.st.Account, c.r.Name)),
	}}}, nil
}

// imageRef is what an image identifier stands for: its digest, else its tag.
func imageRef(id ecrtypes.ImageIdentifier) string {
	if d := str(id.ImageDigest); d != "" {
		return d
	}
	return str(id.ImageTag)
}

func ecrDescribeImages(c *call, in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.DescribeImagesOutput, error) {
		out := &ecr.DescribeImagesOutput{}
		add := func(i *ecrImage) {
			out.ImageDetails = append(out.ImageDetails, ecrtypes.ImageDetail{
				RegistryId: new(c.st.Account), RepositoryName: new(p.Name), ImageDigest: new(i.Digest), ImageTags: slices.Clone(i.Tags),
				ImageSizeInBytes: new(i.Size), ImagePushedAt: new(i.Pushed), ImageManifestMediaType: new(i.MediaType),
			})
		}
		for _, id := range in.ImageIds {
			i := p.image(imageRef(id))
			if i == nil {
				return nil, &ecrtypes.ImageNotFoundException{Message: msg(
					"The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
					str(id.ImageDigest), str(id.ImageTag), p.Name, c.st.Account)}
			}
			add(i)
		}
		for _, i := range p.Images {
			if len(in.ImageIds) == 0 {
				add(i)
			}
		}
		return out, nil
	})
}

func ecrListImages(c *call, in *ecr.ListImagesInput) (*ecr.ListImagesOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.ListImagesOutput, error) {
		out := &ecr.ListImagesOutput{}
		for _, i := range p.Images {
			if len(i.Tags) == 0 {
				out.ImageIds = append(out.ImageIds, ecrtypes.ImageIdentifier{ImageDigest: new(i.Digest)})
			}
			for _, t := range i.Tags {
				out.ImageIds = append(out.ImageIds, ecrtypes.ImageIdentifier{ImageDigest: new(i.Digest), ImageTag: new(t)})
			}
		}
		return out, nil
	})
}

func ecrBatchGetImage(c *call, in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.BatchGetImageOutput, error) {
		out := &ecr.BatchGetImageOutput{}
		for _, id := range in.ImageIds {
			if i := p.image(imageRef(id)); i != nil {
				out.Images = append(out.Images, ecrtypes.Image{
					RegistryId: new(c.st.Account), RepositoryName: new(p.Name), ImageManifest: new(string(i.Manifest)),
					ImageManifestMediaType: new(i.MediaType), ImageId: &ecrtypes.ImageIdentifier{ImageDigest: new(i.Digest), ImageTag: id.ImageTag},
				})
			} else {
				out.Failures = append(out.Failures, ecrtypes.ImageFailure{
					ImageId: new(id), FailureCode: ecrtypes.ImageFailureCodeImageNotFound, FailureReason: new("Requested image not found"),
				})
			}
		}
		return out, nil
	})
}

// ecrPutImage gives an image that is there another tag, which another image loses.
func ecrPutImage(c *call, in *ecr.PutImageInput) (*ecr.PutImageOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.PutImageOutput, error) {
		i := find(p.Images, func(i *ecrImage) bool { return string(i.Manifest) == str(in.ImageManifest) })
		tag := str(in.ImageTag)
		switch {
		case i == nil:
			return nil, &ecrtypes.LayersNotFoundException{Message: msg("sim: the simulated account tags images, and takes them in through its registry")}
		case slices.Contains(i.Tags, tag):
			return nil, &ecrtypes.ImageAlreadyExistsException{Message: msg(
				"Image with digest '%s' and tag '%s' already exists in the repository with name '%s' in registry with id '%s'", i.Digest, tag, p.Name, c.st.Account)}
		}
		if err := p.tagImage(i, tag); err != nil {
			return nil, &ecrtypes.ImageTagAlreadyExistsException{Message: new(err.Error())}
		}
		return &ecr.PutImageOutput{Image: &ecrtypes.Image{
			RegistryId: new(c.st.Account), RepositoryName: new(p.Name), ImageManifest: in.ImageManifest, ImageManifestMediaType: new(i.MediaType),
			ImageId: &ecrtypes.ImageIdentifier{ImageDigest: new(i.Digest), ImageTag: new(tag)},
		}}, nil
	})
}

// tagImage gives an image a tag, which another one loses unless tags never move.
func (p *repository) tagImage(i *ecrImage, tag string) error {
	if old := p.image(tag); old != nil && old != i && strings.HasPrefix(p.Mutability, "IMMUTABLE") {
		return fmt.Errorf("The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the repository is immutable.", tag, p.Name) //nolint:staticcheck // AWS's words
	}
	p.retag(i, tag)
	return nil
}

// retag gives an image a tag, which another one loses.
func (p *repository) retag(i *ecrImage, tag string) {
	if old := p.image(tag); old != nil && old != i {
		old.Tags = slices.DeleteFunc(slices.Clone(old.Tags), func(t string) bool { return t == tag })
	}
	if !slices.Contains(i.Tags, tag) {
		i.Tags = append(i.Tags, tag)
	}
}

func ecrBatchDeleteImage(c *call, in *ecr.BatchDeleteImageInput) (*ecr.BatchDeleteImageOutput, error) {
	return onRepo(c, in.RepositoryName, func(p *repository) (*ecr.BatchDeleteImageOutput, error) {
		out := &ecr.BatchDeleteImageOutput{}
		for _, id := range in.ImageIds {
			i := p.image(imageRef(id))
			if i == nil {
				out.Failures = append(out.Failures, ecrtypes.ImageFailure{
					ImageId: new(id), FailureCode: ecrtypes.ImageFailureCodeImageNotFound, FailureReason: new("Requested image not found"),
				})
				continue
			}
			out.ImageIds = append(out.ImageIds, ecrtypes.ImageIdentifier{ImageDigest: new(i.Digest), ImageTag: id.ImageTag})
			if id.ImageDigest == nil && len(i.Tags) > 1 {
				i.Tags = slices.DeleteFunc(slices.Clone(i.Tags), func(t string) bool { return t == str(id.ImageTag) })
				continue
			}
			p.Images = remove(p.Images, i)
		}
		return out, nil
	})
}
