package view

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"berth/engine/event"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// snapshot plans nodes: id, usual seconds, needs.
func snapshot(nodes ...event.Event) *Snapshot {
	s := &Snapshot{}
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
	f := Forecast{urgent: map[string]bool{"stale": true}}
	if d := f.remaining(s, start); d != 369*time.Second {
		t.Errorf("remaining %s, want 6m9s", d)
	}
	for _, id := range []string{"vpc", "lb", "cdn", "verify"} {
		if !f.Urgent()[id] {
			t.Errorf("%s is on the longest way", id)
		}
	}
	if len(f.Urgent()) != 4 {
		t.Errorf("urgent: %v", f.Urgent())
	}
	at := start.Add(10 * time.Second)
	s.Apply(event.Event{Seq: 100, Type: event.NodeDone, Node: "vpc", Time: at})
	s.Apply(event.Event{Seq: 101, Type: event.NodeStarted, Node: "lb", Time: at})
	if d := f.remaining(s, at.Add(100*time.Second)); d != 265*time.Second {
		t.Errorf("remaining %s, want 50+210+5 s", d)
	}
	if d := f.remaining(s, at.Add(time.Hour)); d != 150*time.Second/leftOver+215*time.Second {
		t.Errorf("remaining %s when the load balancer is late", d)
	}
}

// A step waits for what it names only: for a node that is made, or for one that is ready.
func TestRemainingGoesBySteps(t *testing.T) {
	step := func(name string, needs ...string) event.Step { return event.Step{Name: name, Needs: needs} }
	s := snapshot(
		event.Event{Node: "lb", UsuallyS: 150, Steps: []event.Step{step("lb"), step("lb/ready", "lb")}},
		event.Event{Node: "cdn", UsuallyS: 210, Steps: []event.Step{step("cdn", "lb"), step("cdn/ready", "cdn")}},
		event.Event{Node: "verify", UsuallyS: 5, Steps: []event.Step{step("verify", "lb/ready", "cdn/ready")}},
		event.Event{Node: "old", UsuallyS: 30, Steps: []event.Step{step("old/cleanup", "verify")}},
	)
	var f Forecast
	if d := f.remaining(s, start); d != 245*time.Second {
		t.Errorf("remaining %s, want 210+5+30 s", d)
	}
	if f.Urgent()["old"] == false || f.Urgent()["cdn"] == false {
		t.Errorf("urgent: %v", f.Urgent())
	}
	s.Apply(event.Event{Seq: 100, Type: event.NodeStarted, Node: "cdn", Time: start})
	s.Apply(event.Event{Seq: 101, Type: event.NodeDone, Node: "cdn", Time: start.Add(10 * time.Second)})
	if d := f.remaining(s, start.Add(10*time.Second)); d != 185*time.Second {
		t.Errorf("remaining %s, want 150+5+30 s", d)
	}
}

func TestRemainingOfACircleEnds(t *testing.T) {
	var f Forecast
	f.remaining(snapshot(node("a", 1, "b"), node("b", 1, "a"), node("c", 1, "c")), start)
}

func TestAForecastOnlyShrinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Forecast
		now, last, had := start, time.Duration(0), false
		for _, reading := range rapid.SliceOf(rapid.Int64Range(0, int64(time.Hour))).Draw(t, "readings") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "dt")))
			f.take(time.Duration(reading), now)
			left, _, known := f.Left()
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
	var f Forecast
	f.take(time.Minute, start)
	f.take(0, start.Add(time.Second))
	if _, _, known := f.Left(); known {
		t.Error("nothing is left, but an estimate is shown")
	}
	f.take(30*time.Second, start.Add(2*time.Second))
	if left, _, known := f.Left(); !known || left != 30*time.Second {
		t.Errorf("left %s, known %v", left, known)
	}
}

func TestAForecastThatStandsStillIsLate(t *testing.T) {
	var f Forecast
	f.take(time.Minute, start)
	f.take(time.Minute, start.Add(patience+time.Second))
	if _, late, _ := f.Left(); !late {
		t.Error("not late")
	}
	f.take(30*time.Second, start.Add(time.Hour))
	if left, late, _ := f.Left(); late || left != 30*time.Second {
		t.Errorf("left %s, late %v", left, late)
	}
}
