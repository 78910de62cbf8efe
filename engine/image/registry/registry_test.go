package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// troubled is a registry that answers without a network, and misbehaves as it is told to.
type troubled struct {
	down     time.Duration // from the start on, nothing answers for so long
	answers  []int         // are given first, to everything but the first question
	after    string        // Retry-After of those answers
	cutEvery int           // bytes of a request after which the connection breaks
	forgets  bool          // keeps nothing of an upload that was cut
	oneCut   bool          // only the first
	stalls   bool          // the first upload stops moving after a while, for good
	rate     int           // bytes a second; 0 is any number
	status   int           // of a PATCH, 202 when it is zero

	start     time.Time
	mu        sync.Mutex
	uploads   map[string]*bytes.Buffer
	blobs     map[string][]byte
	manifests map[string][]byte
	calls     []string
	cuts      int
}

func newTroubled() *troubled {
	return &troubled{start: time.Now(), uploads: map[string]*bytes.Buffer{}, blobs: map[string][]byte{}, manifests: map[string][]byte{}}
}

var errReset = errors.New("read tcp 10.0.0.1:443: connection reset by peer")

func (t *troubled) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	defer req.Body.Close() //nolint:errcheck // as a RoundTripper must
	t.mu.Lock()
	t.calls = append(t.calls, req.Method+" "+req.URL.Path)
	var status int
	if req.URL.Path != "/v2/" && len(t.answers) > 0 {
		status, t.answers = t.answers[0], t.answers[1:]
	}
	t.mu.Unlock()
	if time.Since(t.start) < t.down {
		return nil, errors.New("dial tcp 10.0.0.1:443: connect: connection refused")
	}
	if status != 0 {
		return t.say(req, status, http.Header{"Retry-After": {t.after}}, `{"errors":[{"code":"UNAVAILABLE","message":"come back later"}]}`), nil
	}
	return t.answer(req)
}

func (t *troubled) say(req *http.Request, status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req}
}

func (t *troubled) answer(req *http.Request) (*http.Response, error) {
	p := req.URL.Path
	rest := strings.TrimPrefix(p, "/v2/app/")
	id := strings.TrimPrefix(rest, "blobs/uploads/")
	t.mu.Lock()
	up := t.uploads[id]
	t.mu.Unlock()
	at := func(n int) http.Header {
		return http.Header{"Location": {"/v2/app/blobs/uploads/" + id}, "Range": {fmt.Sprintf("0-%d", n-1)}}
	}
	switch {
	case p == "/v2/":
		return t.say(req, 200, nil, ""), nil
	case req.Method == "POST":
		t.mu.Lock()
		id = fmt.Sprint("u", len(t.uploads))
		t.uploads[id] = &bytes.Buffer{}
		t.mu.Unlock()
		return t.say(req, 202, at(0), ""), nil
	case id != rest && up == nil:
		return t.say(req, 404, nil, `{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"unknown"}]}`), nil
	case id != rest && req.Method == "GET":
		return t.say(req, 204, at(up.Len()), ""), nil
	case id != rest && req.Method == "PATCH":
		if err := t.take(req.Context(), up, req.Body); err != nil {
			if t.forgets {
				t.mu.Lock()
				delete(t.uploads, id)
				t.mu.Unlock()
			}
			return nil, err
		}
		return t.say(req, max(t.status, 202), at(up.Len()), ""), nil
	case id != rest && req.Method == "PUT":
		sum := sha256.Sum256(up.Bytes())
		digest := "sha256:" + hex.EncodeToString(sum[:])
		if want := req.URL.Query().Get("digest"); want != digest {
			return t.say(req, 400, nil, `{"errors":[{"code":"DIGEST_INVALID","message":"other digest"}]}`), nil
		}
		t.mu.Lock()
		t.blobs[digest] = up.Bytes()
		t.mu.Unlock()
		return t.say(req, 201, nil, ""), nil
	case strings.HasPrefix(rest, "blobs/"):
		t.mu.Lock()
		blob, ok := t.blobs[strings.TrimPrefix(rest, "blobs/")]
		t.mu.Unlock()
		if !ok {
			return t.say(req, 404, nil, ""), nil
		}
		if req.Method == "GET" {
			return t.give(req, blob), nil
		}
		return t.say(req, 200, nil, ""), nil
	case strings.HasPrefix(rest, "manifests/") && req.Method == "PUT":
		text, err := io.ReadAll(req.Body)
		t.manifests[strings.TrimPrefix(rest, "manifests/")] = text
		return t.say(req, 201, nil, ""), err
	}
	return t.say(req, 404, nil, ""), nil
}

