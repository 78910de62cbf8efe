package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/preflight"
	"berth/tui/screen"
)

// denied is a preflight that says two permissions are missing.
func denied() *screen.Report {
	missing := []string{"ecs:CreateService", "iam:PassRole"}
	return &screen.Report{State: preflight.Fail, Checks: []preflight.Check{
		{ID: "identity", Title: "account", State: preflight.OK, Text: "123456789012"},
		{
			ID: "permissions", Title: "permissions", State: preflight.Fail, Text: "2 permissions are missing", Missing: missing,
			Remedy: "allow the missing ones (berth doctor prints the policy), then run the same command again",
			Policy: &policy.Document{Version: "2012-10-17", Statement: []policy.Statement{
				{Effect: "Allow", Action: missing, Resource: []string{"*"}},
			}},
		},
	}}
}

func noting() *screen.Report {
	return &screen.Report{State: preflight.Warn, Checks: []preflight.Check{
		{ID: "credentials", State: preflight.Warn, Text: "the credentials expire in 3 min, but this takes about 5 min"},
	}}
}

func TestThePlanIsShownWhileItIsChecked(t *testing.T) {
	e := fresh()
	e.preflightTakes = 5 * time.Second
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		if v := d.view(); !strings.Contains(v, "Internet gateway") || !strings.Contains(v, "Checking permissions and quotas") {
			t.Errorf("not both are shown:\n%s", v)
		}
		shown := d.engine.planned
		d.press("y")
		d.expect(screen.Review{})
		if v := d.view(); !strings.Contains(v, "starts as soon as") {
			t.Errorf("it is not said that y was taken:\n%s", v)
		}
		d.press("esc")
		d.expect(screen.Review{})
		d.pass(10 * time.Second)
		d.expect(screen.Review{})
		if v := d.view(); !strings.Contains(v, "All checks passed") || d.engine.called("apply") != 0 {
			t.Errorf("a confirmation that was taken back counts, or the end is not told:\n%s", v)
		}
		d.press("y")
		d.expect(screen.Deploy{})
		if got := d.engine.runs[0].plan; got != shown || got.Preflight == nil {
			t.Error("applied is not what was shown and checked")
		}
	})
}

func TestConfirmedDuringTheCheckGoesAheadAfterIt(t *testing.T) {
	e := fresh()
	e.preflightTakes = 5 * time.Second
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		d.pass(6 * time.Second)
		d.expect(screen.Deploy{})
		if n := e.called("preflight"); n != 1 {
			t.Errorf("checked %d times", n)
		}
	})
}

func TestWhatIsCertainToFailIsNotConfirmed(t *testing.T) {
	e := fresh()
	e.preflight, e.preflightTakes = denied(), time.Second
	inBubble(t, e, func(d *harness) {
		copied := ""
		d.s.Copy = func(s string) { copied = s }
		d.press(toReview...)
		d.press("y")
		d.pass(2 * time.Second)
		d.press("y")
		d.expect(screen.Review{})
		v := d.view()
		for _, want := range []string{"2 permissions are missing", "ecs:CreateService", "Not yet"} {
			if !strings.Contains(v, want) {
				t.Errorf("%q is missing:\n%s", want, v)
			}
		}
		if e.called("apply") != 0 {
			t.Fatal("it was carried out")
		}
		d.press("p")
		if v := d.view(); !strings.Contains(v, `"Effect": "Allow"`) {
			t.Errorf("no policy:\n%s", v)
		}
		d.press("m")
		if !strings.Contains(copied, `"iam:PassRole"`) {
			t.Errorf("copied %q", copied)
		}
		e.preflight = nil
		d.press("R")
		d.pass(2 * time.Second)
		d.press("y")
		d.expect(screen.Deploy{})
	})
}

func TestACheckThatFailsIsNoObstacle(t *testing.T) {
	e := fresh()
	e.preflightErr = errors.New("the network is down")
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		if v := d.view(); !strings.Contains(v, "could not be checked: the network is down") {
			t.Errorf("not told:\n%s", v)
		}
		d.press("y")
		d.expect(screen.Deploy{})
	})
}

func TestLeavingEndsTheCheck(t *testing.T) {
	e := fresh()
	e.preflightTakes = time.Hour
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("esc")
		d.expect(screen.Settings{})
		if e.called("preflight cut off") != 1 {
			t.Error("it goes on although nobody waits for it")
		}
	})
}

func TestADestructionIsCheckedToo(t *testing.T) {
	e := deployed()
	e.preflight = denied()
	for i := range e.plan.Changes {
		e.plan.Changes[i].Action = event.Delete
	}
	inBubble(t, e, func(d *harness) {
		d.press("d", "live-beats", "enter")
		d.expect(screen.Review{})
		if v := d.view(); !strings.Contains(v, "2 permissions are missing") || e.called("apply") != 0 {
			t.Errorf("destroyed, or not told why not:\n%s", v)
		}
	})
}

func TestTheMonthlySumIsSplit(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press(toReview...)
		if v := d.view(); !strings.Contains(v, "$37.21 in any case, $4.66 with light use") {
			t.Errorf("the sum is not split:\n%s", v)
		}
		d.press("c")
		v := d.view()
		for _, want := range []string{"In any case", "With light use", "load, 1 LCU on average", "Reachable from the internet"} {
			if !strings.Contains(v, want) {
				t.Errorf("%q is missing:\n%s", want, v)
			}
		}
	})
}

// A name that is pasted often brings blanks or a line end with it. That confirms nothing by itself, and is no reason
// to refuse it.
func TestThePastedNameOfWhatIsDestroyed(t *testing.T) {
	e := deployed()
	for i := range e.plan.Changes {
		e.plan.Changes[i].Action = event.Delete
	}
	inBubble(t, e, func(d *harness) {
		d.press("d")
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(" live-beats\n"), Paste: true})
		d.expect(screen.Review{})
		d.press("enter")
		d.expect(screen.Deploy{})
	})
}
