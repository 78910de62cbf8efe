package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"berth/engine/fail"
)

// inProcess is a transport that asks a handler, without a network.
type inProcess struct {
	http.Handler
	before func(*http.Request) *http.Response // answers instead when it is set and not nil

	mu    sync.Mutex
	calls []string
}

func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.calls = append(p.calls, r.Method+" "+r.URL.Path)
	p.mu.Unlock()
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // as a RoundTripper must
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if p.before != nil {
		if resp := p.before(r); resp != nil {
			resp.Request = r
			return resp, nil
		}
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (p *inProcess) count(prefix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func newRegistry() *inProcess {
	return &inProcess{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

const repo = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/berth/shop"

// steps collects what is reported.
type steps struct {
	mu      sync.Mutex
	texts   []string
	current []int64
	total   int64
	lines   []string
}

func (s *steps) reporter() Reporter {
	return Reporter{
		Progress: func(text string, current, total int64, unit string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.texts, s.current, s.total = append(s.texts, text), append(s.current, current), total
		},
		Log: func(line string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lines = append(s.lines, line)
		},
	}
}

func TestPush(t *testing.T) {
	reg := newRegistry()
	img, err := random.Image(600_000, 3)
	must(t, err)
	var s steps
	digest, err := push(t.Context(), img, Repository{repo, &authn.Basic{Username: "AWS", Password: "x"}, reg, false}, "src-1", s.reporter())
	must(t, err)
	want, err := img.Digest()
	must(t, err)
	if digest != want.String() {
		t.Errorf("digest %s, want %s", digest, want)
	}
	ref, err := name.NewDigest(repo + "@" + digest)
	must(t, err)
	if _, err := remote.Image(ref, remote.WithTransport(reg)); err != nil {
		t.Errorf("the image is not there: %v", err)
	}
	last := int64(0)
	for i, c := range s.current {
		if c < last || c > s.total {
			t.Errorf("progress %d of %d after %d", c, s.total, last)
		}
		if !strings.HasPrefix(s.texts[i], "layer ") {
			t.Errorf("text %q", s.texts[i])
		}
		last = c
	}
	if last != s.total || s.total < 1_800_000 || len(s.current) < 6 {
		t.Errorf("progress ended at %d of %d after %d reports", last, s.total, len(s.current))
	}

	// A second image with one more layer sends only that one.
	layer, err := random.Layer(1000, "application/vnd.docker.image.rootfs.diff.tar.gzip")
	must(t, err)
	more, err := mutate.AppendLayers(img, layer)
	must(t, err)
	before := reg.count("PATCH")
	s = steps{}
	_, err = push(t.Context(), more, Repository{repo, nil, reg, false}, "src-2", s.reporter())
	must(t, err)
	if got := reg.count("PATCH") - before; got != 2 { // the layer and the configuration
		t.Errorf("%d uploads, want 2", got)
	}
	if n := strings.Count(strings.Join(s.texts, "\n"), "was there already"); n != 3 {
		t.Errorf("%d layers were there already: %q", n, s.texts)
	}
	if s.current[len(s.current)-1] != s.total {
		t.Errorf("progress ended at %v of %d", s.current, s.total)
	}
}

// The same layer twice in an image is sent once.
func TestPushTwins(t *testing.T) {
	reg := newRegistry()
	layer, err := random.Layer(1000, "application/vnd.docker.image.rootfs.diff.tar.gzip")
	must(t, err)
	img, err := mutate.AppendLayers(empty.Image, layer, layer)
	must(t, err)
	var s steps
	_, err = push(t.Context(), img, Repository{repo, nil, reg, false}, "twins", s.reporter())
	must(t, err)
	if reg.count("PATCH") != 2 || s.current[len(s.current)-1] != s.total {
		t.Errorf("%d uploads, progress %v of %d", reg.count("PATCH"), s.current, s.total)
	}
}

// The waits between tries pass in virtual time.
func TestPushRetries(t *testing.T) { synctest.Test(t, testPushRetries) }

func testPushRetries(t *testing.T) {
	reg := newRegistry()
	var mu sync.Mutex
	failed := map[string]bool{}
	reg.before = func(r *http.Request) *http.Response {
		mu.Lock()
		defer mu.Unlock()
		if key := r.Method; (key == "PATCH" || key == "PUT") && !failed[key] {
			failed[key] = true
			return answer(503, "")
		}
		return nil
	}
	img, err := random.Image(300_000, 1)
	must(t, err)
	var s steps
	if _, err := push(t.Context(), img, Repository{repo, nil, reg, false}, "retry", s.reporter()); err != nil || len(failed) != 2 {
		t.Errorf("after one fault each: %v, %v", failed, err)
	}
	if s.current[len(s.current)-1] != s.total {
		t.Errorf("progress ended at %v of %d", s.current, s.total)
	}
}

func TestPushErrors(t *testing.T) {
	img, err := random.Image(100, 1)
	must(t, err)
	for status, want := range map[int]string{
		403: "ecr:PutImage", 404: "the repository is gone", 400: "run the same command again",
	} {
		reg := newRegistry()
		reg.before = func(r *http.Request) *http.Response {
			if r.URL.Path == "/v2/" {
				return nil
			}
			return answer(status, `{"errors":[{"code":"DENIED","message":"not allowed"}]}`)
		}
		_, err := push(t.Context(), img, Repository{repo, nil, reg, false}, "x", Reporter{})
		f := fail.From(err)
		if err == nil || f.Class != fail.Failed || !strings.Contains(f.Remedy, want) || f.Cause != "the image could not be pushed to "+repo {
			t.Errorf("%d: %+v", status, f)
		}
	}
	if _, err := push(t.Context(), img, Repository{"NOT A REF", nil, newRegistry(), false}, "x", Reporter{}); fail.From(err).Class != fail.Usage {
		t.Errorf("bad reference: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := push(ctx, img, Repository{repo, nil, newRegistry(), false}, "x", Reporter{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// withConfig is an image with one layer for a platform.
func withConfig(t *testing.T, os, arch string) v1.Image {
	t.Helper()
	img, err := random.Image(100, 1)
	must(t, err)
	cfg, err := img.ConfigFile()
	must(t, err)
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = os, arch
	cfg.Config.Cmd = []string{"/" + arch}
	img, err = mutate.ConfigFile(img, cfg)
	must(t, err)
	return img
}

func TestResolve(t *testing.T) { synctest.Test(t, testResolve) }

func testResolve(t *testing.T) {
	reg := newRegistry()
	put := func(ref string, img v1.Image) string {
		t.Helper()
		r, err := name.ParseReference(ref)
		must(t, err)
		must(t, remote.Write(r, img, remote.WithTransport(reg)))
		d, err := img.Digest()
		must(t, err)
		return d.String()
	}
	amd, arm := withConfig(t, "linux", "amd64"), withConfig(t, "linux", "arm64")
	amdDigest := put("ghcr.io/me/app:1", amd)
	put("ghcr.io/me/arm:1", arm)
	hub := put("library/thing:latest", amd)
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}},
		mutate.IndexAddendum{Add: amd, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: withConfig(t, "unknown", "unknown"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}})
	many, err := name.ParseReference("ghcr.io/me/many:1")
	must(t, err)
	must(t, remote.WriteIndex(many, index, remote.WithTransport(reg)))
	armDigest, err := arm.Digest()
	must(t, err)

	for _, tt := range []struct{ ref, platform, want string }{
		{"ghcr.io/me/app:1", "linux/amd64", "ghcr.io/me/app@" + amdDigest},
		{"ghcr.io/me/app@" + amdDigest, "linux/amd64", "ghcr.io/me/app@" + amdDigest},
		{"ghcr.io/me/many:1", "linux/amd64", "ghcr.io/me/many@" + amdDigest},
		{"ghcr.io/me/many:1", "linux/arm64", "ghcr.io/me/many@" + armDigest.String()},
		{"thing", "linux/amd64", "docker.io/library/thing@" + hub},
	} {
		got, err := Resolve(t.Context(), tt.ref, tt.platform, reg, authn.NewMultiKeychain())
		if err != nil || got.Ref != tt.want || got.Platform != tt.platform || got.Config.Config.Cmd[0] != "/"+strings.TrimPrefix(tt.platform, "linux/") {
			t.Errorf("%s for %s: %+v, %v", tt.ref, tt.platform, got, err)
		}
	}
	for _, tt := range []struct {
		ref, platform string
		class         fail.Class
		cause, remedy string
	}{
		{"Bad Ref", "linux/amd64", fail.Usage, `"Bad Ref" is not an image reference`, "write it like"},
		{"https://ghcr.io/me/app", "linux/amd64", fail.Usage, `"https://ghcr.io/me/app" is not an image reference`, "write it like"},
		{"ghcr.io/me/app:1", "amd64/", fail.Refused, "the image ghcr.io/me/app:1 is not for amd64/", "name an image"},
		{"ghcr.io/me/app:2", "linux/amd64", fail.Refused, "there is no image ghcr.io/me/app:2", "check the name and the tag"},
		{"ghcr.io/me/none:1", "linux/amd64", fail.Refused, "there is no image ghcr.io/me/none:1", "check the name and the tag"},
		{"ghcr.io/me/arm:1", "linux/amd64", fail.Refused, "the image ghcr.io/me/arm:1 is not for linux/amd64", `name an image for linux/amd64, or write platform = "linux/arm64"`},
		{"ghcr.io/me/many:1", "linux/s390x", fail.Refused, "the image ghcr.io/me/many:1 is not for linux/s390x", "name an image"},
	} {
		_, err := Resolve(t.Context(), tt.ref, tt.platform, reg, authn.NewMultiKeychain())
		f := fail.From(err)
		if err == nil || f.Class != tt.class || f.Cause != tt.cause || !strings.HasPrefix(f.Remedy, tt.remedy) {
			t.Errorf("%s: %+v", tt.ref, f)
		}
	}
	for status, want := range map[int]string{
		401: "the registry ghcr.io denies access to ghcr.io/me/app:1", 403: "the registry ghcr.io denies access to",
		429: "the registry ghcr.io is rate limiting", 400: "the registry ghcr.io gave no valid answer",
	} {
		reg.before = func(r *http.Request) *http.Response {
			if r.URL.Path == "/v2/" {
				return nil
			}
			return answer(status, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
		}
		_, err := Resolve(t.Context(), "ghcr.io/me/app:1", "linux/amd64", reg, authn.NewMultiKeychain())
		if f := fail.From(err); err == nil || f.Class != fail.Refused || !strings.HasPrefix(f.Cause, want) || !strings.Contains(f.Evidence, "UNAUTHORIZED") {
			t.Errorf("%d: %+v", status, f)
		}
	}
	_, err = Resolve(t.Context(), "registry.invalid/app:1", "linux/amd64", broken{}, authn.NewMultiKeychain())
	if f := fail.From(err); err == nil || f.Class != fail.Refused || f.Cause != "the registry registry.invalid cannot be reached" {
		t.Errorf("unreachable: %+v", f)
	}
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no such host")
}

func TestCheck(t *testing.T) {
	cfg := &v1.ConfigFile{OS: "linux", Architecture: "amd64"}
	if got := Check(cfg, 80, false); len(got) != 1 ||
		got[0] != "the image has neither ENTRYPOINT nor CMD, so nothing would start" {
		t.Errorf("got %q", got)
	}
	cfg.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}, "80/udp": {}}
	if got := Check(cfg, 80, true); len(got) != 1 || got[0] != "the image exposes 80/udp, 8080/tcp, but the load balancer will use port 80" {
		t.Errorf("got %q", got)
	}
	cfg.Config.Cmd = []string{"x"}
	for _, port := range []int{0, 8080} {
		if got := Check(cfg, port, false); len(got) != 0 {
			t.Errorf("got %q", got)
		}
	}
}
