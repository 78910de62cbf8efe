package feed

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/event"
)

func TestBatchesAreSpacedAndComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := event.NewBus("r1", time.Now)
		go func() {
			bus.Emit(event.Event{Type: event.RunStarted})
			for i := range 1000 {
				node := fmt.Sprint("n", i%10)
				bus.Emit(event.Event{Type: event.NodeStarted, Node: node})
				bus.Emit(event.Event{Type: event.NodeLog, Node: node, Text: "x"})
				time.Sleep(time.Millisecond)
			}
			bus.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded})
		}()
		f := New(t.Context(), "r1", bus.Reader())
		started, batches, seq := time.Now(), 0, 0
		var last time.Time
		for {
			b := f.Next().(Batch)
			if b.Run != "r1" {
				t.Fatalf("batch of run %q", b.Run)
			}
			if !last.IsZero() && time.Since(last) < Every {
				t.Fatalf("batch %d came %s after the one before", batches, time.Since(last))
			}
			last = time.Now()
			batches++
			for _, e := range b.Events {
				if e.Seq != seq+1 {
					t.Fatalf("event %d came after %d", e.Seq, seq)
				}
				seq = e.Seq
			}
			if b.End {
				break
			}
		}
		if seq != 2002 {
			t.Errorf("got %d events, want 2002", seq)
		}
		if limit := int(time.Since(started)/Every) + 2; batches > limit {
			t.Errorf("%d batches in %s, at most %d are due", batches, time.Since(started), limit)
		}
	})
}

func TestFirstEventAfterSilenceComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := event.NewBus("r", time.Now)
		f := New(t.Context(), "r", bus.Reader())
		bus.Emit(event.Event{Type: event.RunStarted})
		f.Next()
		at := time.Now().Add(time.Minute)
		go func() {
			time.Sleep(time.Minute)
			bus.Emit(event.Event{Type: event.NodeStarted, Node: "n"})
		}()
		if b := f.Next().(Batch); len(b.Events) != 1 || b.End {
			t.Errorf("got %+v, want one event", b)
		}
		if !time.Now().Equal(at) {
			t.Errorf("came %s late", time.Since(at))
		}
	})
}

func TestNewestProgressStays(t *testing.T) {
	events := []event.Event{
		{Seq: 1, Type: event.NodeStarted, Node: "a"},
		{Seq: 2, Type: event.NodeProgress, Node: "a", Current: 1},
		{Seq: 3, Type: event.NodeProgress, Node: "b", Current: 1},
		{Seq: 4, Type: event.NodeProgress, Node: "a", Current: 2},
		{Seq: 5, Type: event.NodeDone, Node: "b"},
		{Seq: 6, Type: event.NodeProgress, Node: "a", Current: 3},
	}
	var got []int
	for _, e := range thin(events) {
		got = append(got, e.Seq)
	}
	if fmt.Sprint(got) != "[1 3 5 6]" {
		t.Errorf("kept %v, want [1 3 5 6]", got)
	}
	if len(events) != 6 || events[1].Current != 1 {
		t.Error("the bus's slice was changed")
	}
}

func TestEndOfContextEndsTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := event.NewBus("r", time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		f := New(ctx, "r", bus.Reader())
		bus.Emit(event.Event{Type: event.RunStarted})
		f.Next()
		cancel()
		if b := f.Next().(Batch); !b.End || len(b.Events) != 0 {
			t.Errorf("got %+v, want the end", b)
		}
	})
}
