package image

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"berth/engine/agent"
	"berth/engine/fail"
	"berth/engine/image/registry"
)

// pushJobs is how many layers are uploaded at the same time.
const pushJobs = 4

// reportEvery is after how many more bytes of a layer its progress is reported.
const reportEvery = 256 << 10

// Hold makes an image of one that is in nobody's store.
func Hold(img v1.Image) (InMemory, error) {
	cfg, err := img.ConfigFile()
	if err != nil {
		return InMemory{}, fmt.Errorf("read the image's configuration: %w", err)
	}
	id, err := img.ConfigName()
	if err != nil {
		return InMemory{}, fmt.Errorf("read the image's configuration: %w", err)
	}
	return InMemory{img, Facts{ID: id.String(), Config: cfg}}, nil
}

// InMemory is an image that is in nobody's store.
type InMemory struct {
	Content v1.Image
	facts   Facts
}

// Facts implements Image.
func (i InMemory) Facts() Facts { return i.facts }

// Push implements Image.
func (i InMemory) Push(ctx context.Context, to Repository, tag string, report Reporter) (string, error) {
	return push(ctx, i.Content, to, tag, report)
}

// Release implements Image.
func (InMemory) Release() {}

// push uploads img and returns its digest. Faults of the network and the registry that may pass are waited for.
func push(ctx context.Context, img v1.Image, to Repository, tag string, report Reporter) (string, error) {
	repo, err := name.NewRepository(to.Name)
	if err != nil {
		return "", badReference(to.Name, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("read digest of the image: %w", err)
	}
	up, err := newUpload(img, report)
	if err != nil {
		return "", fmt.Errorf("read layers of the image: %w", err)
	}
	c := registry.New(repo, to.Auth, to.Transport, up.wait)
	there, err := c.HasManifest(ctx, digest.String())
	if err == nil && !there {
		err = up.send(ctx, c, img)
	}
	if err != nil {
		return "", pushError(ctx, repo, err)
	}
	manifest, err := img.RawManifest()
	if err != nil {
		return "", fmt.Errorf("read the image's manifest: %w", err)
	}
	mediaType, err := img.MediaType()
	if err != nil {
		return "", fmt.Errorf("read the image's manifest: %w", err)
	}
	if err := c.PutManifest(ctx, tag, string(mediaType), manifest); err != nil {
		return "", pushError(ctx, repo, err)
	}
	return digest.String(), nil
}

// send sends the layers, several at a time, and then the configuration.
func (up *upload) send(ctx context.Context, c *registry.Client, img v1.Image) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(pushJobs)
	for _, l := range up.layers {
		g.Go(func() error {
			sent, err := c.Put(gctx, l.digest, l.Compressed, l.add)
			if err == nil {
				l.finish(sent)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return fmt.Errorf("read the image's configuration: %w", err)
	}
	id, err := img.ConfigName()
	if err != nil {
		return fmt.Errorf("read the image's configuration: %w", err)
	}
	_, err = c.Put(ctx, id.String(), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(config)), nil }, nil)
	return err
}

func registryOptions(ctx context.Context, transport http.RoundTripper) []remote.Option {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(transport), remote.WithJobs(pushJobs), remote.WithUserAgent(agent.String()),
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
		up.layers = append(up.layers, &countedLayer{Layer: l, up: up, digest: digest.String(), number: len(up.layers) + 1, size: size})
		up.size += size
	}
	return up, nil
}

// countedLayer is a layer that reports how much of it has been sent.
type countedLayer struct {
	v1.Layer
	up     *upload
	digest string
	number int
	size   int64

	sent, reported int64 // guarded by up.mu
}

// add counts bytes as they go, and negative ones that have to go again.
func (l *countedLayer) add(n int64) {
	l.up.mu.Lock()
	defer l.up.mu.Unlock()
	l.sent += n
	l.up.current += n
	if n < 0 {
		l.reported = min(l.reported, l.sent)
	}
	if l.sent-l.reported < reportEvery && l.sent < l.size {
		return
	}
	l.reported = l.sent
	l.up.tell(fmt.Sprintf("layer %d of %d: %s of %s", l.number, len(l.up.layers), human(l.sent), human(l.size)))
}

// finish accounts for a layer that is in the registry now.
func (l *countedLayer) finish(sent bool) {
	l.up.mu.Lock()
	defer l.up.mu.Unlock()
	text := fmt.Sprintf("layer %d of %d is there", l.number, len(l.up.layers))
	if !sent {
		text = fmt.Sprintf("layer %d of %d was there already", l.number, len(l.up.layers))
	}
	l.up.current += l.size - l.sent
	l.sent = l.size
	l.up.tell(text)
}

// wait tells why nothing goes on.
func (up *upload) wait(text string) {
	up.mu.Lock()
	defer up.mu.Unlock()
	up.tell(cmp.Or(text, "going on"))
}

// tell reports. The caller holds mu.
func (up *upload) tell(text string) {
	up.report.progress(text, min(up.current, up.size), up.size, "bytes")
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

func pushError(ctx context.Context, repo name.Repository, err error) error {
	var done *fail.Error
	if errors.As(err, &done) {
		return done
	}
	if ctx.Err() != nil {
		return fmt.Errorf("push image: %w", ctx.Err())
	}
	f := pushFailed(repo, registryText(err), err)
	switch s := status(err); {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		f.Remedy = "the credentials need the right to push: ecr:InitiateLayerUpload, ecr:UploadLayerPart, " +
			"ecr:CompleteLayerUpload, ecr:PutImage, ecr:BatchCheckLayerAvailability and ecr:BatchGetImage on this repository"
		if asked := headAction(err); asked != "" {
			f.Evidence += ": the permission " + asked + " is missing"
		}
	case s == http.StatusNotFound:
		f.Remedy = "the repository is gone; run the same command again to create it again"
	case registry.Passing(err):
		f.Cause += fmt.Sprintf(": its registry failed for %d minutes", int(registry.Patience.Minutes()))
		f.Remedy = "check the network to " + repo.RegistryStr() + "; run the same command again; uploaded layers are kept"
	}
	return f
}

// pushFailed is a push that did not work.
func pushFailed(repo name.Repository, evidence string, err error) *fail.Error {
	return &fail.Error{
		Class: fail.Failed, Cause: "the image could not be pushed to " + repo.Name(),
		Evidence: evidence, Remedy: "run the same command again; uploaded layers are kept", Err: err,
	}
}
