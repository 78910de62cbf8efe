// Package registry talks to one repository of a container registry with the patience that a push needs: what may
// pass is tried again for minutes, an upload that was cut goes on where the registry has it, and a connection on
// which nothing moves is told of and then replaced. Its Relay lends that patience, and the sign-in, to programs that
// push on their own, such as Docker.
package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"berth/engine/agent"
)

// How long a registry is waited for.
const (
	// Patience is how long one request is tried again after the first time that it failed.
	Patience = 5 * time.Minute
	// longestWait bounds what a Retry-After asks for.
	longestWait = 2 * time.Minute
	// Quiet is after how long without a byte moving this is told, and stalled after how long the connection is cut
	// and made anew.
	Quiet   = 10 * time.Second
	stalled = 60 * time.Second
	// Silent is after how long without an answer a request is made anew. A registry takes its time to check a large layer.
	Silent = 2 * time.Minute
)

// Client is a repository in a registry. It is safe for concurrent use.
type Client struct {
	repo name.Repository
	auth authn.Authenticator
	base http.RoundTripper
	tell func(text string)
	// scope is what it asks the registry to be allowed.
	scope string

	mu     sync.Mutex
	signed http.RoundTripper // signs in by itself; nil until the registry has said how
}

// New makes a Client. It makes no request. A nil auth is anonymous, a nil transport is http.DefaultTransport. Tell
// is given a sentence when the registry has to be waited for, and "" when it goes on; it may be nil, and may be
// called from several goroutines.
func New(repo name.Repository, auth authn.Authenticator, base http.RoundTripper, tell func(string)) *Client {
	if auth == nil {
		auth = authn.Anonymous
	}
	if base == nil {
		base = http.DefaultTransport
	}
	if tell == nil {
		tell = func(string) {}
	}
	return &Client{repo: repo, auth: auth, base: transport.NewUserAgent(base, agent.String()), tell: tell, scope: transport.PushScope}
}

// sign is the transport that signs requests in. How, the registry is asked once.
func (c *Client) sign(ctx context.Context) (http.RoundTripper, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.signed != nil {
		return c.signed, nil
	}
	signed, err := transport.NewWithContext(ctx, c.repo.Registry, c.auth, c.base, []string{c.repo.Scope(c.scope)})
	if err == nil {
		c.signed = signed
	}
	return signed, err
}

// request is what is asked of the registry. Its body can be sent any number of times.
type request struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// at is the URL of a part of the repository, such as "blobs/sha256:…".
func (c *Client) at(part string) *url.URL {
	return &url.URL{Scheme: c.repo.Scheme(), Host: c.repo.RegistryStr(), Path: "/v2/" + c.repo.RepositoryStr() + "/" + part}
}

// once makes one request, without patience.
func (c *Client) once(ctx context.Context, r request, body io.Reader) (*http.Response, error) {
	signed, err := c.sign(ctx)
	if err != nil {
		return nil, err
	}
	if body == nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), body)
	if err != nil {
		return nil, err
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	return signed.RoundTrip(req) // not a http.Client: a redirect is the caller's business
}

// do makes a request until it is answered with one of the statuses, or with one that no patience helps against. The
// caller closes the body of the response.
func (c *Client) do(ctx context.Context, r request, statuses ...int) (*http.Response, error) {
	var res *http.Response
	err := c.patiently(ctx, func(ctx context.Context) (bool, error) {
		var err error
		if res, err = c.answer(ctx, r); err != nil { //nolint:bodyclose // the caller closes it
			return false, err
		}
		if err := check(res, statuses...); err != nil {
			_ = res.Body.Close()
			return false, err
		}
		return true, nil
	})
	return res, err
}

// answer is once for a request that says all at once: a registry that takes long to answer is told of, and given up in
// the end.
func (c *Client) answer(ctx context.Context, r request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	told := make(chan struct{})
	tell := time.AfterFunc(Quiet, func() {
		c.tell(fmt.Sprintf("the registry has not answered for %s: waiting", Quiet))
		close(told)
	})
	dead := time.AfterFunc(Silent, func() { cancel(errSilent) })
	res, err := c.once(ctx, r, nil)
	dead.Stop()
	if !tell.Stop() {
		<-told
		c.tell("")
	}
	if err != nil {
		if errors.Is(context.Cause(ctx), errSilent) {
			err = errSilent
		}
		cancel(nil)
		return nil, err
	}
	res.Body = &ended{res.Body, func() { cancel(nil) }}
	return res, nil
}

