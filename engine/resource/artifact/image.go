package artifact

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/resource"
)

// Image is the app's image: what Build made, pushed to the repository, or one that exists already.
type Image struct {
	Repository *Repository
	Build      *Build // nil when an image that exists already is used
	External   string // reference of that image, when Build is nil: in a registry, else in the builder's store
	Builder    image.Builder
	Platform   string // linux/amd64 or linux/arm64
	Port       int    // of an External image: where the load balancer asks, and whether it is given a command
	OwnCommand bool
	Commands   []image.Command // as of Build
	Keys       authn.Keychain  // the sign-ins of this machine; nil means Docker's

	Ref string // output: reference by digest, what a task definition runs

	tag    string   // src-<hash of the source tree>, or img-<hash of the image> of the builder's store or of another registry
	pushed string   // digest as observed
	tags   []string // of the pushed image, as observed
	found  bool     // in the repository, or used where it is
	local  bool     // in the builder's store
	id     string   // its content there
	copied *copied

	config *v1.ConfigFile // of an External image in a registry
}

// Info implements Resource.
func (i *Image) Info() resource.Info {
	if i.Build == nil {
		return resource.Info{
			ID: "image", Kind: "oci.Image", Name: i.External, Label: "the image", Group: resource.GroupImage,
		}
	}
	return resource.Info{
		ID: "image", Kind: "ecr.Image", Name: i.Repository.Name() + ":" + i.tag, Label: "the pushed image",
		Group: resource.GroupImage, Usually: 30 * time.Second,
	}
}

// Needs implements Resource.
func (i *Image) Needs() []resource.Need {
	if i.Build == nil {
		return resource.After(i.Repository)
	}
	return append(resource.After(i.Repository), resource.Need{On: i.Build, Observe: true})
}

// Identifier implements Identified.
func (i *Image) Identifier() string { return i.Ref }

// Fingerprint implements plan.Printer: the version of the source, or the image that is used as it is.
func (i *Image) Fingerprint() string { return i.tag + i.Ref }

// NewVersion implements Versioned.
func (i *Image) NewVersion() event.Action { return event.Create }

// OfAccount implements OfAccount: tasks may fetch from the repositories of their own account.
func (i *Image) OfAccount() {}

// Observe implements Resource. Build has looked already.
func (i *Image) Observe(ctx context.Context, s *resource.Scope) error {
	if i.Build == nil {
		return i.observeExternal(ctx, s)
	}
	i.tag, i.pushed, i.tags, i.found = i.Build.Tag, i.Build.Pushed, i.Build.tags, i.Build.Pushed != ""
	return nil
}

// Exists implements Resource: the repository takes its images with it.
func (i *Image) Exists() bool { return false }

// Diff implements Resource.
func (i *Image) Diff(s *resource.Scope) resource.Diff {
	switch {
	case i.found && i.pushed == "":
		return resource.None()
	case i.found:
		i.Ref = i.Repository.host(s) + "/" + i.Repository.Name() + "@" + i.pushed
		return resource.None()
	}
	i.Ref = ""
	switch {
	case i.local:
		return resource.Diff{Action: event.Create, Why: "is only in Docker and has to be pushed"}
	case i.copied != nil:
		return resource.Diff{Action: event.Create, Why: i.copied.why + " and has to be copied to the app's own repository"}
	}
	return resource.Diff{Action: event.Create, Why: i.Build.why()}
}

// Apply implements Resource.
func (i *Image) Apply(ctx context.Context, s *resource.Scope) error {
	if i.found {
		return nil
	}
	img, err := i.source(ctx, s)
	if err != nil {
		return err
	}
	defer img.Release()
	auth, err := i.Repository.login(ctx, s)
	if err != nil {
		return fmt.Errorf("sign in to the registry: %w", err)
	}
	if i.copied != nil {
		s.Doing("copying")
	} else {
		s.Doing("pushing")
	}
	ctx, cancel := cloud.UntilStop(ctx)
	defer cancel()
	repo := i.Repository.host(s) + "/" + i.Repository.Name()
	to := image.Repository{Name: repo, Auth: auth, Transport: s.Transport, Enclosed: s.Enclosed}
	digest, err := img.Push(ctx, to, i.tag, reporter(s, "push"))
	if err != nil {
		return err
	}
	i.found, i.Ref = true, repo+"@"+digest
	return nil
}

// source is the image to push.
func (i *Image) source(ctx context.Context, s *resource.Scope) (image.Image, error) {
	switch {
	case i.Build != nil:
		return i.Build.Built(), nil
	case i.copied != nil:
		return i.copied.open(ctx, s)
	}
	img, found, err := i.Builder.Local(ctx, i.External)
	if err != nil {
		return nil, err
	}
	if !found || img.Facts().ID != i.id {
		return nil, &fail.Error{
			Class: fail.Failed, Cause: "the image " + i.External + " is no longer the planned one: it was rebuilt or removed",
			Remedy: "run the same command again: it deploys the current image",
		}
	}
	return img, nil
}

// Delete implements Resource. The repository takes its images with it.
func (i *Image) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (i *Image) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if !i.pushes() {
		return i.externalPermissions(s)
	}
	actions := resource.Actions("ecr:DescribeImages")
	if do != event.Create {
		return []resource.Permission{resource.On(actions, i.Repository.ARN(s))}
	}
	actions = append(actions, "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
		"ecr:CompleteLayerUpload", "ecr:PutImage")
	look := resource.On(resource.Actions("ecr:BatchGetImage"), i.Repository.ARN(s))
	look.Without = "an image that already exists is pushed again"
	need := []resource.Permission{resource.On(actions, i.Repository.ARN(s)), look, resource.Anywhere("ecr:GetAuthorizationToken")}
	if i.copied != nil {
		need = append(need, i.externalPermissions(s)...)
	}
	return need
}

// Checks implements Checked: whether an image that is used as it is exists.
func (i *Image) Checks(do event.Action) []resource.Probe {
	if i.Build != nil || do == event.Delete {
		return nil
	}
	return []resource.Probe{{ID: "image", Title: "image", Look: i.checkExternal, Offline: true}}
}
