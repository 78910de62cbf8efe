package cloud

import (
	"context"
	"errors"
	"time"

	"berth/engine/clock"
)

// ErrStopped is the error of a wait that ended because the user asked the run to stop. What AWS was doing
// goes on there.
var ErrStopped = errors.New("stopped")

type stopKey struct{}

// WithStop returns a context that carries a stop signal: calls in flight go on, but Poll and Retry end with
// ErrStopped instead of sleeping once stop is closed.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// UntilStop returns a context that ends when ctx ends or at the stop signal that it carries. It is for work
// that leaves nothing behind when it is cut short, such as building an image.
func UntilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	until, cancel := context.WithCancelCause(ctx)
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	if stop == nil {
		return until, func() { cancel(nil) }
	}
	done := make(chan struct{})
	go func() {
		select {
		case <-stop:
			cancel(ErrStopped)
		case <-until.Done():
		}
		close(done)
	}()
	return until, func() { cancel(nil); <-done }
}

// pause sleeps between two tries, or ends early when the run is stopped.
func pause(ctx context.Context, clk clock.Clock, d time.Duration) error {
	until, cancel := UntilStop(ctx)
	defer cancel()
	err := clk.Sleep(until, d)
	if err != nil && errors.Is(context.Cause(until), ErrStopped) {
		return ErrStopped
	}
	return err
}
