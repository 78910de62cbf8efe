package image

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"berth/engine/fail"
)

// pushJobs is how many layers are uploaded at the same time.
const pushJobs = 4

// reportEvery is after how many more bytes of a layer its progress is reported.
const reportEvery = 256 << 10

// Push uploads img to ref (repository:tag) and returns its digest, "sha256:…". Layers that the registry has
// already are not sent again; passing faults of the network and the registry are tried again. A nil
// transport is http.DefaultTransport, a nil auth is anonymous.
func Push(ctx context.Context, img v1.Image, ref string, auth authn.Authenticator, transport http.RoundTripper, report Reporter) (string, error) {
	tag, err := name.NewTag(ref)
	if err != nil {
		return "", badReference(ref, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("read digest of the image: %w", err)
	}
	pusher, err := remote.NewPusher(append(registryOptions(ctx, transport), withAuth(auth))...)
	if err != nil {
		return "", fmt.Errorf("open registry %s: %w", tag.RegistryStr(), err)
	}
	up, err := newUpload(img, report)
	if err != nil {
		return "", fmt.Errorf("read layers of the image: %w", err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(pushJobs)
	for _, l := range up.layers {
		g.Go(func() error {
			err := pusher.Upload(gctx, tag.Context(), l)
			if err == nil {
				l.finish()
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", pushError(ctx, tag, err)
	}
	// The layers are there; this sends the configuration and the manifest.
	if err := pusher.Push(ctx, tag, img); err != nil {
		return "", pushError(ctx, tag, err)
	}
	return digest.String(), nil
}

func withAuth(auth authn.Authenticator) remote.Option {
	if auth == nil {
		auth = authn.Anonymous
	}
	return remote.WithAuth(auth)
}

func registryOptions(ctx context.Context, transport http.RoundTripper) []remote.Option {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(transport), remote.WithJobs(pushJobs), remote.WithUserAgent("berth"),
	}
}

// upload counts the bytes of all layers that are sent.
type upload struct {
	report Reporter
	layers []*countedLayer

	mu            sync.Mutex
	current, size int64
}

func newUpload(img v1.Image, report Reporter) (*upload, error) {
	all, err := img.Layers()
	if err != nil {
		return nil, err
	}
	up := &upload{report: report}
	seen := map[v1.Hash]bool{}
	for _, l := range all {
		digest, err := l.Digest()
		if err != nil {
			return nil, err
		}
		if seen[digest] {
			continue
		}
		seen[digest] = true
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		up.layers = append(up.layers, &countedLayer{Layer: l, up: up, number: len(up.layers) + 1, size: size})
		up.size += size
	}
	return up, nil
}

// countedLayer is a layer that reports how much of it has been read.
type countedLayer struct {
	v1.Layer
	up     *upload
	number int
	size   int64

	sent, reported int64 // guarded by up.mu
}

// Compressed returns the bytes to send. When it is called again the upload starts over.
func (l *countedLayer) Compressed() (io.ReadCloser, error) {
	rc, err := l.Layer.Compressed()
	if err != nil {
		return nil, err
	}
	l.up.mu.Lock()
	l.up.current -= l.sent
	l.sent, l.reported = 0, 0
	l.up.mu.Unlock()
	return &countedReader{ReadCloser: rc, layer: l}, nil
}

type countedReader struct {
	io.ReadCloser
	layer *countedLayer
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.layer.add(int64(n))
	return n, err
}

func (l *countedLayer) add(n int64) {
	l.up.mu.Lock()
	defer l.up.mu.Unlock()
	l.sent += n
	l.up.current += n
	if l.sent-l.reported < reportEvery && l.sent < l.size {
		return
	}
	l.reported = l.sent
	l.up.report.progress(fmt.Sprintf("layer %d of %d: %s of %s", l.number, len(l.up.layers), human(l.sent), human(l.size)),
		min(l.up.current, l.up.size), l.up.size, "bytes")
}

// finish accounts for a layer that is in the registry now. One that was there before has sent nothing.
func (l *countedLayer) finish() {
	l.up.mu.Lock()
	defer l.up.mu.Unlock()
	text := fmt.Sprintf("layer %d of %d is there", l.number, len(l.up.layers))
	if l.sent == 0 {
		text = fmt.Sprintf("layer %d of %d was there already", l.number, len(l.up.layers))
	}
	l.up.current += l.size - l.sent
	l.sent = l.size
	l.up.report.progress(text, l.up.current, l.up.size, "bytes")
}

// human writes a size for people, in powers of ten.
func human(n int64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	}
}

func pushError(ctx context.Context, tag name.Tag, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("push image: %w", ctx.Err())
	}
	f := &fail.Error{
		Class: fail.Failed, Cause: "the image could not be pushed to " + tag.Context().Name(),
		Evidence: registryText(err), Remedy: "run the same command again; what was sent stays there", Err: err,
	}
	switch status(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		f.Remedy = "the credentials need the right to push: ecr:InitiateLayerUpload, ecr:UploadLayerPart, " +
			"ecr:CompleteLayerUpload, ecr:PutImage, ecr:BatchCheckLayerAvailability and ecr:BatchGetImage on this repository"
		if asked := headAction(err); asked != "" {
			f.Evidence += ": the permission " + asked + " is missing"
		}
	case http.StatusNotFound:
		f.Remedy = "the repository is gone; run the same command again and it is made anew"
	}
	return f
}
