package image

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// bad is the way to a registry with its troubles: it is down for a while, then answers ten times with a status, cuts
// uploads after so many bytes, as often as it is told to (Debian's registry keeps nothing of what was cut), and takes
// nothing of an upload for a while.
type bad struct {
	down    time.Duration
	until   time.Time
	answers []int
	cut     int64
	times   int
	stall   time.Duration

	mu       sync.Mutex
	cuts     int
	stalling time.Time // when it began to
}

func (b *bad) RoundTrip(req *http.Request) (*http.Response, error) {
	if time.Now().Before(b.until) {
		return nil, errors.New("connect: connection refused")
	}
	if req.URL.Path != "/v2/" {
		b.mu.Lock()
		status := 0
		if len(b.answers) > 0 {
			status, b.answers = b.answers[0], b.answers[1:]
		}
		b.mu.Unlock()
		if status != 0 {
			res := answer(status, `{"errors":[{"code":"UNAVAILABLE","message":"later"}]}`)
			res.Header.Set("Retry-After", "1")
			res.Request = req
			return res, nil
		}
	}
	b.mu.Lock()
	if b.cuts < b.times && req.Method == http.MethodPatch {
		b.cuts++
		req.Body = &cutBody{ReadCloser: req.Body, left: b.cut}
	}
	if b.stall > 0 && b.stalling.IsZero() && req.Method == http.MethodPatch {
		b.stalling = time.Now()
		req.Body = &stalledBody{ReadCloser: req.Body, ctx: req.Context(), left: 4 << 20, wait: b.stall}
	}
	b.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

type cutBody struct {
	io.ReadCloser
	left int64
}

func (c *cutBody) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("connection reset by peer")
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// stalledBody takes nothing for a while after so many bytes.
type stalledBody struct {
	io.ReadCloser
	ctx  context.Context
	left int64
	wait time.Duration
}

func (s *stalledBody) Read(p []byte) (int, error) {
	if s.left <= 0 && s.wait > 0 {
		select {
		case <-time.After(s.wait):
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		}
		s.wait = 0
	}
	n, err := s.ReadCloser.Read(p)
	s.left -= int64(n)
	return n, err
}

// front opens the bad way to a registry at an address, for programs that find their way by themselves.
func (b *bad) front(t *testing.T, registry string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	proxy := &httputil.ReverseProxy{
		Transport: b,
		// The host stays that of the request, which the registry makes its locations of.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: registry})
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := &http.Server{Handler: proxy}
	if b.down > 0 { // nobody listens there for a while
		must(t, l.Close())
		time.AfterFunc(b.down, func() {
			if l, err := net.Listen("tcp", addr); err == nil {
				_ = server.Serve(l)
			}
		})
	} else {
		go func() { _ = server.Serve(l) }()
	}
	t.Cleanup(func() { _ = server.Close() })
	return addr
}

// troubles are what a push to a registry survives.
func troubles() map[string]*bad {
	return map[string]*bad{
		"down for 20 s":   {down: 20 * time.Second},
		"cut three times": {cut: 4 << 20, times: 3},
		"429 ten times":   {answers: slices.Repeat([]int{429}, 10)},
		"503 ten times":   {answers: slices.Repeat([]int{503}, 10)},
		"all of it mixed": {answers: slices.Repeat([]int{503, 429}, 3), cut: 9 << 20, times: 2},
		"stalled":         {stall: 20 * time.Second},
	}
}

// survives pushes by a way in trouble, and looks whether the registry has the whole image in the end, and whether a
// stall was told in time.
func (b *bad) survives(t *testing.T, registry string, push func(Reporter) (digest string, err error)) {
	t.Helper()
	var mu sync.Mutex
	var told []time.Time
	var texts []string
	digest, err := push(Reporter{Progress: func(text string, _, _ int64, _ string) {
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, text)
		if strings.HasSuffix(text, ": waiting") {
			told = append(told, time.Now())
		}
	}})
	must(t, err)
	ref, err := name.NewDigest(registry + "/shop@" + digest)
	must(t, err)
	got, err := remote.Image(ref)
	must(t, err)
	must(t, validate.Image(got))
	if b.cuts != b.times {
		t.Errorf("it was cut %d times", b.cuts)
	}
	if b.stall > 0 && (len(told) == 0 || told[0].Sub(b.stalling) > 15*time.Second) {
		t.Errorf("it stalled at %s, told at %s: %q", b.stalling, told, texts)
	}
}

// The engines of this machine push to a registry in trouble, and it has the whole image in the end: through the relay,
// and where they do not reach that, by themselves.
func TestDockerPushSurvives(t *testing.T) {
	needDocker(t)
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY data /data\nCMD [\"/data\"]\n"})
	fill(t, filepath.Join(dir, "data"), 30<<20)
	t.Run("ways", func(t *testing.T) {
		for _, kind := range []string{"docker", "podman"} {
			if _, err := exec.LookPath(kind); err != nil {
				t.Logf("NOT RUN: there is no %s", kind)
				continue
			}
			made, err := Machine{Program: kind}.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64"}, Reporter{})
			must(t, err)
			t.Cleanup(made.Release)
			img := made.(*stored)
			for trouble, way := range troubles() {
				t.Run(kind+" relayed, "+trouble, func(t *testing.T) {
					t.Parallel()
					registry := (&shipBench{}).registry(t)
					way.until = time.Now().Add(way.down)
					way.survives(t, registry, func(r Reporter) (string, error) {
						return img.Push(t.Context(), Repository{Name: registry + "/shop", Transport: way, Enclosed: true}, "one", r)
					})
				})
			}
			if kind != "docker" {
				continue
			}
			for trouble, way := range troubles() {
				t.Run(kind+" directly, "+trouble, func(t *testing.T) {
					t.Parallel()
					registry := (&shipBench{}).registry(t)
					repo, err := name.NewRepository(way.front(t, registry) + "/shop")
					must(t, err)
					way.survives(t, registry, func(r Reporter) (string, error) {
						auth := &authn.Basic{Username: "AWS", Password: "secret"}
						return img.direct(t.Context(), repo, Repository{Name: repo.Name(), Auth: auth}, "one", r)
					})
				})
			}
		}
	})
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "berth-push-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// An image that is in nobody's store is pushed through the same troubles.
func TestDockerOwnPushSurvives(t *testing.T) {
	needDocker(t)
	content, err := random.Image(30<<20, 1)
	must(t, err)
	held, err := Hold(content)
	must(t, err)
	for trouble, way := range troubles() {
		t.Run(trouble, func(t *testing.T) {
			t.Parallel()
			registry := (&shipBench{}).registry(t)
			way.until = time.Now().Add(way.down)
			way.survives(t, registry, func(r Reporter) (string, error) {
				return held.Push(t.Context(), Repository{Name: registry + "/shop", Transport: way, Enclosed: true}, "one", r)
			})
		})
	}
}
