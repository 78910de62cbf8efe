package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// upload is a layer on its way into the registry. It lives in memory only: a process that ends loses it.
type upload struct {
	repo string
	size int64
	sum  hash.Hash
	data []byte // kept while small
}

// smallBlob is up to which size a blob keeps its bytes: image configurations do, layers do not.
const smallBlob = 64 << 10

// registryError is an error of the registry as the distribution protocol has it.
type registryError struct {
	status  int
	code    string
	message string
}

// Error implements error.
func (e *registryError) Error() string { return e.code + ": " + e.message }

// registryRequest is one request to the registry.
type registryRequest struct {
	region string
	repo   string
	kind   string // blobs, uploads, manifests
	ref    string // digest, tag or upload id
}

// parseRegistryPath takes /v2/NAME/KIND/REF apart.
func parseRegistryPath(path string) (r registryRequest, ok bool) {
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return r, false
	}
	if i := strings.Index(rest, "/blobs/uploads"); i > 0 {
		return registryRequest{repo: rest[:i], kind: "uploads", ref: strings.Trim(rest[i+len("/blobs/uploads"):], "/")}, true
	}
	for _, kind := range []string{"blobs", "manifests"} {
		if i := strings.LastIndex(rest, "/"+kind+"/"); i > 0 {
			return registryRequest{repo: rest[:i], kind: kind, ref: rest[i+len(kind)+2:]}, true
		}
	}
	return r, false
}

// operation is the ECR action that a registry request stands for.
func (r registryRequest) operation(method string) (name string, mutating bool) {
	switch {
	case r.kind == "uploads" && method == http.MethodPost:
		return "InitiateLayerUpload", true
	case r.kind == "uploads" && method == http.MethodPatch:
		return "UploadLayerPart", true
	case r.kind == "uploads" && method == http.MethodPut:
		return "CompleteLayerUpload", true
	case r.kind == "blobs" && method == http.MethodHead:
		return "BatchCheckLayerAvailability", false
	case r.kind == "blobs":
		return "GetDownloadUrlForLayer", false
	case method == http.MethodPut:
		return "PutImage", true
	}
	return "BatchGetImage", false
}

// serveRegistry answers a request to the account's registry.
func (a *Account) serveRegistry(req *http.Request, region string) (*http.Response, error) {
	ctx := req.Context()
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
	}
	half := a.delay(latRead, req.Method+req.URL.Path) / 2
	if err := a.clk.Sleep(ctx, half); err != nil {
		return nil, err
	}
	res, err := a.registry(ctx, req, region)
	if serr := a.clk.Sleep(ctx, half); serr != nil {
		return nil, serr
	}
	var re *registryError
	if errors.As(err, &re) {
		body, _ := json.Marshal(map[string]any{"errors": []any{map[string]string{"code": re.code, "message": re.message}}})
		res, err = response(req, re.status, map[string]string{"Content-Type": "application/json"}, body), nil
	}
	return res, err
}

func (a *Account) registry(ctx context.Context, req *http.Request, region string) (*http.Response, error) {
	if user, pass, ok := req.BasicAuth(); !ok || user != "AWS" || pass != registryPassword(a.st) {
		return response(req, http.StatusUnauthorized, map[string]string{
			"Www-Authenticate": fmt.Sprintf(`Basic realm="https://%s/",service="ecr.amazonaws.com"`, req.URL.Host),
		}, []byte("Not Authorized")), nil
	}
	if req.URL.Path == "/v2/" || req.URL.Path == "/v2" {
		return response(req, http.StatusOK, map[string]string{"Docker-Distribution-Api-Version": "registry/2.0"}, nil), nil
	}
	r, ok := parseRegistryPath(req.URL.Path)
	if !ok {
		return nil, &registryError{http.StatusNotFound, "UNSUPPORTED", "sim: the simulated registry does not know " + req.Method + " " + req.URL.Path}
	}
	r.region = region
	var body []byte
	if r.kind == "uploads" && (req.Method == http.MethodPatch || req.Method == http.MethodPut) {
		if err := a.receive(ctx, r.ref, req.Body); err != nil {
			return nil, err
		}
	} else if req.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(req.Body, 8<<20)); err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
	}
	return a.registryCall(req, r, body)
}

