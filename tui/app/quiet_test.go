package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/tui/screen"
)

// What is asked of AWS, and when: often enough to be right, seldom enough to bother nobody, and never for a screen
// that is not shown.

// quiet are the screens that ask nothing once what they came with is there, and the keys that lead to them.
var quiet = []struct {
	at     screen.Place
	engine func() *fakeEngine
	keys   []string
}{
	{screen.Stories{}, touring, nil},
	{screen.Project{}, fresh, nil},
	{screen.Needs{}, fresh, toReview[:1]},
	{screen.Compare{}, fresh, toReview[:2]},
	{screen.Settings{}, fresh, toReview[:3]},
	{screen.Review{}, fresh, toReview},
	{screen.Deploy{}, fresh, append(toReview[:len(toReview):len(toReview)], "y")},
	{screen.Needs{}, deployed, []string{"n"}},
	{screen.Settings{}, deployed, []string{"s"}},
	{screen.Review{}, deployed, []string{"r"}},
	{screen.Review{}, deployed, []string{"d"}},
	{screen.Deploy{}, deployed, []string{"b", "y"}},
}

// total is how many calls of any kind the engine has got.
func (f *fakeEngine) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, k := range f.calls {
		n += k
	}
	return n
}

func TestQuietScreensAskNothing(t *testing.T) {
	for _, c := range quiet {
		e := c.engine()
		e.script = func(r *fakeRun) {
			r.begin(r.plan)
			r.emit(event.NodeStarted, "vpc", "creating it")
			<-r.cancel
		}
		inBubble(t, e, func(d *harness) {
			d.press(c.keys...)
			d.expect(c.at)
			d.pass(2 * time.Second)
			before := e.total()
			d.pass(20 * time.Minute)
			if !d.m.typing() {
				d.press("?", "esc")
			}
			d.press("ctrl+c", "esc")
			if n := e.total() - before; n != 0 {
				t.Errorf("%s after %q: %d calls in twenty minutes: %v", c.at, c.keys, n, e.calls)
			}
		})
	}
}

// Nor does the result of a run, nor its course once it has ended.
func TestTheResultAsksNothing(t *testing.T) {
	e := fresh()
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		before := e.total()
		d.pass(20 * time.Minute)
		d.press("l", "down")
		d.pass(20 * time.Minute)
		d.expect(screen.Deploy{})
		if n := e.total() - before; n != 0 {
			t.Errorf("%d calls: %v", n, e.calls)
		}
	})
}

// A plan that nobody waits for any more is not gone on with.
func TestLeavingEndsThePlanning(t *testing.T) {
	e := fresh()
	e.planTakes = time.Hour
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.expect(screen.Review{})
		d.press("esc")
		d.expect(screen.Settings{})
		if e.called("plan cut off") != 1 {
			t.Error("it goes on although nobody waits for it")
		}
	})
}

// A minute of an idle overview makes at most twelve calls to AWS, and a screen that is not shown makes none.
func TestAnIdleOverviewAsksSeldom(t *testing.T) {
	e := deployed()
	calls := func() int { return e.called("pulse")*2 + e.called("metrics") + e.called("logs") + e.called("busy") }
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Overview{})
		d.pass(time.Minute)
		if n := e.called("whole look"); n != 1 {
			t.Errorf("looked at everything %d times at the start", n)
		}
		for range 10 {
			before, whole := calls(), e.called("whole look")
			d.pass(time.Minute)
			n := calls() - before
			t.Logf("%d calls in an idle minute", n)
			if n > 12 || n == 0 || e.called("whole look") != whole {
				t.Errorf("%d calls in an idle minute, %d looks at everything", n, e.called("whole look")-whole)
			}
		}
		d.press("s")
		d.expect(screen.Settings{})
		before, whole := calls(), e.called("whole look")
		d.pass(10 * time.Minute)
		if n := calls() - before + e.called("whole look") - whole; n != 0 {
			t.Errorf("asked %d times while another screen was shown", n)
		}
		d.press("esc")
		d.expect(screen.Overview{})
		d.pass(time.Minute)
		if n := e.called("whole look") - whole; n != 1 {
			t.Errorf("looked at everything %d times after coming back", n)
		}
	})
}

