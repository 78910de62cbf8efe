package app

import (
	"context"
	"testing"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/tui/screen"
)

// leavingBehind is an app that runs by another name, too; data is what people would lose with that.
func leavingBehind(data string) (*fakeEngine, *int) {
	e, left := fresh(), 0
	e.plan.Elsewhere = []screen.Elsewhere{{
		App: "old", Env: "production", Region: "eu-west-2", Account: "123456789012", Seen: true, MonthlyUSD: 40.77, Remove: "berth destroy --app old",
		Leave: func(context.Context) (*screen.Plan, error) {
			left++
			p := *e.plan
			p.App, p.Verb, p.Destroy, p.Elsewhere = "old", "destroy", true, nil
			p.Changes = []screen.Change{{ID: "service", Action: event.Delete, Group: "compute"}}
			if data != "" {
				p.Changes = append(p.Changes, screen.Change{ID: "database", Action: event.Delete, Group: "data", Data: data})
			}
			return &p, nil
		},
	}}
	return e, &left
}

func TestAnAppThatRunsElsewhereIsMoved(t *testing.T) {
	e, left := leavingBehind("")
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		d.sees("Move it, keep both, or stop?", "$40.77", "m move it", "b keep both", "esc stop")
		d.press("d") // it is no answer
		d.press("esc")
		if e.called("apply") > 0 {
			t.Fatal("carried out after a stop")
		}
		d.press("y", "m")
		d.expect(screen.Deploy{})
		if *left > 0 {
			t.Fatal("what runs is left before the new one was verified")
		}
		d.pass(20 * time.Minute)
		d.expect(screen.Result{})
		if p := e.runs[len(e.runs)-1].plan; *left != 1 || len(e.runs) != 2 || p.App != "old" || !p.Destroy {
			t.Fatalf("left %d times, carried out %+v", *left, p)
		}
		d.sees("is live", "old (production) in eu-west-2 is gone", "to remove what was there before")
	})
}

func TestAMoveKeepsWhatHoldsData(t *testing.T) {
	e, _ := leavingBehind("the database and all data in it")
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y", "m")
		d.pass(20 * time.Minute)
		d.expect(screen.Review{})
		d.sees("Type old to destroy it")
	})
}

func TestBothAreKept(t *testing.T) {
	e, left := leavingBehind("")
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y", "b")
		d.expect(screen.Deploy{})
		if b := e.runs[0].plan.Beside; b != engine.Both {
			t.Errorf("chosen: %q", b)
		}
		d.pass(20 * time.Minute)
		d.expect(screen.Result{})
		if *left > 0 {
			t.Error("what should stay was left")
		}
	})
}
