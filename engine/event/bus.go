package event

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"
)

// progressEvery is how often at most a node's progress is recorded; what comes in between is dropped, the
// last step (Current == Total) never.
const progressEvery = 80 * time.Millisecond

// maxLogs is how many lines of other programs' output are kept for readers that come late. Older ones give way to the
// newest, at least logSlack at a time, so that a chatty app cannot fill the memory; how many are missing is told in
// their place.
const (
	maxLogs  = 20_000
	logSlack = 2_000
)

// Bus stamps events and keeps them for every reader, early or late. It never blocks a writer.
type Bus struct {
	run string
	now func() time.Time

	mu       sync.Mutex
	events   []Event
	seq      int // of the newest
	logs     int // how many of events are such lines
	dropped  int // how many such lines gave way
	mark     int // the number of the event that says so; zero when there is none
	closed   bool
	wake     chan struct{} // closed and replaced at each event
	progress map[string]time.Time
}

// NewBus makes the bus of one run. Events are stamped with the run's id and with now.
func NewBus(run string, now func() time.Time) *Bus {
	return &Bus{run: run, now: now, wake: make(chan struct{}), progress: map[string]time.Time{}}
}

// Emit stamps e and hands it to all readers. After Close it does nothing. Emitting RunFinished closes.
func (b *Bus) Emit(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || !b.due(e) {
		return
	}
	e.Run, e.Time = b.run, b.now().UTC()
	b.add(e)
}

// Replay hands an event of another process's run to all readers. It keeps the time and the run that it was
// stamped with there, and all of what was recorded there; it is numbered anew. Replaying RunFinished closes.
func (b *Bus) Replay(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.add(e)
	}
}

// add numbers an event and wakes the readers. The caller holds mu.
func (b *Bus) add(e Event) {
	b.seq++
	e.Seq = b.seq
	b.events = append(b.events, e)
	if chatty(e) {
		if b.logs++; b.logs >= maxLogs+logSlack {
			b.forget(b.logs - maxLogs)
		}
	}
	b.closed = e.Type == RunFinished
	close(b.wake)
	b.wake = make(chan struct{})
}

// forget drops the n oldest lines of other programs' output, and leaves a mark where the last of them was. The caller
// holds mu. Readers keep what they have: the events move to a slice of their own.
func (b *Bus) forget(n int) {
	kept := make([]Event, 0, len(b.events))
	b.logs -= n
	b.dropped += n
	old := b.mark
	for _, e := range b.events {
		switch {
		case old != 0 && e.Seq == old:
		case n > 0 && chatty(e):
			if n--; n == 0 {
				e.Text, b.mark = fmt.Sprintf("… %d older lines are not kept …", b.dropped), e.Seq
				kept = append(kept, e)
			}
		default:
			kept = append(kept, e)
		}
	}
	b.events = kept
}

// due says whether e is recorded: always, but for progress that comes too fast.
func (b *Bus) due(e Event) bool {
	if e.Type == NodeProgress {
		if last, ok := b.progress[e.Node]; ok && time.Since(last) < progressEvery && e.Current < e.Total {
			return false
		}
		b.progress[e.Node] = time.Now()
	}
	return true
}

// chatty says whether an event is a line of somebody else's output, of which there may be any number.
func chatty(e Event) bool {
	return e.Type == NodeLog && (e.Stream == "build" || e.Stream == "push" || e.Stream == "app")
}

// Reader reads a bus from its first event on, at its own pace.
type Reader struct {
	bus  *Bus
	seen int // the number of the newest event that it has had
}

// Reader returns a new reader that starts at the first event.
func (b *Bus) Reader() *Reader { return &Reader{bus: b} }

// Next returns all events that this reader has not had yet, waiting for one when there is none. It returns
// nil, nil after the last event of a finished run, and ctx's error when ctx ends first. The slice must not
// be changed.
func (r *Reader) Next(ctx context.Context) ([]Event, error) {
	for {
		r.bus.mu.Lock()
		all := r.bus.events
		next := sort.Search(len(all), func(i int) bool { return all[i].Seq > r.seen })
		batch := all[next:len(all):len(all)]
		closed, wake := r.bus.closed, r.bus.wake
		r.bus.mu.Unlock()
		if len(batch) > 0 {
			r.seen = batch[len(batch)-1].Seq
			return batch, nil
		}
		if closed {
			return nil, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