// An app that does not run has no pulse: a look at it is a whole one, so it is looked at seldom.
func TestAnAppThatDoesNotRunIsLookedAtSeldom(t *testing.T) {
	e := deployed()
	e.status.State, e.status.Deployments = "partial", nil
	inBubble(t, e, func(d *harness) {
		d.sees("is partly deployed")
		d.pass(time.Hour)
		if n, m := e.called("whole look"), e.called("pulse")+e.called("metrics")+e.called("logs"); n > 13 || n < 12 || m != 0 {
			t.Errorf("%d whole looks and %d small ones in an hour", n, m)
		}
	})
}

// However often others begin and end runs, each of which asks for a whole look, there is one rhythm of such looks.
func TestRunsOfOthersDoNotMultiplyTheLooks(t *testing.T) {
	e := deployed()
	e.status.State, e.status.Deployments = "partial", nil
	inBubble(t, e, func(d *harness) {
		for range 10 {
			e.busy = &screen.Holder{Run: "r1", Verb: "deploy", User: "grace", Host: "laptop", Seen: time.Now()}
			d.pass(time.Minute)
			e.busy = nil
			d.pass(time.Minute)
		}
		before := e.called("whole look")
		d.pass(time.Hour)
		if n := e.called("whole look") - before; n > 13 {
			t.Errorf("%d whole looks in the hour after ten runs of others", n)
		}
	})
}

// A run on another machine is told of, and what it has done is seen when it has ended.
func TestTheRunOfSomebodyElseIsToldOf(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.sees("live-beats runs")
		e.busy = &screen.Holder{Run: "r9", Verb: "deploy", User: "grace", Host: "laptop", Started: time.Now(), Seen: time.Now().Add(time.Hour)}
		d.pass(35 * time.Second)
		d.sees("a deploy by grace on laptop, since")
		before := e.called("whole look")
		e.busy, e.status.Revision = nil, "live-beats-production:8"
		d.pass(35 * time.Second)
		d.sees("live-beats-production:8")
		if v := d.view(); strings.Contains(v, "grace") || e.called("whole look") == before {
			t.Errorf("%d whole looks:\n%s", e.called("whole look")-before, v)
		}
		e.busy = &screen.Holder{Run: "r10", Verb: "deploy", User: "grace", Host: "laptop", Seen: time.Now()}
		d.pass(3 * time.Minute)
		d.sees("the deploy by grace on laptop ended before it was finished")
	})
}

// What somebody else changes is seen at the next pulse.
func TestThePulseTellsOfChanges(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.sees("2 of 2 instances, 2 healthy")
		e.status.Running, e.status.Healthy, e.status.Unhealthy = 2, 1, 1
		d.pass(35 * time.Second)
		d.sees("2 of 2 instances, 1 not healthy")
		if n := e.called("whole look"); n != 1 {
			t.Errorf("looked at everything %d times", n)
		}
		e.status.Revision, e.status.State = "live-beats-production:8", "deploying"
		d.pass(35 * time.Second)
		d.sees("is being deployed", "live-beats-production:8")
		if n := e.called("whole look"); n != 2 {
			t.Errorf("looked at everything %d times", n)
		}
		before := e.called("pulse")
		d.pass(time.Minute)
		if n := e.called("pulse") - before; n < 5 || n > 6 {
			t.Errorf("%d pulses in a minute of a deployment", n)
		}
	})
}

// Whoever may not see load and log sees the rest, and is told why.
func TestTheOverviewWorksWithFewRights(t *testing.T) {
	e := deployed()
	e.metricsErr = &fail.Error{Cause: "no permission for cloudwatch:GetMetricData"}
	e.linesErr = &fail.Error{Cause: "no permission for logs:FilterLogEvents"}
	inBubble(t, e, func(d *harness) {
		d.sees("live-beats runs", "not known: no permission for cloudwatch:GetMetricData")
		d.pass(2 * time.Minute)
		if n, m := e.called("metrics"), e.called("logs"); n != 1 || m != 1 {
			t.Errorf("asked %d and %d times for what one may not see", n, m)
		}
		d.press("l")
		d.sees("No permission for logs:FilterLogEvents")
		d.press("esc")
		e.metricsErr = nil
		d.press("R")
		d.sees("requests")
	})
}

