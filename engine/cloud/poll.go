package cloud

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"berth/engine/clock"
	"berth/engine/fail"
)

// Wait says how the poller waits for something.
type Wait struct {
	For      string        // what is waited for, as it follows "waiting for": "the load balancer to become active"
	Every    time.Duration // between two looks; zero means 3 s. Each is up to a tenth longer or shorter
	Deadline time.Duration // when to give up; zero is a mistake
	// Soon says after a look that the end is near, so that the next one comes in half the time. Nil never does.
	Soon func() bool
}

const pollEvery = 3 * time.Second

// Poll is the only poller: it calls look until it says done or fails, or the deadline passes. A look that
// is throttled or not allowed to reach AWS for a moment does not end the wait. The error of a deadline is a
// Failed failure that says what was waited for and what was seen last (the text that look returned).
func Poll(ctx context.Context, clk clock.Clock, w Wait, look func(context.Context) (done bool, seen string, err error)) error {
	every := w.Every
	if every == 0 {
		every = pollEvery
	}
	start, last := clk.Now(), ""
	for {
		done, seen, err := look(ctx)
		switch {
		case err == nil:
			last = seen
		case ctx.Err() != nil:
			return ctx.Err()
		case !passing(err):
			return err
		default: // should it never get better, this is what there is to tell
			last = evidence(err)
		}
		if done {
			return nil
		}
		if waited := clk.Since(start); waited >= w.Deadline {
			return timeout(w, waited, last)
		}
		next := every
		if w.Soon != nil && w.Soon() {
			next /= 2
		}
		if err := pause(ctx, clk, jitter(next)); err != nil {
			return err
		}
	}
}

// passing says whether a failed look is worth another one: throttled even after the SDK's own retries, a
// server error, or a network that is gone for a moment.
func passing(err error) bool {
	var f *fail.Error
	if errors.As(err, &f) {
		return false
	}
	return Throttled(err) || unreachable(err) || garbled(err) || serverError(err)
}

// Throttled says whether AWS refused a call because there were too many.
func Throttled(err error) bool {
	c := Code(err)
	return strings.Contains(c, "Throttl") || Is(err, "RequestLimitExceeded", "TooManyRequestsException", "SlowDown") ||
		strings.Contains(Message(err), "Rate exceeded")
}

func timeout(w Wait, waited time.Duration, last string) error {
	f := &fail.Error{
		Class:    fail.Failed,
		Cause:    fmt.Sprintf("gave up waiting for %s after %s", w.For, waited.Round(time.Second)),
		Evidence: last,
		Remedy:   "run the same command again to continue from here; AWS may have finished by then",
	}
	return f
}

func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d)) //nolint:gosec // spreading calls, not a secret
}

// Retryable is one row of the table of errors that pass by themselves (engine/AWS.md, Settling): an AWS error
// code, a part of its message ("" matches any), and how long it is worth trying again.
type Retryable struct {
	Code     string
	Contains string
	For      time.Duration
}

// Retry is the only retry above the SDK's own: it calls try again while its error is one of the rows, with
// waits from 2 to 10 s, until the row's time has passed.
func Retry(ctx context.Context, clk clock.Clock, rows []Retryable, try func(context.Context) error) error {
	start, wait := clk.Now(), 2*time.Second
	for {
		err := try(ctx)
		row, ok := match(rows, err)
		if !ok || clk.Since(start) >= row.For {
			return err
		}
		if err := pause(ctx, clk, jitter(wait)); err != nil {
			return err
		}
		wait = min(wait*3/2, 10*time.Second)
	}
}

func match(rows []Retryable, err error) (Retryable, bool) {
	if err == nil {
		return Retryable{}, false
	}
	for _, r := range rows {
		if Code(err) == r.Code && strings.Contains(Message(err), r.Contains) {
			return r, true
		}
	}
	return Retryable{}, false
}
