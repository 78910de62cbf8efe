// Package run carries out a plan: it walks the graph of resources in parallel, emits what happens, and can
// be stopped, cancelled and run again. It never undoes infrastructure: what was made stays, is explained, and
// the next run goes on from it.
package run

import (
	"context"
	"sync"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/view"
)

// Options says how a plan is carried out.
type Options struct {
	ID    string // of the run
	Verb  string // deploy, destroy
	Scope *resource.Scope
	// WaitForLogin pauses the run while the credentials have expired, instead of ending it.
	WaitForLogin bool
	// Flags are those that the commands in the run's remedies need to reach the same app.
	Flags fail.Flags
	// Record reads all that the run tells, on a goroutine of its own; the run is done when it has returned, or
	// a moment after the last event. Nil: nobody does.
	Record func(*event.Reader)
	// Prepare is called before anything changes; its error ends the run as refused. It returns the plan to
	// carry out, which is the given one or a fresh one with the same hash. Nil means the given plan.
	Prepare func(context.Context) (*plan.Plan, error)
	// Left looks what there is of the app in AWS after the run has ended early. Nil: nobody looks.
	Left func(context.Context) (Left, error)
	// Lock makes sure that no other run changes the app meanwhile; its error ends the run as refused. It may
	// take a moment and says so through tell; lost is to be called when the lock is taken away. What it
	// returns gives the lock back. Nil means no lock.
	Lock func(ctx context.Context, tell func(text string), lost func()) (release func(context.Context), err error)
}

// Result is how a run ended.
type Result struct {
	Outcome  event.Outcome
	Endpoint string
	Err      *fail.Error // nil when it succeeded
	// Waiting is what the app waits for although the run succeeded, nil when for nothing.
	Waiting *event.Waiting
}

// Run is a plan being carried out. It is safe for concurrent use.
type Run struct {
	opts   Options
	plan   *plan.Plan
	bus    *event.Bus
	cancel context.CancelFunc
	done   chan struct{}
	calls  int // API calls made before the run began
	start  time.Time

	mu       sync.Mutex
	stop     chan struct{}
	stopped  bool
	giveUp   chan struct{} // closed at a stop and at the first failure
	gaveUp   bool
	endpoint string               // once verified
	said     map[string]string    // what a node is done with, by id, when it said so itself
	began    map[string]time.Time // when each node started, by id
	failures []failure
	ended    map[string]bool // nodes that are done, by id
	result   Result
	took     map[string]time.Duration // each step, by name
	leftUSD  float64                  // what is left costs a month, after an early end
}

// failure is a step that failed, in the order of time.
type failure struct {
	node string
	err  *fail.Error
}

// Start begins to carry p out and returns at once. Ending ctx cancels the run.
func Start(ctx context.Context, p *plan.Plan, o Options) *Run {
	ctx, cancel := context.WithCancel(ctx)
	r := &Run{
		opts: o, plan: p, bus: event.NewBus(o.ID, o.Scope.Clock.Now), cancel: cancel,
		done: make(chan struct{}), stop: make(chan struct{}), giveUp: make(chan struct{}), began: map[string]time.Time{}, ended: map[string]bool{}, said: map[string]string{}, took: map[string]time.Duration{}, calls: o.Scope.Calls.Count(), start: o.Scope.Clock.Now(),
	}
	recorded := r.record()
	go func() {
		defer close(r.done)
		defer cancel()
		r.execute(ctx)
		recorded()
	}()
	return r
}

// recording is how long the end of a run waits at most for its record to be complete.
const recording = 2 * time.Second

// record starts the record, and returns what waits for its end.
func (r *Run) record() (wait func()) {
	if r.opts.Record == nil {
		return func() {}
	}
	done, reader := make(chan struct{}), r.bus.Reader()
	go func() {
		defer close(done)
		r.opts.Record(reader)
	}()
	return func() {
		t := time.NewTimer(recording)
		defer t.Stop()
		select {
		case <-done:
		case <-t.C: // a disk that hangs does not hold up a run
		}
	}
}

// ID is the run's id, as in its events.
func (r *Run) ID() string { return r.opts.ID }

// Events returns a reader of all events of the run, from the first on.
func (r *Run) Events() *event.Reader { return r.bus.Reader() }

// Done is closed once the run has emitted its last event and no goroutine of it is left.
func (r *Run) Done() <-chan struct{} { return r.done }

// Wait waits for the end of the run, or of ctx, whose end does not end the run.
func (r *Run) Wait(ctx context.Context) (Result, error) {
	select {
	case <-r.done:
		return r.result, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// Snapshot is the run as of now.
func (r *Run) Snapshot() view.Snapshot {
	var s view.Snapshot
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // take what is there, wait for nothing
	events, _ := r.Events().Next(ctx)
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// Stop lets the calls in flight finish and starts no further ones. A second call is Cancel.
func (r *Run) Stop() {
	r.mu.Lock()
	again := r.stopped
	r.halt()
	r.mu.Unlock()
	if again {
		r.Cancel()
		return
	}
	r.bus.Emit(event.Event{
		Type: event.RunStopping,
		Text: "finishing calls in flight; what AWS has started continues there, and the same command continues later",
	})
}

// Cancel ends the calls in flight, too.
func (r *Run) Cancel() {
	r.mu.Lock()
	r.halt()
	r.mu.Unlock()
	r.cancel()
}

// halt gives the stop signal once. The caller holds mu.
func (r *Run) halt() {
	if !r.stopped {
		r.stopped = true
		close(r.stop)
	}
	r.abandon()
}

// abandon ends the waits for what AWS goes on with alone. The caller holds mu.
func (r *Run) abandon() {
	if !r.gaveUp {
		r.gaveUp = true
		close(r.giveUp)
	}
}

func (r *Run) asked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// Took is how long each step of the plan took, by its name. It is known once the run is done.
func (r *Run) Took() map[string]time.Duration {
	select {
	case <-r.done:
		return r.took
	default:
		return nil
	}
}

// Critical is the chain of steps that the run could not have been faster than, with every step taking as long
// as it did, and its length. It is known once the run is done.
func (r *Run) Critical() (steps []string, length time.Duration) {
	select {
	case <-r.done:
	default:
		return nil, 0
	}
	steps, length, err := r.plan.Steps.Graph.CriticalPath(func(step string) time.Duration { return r.took[step] })
	if err != nil {
		return nil, 0
	}
	return steps, length
}
