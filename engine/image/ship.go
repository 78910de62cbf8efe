package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"berth/engine/fail"
	"berth/engine/image/registry"
)

// Push implements Image. The engine that has the layers pushes them: to a relay on this machine, which signs in and
// is patient; where it cannot reach that, since it runs in a virtual machine or elsewhere, to the registry itself.
// What cannot push is emptied into our own hands.
func (s *stored) Push(ctx context.Context, to Repository, tag string, report Reporter) (string, error) {
	repo, err := name.NewRepository(to.Name)
	if err != nil {
		return "", badReference(to.Name, err)
	}
	digest, err := s.relayed(ctx, repo, to, tag, report)
	var away errAway
	if !errors.As(err, &away) {
		return digest, err
	}
	if !to.Enclosed {
		digest, err = s.direct(ctx, repo, to, tag, report)
		if !errors.As(err, &away) {
			return digest, err
		}
	}
	report.log(fmt.Sprintf("%s cannot push by itself (%s): taking the image out of it", s.name, away.why))
	img, free, err := s.save(ctx, report)
	if err != nil {
		return "", err
	}
	defer free()
	return push(ctx, img, to, tag, report)
}

// pushTries is how often an engine pushes when its uploads are cut.
const pushTries = 5

// errAway is an engine that cannot push where it should.
type errAway struct{ why string }

// Error implements error.
func (e errAway) Error() string { return e.why }

// relayed lets the engine push to a relay.
func (s *stored) relayed(ctx context.Context, repo name.Repository, to Repository, tag string, report Reporter) (string, error) {
	if s.remote {
		return "", errAway{"it runs on another machine"}
	}
	g := &gauge{report: report, layers: len(s.facts.Config.RootFS.DiffIDs) + 1, there: map[string]bool{}, sent: map[string]int64{}}
	client := registry.New(repo, to.Auth, to.Transport, g.wait)
	relay, err := client.Serve(ctx, registry.Watch{Moved: g.moved, There: g.have}, func(ref string, manifest []byte) error {
		return s.accept(ref, tag, manifest)
	})
	if err != nil {
		return "", errAway{err.Error()}
	}
	defer relay.Close()
	there := relay.Repository() + ":" + tag
	if err := s.retag(ctx, s.ref, there); err != nil {
		return "", err
	}
	defer s.untag(context.WithoutCancel(ctx), there)
	out := &lastLines{}
	args := []string{"push", there}
	switch s.kind {
	case "podman", "buildah":
		none, err := os.MkdirTemp("", "berth-push-")
		if err != nil {
			return "", localFault("make room for the push", err)
		}
		defer os.RemoveAll(none)                                    //nolint:errcheck // it is a folder of the system's temporary files, at worst
		if err := writeSignIn(none, "127.0.0.1", nil); err != nil { // so that it asks no helper for one
			return "", err
		}
		args = []string{"push", "--tls-verify=false", "--authfile", filepath.Join(none, "config.json"), there}
	case "nerdctl", "finch":
		args = []string{"push", "--insecure-registry", there}
	}
	for try := 1; ; try++ {
		err = s.pipe(ctx, nil, args, out.add)
		if digest := relay.Digest(tag); digest != "" {
			return digest, nil
		}
		// Some engines give up at the first cut, and some registries keep nothing of what was cut.
		if ctx.Err() != nil || try == pushTries || !errors.Is(relay.Err(), registry.ErrCut) {
			break
		}
		report.log("an upload was interrupted and cannot be resumed: pushing the missing layers again")
	}
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("push image: %w", ctx.Err())
	case !relay.Reached():
		return "", errAway{"it does not reach 127.0.0.1 of this machine"}
	case relay.Err() != nil:
		return "", pushError(ctx, repo, relay.Err())
	case err == nil:
		err = errors.New("it ended without an image")
	}
	return "", s.notPushed(repo, out.String(), err)
}