// receive takes in a part of a layer at the speed of the network.
func (a *Account) receive(ctx context.Context, id string, body io.Reader) error {
	if body == nil {
		return nil
	}
	a.mu.Lock()
	u := a.uploads[id]
	a.mu.Unlock()
	if u == nil {
		return &registryError{http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "the upload does not exist"}
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(body, buf)
		_, _ = u.sum.Write(buf[:n])
		if u.size += int64(n); u.size <= smallBlob {
			u.data = append(u.data, buf[:n]...)
		} else {
			u.data = nil
		}
		if serr := a.clk.Sleep(ctx, time.Duration(float64(n)/uploadRate*float64(time.Second))); serr != nil {
			return serr
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return fmt.Errorf("read layer: %w", err)
		}
	}
}

// registryCall does what a request asks for, with the faults and the record of any other API call.
func (a *Account) registryCall(req *http.Request, r registryRequest, body []byte) (res *http.Response, err error) {
	name, mutating := r.operation(req.Method)
	err = a.locked(func(st *state, now time.Time) (bool, error) {
		a.n++
		rec := Call{N: a.n, Service: "ecr", Operation: name, Mutating: mutating, Start: now, End: now}
		a.nth[rec.Action()]++
		if err := a.registryFault(&rec, st); err != nil {
			a.record(rec, err)
			return false, err
		}
		a.used[rec.Action()] = true
		c := &call{a: a, st: st, r: st.regionNamed(r.region), now: now}
		var err error
		res, err = c.registryAnswer(req, r, body)
		rec.Effect = err == nil
		if err == nil {
			err = a.after(&rec)
		}
		a.record(rec, err)
		return mutating && name != "InitiateLayerUpload" && name != "UploadLayerPart", err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// registryFault is what goes wrong before a registry request has any effect: the cut and the denial.
func (a *Account) registryFault(rec *Call, st *state) error {
	if err := a.broken(rec.N); err != nil {
		return err
	}
	if act := a.denied([]string{rec.Action()}); act != "" {
		return &registryError{http.StatusForbidden, "DENIED", fmt.Sprintf("User: %s is not authorized to perform: %s on resource: * because no identity-based policy allows the %s action", st.principal(), act, act)}
	}
	return nil
}

func (c *call) registryAnswer(req *http.Request, r registryRequest, body []byte) (*http.Response, error) {
	p := c.r.repository(r.repo)
	if p == nil {
		return nil, &registryError{http.StatusNotFound, "NAME_UNKNOWN", fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", r.repo, c.st.Account)}
	}
	switch r.kind {
	case "uploads":
		return c.serveUpload(req, r, p)
	case "blobs":
		b := p.Blobs[r.ref]
		if b == nil {
			return nil, &registryError{http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry"}
		}
		head := map[string]string{"Docker-Content-Digest": r.ref, "Content-Length": strconv.FormatInt(b.Size, 10), "Content-Type": "application/octet-stream"}
		if req.Method != http.MethodHead && b.Data == nil {
			return nil, &registryError{http.StatusNotFound, "BLOB_UNKNOWN", "sim: the simulated registry keeps the digest and size of layers, not their content"}
		}
		return response(req, http.StatusOK, head, b.Data), nil
	}
	if req.Method == http.MethodPut {
		return c.putManifest(req, r, p, body)
	}
	img := p.image(r.ref)
	if img == nil {
		return nil, &registryError{http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found"}
	}
	return response(req, http.StatusOK, map[string]string{
		"Docker-Content-Digest": img.Digest, "Content-Type": img.MediaType, "Content-Length": strconv.Itoa(len(img.Manifest)),
	}, img.Manifest), nil
}

func (c *call) serveUpload(req *http.Request, r registryRequest, p *repository) (*http.Response, error) {
	location := func(id string) map[string]string {
		return map[string]string{"Location": "/v2/" + r.repo + "/blobs/uploads/" + id, "Docker-Upload-Uuid": id}
	}
	if req.Method == http.MethodPost {
		id := uuidOf(stableID("upload", r.repo, strconv.Itoa(c.a.n)))
		c.a.uploads[id] = &upload{repo: r.repo, sum: sha256.New()}
		return response(req, http.StatusAccepted, location(id), nil), nil
	}
	u := c.a.uploads[r.ref]
	if u == nil || u.repo != r.repo {
		return nil, &registryError{http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "the upload does not exist"}
	}
	if req.Method == http.MethodPatch {
		head := location(r.ref)
		head["Range"] = fmt.Sprintf("0-%d", max(u.size-1, 0))
		return response(req, http.StatusAccepted, head, nil), nil
	}
	digest := "sha256:" + hex.EncodeToString(u.sum.Sum(nil))
	delete(c.a.uploads, r.ref)
	if want := req.URL.Query().Get("digest"); want != digest {
		return nil, &registryError{http.StatusBadRequest, "DIGEST_INVALID", fmt.Sprintf("the layer's digest is %s, not %s", digest, want)}
	}
	if p.Blobs == nil {
		p.Blobs = map[string]*blob{}
	}
	p.Blobs[digest] = &blob{Size: u.size, Data: u.data}
	return response(req, http.StatusCreated, map[string]string{"Docker-Content-Digest": digest, "Location": "/v2/" + r.repo + "/blobs/" + digest}, nil), nil
}

// putManifest takes an image in: everything that it names must be there.
func (c *call) putManifest(req *http.Request, r registryRequest, p *repository, body []byte) (*http.Response, error) {
	var m struct {
		Config    *v1.Descriptor
		Layers    []v1.Descriptor
		Manifests []v1.Descriptor
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, &registryError{http.StatusBadRequest, "MANIFEST_INVALID", "the manifest is not valid JSON"}
	}
	sum := sha256.Sum256(body)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	byDigest := strings.HasPrefix(r.ref, "sha256:")
	if byDigest && r.ref != digest {
		return nil, &registryError{http.StatusBadRequest, "DIGEST_INVALID", fmt.Sprintf("the manifest's digest is %s, not %s", digest, r.ref)}
	}
	img := &ecrImage{Digest: digest, MediaType: req.Header.Get("Content-Type"), Manifest: slices.Clone(body), Pushed: c.now}
	if m.Config != nil {
		img.Config = m.Config.Digest.String()
		for _, d := range append(m.Layers, *m.Config) {
			if p.Blobs[d.Digest.String()] == nil {
				return nil, &registryError{http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", fmt.Sprintf("Layers with digests '[%s]' required for pushing image into repository with name '%s' in the registry with id '%s' do not exist", d.Digest, p.Name, c.st.Account)}
			}
			img.Size += d.Size
		}
	}
	for _, d := range m.Manifests {
		child := p.image(d.Digest.String())
		if child == nil {
			return nil, &registryError{http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", fmt.Sprintf("Images with digests '[%s]' required for pushing image into repository with name '%s' do not exist", d.Digest, p.Name)}
		}
		img.Size += child.Size
	}
	if have := p.image(digest); have != nil {
		img = have
	} else {
		p.Images = append(p.Images, img)
	}
	if !byDigest {
		if err := p.tagImage(img, r.ref); err != nil {
			return nil, &registryError{http.StatusBadRequest, "TAG_INVALID", err.Error()}
		}
	}
	return response(req, http.StatusCreated, map[string]string{"Docker-Content-Digest": digest, "Location": "/v2/" + r.repo + "/manifests/" + digest}, nil), nil
}

// response makes an HTTP response. The body of an answer to HEAD is left out.
func response(req *http.Request, status int, header map[string]string, body []byte) *http.Response {
	if req.Method == http.MethodHead {
		body = nil
	}
	res := &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
	for k, v := range header {
		res.Header.Set(k, v)
	}
	if n, err := strconv.ParseInt(header["Content-Length"], 10, 64); err == nil {
		res.ContentLength = n
	}
	return res
}