// give answers with a blob, or with the rest of it.
func (t *troubled) give(req *http.Request, blob []byte) *http.Response {
	status := 200
	var from int
	if n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &from); n == 1 && !t.forgets {
		status, blob = 206, blob[from:]
	}
	res := t.say(req, status, nil, "")
	res.Body = io.NopCloser(&giving{t: t, ctx: req.Context(), r: bytes.NewReader(blob)})
	return res
}

// giving is a download with the troubles of its registry.
type giving struct {
	t     *troubled
	ctx   context.Context
	r     io.Reader
	given int
}

func (g *giving) Read(p []byte) (int, error) {
	g.t.mu.Lock()
	defer g.t.mu.Unlock()
	if g.t.stalls && g.given > 1<<20 {
		g.t.stalls = false
		<-g.ctx.Done()
		return 0, g.ctx.Err()
	}
	if g.t.cutEvery > 0 && g.given >= g.t.cutEvery {
		if g.t.cuts++; g.t.oneCut {
			g.t.cutEvery = 0
		}
		return 0, errReset
	}
	n, err := g.r.Read(p)
	g.given += n
	return n, err
}

// take reads an upload at the speed of the network.
func (t *troubled) take(ctx context.Context, into *bytes.Buffer, body io.Reader) error {
	p, taken := make([]byte, 64<<10), 0
	for {
		n, err := body.Read(p)
		into.Write(p[:n])
		taken += n
		if t.rate > 0 {
			time.Sleep(time.Duration(n) * time.Second / time.Duration(t.rate))
		}
		if t.stalls && taken > 1<<20 {
			t.stalls = false
			<-ctx.Done()
			return ctx.Err()
		}
		if t.cutEvery > 0 && taken >= t.cutEvery {
			if t.cuts++; t.oneCut {
				t.cutEvery = 0
			}
			return errReset
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func client(t *testing.T, base http.RoundTripper, tell func(string)) *Client {
	t.Helper()
	repo, err := name.NewRepository("registry.example/app")
	must(t, err)
	return New(repo, nil, base, tell)
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// A registry with any of these troubles has the whole blob in the end.
func TestPutSurvives(t *testing.T) {
	const size = 24 << 20
	for _, tt := range []struct {
		name   string
		change func(*troubled)
		told   string
	}{
		{"no trouble", func(*troubled) {}, ""},
		{"as ECR answers", func(r *troubled) { r.status = 201 }, ""},
		{"down for 20 s", func(r *troubled) { r.down = 20 * time.Second }, "the registry cannot be reached: trying again in 1s"},
		{"cut every 5 MB", func(r *troubled) { r.cutEvery = 5 << 20 }, "cannot be reached"},
		{"cut once, and nothing is kept", func(r *troubled) { r.cutEvery, r.oneCut, r.forgets = 5<<20, true, true }, "cannot be reached"},
		{"429 ten times", func(r *troubled) { r.answers, r.after = slicesOf(429, 10), "7" }, "asks for fewer requests (429): trying again in 7s"},
		{"503 ten times", func(r *troubled) { r.answers = slicesOf(503, 10) }, "answers 503: trying again in"},
		{"stalls", func(r *troubled) { r.stalls = true }, "the registry has taken nothing for 10s: waiting"},
		{"slow for ten minutes, and cut", func(r *troubled) { r.rate, r.cutEvery = size/600, 7<<20 }, "cannot be reached"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reg := newTroubled()
				tt.change(reg)
				var mu sync.Mutex
				var told []string
				c := client(t, reg, func(s string) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, s)
				})
				data := noise(size)
				digest := digestOf(data)
				var moved int64
				sent, err := c.Put(t.Context(), digest, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
					func(n int64) { moved += n })
				must(t, err)
				if !sent || !bytes.Equal(reg.blobs[digest], data) || moved != size {
					t.Errorf("sent %v, %d bytes arrived, %d bytes counted", sent, len(reg.blobs[digest]), moved)
				}
				if all := strings.Join(told, "\n"); !strings.Contains(all, tt.told) || tt.told != "" && told[len(told)-1] != "" {
					t.Errorf("told %q, want %q and in the end that it goes on", told, tt.told)
				}
				if sent, err := c.Put(t.Context(), digest, nil, nil); sent || err != nil {
					t.Errorf("a second time: %v, %v", sent, err)
				}
			})
		})
	}
}

// hangs lets the first requests wait without an answer.
type hangs struct {
	http.RoundTripper
	first int
}

