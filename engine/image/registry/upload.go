package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// kept is how many of the newest bytes of an upload are kept in memory, so that one that was cut can go on: the
// registry may have missed what was still on its way.
const kept = 8 << 20

// ErrCut is an upload that was cut and that the registry cannot go on with: it has to start over.
var ErrCut = errors.New("the upload was interrupted, and the registry kept nothing of it to resume from")

// finalError is one that the same upload cannot go on from, such as one of reading what is to be sent.
type finalError struct{ error }

// Final is err as one that no patience helps against.
func Final(err error) error { return finalError{err} }

// Unwrap gives errors.Is what it wraps.
func (f finalError) Unwrap() error { return f.error }

// Upload is one blob on its way into a repository.
type Upload struct {
	c        *Client
	location *url.URL
	moved    func(n int64)
	size     int64 // what was sent of it
	resumed  bool
}

// Open begins an upload. Moved, which may be nil, is called with the number of bytes as they go, and with negative
// ones when they have to go again.
func (c *Client) Open(ctx context.Context, moved func(n int64)) (*Upload, error) {
	if moved == nil {
		moved = func(int64) {}
	}
	res, err := c.do(ctx, request{method: http.MethodPost, url: c.at("blobs/uploads/")}, http.StatusAccepted)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	u := &Upload{c: c, moved: moved}
	return u, u.follow(res)
}

// follow takes over where the upload goes on.
func (u *Upload) follow(res *http.Response) error {
	text := res.Header.Get("Location")
	if text == "" {
		return nil
	}
	next, err := res.Request.URL.Parse(text)
	if err != nil {
		return fmt.Errorf("read the registry's location %q: %w", text, err)
	}
	u.location = next
	return nil
}

// Send sends all of r. When the connection is cut it goes on from what the registry has; when the registry cannot,
// the error is ErrCut, and the caller may open another upload.
func (u *Upload) Send(ctx context.Context, r io.Reader) error {
	w := &window{r: r, moved: u.moved}
	begun := false
	return u.c.patiently(ctx, func(ctx context.Context) (bool, error) {
		if begun {
			if err := u.resume(ctx, w); err != nil {
				return false, err
			}
		}
		from := w.next
		err := u.patch(ctx, w)
		begun = w.next > 0 // else nothing was read of it, and the same request can be made again
		if err == nil {
			u.size += w.next
		}
		return w.next > from, err
	})
}

// patch sends what is left in one request.
func (u *Upload) patch(ctx context.Context, w *window) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body := w.body()
	stop := u.watch(body, func() { cancel(errStalled) })
	res, err := u.c.once(ctx, request{
		method: http.MethodPatch, url: u.location, header: http.Header{"Content-Type": {"application/octet-stream"}},
	}, body)
	stop()
	body.end()
	if err == nil {
		defer res.Body.Close() //nolint:errcheck // it was read
		// ECR answers 201 where the protocol says 202.
		if err = check(res, http.StatusAccepted, http.StatusCreated, http.StatusNoContent); err == nil {
			return u.follow(res)
		}
	}
	if w.err != nil {
		return finalError{w.err}
	}
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return errStalled
	}
	return err
}

// watch tells of a body that does not move, and cuts it off in the end. A body that waits for its own source is not
// the registry's fault.
func (u *Upload) watch(body *body, cut func()) (stop func()) {
	done := make(chan struct{})
	go func() {
		const every = 2 * time.Second
		tick := time.NewTicker(every)
		defer tick.Stop()
		last, still, told := int64(-1), time.Duration(0), false
		for {
			select {
			case <-done:
				if told {
					u.c.tell("")
				}
				return
			case <-tick.C:
			}
			at := body.sent.Load()
			if at != last || body.starved.Load() {
				if told {
					u.c.tell("")
				}
				last, still, told = at, 0, false
				continue
			}
			if still += every; still >= Quiet {
				u.c.tell(fmt.Sprintf("the registry has taken nothing for %s: waiting", still))
				told = true
			}
			if still >= stalled {
				cut()
				return
			}
		}
	}()
	var once sync.Once
	return func() { once.Do(func() { close(done) }) }
}

