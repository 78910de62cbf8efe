package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// NewSource is New for a repository that is only read from.
func NewSource(repo name.Repository, auth authn.Authenticator, base http.RoundTripper, tell func(string)) *Client {
	c := New(repo, auth, base, tell)
	c.scope = transport.PullScope
	return c
}

// Get reads a blob of a size in bytes. A connection that is cut, or on which nothing moves, is made anew, and the blob
// read on from there. The caller closes it.
func (c *Client) Get(ctx context.Context, digest string, size int64) io.ReadCloser {
	return &download{c: c, ctx: ctx, digest: digest, size: size}
}

// download is a blob on its way out of a repository.
type download struct {
	c      *Client
	ctx    context.Context
	digest string
	size   int64

	at     int64 // of the byte that comes next
	body   io.ReadCloser
	cancel context.CancelCauseFunc // of the request that body belongs to
	told   atomic.Bool             // that nothing comes
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (n int, err error) {
	if d.at >= d.size {
		return 0, io.EOF
	}
	if d.body != nil {
		if n, err = d.next(p); n > 0 {
			return n, nil
		}
	}
	err = d.c.patiently(d.ctx, func(ctx context.Context) (bool, error) {
		if err := d.open(ctx); err != nil {
			return false, err
		}
		n, err = d.next(p)
		return n > 0, err
	})
	return n, err
}

// next reads what comes next on the connection. An error closes it.
func (d *download) next(p []byte) (int, error) {
	p = p[:min(int64(len(p)), d.size-d.at)]
	still := time.AfterFunc(Quiet, func() {
		d.told.Store(true)
		d.c.tell(fmt.Sprintf("the registry has sent nothing for %s: waiting", Quiet))
	})
	dead := time.AfterFunc(stalled, func() { d.cancel(errStalled) })
	n, err := d.body.Read(p)
	dead.Stop()
	still.Stop()
	if n > 0 && d.told.Swap(false) {
		d.c.tell("")
	}
	d.at += int64(n)
	if n > 0 || err == nil {
		return n, nil
	}
	_ = d.Close()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return 0, err
}

// open asks for the rest of the blob.
func (d *download) open(ctx context.Context) error {
	_ = d.Close()
	signed, err := d.c.sign(ctx)
	if err != nil {
		return err
	}
	ctx, d.cancel = context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.c.at("blobs/"+d.digest).String(), nil)
	if err != nil {
		return err
	}
	if d.at > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
	}
	// Registries send one on to where they keep their blobs, which is none of the sign-in's business.
	res, err := (&http.Client{Transport: signed}).Do(req)
	if err != nil {
		return err
	}
	if err := check(res, http.StatusOK, http.StatusPartialContent); err != nil {
		_ = res.Body.Close()
		return err
	}
	d.body = res.Body
	if d.at > 0 && res.StatusCode == http.StatusOK { // it begins at the beginning
		if _, err := io.CopyN(io.Discard, res.Body, d.at); err != nil {
			_ = d.Close()
			return err
		}
	}
	return nil
}

// Close implements io.Closer.
func (d *download) Close() error {
	if d.cancel != nil {
		d.cancel(nil)
	}
	if d.body == nil {
		return nil
	}
	err := d.body.Close()
	d.body = nil
	return err
}
