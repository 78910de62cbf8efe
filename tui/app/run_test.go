package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"berth/engine/event"
	"berth/tui/feed"
	"berth/tui/screen"
)

// What a run tells, as it comes to the screens.

func TestALateBatchOfAnotherRunIsDropped(t *testing.T) {
	e := fresh()
	e.script = busy
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		before := d.view()
		d.send(feed.Batch{Run: "another", End: true, Events: []event.Event{{Seq: 999, Type: event.RunFinished, Outcome: event.Failed}}})
		if after := d.view(); after != before {
			t.Errorf("it changed the screen:\n%s", after)
		}
	})
}

func TestEveryBusyMomentIsDrawnOncePerBatch(t *testing.T) {
	e := fresh()
	e.script = func(r *fakeRun) {
		r.begin(r.plan)
		r.emit(event.NodeStarted, "image", "building")
		for i := range 20_000 {
			r.bus.Emit(event.Event{Type: event.NodeLog, Node: "image", Stream: "build", Text: "line"})
			if i%10 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		r.finish(event.Succeeded, nil)
	}
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		batches := 0
		started := time.Now()
		for d.m.shows(screen.Deploy{}) {
			time.Sleep(time.Millisecond)
			for msg, ok := d.next(); ok; msg, ok = d.next() {
				if _, ok := msg.(feed.Batch); ok {
					batches++
				}
				_, cmd := d.m.Update(msg)
				d.do(cmd)
			}
		}
		if limit := int(time.Since(started)/feed.Every) + 2; batches > limit {
			t.Errorf("%d batches in %s", batches, time.Since(started))
		}
	})
}

func TestALogThatIsScrolledBackStandsStill(t *testing.T) {
	e := fresh()
	e.script = func(r *fakeRun) {
		r.begin(r.plan)
		r.emit(event.NodeStarted, "image", "building")
		for i := range 200 {
			r.bus.Emit(event.Event{Type: event.NodeLog, Node: "image", Stream: "build", Text: fmt.Sprintf("line-%03d", i)})
			time.Sleep(100 * time.Millisecond)
		}
		r.finish(event.Succeeded, nil)
	}
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y", "l")
		d.pass(10 * time.Second)
		d.press("pgup", "pgup", "pgup")
		top := func() string { return strings.Fields(strings.Split(d.view(), "\n")[7])[1] }
		before := top()
		d.pass(5 * time.Second)
		if after := top(); after != before {
			t.Errorf("the first line was %s and is %s", before, after)
		}
		d.press("f")
		d.pass(time.Second)
		if after := top(); after == before {
			t.Error("f does not follow the newest lines again")
		}
		for range 100 {
			d.press("pgup") // further than there is
		}
		if second := top(); second != "line-001" {
			t.Errorf("the second line shown is %s", second)
		}
		d.press("pgdown")
		if second := top(); second == "line-001" {
			t.Error("one page down does not move it")
		}
		d.press("/", "line-01", "enter")
		if v := d.view(); !strings.Contains(v, "line-019") || strings.Contains(v, "line-020") {
			t.Errorf("not what was asked for:\n%s", v)
		}
	})
}
