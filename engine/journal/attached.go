package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
)

// look is how often a journal is read while it is watched.
const look = 150 * time.Millisecond

// Attached is a run of another process as its journal tells it. It can be read like a run of one's own, and not
// be stopped.
type Attached struct {
	Header
	path string
	bus  *event.Bus
	done chan struct{}
}

// Live finds the run that goes on now for the app in a folder, of that environment, on a simulated account or
// on a real one. It is nil when there is none. The watching ends with ctx.
func Live(ctx context.Context, folder, dir, env string, simulated bool) *Attached {
	dir, host := Real(dir), host()
	for _, path := range list(folder) {
		if !held(path) {
			continue
		}
		w, err := open(ctx, path, func(h Header) bool {
			return h.Dir == dir && h.Env == env && h.Host == host && (h.Simulated != "") == simulated
		})
		if err == nil {
			return w
		}
	}
	return nil
}

var errOther = errors.New("the journal is of another run")

// open begins to follow a journal whose header is wanted.
func open(ctx context.Context, path string, wanted func(Header) bool) (*Attached, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a journal: %w", err)
	}
	w := &Attached{path: path, done: make(chan struct{})}
	r := bufio.NewReader(f)
	line, err := r.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &w.Header)
	}
	if err == nil && (w.Format != format || !wanted(w.Header)) {
		err = errOther
	}
	if err != nil {
		_ = f.Close() // it was only read
		return nil, fmt.Errorf("read journal %s: %w", path, err)
	}
	w.bus = event.NewBus(w.Run, w.Now)
	go w.follow(ctx, f, r)
	return w, nil
}

// ID is the run's id.
func (w *Attached) ID() string { return w.Run }

// Events returns a reader of all events of the run, from the first on.
func (w *Attached) Events() *event.Reader { return w.bus.Reader() }

// Done is closed once the run has ended, or is not watched any longer.
func (w *Attached) Done() <-chan struct{} { return w.done }

// End is the failure that the run ended with, nil while it goes on and when it succeeded.
func (w *Attached) End() *fail.Error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // take what is there, wait for nothing
	events, _ := w.bus.Reader().Next(ctx)
	if len(events) == 0 || events[len(events)-1].Type != event.RunFinished {
		return nil
	}
	return events[len(events)-1].Error
}

// Stop does nothing: the run belongs to the other process.
func (w *Attached) Stop() {}

// Cancel does nothing: the run belongs to the other process.
func (w *Attached) Cancel() {}

// follow reads the journal until the run has ended, its writer is dead, or ctx ends.
func (w *Attached) follow(ctx context.Context, f *os.File, r *bufio.Reader) {
	defer close(w.done)
	defer func() { _ = f.Close() }() // it was only read
	var torn []byte
	for {
		alive := held(w.path) // asked first: what a writer wrote before its end is read below
		if w.read(r, &torn) {
			return
		}
		if !alive {
			f := w.orphaned()
			w.bus.Emit(event.Event{Type: event.RunFinished, Outcome: event.Failed, Text: f.Cause, Error: f})
			return
		}
		t := time.NewTimer(look)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// read replays all whole lines that there are, and says whether the run has ended. A line without an end
// waits in torn for its rest.
func (w *Attached) read(r *bufio.Reader, torn *[]byte) (ended bool) {
	for {
		part, err := r.ReadBytes('\n')
		*torn = append(*torn, part...)
		if err != nil {
			return false // io.EOF, or a file that cannot be read now; the next look tries again
		}
		line := bytes.TrimSpace(*torn)
		*torn = nil
		e, err := event.Decode(line)
		if err != nil {
			continue
		}
		w.bus.Replay(e)
		if e.Type == event.RunFinished {
			return true
		}
	}
}

// orphaned is the end of a run whose process ended before it, or could not tell any more of it.
func (w *Attached) orphaned() *fail.Error {
	if _, err := os.Stat(w.path); err != nil {
		return &fail.Error{
			Class: fail.Failed, Cause: "the other berth stopped reporting what it does",
			Evidence: fmt.Sprintf("its journal can no longer be read: %v", err),
			Remedy:   fmt.Sprintf("check the terminal that process %d runs in, or check AWS from here", w.PID),
			Err:      err,
		}
	}
	return &fail.Error{
		Class:    fail.Failed,
		Cause:    "the other berth ended before the " + w.Noun() + " did",
		Evidence: fmt.Sprintf("process %d, started %s, is gone; what AWS had started continues there", w.PID, w.Started.Local().Format("15:04:05")),
		Remedy:   "run berth in this folder again: it continues from what exists in AWS",
	}
}

// Noun is what the run is, in a word for people.
func (h Header) Noun() string {
	switch h.Verb {
	case "destroy":
		return "destruction"
	case "rollback":
		return "rollback"
	case "restart":
		return "restart"
	}
	return "deployment"
}
