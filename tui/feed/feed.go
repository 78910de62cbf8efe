// Package feed brings the events of a run to the screens. It pulls: a command waits for events, and the
// message that it returns carries all there are, so that a screen draws once per batch and never once per
// event. Batches come at most one per Every; the engine never waits for the screen.
package feed

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/event"
)

// Every is the least time between two batches.
const Every = 80 * time.Millisecond

// Batch is a message with the events of a run since the last one, in order. Of the progress of one node only
// the newest is kept; everything else is there.
type Batch struct {
	Run    string // the run's id: whoever shows another run drops the batch
	Events []event.Event
	End    bool // nothing comes after this
}

// Feed reads one run. It must not be copied; its commands must run one after the other, each started when
// the batch of the one before has arrived.
type Feed struct {
	run    string
	reader *event.Reader
	ctx    context.Context
	last   time.Time // when the last batch was handed out
}

// New makes a feed of the run with that id. Ending ctx ends it.
func New(ctx context.Context, run string, r *event.Reader) *Feed {
	return &Feed{run: run, reader: r, ctx: ctx}
}

// Next is the command that waits for the next batch.
func (f *Feed) Next() tea.Msg {
	if wait := Every - time.Since(f.last); !f.last.IsZero() && wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-f.ctx.Done():
			return Batch{Run: f.run, End: true}
		}
	}
	events, err := f.reader.Next(f.ctx)
	f.last = time.Now()
	if err != nil || len(events) == 0 {
		return Batch{Run: f.run, End: true}
	}
	end := events[len(events)-1].Type == event.RunFinished
	return Batch{Run: f.run, Events: thin(events), End: end}
}

// thin drops the progress that newer progress of the same node replaces. The slice given is not changed.
func thin(events []event.Event) []event.Event {
	newest := map[string]int{}
	drop := 0
	for i, e := range events {
		if e.Type != event.NodeProgress {
			continue
		}
		if _, ok := newest[e.Node]; ok {
			drop++
		}
		newest[e.Node] = i
	}
	if drop == 0 {
		return events
	}
	out := make([]event.Event, 0, len(events)-drop)
	for i, e := range events {
		if e.Type != event.NodeProgress || newest[e.Node] == i {
			out = append(out, e)
		}
	}
	return out
}