// ended is a body that says when it is closed.
type ended struct {
	io.ReadCloser
	closed func()
}

// Close closes the body.
func (e *ended) Close() error {
	defer e.closed()
	return e.ReadCloser.Close()
}

// answered is an error with the time that the registry asks to wait.
type answered struct {
	error
	after time.Duration
}

// Unwrap gives errors.As the registry's own error.
func (a answered) Unwrap() error { return a.error }

// check makes an error of a response with another status.
func check(res *http.Response, statuses ...int) error {
	err := transport.CheckError(res, statuses...)
	if err == nil {
		return nil
	}
	return answered{err, retryAfter(res.Header.Get("Retry-After"))}
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, longestWait)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), longestWait)
	}
	return 0
}

// patiently tries until it works, until the error is one that stays, or until nothing has moved for as long as
// Patience; try says whether something did. What it returns is the last error.
func (c *Client) patiently(ctx context.Context, try func(context.Context) (moved bool, err error)) error {
	return Patiently(ctx, c.tell, try)
}

// Patiently is the patience of Client for what pushes by itself: see there for tell.
func Patiently(ctx context.Context, tell func(string), try func(context.Context) (moved bool, err error)) error {
	start, wait, told := time.Now(), time.Second, false
	for {
		moved, err := try(ctx)
		if moved {
			start, wait = time.Now(), time.Second
		}
		if told && err == nil {
			tell("")
		}
		if err == nil || ctx.Err() != nil || !Passing(err) {
			return err
		}
		pause := wait
		wait = min(2*wait, 15*time.Second)
		var a answered
		if errors.As(err, &a) && a.after > 0 {
			pause = a.after
		}
		if time.Since(start)+pause > Patience {
			return err
		}
		tell(fmt.Sprintf("the registry %s: trying again in %s", why(err), pause.Round(time.Second)))
		told = true
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return err
		}
	}
}

// why is what a registry does that makes one wait, as a part of a sentence.
func why(err error) string {
	switch s := Status(err); s {
	case 0:
		return "cannot be reached"
	case http.StatusTooManyRequests:
		return "asks for fewer requests (429)"
	default:
		return fmt.Sprintf("answers %d", s)
	}
}

// Status is the HTTP status that a registry answered with, 0 when it did not answer.
func Status(err error) int {
	var t *transport.Error
	if errors.As(err, &t) {
		return t.StatusCode
	}
	return 0
}

// errStalled is a connection on which nothing moved, and errSilent one on which no answer came.
var (
	errStalled = errors.New("no byte has moved for a minute")
	errSilent  = errors.New("no answer has come for two minutes")
)

// Passing says whether an error of a registry or the way to it may go away by itself.
func Passing(err error) bool {
	switch s := Status(err); {
	case s != 0:
		return s == http.StatusRequestTimeout || s == http.StatusTooEarly || s == http.StatusTooManyRequests || s >= 500
	case errors.Is(err, context.Canceled):
		return false
	}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var last finalError
	return !errors.As(err, &unknown) && !errors.As(err, &host) && !errors.As(err, &invalid) && !errors.As(err, &last)
}

// Exists says whether the repository has a blob.
func (c *Client) Exists(ctx context.Context, digest string) (bool, error) {
	res, err := c.do(ctx, request{method: http.MethodHead, url: c.at("blobs/" + digest)}, http.StatusOK, http.StatusNotFound)
	if err != nil {
		return false, err
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK, nil
}

// HasManifest says whether the repository has an image with that digest. Not to be allowed to ask counts as no.
func (c *Client) HasManifest(ctx context.Context, digest string) (bool, error) {
	res, err := c.do(ctx, request{
		method: http.MethodHead, url: c.at("manifests/" + digest),
		header: http.Header{"Accept": {string(types.DockerManifestSchema2), string(types.OCIManifestSchema1)}},
	}, http.StatusOK, http.StatusNotFound, http.StatusForbidden)
	if err != nil {
		return false, err
	}
	return res.StatusCode == http.StatusOK, res.Body.Close()
}

// digestOf is the digest of a document.
func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// PutManifest writes a manifest under a tag.
func (c *Client) PutManifest(ctx context.Context, tag, mediaType string, manifest []byte) error {
	res, err := c.do(ctx, request{
		method: http.MethodPut, url: c.at("manifests/" + tag), body: manifest, header: http.Header{"Content-Type": {mediaType}},
	}, http.StatusOK, http.StatusCreated, http.StatusAccepted)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
