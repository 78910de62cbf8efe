package artifact

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"

	"berth/engine/image"
	"berth/engine/resource"
)

// copied is an image that this machine may read where it is, and the tasks may not: it goes to the app's repository.
type copied struct {
	why  string         // the tasks may not, as a part of a sentence about the image
	keys authn.Keychain // the sign-in with which it is read
	ref  string         // by digest
}

// observeCopy looks whether the image was copied before. Its digest is the same wherever it is.
func (i *Image) observeCopy(ctx context.Context, s *resource.Scope, there image.Resolved) error {
	i.copied.ref, i.config = there.Ref, there.Config
	_, digest, _ := strings.Cut(there.Ref, "@")
	return i.lookFor(ctx, s, digest)
}

// open is the image where it is.
func (c *copied) open(ctx context.Context, s *resource.Scope) (image.Image, error) {
	return image.Remote(ctx, c.ref, s.Transport, c.keys, func(text string) { s.Doing(cmp.Or(text, "copying")) })
}

// always is a keychain with one sign-in for everything.
type always struct{ authn.Authenticator }

// Resolve implements authn.Keychain.
func (a always) Resolve(authn.Resource) (authn.Authenticator, error) { return a.Authenticator, nil }

// ecrKeys is the account's sign-in for ECR in a region. It ends after hours, so that it is asked for when it is needed.
type ecrKeys struct {
	i      *Image
	s      *resource.Scope
	region string
}

// Resolve implements authn.Keychain.
func (k ecrKeys) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), r)
}

// ResolveContext implements authn.ContextKeychain.
func (k ecrKeys) ResolveContext(ctx context.Context, _ authn.Resource) (authn.Authenticator, error) {
	return k.i.Repository.login(ctx, k.s, func(o *ecr.Options) { o.Region = k.region })
}
