package deploy

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"berth/engine/event"
	"berth/engine/view"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// snapshot plans nodes: id, usual seconds, needs.
func snapshot(nodes ...event.Event) *view.Snapshot {
	s := &view.Snapshot{}
	s.Apply(event.Event{Seq: 1, Type: event.RunStarted, Time: start})
	for i, e := range nodes {
		e.Seq, e.Type, e.Time, e.Action = i+2, event.NodePlanned, start, event.Create
		s.Apply(e)
	}
	return s
}

func node(id string, usually float64, needs ...string) event.Event {
	return event.Event{Node: id, UsuallyS: usually, Needs: needs}
}

func TestRemainingIsTheLongestWay(t *testing.T) {
	s := snapshot(node("vpc", 4), node("lb", 150, "vpc"), node("image", 75), node("cdn", 210, "lb"),
		node("service", 60, "lb", "image"), node("verify", 5, "cdn", "service"))
	var r route
	urgent := map[string]bool{"stale": true}
	if d := r.remaining(s, start, urgent); d != 369*time.Second {
		t.Errorf("remaining %s, want 6m9s", d)
	}
	for _, id := range []string{"vpc", "lb", "cdn", "verify"} {
		if !urgent[id] {
			t.Errorf("%s is on the longest way", id)
		}
	}
	if len(urgent) != 4 {
		t.Errorf("urgent: %v", urgent)
	}
	at := start.Add(10 * time.Second)
	s.Apply(event.Event{Seq: 100, Type: event.NodeDone, Node: "vpc", Time: at})
	s.Apply(event.Event{Seq: 101, Type: event.NodeStarted, Node: "lb", Time: at})
	if d := r.remaining(s, at.Add(100*time.Second), urgent); d != 265*time.Second {
		t.Errorf("remaining %s, want 50+210+5 s", d)
	}
	if d := r.remaining(s, at.Add(time.Hour), urgent); d != 150*time.Second/leftOver+215*time.Second {
		t.Errorf("remaining %s when the load balancer is late", d)
	}
}

func TestRemainingOfACircleEnds(t *testing.T) {
	var r route
	r.remaining(snapshot(node("a", 1, "b"), node("b", 1, "a"), node("c", 1, "c")), start, map[string]bool{})
}

func TestTheEstimateOnlyShrinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e Estimate
		now, last, had := start, time.Duration(0), false
		for _, reading := range rapid.SliceOf(rapid.Int64Range(0, int64(time.Hour))).Draw(t, "readings") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "dt")))
			e.Update(time.Duration(reading), now)
			left, _, known := e.Left()
			if had && known && left > last {
				t.Fatalf("grew from %s to %s", last, left)
			}
			if known {
				last, had = left, true
			}
		}
	})
}

func TestNothingLeftComesBack(t *testing.T) {
	var e Estimate
	e.Update(time.Minute, start)
	e.Update(0, start.Add(time.Second))
	if _, _, known := e.Left(); known {
		t.Error("nothing is left, but an estimate is shown")
	}
	e.Update(30*time.Second, start.Add(2*time.Second))
	if left, _, known := e.Left(); !known || left != 30*time.Second {
		t.Errorf("left %s, known %v", left, known)
	}
}

func TestAnEstimateThatStandsStillIsLate(t *testing.T) {
	var e Estimate
	e.Update(time.Minute, start)
	e.Update(time.Minute, start.Add(patience+time.Second))
	if _, late, _ := e.Left(); !late {
		t.Error("not late")
	}
	e.Update(30*time.Second, start.Add(time.Hour))
	if left, late, _ := e.Left(); late || left != 30*time.Second {
		t.Errorf("left %s, late %v", left, late)
	}
}
