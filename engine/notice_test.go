package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/view"
)

// noticed are the log lines that were marked as ones that matter.
func noticed(events []event.Event) (notable, others []string) {
	for _, e := range events {
		switch {
		case e.Type != event.NodeLog || e.Stream == "build" || e.Stream == "push":
		case e.Notable:
			notable = append(notable, e.Text)
		default:
			others = append(others, e.Text)
		}
	}
	return notable, others
}

// A deployment in which all goes well has much to say and nothing that matters.
func TestNothingMattersWhenAllGoesWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		_, first := h.deploy()
		write(t, h.spec.Dir, "server", "version 2")
		_, second := h.deploy()
		for _, events := range [][]event.Event{first, second} {
			notable, others := noticed(events)
			if len(notable) > 0 {
				t.Errorf("marked: %q", notable)
			}
			if len(others) == 0 {
				t.Error("nothing was said at all")
			}
		}
	})
}

// What the engine and AWS say about trouble is marked, and what the app says is not.
func TestTroubleMatters(t *testing.T) {
	for rule, want := range map[string]string{
		"no-route": "cannot reach the registry", "unhealthy=404": "is unhealthy in", "crash-task": "exited with code 1",
	} {
		t.Run(rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, rule)}}, 0)
				_, events := h.deploy()
				notable, _ := noticed(events)
				if !strings.Contains(strings.Join(notable, "\n"), want) {
					t.Errorf("no %q in %q", want, notable)
				}
				for _, e := range events {
					if e.Notable && e.Stream == "app" {
						t.Errorf("the app's line is marked: %q", e.Text)
					}
				}
			})
		})
	}
}

// A pause for somebody to sign in matters until it is over.
func TestAPauseMattersUntilItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "expire=90s/60s")}}, 0)
		h.engine = engine.Open(engine.Options{Environment: h.account.Environment(), Builder: h.account.Builder(), WaitForLogin: true})
		res, events := h.deploy()
		h.must(res, events)
		notable, others := noticed(events)
		if len(notable) != 1 || !strings.HasPrefix(notable[0], "paused: ") || !strings.Contains(strings.Join(others, "\n"), "signed in again") {
			t.Errorf("marked %q, not marked %q", notable, others)
		}
		var snap view.Snapshot
		var waited, since time.Duration
		for _, e := range events {
			if snap.Apply(e); snap.SignIn == nil {
				since = 0
				continue
			}
			if since == 0 {
				since = snap.SignIn.Until.Sub(e.Time)
			}
			waited = max(waited, since)
		}
		if waited != 30*time.Minute || snap.SignIn != nil {
			t.Errorf("somebody has %s to sign in, and at the end %+v", waited, snap.SignIn)
		}
	})
}