// notPushed is a push of the engine that failed, with what it said.
func (s *stored) notPushed(repo name.Repository, said string, err error) error {
	if f := s.fault(said); f != nil {
		f.Err = err
		return f
	}
	return pushFailed(repo, s.name+" said:\n"+fail.Quoted(said), err)
}

// accept says whether a manifest that goes to the repository is the one of the image. Nobody else on this machine may
// put another there.
func (s *stored) accept(ref, tag string, manifest []byte) error {
	if ref != tag && !strings.HasPrefix(ref, "sha256:") {
		return fmt.Errorf("only the tag %s can be put here", tag)
	}
	var m struct {
		Config *v1.Descriptor
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		return fmt.Errorf("read the manifest: %w", err)
	}
	digest, _, err := v1.SHA256(strings.NewReader(string(manifest)))
	if err != nil {
		return err
	}
	// Docker's and Podman's own stores know an image by its configuration, containerd's by its manifest.
	if m.Config != nil && m.Config.Digest.String() == s.facts.ID || digest.String() == s.facts.ID {
		return nil
	}
	if m.Config != nil && ref != tag {
		return nil // a part of an index; by itself it has no name
	}
	return &fail.Error{
		Class: fail.Failed, Cause: "the image changed between its build and the push",
		Evidence: "it was " + s.facts.ID, Remedy: "deploy again",
	}
}

// direct lets the engine push to the registry, with nothing but the sign-in there; the user's stays as it is. What may
// pass is waited for: what has arrived is not sent again.
func (s *stored) direct(ctx context.Context, repo name.Repository, to Repository, tag string, report Reporter) (string, error) {
	there := to.Name + ":" + tag
	push, free, err := s.pusher(ctx, repo, to, tag, report)
	if err != nil {
		return "", err
	}
	defer free()
	if err := s.retag(ctx, s.ref, there); err != nil {
		return "", err
	}
	defer s.untag(context.WithoutCancel(ctx), there)
	var said string
	err = registry.Patiently(ctx, func(text string) { report.log(text); report.progress(text, 0, 0, "layers") }, func(ctx context.Context) (moved bool, err error) {
		said, moved, err = push(ctx)
		return moved, mayPass(said, err)
	})
	if err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("push image: %w", ctx.Err())
		}
		return "", s.notPushed(repo, said, err)
	}
	// What is in the repository now decides, not what was printed.
	got, err := Resolve(ctx, there, platformName(s.facts.Config.Platform()), to.Transport, oneSignIn{to.Auth})
	if err != nil {
		return "", err
	}
	_, digest, _ := strings.Cut(got.Ref, "@")
	if !slices.Equal(got.Config.RootFS.DiffIDs, s.facts.Config.RootFS.DiffIDs) {
		return "", &fail.Error{
			Class: fail.Failed, Cause: "what arrived in " + to.Name + " is another image than the one that was pushed",
			Remedy: "deploy again",
		}
	}
	return digest, nil
}

// pusher is how the engine pushes once: what it said last, and whether more of the image has arrived than before. Free
// removes what it needed.
func (s *stored) pusher(ctx context.Context, repo name.Repository, to Repository, tag string, report Reporter) (push func(context.Context) (said string, moved bool, err error), free func(), err error) {
	layers, host := len(s.facts.Config.RootFS.DiffIDs), ""
	if s.kind == "docker" {
		if host, err = s.endpoint(ctx); err != nil {
			return nil, nil, err
		}
		if d, ok := daemonAt(host, s.api); ok {
			sign, err := signInOf(to.Auth)
			if err != nil {
				return nil, nil, err
			}
			best := 0
			return func(ctx context.Context) (string, bool, error) {
				done, err := d.follow(ctx, to.Name, tag, sign, newPushGauge(report, layers))
				moved := done > best
				best = max(best, done)
				if err != nil {
					return err.Error(), moved, err
				}
				return "", moved, nil
			}, func() {}, nil
		}
	}
	dir, err := os.MkdirTemp("", "berth-push-")
	if err != nil {
		return nil, nil, localFault("make room for the push", err)
	}
	free = func() { _ = os.RemoveAll(dir) } // it is a folder of the system's temporary files, at worst
	if err := writeSignIn(dir, repo.RegistryStr(), to.Auth); err != nil {
		free()
		return nil, nil, err
	}
	there := to.Name + ":" + tag
	args, env := []string{"push", there}, []string{"DOCKER_CONFIG=" + dir}
	switch s.kind {
	case "podman", "buildah":
		args, env = []string{"push", "--authfile", filepath.Join(dir, "config.json"), there}, nil
	case "docker":
		env = append(env, "DOCKER_HOST="+host)
	}
	best := 0
	return func(ctx context.Context) (string, bool, error) {
		l := &pushLines{report: report, layers: layers, state: map[string]string{}}
		err := s.pipe(ctx, env, args, l.line)
		done := arrived(l.state)
		moved := done > best
		best = max(best, done)
		return l.last.String(), moved, err
	}, free, nil
}

