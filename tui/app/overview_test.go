package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/tui/screen"
)

func (d *harness) sees(texts ...string) {
	d.t.Helper()
	v := d.view()
	for _, text := range texts {
		if !strings.Contains(v, text) {
			d.t.Fatalf("no %q in:\n%s", text, v)
		}
	}
}

func TestRollbackAsksAndGoesToTheSelectedVersion(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.press("down", "b")
		d.sees("The same revision runs now.")
		d.press("down", "b")
		d.sees("you cannot roll back to it")
		if e.called("apply") != 0 || e.last.Rollback != "" {
			t.Fatal("a version that cannot be gone back to was asked for")
		}
		d.press("down", "b")
		d.sees("Roll back?", "live-beats-production:5", "c0ffee2ab098", "y yes, roll back")
		d.press("esc")
		d.press("b", "enter")
		if e.called("apply") != 0 {
			t.Fatal("Enter confirmed it")
		}
		d.press("y")
		d.expect(screen.Deploy{})
		d.sees("Rolling back live-beats to 5")
		if e.last.Rollback != "live-beats-production:5" || e.runs[0].plan.Verb != "rollback" {
			t.Errorf("asked for %+v", e.last)
		}
		d.pass(2 * time.Minute)
		d.expect(screen.Result{})
		d.sees("live-beats is back at live-beats-production:5")
	})
}

func TestTheFirstLineSaysThatTheLastDeploymentFailed(t *testing.T) {
	e := deployed()
	d := slices.Clone(e.status.Deployments)
	d[0], d[1] = d[1], d[0]
	e.status.Deployments = d
	inBubble(t, e, func(d *harness) {
		d.sees("live-beats runs, the last deployment failed")
	})
}

func TestRestartAsksFirst(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.press("t")
		d.sees("Start new tasks?", "y yes, restart")
		d.press("enter", "esc")
		if e.called("apply") != 0 {
			t.Fatal("it was begun without a yes")
		}
		d.press("t", "y")
		d.expect(screen.Deploy{})
		d.sees("Restarting live-beats")
		if !e.last.Restart || e.runs[0].plan.Verb != "restart" {
			t.Errorf("asked for %+v", e.last)
		}
		d.pass(2 * time.Minute)
		d.expect(screen.Result{})
		d.sees("live-beats runs in new tasks")
	})
}

func TestRollbackWithoutASelectionIsToTheVersionBefore(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.press("b")
		d.sees("Roll back?", "live-beats-production:5")
		d.press("esc")
		e.status.Deployments = e.status.Deployments[:2] // the one that runs and the one that failed
		d.press("R", "b")
		d.sees("There is no earlier healthy version")
	})
}

func TestARollbackThatCannotStartIsNotConfirmed(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		e.planErr = &fail.Error{Class: fail.Refused, Cause: "the image is no longer in the registry", Remedy: "deploy the version you want"}
		d.press("b", "y")
		d.expect(screen.Overview{})
		d.sees("The image is no longer in the registry")
		if e.called("apply") != 0 {
			t.Error("applied")
		}
	})
}

func TestARollbackThatFailedIsOfferedAgain(t *testing.T) {
	e := deployed()
	e.script = func(r *fakeRun) {
		r.begin(r.plan)
		r.emit(event.NodeStarted, "service", "updating it")
		time.Sleep(time.Second)
		r.finish(event.Failed, crash)
	}
	inBubble(t, e, func(d *harness) {
		d.press("b", "y")
		d.pass(5 * time.Second)
		d.expect(screen.Deploy{})
		d.press("r")
		d.expect(screen.Overview{})
		d.sees("Roll back?", "live-beats-production:5", "y yes, roll back")
	})
}

func TestScalingIsReviewed(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.press("+", "+", "-", "+")
		d.sees("2 of 2 instances → 4")
		d.press("esc")
		if n := d.s.Spec().Service.Instances; n != 2 || strings.Contains(d.view(), "→ 4") {
			t.Errorf("%d instances after esc", n)
		}
		d.press("-", "-", "-")
		d.sees("2 of 2 instances → 1")
		d.press("enter")
		d.expect(screen.Review{})
		if n := e.last.Spec.Service.Instances; n != 1 || e.called("apply") != 0 {
			t.Errorf("planned %d instances, %d applied", n, e.called("apply"))
		}
		d.press("y")
		d.expect(screen.Deploy{})
	})
}

func TestWhatWouldChangeIsLookedUpOnce(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Overview{})
		d.sees("to deploy", "source changed")
		d.pass(10 * time.Minute)
		if n := e.called("plan"); n != 1 {
			t.Errorf("planned %d times in ten minutes", n)
		}
		if n := e.called("whole look"); n > 1 {
			t.Errorf("asked %d times in ten minutes", n)
		}
		d.sees("minutes ago; R looks again")
		e.plan.Changes = nil
		d.press("R")
		d.sees("nothing changed")
		if n := e.called("plan"); n != 2 {
			t.Errorf("planned %d times after p", n)
		}
		d.press("s")
		d.expect(screen.Settings{})
		d.pass(10 * time.Minute)
		if n := e.called("plan"); n != 2 {
			t.Errorf("planned %d times behind another screen", n)
		}
		d.press("esc")
		d.pass(time.Minute)
		if n := e.called("plan"); n != 3 {
			t.Errorf("planned %d times after coming back", n)
		}
	})
}

// A look that is under way ends with the visit: its calls are not gone on with for a screen that is not shown.
func TestALookEndsWithTheVisit(t *testing.T) {
	e := deployed()
	e.planTakes = time.Minute
	inBubble(t, e, func(d *harness) {
		d.sees("checking what changed")
		d.press("s")
		d.expect(screen.Settings{})
		if n := e.called("plan cut off"); n != 1 {
			t.Errorf("%d plans were cut off", n)
		}
		d.press("esc")
		d.pass(2 * time.Minute)
		d.sees("source changed")
	})
}

func TestSettingsAloneAreToldFromSource(t *testing.T) {
	e := deployed()
	for i := range e.plan.Changes {
		if c := &e.plan.Changes[i]; c.ID == "image" {
			c.Action = event.None
		} else if c.ID == "task-definition" {
			c.Why = "a new revision with changed settings"
		}
	}
	inBubble(t, e, func(d *harness) {
		d.sees("settings changed (Task definition: a new revision with changed settings)")
	})
}

// The overview prices what runs. What the settings would make of it is the review's to say.
func TestTheOverviewPricesWhatRuns(t *testing.T) {
	e := deployed()
	e.plan.MonthlyUSD, e.status.MonthlyUSD = 41.87, 55.88
	inBubble(t, e, func(d *harness) {
		d.sees("$55.88 a month by the price list")
		if v := d.view(); strings.Contains(v, "41.87") {
			t.Errorf("the settings' price:\n%s", v)
		}
	})
}