// resume asks the registry how much it has, and puts w there.
func (u *Upload) resume(ctx context.Context, w *window) error {
	res, err := u.c.once(ctx, request{method: http.MethodGet, url: u.location}, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing of it is needed
	if res.StatusCode != http.StatusNoContent && res.StatusCode != http.StatusAccepted {
		if err := check(res, http.StatusNoContent); Passing(err) {
			return err
		}
		return finalError{ErrCut}
	}
	at, ok := rangeEnd(res.Header.Get("Range"))
	if !ok || !w.back(at) {
		return finalError{ErrCut}
	}
	u.resumed = true
	return u.follow(res)
}

// rangeEnd is how many bytes a registry has, from a header such as "0-1023". That of an upload that has nothing
// is "0-0", or "0--1".
func rangeEnd(text string) (int64, bool) {
	_, end, ok := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	n, err := strconv.ParseInt(end, 10, 64)
	if !ok || err != nil {
		return 0, false
	}
	if n <= 0 {
		return 0, true
	}
	return n + 1, true
}

// Close ends the upload: the registry checks that it has the blob with that digest.
func (u *Upload) Close(ctx context.Context, digest string) error {
	to := *u.location
	q := to.Query()
	q.Set("digest", digest)
	to.RawQuery = q.Encode()
	res, err := u.c.do(ctx, request{method: http.MethodPut, url: &to, header: http.Header{"Content-Type": {"application/octet-stream"}}},
		http.StatusCreated, http.StatusNoContent, http.StatusAccepted, http.StatusOK)
	if err == nil {
		return res.Body.Close()
	}
	// The answer to an earlier try may have been lost, and with it the upload.
	if s := Status(err); s == http.StatusNotFound || s == http.StatusBadRequest {
		if there, lookErr := u.c.Exists(ctx, digest); lookErr == nil && there {
			return nil
		}
		if u.resumed || s == http.StatusNotFound {
			return errors.Join(ErrCut, err)
		}
	}
	return err
}

// Put uploads a blob that can be read anew, unless it is there already; sent says whether it was sent.
func (c *Client) Put(ctx context.Context, digest string, open func() (io.ReadCloser, error), moved func(n int64)) (sent bool, err error) {
	there, err := c.Exists(ctx, digest)
	if err != nil || there {
		return false, err
	}
	return true, c.patiently(ctx, func(ctx context.Context) (bool, error) {
		err := c.put(ctx, digest, open, moved)
		if errors.Is(err, ErrCut) {
			err = fmt.Errorf("%w", ErrCut) // final for that upload, not for another one
		}
		return false, err
	})
}

func (c *Client) put(ctx context.Context, digest string, open func() (io.ReadCloser, error), moved func(n int64)) (err error) {
	var total int64
	count := func(n int64) {
		total += n
		if moved != nil {
			moved(n)
		}
	}
	defer func() {
		if err != nil && moved != nil {
			moved(-total)
		}
	}()
	u, err := c.Open(ctx, count)
	if err != nil {
		return err
	}
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it was only read
	if err := u.Send(ctx, r); err != nil {
		return err
	}
	return u.Close(ctx, digest)
}

// window is a stream whose newest bytes can be read again.
type window struct {
	r     io.Reader
	moved func(int64)

	mu   sync.Mutex
	buf  []byte // the newest bytes that were read of r
	end  int64  // how many bytes were read of r
	next int64  // of the byte that goes next
	eof  bool
	err  error // of r
}

// back goes back to a byte that is still kept.
func (w *window) back(to int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to > w.end || to < w.end-int64(len(w.buf)) {
		return false
	}
	w.moved(to - w.next)
	w.next = to
	return true
}

// read reads what goes next, from memory or from the source.
func (w *window) read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next < w.end {
		n := copy(p, w.buf[int64(len(w.buf))-(w.end-w.next):])
		w.next += int64(n)
		w.moved(int64(n))
		return n, nil
	}
	if w.err != nil {
		return 0, w.err
	}
	if w.eof {
		return 0, io.EOF
	}
	n, err := w.r.Read(p)
	if len(w.buf)+n > 2*kept {
		w.buf = append(w.buf[:0], w.buf[len(w.buf)-kept:]...)
	}
	w.buf = append(w.buf, p[:n]...)
	w.end += int64(n)
	w.next = w.end
	w.moved(int64(n))
	switch {
	case errors.Is(err, io.EOF):
		w.eof = true
	case err != nil:
		w.err = err
	}
	return n, err
}

// body is the rest of the window as the body of one request. It ends with that request, so that a transport that
// still reads it takes nothing away from the next.
func (w *window) body() *body { return &body{w: w} }

type body struct {
	w       *window
	mu      sync.Mutex
	ended   bool
	sent    atomic.Int64
	starved atomic.Bool // it waits for its source
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return 0, io.ErrClosedPipe
	}
	b.starved.Store(true)
	n, err := b.w.read(p)
	b.starved.Store(false)
	b.sent.Add(int64(n))
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error { return nil }

// end waits for a Read that is under way and lets no other begin.
func (b *body) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