// endpoint is where the daemon of Docker's current context listens. One that needs certificates cannot be used with
// another configuration.
func (p program) endpoint(ctx context.Context) (string, error) {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return host, nil
	}
	out, _, err := p.output(ctx, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil || !strings.Contains(out, "://") || strings.HasPrefix(out, "tcp://") {
		return "", errAway{"its context cannot be used with another sign-in"}
	}
	return out, nil
}

// writeSignIn writes a configuration of Docker with one sign-in.
func writeSignIn(dir, host string, auth authn.Authenticator) error {
	sign, err := signInOf(auth)
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"auths": map[string]authn.AuthConfig{host: sign}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
		return localFault("write the sign-in for the push", err)
	}
	return nil
}

// signInOf is what auth signs in with.
func signInOf(auth authn.Authenticator) (authn.AuthConfig, error) {
	if auth == nil {
		return authn.AuthConfig{}, nil
	}
	got, err := auth.Authorization()
	if err != nil {
		return authn.AuthConfig{}, fmt.Errorf("read the registry's sign-in: %w", err)
	}
	return *got, nil
}

// oneSignIn is a keychain with one sign-in for everything.
type oneSignIn struct{ auth authn.Authenticator }

// Resolve implements authn.Keychain.
func (o oneSignIn) Resolve(authn.Resource) (authn.Authenticator, error) {
	if o.auth == nil {
		return authn.Anonymous, nil
	}
	return o.auth, nil
}

// gauge reports how far a relayed push is.
type gauge struct {
	report Reporter
	layers int // with the configuration, which goes the same way

	mu    sync.Mutex
	there map[string]bool  // digests that the repository has
	sent  map[string]int64 // bytes of the uploads under way
	total int64            // bytes of all uploads
	told  int64
	hold  string // why nothing goes on
}

func (g *gauge) moved(upload string, n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent[upload] += n
	g.total += n
	if g.total-g.told >= reportEvery {
		g.told = g.total
		g.tell()
	}
}

func (g *gauge) have(digest, upload string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sent, upload)
	g.there[digest] = true
	g.tell()
}

func (g *gauge) wait(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = text
	g.tell()
}

// tell reports. The caller holds mu.
func (g *gauge) tell() {
	text := g.hold
	if text == "" {
		text = fmt.Sprintf("%d of %d layers are there", min(len(g.there), g.layers), g.layers)
		if g.total > 0 {
			text += ", " + human(g.total) + " sent"
		}
	}
	g.report.progress(text, int64(min(len(g.there), g.layers)), int64(g.layers), "layers")
}

// pushLines reads what an engine prints while it pushes: a line a layer each time that its state changes.
type pushLines struct {
	report Reporter
	layers int
	state  map[string]string
	last   lastLines
}

func (l *pushLines) line(text string) {
	l.last.add(text)
	id, state, ok := strings.Cut(text, ": ")
	if !ok || len(id) != 12 {
		return
	}
	l.state[id] = state
	done := arrived(l.state)
	l.report.progress(fmt.Sprintf("%d of %d layers are there", done, l.layers), int64(done), int64(l.layers), "layers")
}