func TestTheLogIsFollowedPausedAndSearched(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.press("l")
		d.expect(screen.Logs{})
		d.sees("room/39")
		e.write(time.Now(), "4f5d1c2a", "a new line")
		d.pass(6 * time.Second)
		d.sees("a new line")
		d.press("space")
		d.sees("Paused")
		for i := range 50 {
			e.write(time.Now(), "4f5d1c2a", fmt.Sprintf("later %d", i))
		}
		d.pass(6 * time.Second)
		if d.sees("a new line", "Paused  50 newer lines"); strings.Contains(d.view(), "later 49") {
			t.Errorf("the paused log moved:\n%s", d.view())
		}
		d.press("space")
		d.sees("later 49")
		d.press("/", "room/7 ", "enter")
		if d.sees("room/7 "); strings.Contains(d.view(), "later") {
			t.Errorf("not only what was asked for:\n%s", d.view())
		}
		d.press("esc")
		d.sees("later 49")
		d.press("esc")
		d.expect(screen.Overview{})
		before := e.called("logs")
		d.press("s")
		d.pass(5 * time.Minute)
		if n := e.called("logs") - before; n > 1 {
			t.Errorf("asked for the log %d times behind other screens", n)
		}
	})
}

func TestAFailedRefreshKeepsWhatIsKnown(t *testing.T) {
	e := deployed()
	inBubble(t, e, func(d *harness) {
		e.statusErr = &fail.Error{Cause: "The credentials have expired"}
		d.pass(time.Minute)
		v := d.view()
		if !strings.Contains(v, "live-beats runs") || !strings.Contains(v, "have expired") {
			t.Errorf("not both are shown:\n%s", v)
		}
	})
}

func TestWithoutCredentialsTheQuestionsCanBeAnswered(t *testing.T) {
	e := deployed()
	e.statusErr = &fail.Error{Cause: "The credentials have expired"}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Project{})
		if v := d.view(); !strings.Contains(v, "have expired") {
			t.Errorf("not said:\n%s", v)
		}
		e.planErr = &fail.Error{Cause: "The credentials have expired", Remedy: "run aws sso login"}
		d.press(toReview...)
		d.expect(screen.Review{})
		if v := d.view(); !strings.Contains(v, "aws sso login") {
			t.Errorf("no remedy:\n%s", v)
		}
		e.planErr = nil
		d.press("R", "y")
		d.expect(screen.Deploy{})
	})
}

func TestNoWorkBeforeTheFirstFrame(t *testing.T) {
	e := fresh()
	s := screen.NewSession(t.Context(), screen.Options{Engine: e, Dir: t.TempDir()})
	m := New(s)
	m.Init()
	if len(e.calls) != 0 {
		t.Errorf("calls before the first frame: %v", e.calls)
	}
}

// deployedUnsaid runs already, and there is no berth.toml: berth deploy writes none.
func deployedUnsaid(t *testing.T, e *fakeEngine, f func(d *harness)) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "live-beats")
	mkdir(t, dir)
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, e, screen.Options{Dir: dir}, 100, 30)
		defer d.end()
		f(d)
	})
}

func TestWhatRunsWithoutABerthTomlIsOffered(t *testing.T) {
	deployedUnsaid(t, deployed(), func(d *harness) {
		d.expect(screen.Project{})
		if v := d.view(); !strings.Contains(v, "live-beats runs already in eu-west-2: Enter shows it") {
			t.Errorf("not offered:\n%s", v)
		}
		d.press("w")
		d.expect(screen.Needs{})
		d.press("esc", "enter")
		d.expect(screen.Overview{})
	})
}

func TestTheQuestionsDoNotWaitForWhatRuns(t *testing.T) {
	e := deployed()
	e.statusTakes = time.Minute
	deployedUnsaid(t, e, func(d *harness) {
		d.expect(screen.Project{})
		d.press("enter")
		d.expect(screen.Needs{})
		if e.called("status cut off") != 1 {
			t.Error("it is asked for although nobody waits for it")
		}
		d.press("esc")
		d.pass(2 * time.Minute)
		if v := d.view(); !strings.Contains(v, "Enter shows it") {
			t.Errorf("not asked again:\n%s", v)
		}
	})
}

func TestNobodyToAskWhatRunsIsNoNews(t *testing.T) {
	e := deployed()
	e.statusErr = &fail.Error{Cause: "there are no credentials"}
	deployedUnsaid(t, e, func(d *harness) {
		if v := d.view(); strings.Contains(v, "credentials") {
			t.Errorf("told somebody who only begins:\n%s", v)
		}
		d.press("enter")
		d.expect(screen.Needs{})
	})
}
