package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Watch is told what goes through a Relay. None of its functions may be nil; they may be called from several
// goroutines.
type Watch struct {
	// Moved says that n more bytes of an upload have gone; they are negative when they have to go again.
	Moved func(upload string, n int64)
	// There says that the repository has a blob, and by which upload it came; empty when it was there before.
	There func(digest, upload string)
}

// Relay is the repository on a loopback address of this machine, for a program that pushes on its own: it needs no
// sign-in there, and has the patience of Client. It lets nothing through but the one image: of manifests, only those
// that Accept takes, and it gives out no content, since other users of the machine can reach it, too.
type Relay struct {
	c      *Client
	ctx    context.Context
	watch  Watch
	accept func(ref string, manifest []byte) error

	server *http.Server
	addr   string

	mu       sync.Mutex
	uploads  map[string]*Upload
	requests int
	digests  map[string]string // of the manifests that were put, by reference
	err      error
}

// Serve opens the Relay of a repository until Close. Accept looks at each manifest before it is passed on.
func (c *Client) Serve(ctx context.Context, watch Watch, accept func(ref string, manifest []byte) error) (*Relay, error) {
	l, err := listen(c.repo.Name())
	if err != nil {
		return nil, fmt.Errorf("open a loopback address: %w", err)
	}
	r := &Relay{
		c: c, ctx: ctx, watch: watch, accept: accept, addr: l.Addr().String(), uploads: map[string]*Upload{}, digests: map[string]string{},
	}
	r.server = &http.Server{
		Handler: http.HandlerFunc(r.serve), BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: time.Minute,
	}
	go r.server.Serve(l) //nolint:errcheck // it always ends with an error, that of Close
	return r, nil
}

// listen opens a port that is the same for the same repository when it can be: Docker remembers which layers it has
// sent to which address.
func listen(repository string) (net.Listener, error) {
	h := fnv.New32a()
	_, _ = io.WriteString(h, repository)
	const first, ports = 20_000, 12_000 // below those that systems give out themselves
	at := int(h.Sum32() % ports)
	for i := range 3 {
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first+(at+i)%ports)); err == nil { //nolint:noctx // it takes no time
			return l, nil
		}
	}
	return net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it takes no time
}

// Repository is the repository's name at the Relay.
func (r *Relay) Repository() string { return r.addr + "/" + r.c.repo.RepositoryStr() }

// Reached says whether anybody has asked it anything.
func (r *Relay) Reached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests > 0
}

// Digest is that of the manifest that was put under a tag, empty when there was none.
func (r *Relay) Digest(tag string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.digests[tag]
}

// Err is the last error of the repository that was passed on, nil when there was none.
func (r *Relay) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close ends it, and what is under way.
func (r *Relay) Close() { _ = r.server.Close() }

func (r *Relay) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.requests++
	r.mu.Unlock()
	rest, ok := strings.CutPrefix(req.URL.Path, "/v2/"+r.c.repo.RepositoryStr()+"/")
	switch {
	case req.URL.Path == "/v2/" || req.URL.Path == "/v2":
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		w.WriteHeader(http.StatusOK)
		return
	case !ok:
		refuse(w, http.StatusForbidden, "DENIED", "only "+r.c.repo.RepositoryStr()+" can be reached here")
		return
	}
	var err error
	if upload, ok := strings.CutPrefix(rest, "blobs/uploads"); ok {
		err = r.upload(w, req, strings.Trim(upload, "/"))
	} else if ref, ok := strings.CutPrefix(rest, "manifests/"); ok && req.Method == http.MethodPut {
		err = r.manifest(w, req, ref)
	} else if req.Method == http.MethodHead {
		err = r.look(w, req, rest)
	} else {
		refuse(w, http.StatusNotFound, "UNSUPPORTED", "images can be put here, and not be read")
	}
	if err != nil {
		r.fail(w, err)
	}
}