func (h *hangs) RoundTrip(req *http.Request) (*http.Response, error) {
	if h.first == 0 {
		return h.RoundTripper.RoundTrip(req)
	}
	h.first--
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// A registry that takes a request and does not answer is told of, and asked again in the end.
func TestSilentRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newTroubled()
		start := time.Now()
		var told []string
		var at time.Duration
		c := client(t, &hangs{reg, 1}, func(text string) {
			if len(told) == 0 {
				at = time.Since(start)
			}
			told = append(told, text)
		})
		if there, err := c.Exists(t.Context(), "sha256:"+strings.Repeat("1", 64)); there || err != nil {
			t.Errorf("%v, %v", there, err)
		}
		if len(told) == 0 || told[0] != "the registry has not answered for 10s: waiting" || at > 15*time.Second || told[len(told)-1] != "" {
			t.Errorf("after %s: %q", at, told)
		}
		if took := time.Since(start); took < Silent || took > Silent+10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// A blob is read whole from a registry with any of these troubles.
func TestGetSurvives(t *testing.T) {
	const size = 24 << 20
	for _, tt := range []struct {
		name   string
		change func(*troubled)
		told   string
	}{
		{"no trouble", func(*troubled) {}, ""},
		{"down for 20 s", func(r *troubled) { r.down = 20 * time.Second }, "the registry cannot be reached: trying again in 1s"},
		{"cut every 5 MB", func(r *troubled) { r.cutEvery = 5 << 20 }, ""},
		{"cut once, and begins at the beginning", func(r *troubled) { r.cutEvery, r.oneCut, r.forgets = 5<<20, true, true }, ""},
		{"429 ten times", func(r *troubled) { r.answers, r.after = slicesOf(429, 10), "7" }, "asks for fewer requests (429): trying again in 7s"},
		{"503 ten times", func(r *troubled) { r.answers = slicesOf(503, 10) }, "answers 503: trying again in"},
		{"stalls", func(r *troubled) { r.stalls = true }, "the registry has sent nothing for 10s: waiting"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reg := newTroubled()
				data := noise(size)
				digest := digestOf(data)
				reg.blobs[digest] = data
				tt.change(reg)
				var mu sync.Mutex
				var told []string
				repo, err := name.NewRepository("registry.example/app")
				must(t, err)
				r := NewSource(repo, nil, reg, func(s string) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, s)
				}).Get(t.Context(), digest, size)
				got, err := io.ReadAll(r)
				must(t, err)
				must(t, r.Close())
				if cut := strings.HasPrefix(tt.name, "cut"); !bytes.Equal(got, data) || cut != (reg.cuts > 0) {
					t.Errorf("%d bytes arrived, cut %d times", len(got), reg.cuts)
				}
				if all := strings.Join(told, "\n"); !strings.Contains(all, tt.told) || tt.told != "" && told[len(told)-1] != "" {
					t.Errorf("told %q, want %q and in the end that it goes on", told, tt.told)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		repo, err := name.NewRepository("registry.example/app")
		must(t, err)
		start := time.Now()
		_, err = io.ReadAll(NewSource(repo, nil, newTroubled(), nil).Get(t.Context(), "sha256:none", 10))
		if Status(err) != 404 || time.Since(start) != 0 {
			t.Errorf("what is not there: %v after %s", err, time.Since(start))
		}
	})
}

func slicesOf(v, n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// What stays wrong is told at once, and what does not pass ends after Patience.
func TestPutGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }
		reg := newTroubled()
		reg.answers = []int{403}
		start := time.Now()
		if _, err := client(t, reg, nil).Put(t.Context(), "sha256:x", open, nil); Status(err) != 403 || time.Since(start) != 0 {
			t.Errorf("denied: %v after %s", err, time.Since(start))
		}
		reg = newTroubled()
		reg.down = time.Hour
		if _, err := client(t, reg, nil).Put(t.Context(), "sha256:x", open, nil); err == nil || time.Since(start) > Patience+time.Second ||
			time.Since(start) < Patience-30*time.Second {
			t.Errorf("down: %v after %s", err, time.Since(start))
		}
		reg = newTroubled()
		broken := func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("x"), failing{})), nil
		}
		start = time.Now()
		if _, err := client(t, reg, nil).Put(t.Context(), "sha256:x", broken, nil); !errors.Is(err, errDisk) || time.Since(start) != 0 {
			t.Errorf("unreadable: %v after %s", err, time.Since(start))
		}
	})
}

var errDisk = errors.New("input/output error")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }
