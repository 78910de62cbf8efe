package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"berth/engine/clock"
)

// How long one attempt at a call may take: AWS answers within seconds, and a connection that was cut without a word
// never does.
const (
	connectLimit = 10 * time.Second
	headerLimit  = 30 * time.Second // until the first line of the answer
	attemptLimit = time.Minute      // with the whole answer
	// leastLimit is the limit of an attempt on the wall clock: an account that is faster than AWS makes this machine no
	// faster.
	leastLimit = 10 * time.Second
	// silentAttempts is how often a call that gets no answer is made.
	silentAttempts = 3
)

// limits keeps attempts from being waited for without end, and tells when one was given up.
type limits struct {
	clk clock.Clock

	mu     sync.Mutex
	tell   func(string, bool) // nil: nobody listens
	silent bool               // the latest attempt got no answer
}

// OnSilence tells of calls that get no answer: waits is true while AWS is silent, and false once it answers again.
// Nil tells nobody, as at first.
func (c *Clients) OnSilence(tell func(text string, waits bool)) {
	c.limits.mu.Lock()
	defer c.limits.mu.Unlock()
	c.limits.tell, c.limits.silent = tell, false
}

// client is the HTTP client with the limits of a connection. A client of another make has its own.
func (l *limits) client(c aws.HTTPClient) aws.HTTPClient {
	if c == nil {
		c = awshttp.NewBuildableClient()
	}
	b, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return c
	}
	return b.WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = headerLimit
		if dial := t.DialContext; dial != nil {
			t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, connectLimit)
				defer cancel()
				return dial(ctx, network, address)
			}
		}
	})
}

// silentKey is where a call counts its attempts that got no answer.
type silentKey struct{}

func (l *limits) install(stack *middleware.Stack) error {
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("berth:silent", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, silentKey{}, new(int)), in)
	}), middleware.Before)
	if err != nil {
		return err
	}
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("berth:limit", l.attempt), middleware.After)
}

// attempt makes one attempt at a call.
func (l *limits) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, md middleware.Metadata, err error,
) {
	limited, cancel := context.WithTimeout(ctx, max(l.clk.Wall(attemptLimit), leastLimit))
	defer cancel()
	start := l.clk.Now()
	out, md, err = next.HandleFinalize(limited, in)
	if ctx.Err() != nil || err == nil || limited.Err() == nil && !timedOut(err) {
		l.heard(err)
		return out, md, err
	}
	n, _ := middleware.GetStackValue(ctx, silentKey{}).(*int)
	s := &silence{
		call:  iamPrefix(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx),
		after: l.clk.Since(start).Round(time.Second), last: true,
	}
	if n != nil {
		*n++
		s.last = *n >= silentAttempts
	}
	l.say(s.Error()+map[bool]string{true: "", false: "; asking again"}[s.last], true)
	return out, md, s
}

// heard notes that AWS answered, with whatever.
func (l *limits) heard(err error) {
	l.mu.Lock()
	was := l.silent
	l.mu.Unlock()
	if was && !unreachable(err) {
		l.say("AWS answers again", false)
	}
}

func (l *limits) say(text string, silent bool) {
	l.mu.Lock()
	l.silent = silent
	tell := l.tell
	l.mu.Unlock()
	if tell != nil {
		tell(text, silent)
	}
}

// timedOut says whether a connection took too long.
func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// silence is the error of an attempt that got no answer in time, or not all of it. The call may have had its effect.
// It does not wrap what ended the attempt, which the SDK would take for a call that was cancelled.
type silence struct {
	call  string
	after time.Duration
	last  bool // there were enough attempts
}

// Error says which call got no answer, and for how long it was waited.
func (s *silence) Error() string {
	return fmt.Sprintf("no answer from AWS to %s within %s", s.call, s.after)
}

// RetryableError tells the SDK whether to try again.
func (s *silence) RetryableError() bool { return !s.last }

// Timeout implements net.Error.
func (s *silence) Timeout() bool { return true }

// Temporary implements net.Error.
func (s *silence) Temporary() bool { return true }

// lost has the SDK repeat a call whose answer could not be read: it was cut short, or is no answer of AWS.
func lost(err error) aws.Ternary {
	if garbled(err) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// garbled says whether the answer to a call could not be read.
func garbled(err error) bool {
	var d *smithy.DeserializationError
	return errors.As(err, &d) && !Unknown(err)
}

// status is the HTTP status of the answer that err is about, zero when there is none.
func status(err error) int {
	var re interface{ HTTPStatusCode() int }
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

// between says whether something on the way to the service answered in its place, or the service said no more than
// that it cannot answer now. It goes by the status: the code is one of many, or none.
func between(err error) bool {
	switch status(err) {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
