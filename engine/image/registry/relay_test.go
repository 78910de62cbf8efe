package registry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// through takes a program's requests to a Relay without a network.
type through struct{ r *Relay }

func (p through) RoundTrip(req *http.Request) (res *http.Response, err error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	defer req.Body.Close() //nolint:errcheck // as a RoundTripper must
	defer func() {
		if recover() != nil {
			err = errors.New("EOF") // the connection was cut
		}
	}()
	w := httptest.NewRecorder()
	p.r.serve(w, req)
	res = w.Result()
	res.Request = req
	return res, nil
}

// A program that knows of no trouble pushes through a Relay, and the registry has the whole image in the end.
func TestRelaySurvives(t *testing.T) {
	const layer = 6 << 20
	for _, tt := range []struct {
		name   string
		change func(*troubled)
	}{
		{"no trouble", func(*troubled) {}},
		{"down for 20 s", func(r *troubled) { r.down = 20 * time.Second }},
		{"cut every 2 MB", func(r *troubled) { r.cutEvery = 2 << 20 }},
		{"429 ten times", func(r *troubled) { r.answers, r.after = slicesOf(429, 10), "7" }},
		{"503 ten times", func(r *troubled) { r.answers = slicesOf(503, 10) }},
		{"stalls", func(r *troubled) { r.stalls = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			img, err := random.Image(layer, 2)
			must(t, err)
			manifest, err := img.RawManifest()
			must(t, err)
			synctest.Test(t, func(t *testing.T) {
				reg := newTroubled()
				tt.change(reg)
				r := &Relay{
					c: client(t, reg, nil), ctx: t.Context(), accept: func(string, []byte) error { return nil },
					watch:   Watch{Moved: func(string, int64) {}, There: func(string, string) {}},
					uploads: map[string]*Upload{}, digests: map[string]string{},
				}
				ref, err := name.ParseReference("relay.example/app:one")
				must(t, err)
				must(t, remote.Write(ref, img, remote.WithTransport(through{r}), remote.WithContext(t.Context()), remote.WithJobs(1)))
				layers, err := img.Layers()
				must(t, err)
				for _, l := range layers {
					digest, err := l.Digest()
					must(t, err)
					if got := digestOf(reg.blobs[digest.String()]); got != digest.String() {
						t.Errorf("the layer %s is there as %s", digest, got)
					}
				}
				if got := string(reg.manifests["one"]); got != string(manifest) || r.Digest("one") != digestOf(manifest) {
					t.Errorf("the manifest %q", got)
				}
			})
		})
	}
}
