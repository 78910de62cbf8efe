// Package run carries out a plan: it walks the graph of resources in parallel, emits what happens, and can
// be stopped, cancelled and run again.
package run

import (
	"context"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/view"
)

// Result is how a run ended.
type Result struct {
	Outcome  event.Outcome
	Endpoint string
	Err      *fail.Error // nil when it succeeded
}

// Run is a plan being carried out. It is safe for concurrent use.
type Run struct {
	id   string
	bus  *event.Bus
	done chan struct{}
	res  Result
}

// ID is the run's id, as in its events.
func (r *Run) ID() string { return r.id }

// Events returns a reader of all events of the run, from the first on.
func (r *Run) Events() *event.Reader { return r.bus.Reader() }

// Done is closed once the run has emitted its last event and no goroutine of it is left.
func (r *Run) Done() <-chan struct{} { return r.done }

// Wait waits for the end of the run, or of ctx, whose end does not end the run.
func (r *Run) Wait(ctx context.Context) (Result, error)

// Snapshot is the run as of now.
func (r *Run) Snapshot() view.Snapshot

// Stop lets the calls in flight finish and starts no further ones. A second call is Cancel.
func (r *Run) Stop()

// Cancel ends the calls in flight, too.
func (r *Run) Cancel()
