package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func drain(t *testing.T, r *Reader) []Event {
	t.Helper()
	var all []Event
	for {
		batch, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if batch == nil {
			return all
		}
		all = append(all, batch...)
	}
}

// A reader that comes late gets the same events as one that was there, numbered without a gap.
func TestLateReadersGetEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBus("run-1", time.Now)
		early := b.Reader()
		got := make(chan []Event)
		go func() { got <- drain(t, early) }()
		for range 3 {
			b.Emit(Event{Type: NodeStarted, Node: "a"})
			time.Sleep(time.Second)
		}
		b.Emit(Event{Type: RunFinished})
		b.Emit(Event{Type: NodeStarted, Node: "too late"})
		first, late := <-got, drain(t, b.Reader())
		if len(first) != 4 || len(late) != 4 {
			t.Fatalf("%d and %d events", len(first), len(late))
		}
		for i, e := range late {
			if e.Seq != i+1 || e.Run != "run-1" || e.Time != first[i].Time || e.Time.IsZero() {
				t.Errorf("event %d is %+v", i, e)
			}
		}
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewBus("r", time.Now).Reader().Next(ctx); err == nil {
		t.Error("waited for ever")
	}
}

// Progress may be dropped, its last step and states may not.
func TestProgressIsThinnedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBus("r", time.Now)
		for i := range 1001 {
			b.Emit(Event{Type: NodeProgress, Node: "image", Current: int64(i), Total: 1000})
			time.Sleep(time.Millisecond)
		}
		b.Emit(Event{Type: NodeDone, Node: "image"})
		b.Emit(Event{Type: RunFinished})
		all := drain(t, b.Reader())
		if len(all) < 10 || len(all) > 20 {
			t.Errorf("%d events of 1003", len(all))
		}
		if last := all[len(all)-3]; last.Current != 1000 {
			t.Errorf("the last progress is %d", last.Current)
		}
	})
}

// A chatty app fills neither the memory nor the way of what berth and AWS say: the newest lines are kept, and how many
// are missing is told. Who reads along gets every one.
func TestChatterHasABound(t *testing.T) {
	b := NewBus("r", time.Now)
	live, lines := b.Reader(), 0
	b.Emit(Event{Type: NodeStarted, Node: "x"})
	const all = 2*maxLogs + 500
	for i := range all {
		b.Emit(Event{Type: NodeLog, Stream: "app", Text: fmt.Sprint("line ", i)})
		batch, err := live.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lines += len(batch)
	}
	b.Emit(Event{Type: NodeLog, Stream: "berth", Text: "paused"})
	b.Emit(Event{Type: RunFinished})
	late := drain(t, b.Reader())
	if len(late) > maxLogs+logSlack+4 || lines != all+1 {
		t.Errorf("%d events for one that is late, %d for one that read along", len(late), lines)
	}
	n := len(late)
	if late[0].Type != NodeStarted || late[n-2].Text != "paused" || late[n-3].Text != fmt.Sprint("line ", all-1) {
		t.Errorf("first %+v, last %+v", late[0], late[n-3:])
	}
	var missing, first int
	if _, err := fmt.Sscanf(late[1].Text, "… %d older lines", &missing); err != nil {
		t.Fatalf("%q: %v", late[1].Text, err)
	}
	if _, err := fmt.Sscanf(late[2].Text, "line %d", &first); err != nil || first != missing || missing+n-4 != all {
		t.Errorf("%d lines are missing before line %d, %d events", missing, first, n)
	}
}

// The NDJSON has the types of the command line contract and no others.
func TestJSONKeepsToTheContract(t *testing.T) {
	contract := "run.started node.planned node.started node.progress node.waiting node.log node.done node.skipped " +
		"node.failed endpoint.ready run.finished"
	for _, typ := range []Type{
		RunStarted, NodePlanned, NodeStarted, NodeProgress, NodeWaiting, NodeLog, NodeTasks, NodeDone, NodeSkipped,
		NodeFailed, EndpointUp, RunStopping, RunFinished,
	} {
		b, err := json.Marshal(Event{Type: typ, Seq: 1})
		if err != nil {
			t.Fatal(err)
		}
		var e map[string]any
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		if name, _ := e["type"].(string); name == "" || !strings.Contains(contract, name) {
			t.Errorf("%s is written as %q", typ, name)
		}
		for _, key := range []string{"seq", "time", "run", "type", "node", "kind", "text"} {
			if _, ok := e[key]; !ok {
				t.Errorf("%s has no key %s", typ, key)
			}
		}
	}
}
