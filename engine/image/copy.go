package image

import (
	"context"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"berth/engine/image/registry"
)

// Remote is an image in a registry, by digest, to be pushed to another: its layers go through this process, which
// keeps none of them. Tell is given a sentence when the registry has to be waited for, and "" when it goes on. A nil
// transport is http.DefaultTransport; a nil keychain is that of this machine.
func Remote(ctx context.Context, ref string, tr http.RoundTripper, keys authn.Keychain, tell func(string)) (Image, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, badReference(ref, err)
	}
	if keys == nil {
		keys = SignIns{}
	}
	auth, err := authn.Resolve(ctx, keys, parsed.Context())
	if err != nil {
		return nil, resolveError(ctx, parsed, err)
	}
	img, err := remote.Image(parsed, append(registryOptions(ctx, tr), remote.WithAuth(auth))...)
	if err != nil {
		return nil, resolveError(ctx, parsed, err)
	}
	source := registry.NewSource(parsed.Context(), auth, tr, tell)
	held, err := Hold(elsewhere{img, func(d v1.Hash, size int64) io.ReadCloser { return source.Get(ctx, d.String(), size) }})
	if err != nil {
		return nil, resolveError(ctx, parsed, err)
	}
	return held, nil
}

// elsewhere is an image whose layers are read with patience.
type elsewhere struct {
	v1.Image
	open func(digest v1.Hash, size int64) io.ReadCloser
}

// Layers implements v1.Image.
func (e elsewhere) Layers() ([]v1.Layer, error) {
	all, err := e.Image.Layers()
	if err != nil {
		return nil, err
	}
	for i, l := range all {
		all[i] = layerElsewhere{l, e.open}
	}
	return all, nil
}

type layerElsewhere struct {
	v1.Layer
	open func(digest v1.Hash, size int64) io.ReadCloser
}

// Compressed implements v1.Layer.
func (l layerElsewhere) Compressed() (io.ReadCloser, error) {
	digest, err := l.Digest()
	if err != nil {
		return nil, err
	}
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	return l.open(digest, size), nil
}