// fail tells the program of an error. One that may pass, or an upload that has to start over, cuts the connection:
// programs try that again.
func (r *Relay) fail(w http.ResponseWriter, err error) {
	if r.ctx.Err() == nil {
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
	}
	var t *transport.Error
	if errors.Is(err, ErrCut) || !errors.As(err, &t) {
		panic(http.ErrAbortHandler)
	}
	code, text := "UNKNOWN", err.Error()
	if len(t.Errors) > 0 {
		code, text = string(t.Errors[0].Code), t.Errors[0].Message
	}
	refuse(w, t.StatusCode, code, text)
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": code, "message": text}}})
}

// look passes a question without an answer in words on.
func (r *Relay) look(w http.ResponseWriter, req *http.Request, part string) error {
	res, err := r.c.do(req.Context(), request{method: http.MethodHead, url: r.c.at(part), header: http.Header{"Accept": req.Header["Accept"]}},
		http.StatusOK, http.StatusNotFound)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if digest, ok := strings.CutPrefix(part, "blobs/"); ok && res.StatusCode == http.StatusOK {
		r.watch.There(digest, "")
	}
	for _, k := range []string{"Content-Length", "Content-Type", "Docker-Content-Digest"} {
		if v := res.Header.Get(k); v != "" {
			w.Header().Set(k, v)
		}
	}
	w.WriteHeader(res.StatusCode)
	return nil
}

func (r *Relay) upload(w http.ResponseWriter, req *http.Request, id string) error {
	if req.Method == http.MethodPost {
		return r.open(w)
	}
	r.mu.Lock()
	u := r.uploads[id]
	r.mu.Unlock()
	if u == nil {
		refuse(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
		return nil
	}
	switch req.Method {
	case http.MethodPatch:
		if err := u.Send(req.Context(), req.Body); err != nil {
			return err
		}
		r.accepted(w, id, u)
		return nil
	case http.MethodPut:
		digest := req.URL.Query().Get("digest")
		if req.ContentLength != 0 { // all of it at once
			if err := u.Send(req.Context(), req.Body); err != nil {
				return err
			}
		}
		if err := u.Close(req.Context(), digest); err != nil {
			return err
		}
		r.watch.There(digest, id)
		w.Header().Set("Location", "/v2/"+r.c.repo.RepositoryStr()+"/blobs/"+digest)
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	w.WriteHeader(http.StatusNoContent) // it is given up
	return nil
}

func (r *Relay) open(w http.ResponseWriter) error {
	r.mu.Lock()
	id := strconv.Itoa(len(r.uploads) + 1)
	r.uploads[id] = nil
	r.mu.Unlock()
	// Not with the request's context: the upload outlives it.
	u, err := r.c.Open(r.ctx, func(n int64) { r.watch.Moved(id, n) })
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.uploads[id] = u
	r.mu.Unlock()
	r.accepted(w, id, u)
	return nil
}

func (r *Relay) accepted(w http.ResponseWriter, id string, u *Upload) {
	w.Header().Set("Location", "/v2/"+r.c.repo.RepositoryStr()+"/blobs/uploads/"+id)
	w.Header().Set("Docker-Upload-UUID", id)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(u.size-1, 0)))
	w.WriteHeader(http.StatusAccepted)
}

// maxManifest is how large a manifest may be, in bytes; registries allow 4 MB.
const maxManifest = 4 << 20

func (r *Relay) manifest(w http.ResponseWriter, req *http.Request, ref string) error {
	text, err := io.ReadAll(io.LimitReader(req.Body, maxManifest))
	if err != nil {
		return err
	}
	if err := r.accept(ref, text); err != nil {
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
		refuse(w, http.StatusForbidden, "DENIED", err.Error())
		return nil
	}
	res, err := r.c.do(req.Context(), request{
		method: http.MethodPut, url: r.c.at("manifests/" + ref), body: text, header: http.Header{"Content-Type": req.Header["Content-Type"]},
	}, http.StatusOK, http.StatusCreated, http.StatusAccepted)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	digest := digestOf(text)
	r.mu.Lock()
	r.digests[ref] = digest
	r.mu.Unlock()
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Location", "/v2/"+r.c.repo.RepositoryStr()+"/manifests/"+digest)
	w.WriteHeader(http.StatusCreated)
	return nil
}
