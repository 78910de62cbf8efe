package image

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// bad is the way to a registry with its troubles: it is down for a while, then answers ten times with a status, and cuts
// uploads after so many bytes, as often as it is told to: Debian's registry keeps nothing of what was cut.
type bad struct {
	down  time.Duration
	until time.Time
	cut   int64
	times int

	mu      sync.Mutex
	answers []int
	cuts    int
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

// The engines of this machine push to a registry in trouble, and it has the whole image in the end.
func TestDockerPushSurvives(t *testing.T) {
	needDocker(t)
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY data /data\nCMD [\"/data\"]\n"})
	fill(t, filepath.Join(dir, "data"), 30<<20)
	for _, kind := range []string{"docker", "podman"} {
		if _, err := exec.LookPath(kind); err != nil {
			t.Logf("NOT RUN: there is no %s", kind)
			continue
		}
		img, err := Machine{Program: kind}.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64"}, Reporter{})
		must(t, err)
		defer img.Release()
		for trouble, way := range map[string]*bad{
			"down for 20 s":   {down: 20 * time.Second},
			"cut three times": {cut: 4 << 20, times: 3},
			"429 ten times":   {answers: slices.Repeat([]int{429}, 10)},
			"503 ten times":   {answers: slices.Repeat([]int{503}, 10)},
			"all of it mixed": {answers: slices.Repeat([]int{503, 429}, 3), cut: 9 << 20, times: 2},
		} {
			t.Run(kind+" "+trouble, func(t *testing.T) {
				way.until = time.Now().Add(way.down)
				there := (&shipBench{}).registry(t) + "/shop"
				digest, err := img.Push(t.Context(), Repository{Name: there, Transport: way, Enclosed: true}, "one", Reporter{})
				must(t, err)
				ref, err := name.NewDigest(there + "@" + digest)
				must(t, err)
				got, err := remote.Image(ref)
				must(t, err)
				must(t, validate.Image(got))
				if way.cuts != way.times {
					t.Errorf("it was cut %d times", way.cuts)
				}
			})
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "berth-push-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
