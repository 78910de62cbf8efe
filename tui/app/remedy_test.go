package app

import (
	"strings"
	"testing"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
)

// failWith walks to a deployment that fails so.
func (d *harness) failWith(e *fail.Error) {
	d.engine.script = func(r *fakeRun) { failingWith(r, e) }
	d.press(toReview...)
	d.press("y")
	d.pass(2 * time.Minute)
	d.expect(screen.Deploy{})
}

func TestTheKeyOfTheCardAppliesTheRemedyAndGoesOn(t *testing.T) {
	e := fresh()
	inBubble(t, e, func(d *harness) {
		d.failWith(outOfMemory)
		d.sees("f set memory to 1024 MiB and deploy again")
		e.script = smooth
		d.press("f")
		d.expect(screen.Settings{})
		d.sees("Memory is 1024 MiB now", "your answer")
		if len(e.runs) != 1 {
			t.Fatal("deployed before anybody saw what would change")
		}
		d.press("enter")
		d.expect(screen.Review{})
		d.press("y")
		d.expect(screen.Deploy{})
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		if got := e.last.Spec; got.Service.Memory != 1024 || got.Origins["service.memory"].Kind != spec.Answer {
			t.Errorf("memory %d from %v", got.Service.Memory, got.Origins["service.memory"])
		}
	})
}

func TestARemedyThatNobodyCanKnowOpensTheSetting(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.failWith(&fail.Error{Cause: "the app answers with 404", Setting: "service.health_path"})
		d.sees("f open health path in the settings")
		d.press("f")
		d.expect(screen.Settings{})
		d.press("ctrl+u", "/up", "enter")
		if p := d.s.Spec().Service.HealthPath; p != "/up" {
			t.Errorf("health path %q", p)
		}
	})
}

func TestMoreMemoryTakesTheCPUThatGoesWithIt(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.failWith(&fail.Error{Cause: "no memory", Setting: "service.memory", Suggest: 3072})
		d.press("f")
		if s := d.s.Spec().Service; s.Memory != 3072 || s.CPU != 0.5 {
			t.Errorf("%g vCPU with %d MiB", s.CPU, s.Memory)
		}
		d.press("enter")
		d.expect(screen.Review{})
	})
}

func TestWhatIsNoRemedyIsNotOffered(t *testing.T) {
	for name, failure := range map[string]*fail.Error{
		"about no setting":      crash,
		"a key that is unknown": {Cause: "x", Setting: "service.flux"},
	} {
		inBubble(t, fresh(), func(d *harness) {
			d.failWith(failure)
			if v := d.view(); strings.Contains(v, "f set") || strings.Contains(v, "f open") {
				t.Errorf("%s:\n%s", name, v)
			}
			d.press("f")
			d.expect(screen.Deploy{})
		})
	}
	inBubble(t, fresh(), func(d *harness) { // the port is 4000 already: setting it again would remedy nothing
		d.failWith(&fail.Error{Cause: "x", Setting: "service.port", Suggest: 4000})
		d.sees("f open port in the settings")
	})
	e := deployed()
	e.script = func(r *fakeRun) { r.begin(r.plan); r.finish(event.RolledBack, outOfMemory) }
	inBubble(t, e, func(d *harness) { // the version that one goes back to has settings of its own
		d.press("b", "y")
		d.pass(time.Second)
		if v := d.view(); strings.Contains(v, "f set") {
			t.Errorf("offered for a rollback:\n%s", v)
		}
	})
}
