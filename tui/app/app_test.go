package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/muesli/termenv"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/feed"
	"berth/tui/screen"
	"berth/tui/theme"
)

// inBubble runs a test with a program of 100x30 in virtual time.
func inBubble(t *testing.T, e *fakeEngine, f func(d *harness)) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "live-beats")
	mkdir(t, dir)
	if e.status.State != "absent" {
		writeToml(t, dir)
	}
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, e, screen.Options{Dir: dir}, 100, 30)
		defer d.end()
		f(d)
	})
}

func TestDefaultsTakeAtMostEightKeys(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		keys := append(append([]string(nil), toReview...), "y")
		d.press(keys...)
		d.expect(screen.Deploy)
		if len(keys) > 8 {
			t.Errorf("%d keys", len(keys))
		}
		d.pass(10 * time.Minute)
		d.expect(screen.Result)
		if v := d.view(); !strings.Contains(v, "https://d3k1example.cloudfront.net") {
			t.Errorf("no address:\n%s", v)
		}
	})
}

func TestTypingAheadLosesNothingAndConfirmsNothing(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		for _, k := range []string{"enter", "enter", "enter", "enter", "y", "y", "enter"} {
			_, cmd := d.m.Update(keyMsg(k)) // before anything that was asked for came back
			d.do(cmd)
		}
		d.settle()
		d.expect(screen.Review)
		if d.engine.called("apply") != 0 {
			t.Error("a plan was confirmed that nobody had seen")
		}
		d.press("y")
		d.expect(screen.Deploy)
	})
}

func TestTypedAheadDuringLoading(t *testing.T) {
	e := fresh()
	dir := filepath.Join(t.TempDir(), "live-beats")
	mkdir(t, dir)
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, e, screen.Options{Dir: dir}, 100, 30)
		defer d.end()
		d.press("r") // reads again, so that it loads when the keys come
		_, cmd := d.m.Update(keyMsg("r"))
		for range 3 {
			_, c := d.m.Update(keyMsg("enter"))
			d.do(c)
		}
		d.do(cmd)
		d.settle()
		d.expect(screen.Settings)
	})
}

func TestWhatIsCarriedOutIsWhatWasShown(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press(toReview...)
		shown := d.s.Plan
		d.press("y")
		if got := d.engine.runs[0].plan; got != shown {
			t.Errorf("applied %+v, shown was %+v", got, shown)
		}
		if !spec.Exists(d.s.Dir) {
			t.Error("berth.toml was not written before the run")
		}
	})
}

func TestEnterAloneDoesNotDeploy(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press(toReview...)
		d.press("enter", "enter", "enter")
		d.expect(screen.Review)
		if d.engine.called("apply") != 0 {
			t.Error("deployed")
		}
		if !strings.Contains(d.view(), "Press y") {
			t.Error("it is not said what confirms")
		}
	})
}

func TestThreeStepsOfStopping(t *testing.T) {
	e := fresh()
	e.script = func(r *fakeRun) {
		r.begin(r.plan)
		r.emit(event.NodeStarted, "load-balancer", "creating it")
		time.Sleep(time.Hour) // this AWS takes its time, whatever is asked
		r.finish(event.Stopped, nil)
	}
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		d.pass(20 * time.Second)
		run := e.runs[0]
		d.press("ctrl+c")
		if run.stops != 1 || run.cancels != 0 || d.quit {
			t.Fatalf("after one: %d stops, %d cancels, quit %v", run.stops, run.cancels, d.quit)
		}
		if v := d.view(); !strings.Contains(v, "Stopping") {
			t.Errorf("nothing is said about the stop:\n%s", v)
		}
		d.press("ctrl+c")
		if run.cancels != 1 || d.quit {
			t.Fatalf("after two: %d cancels, quit %v", run.cancels, d.quit)
		}
		if v := d.view(); !strings.Contains(v, "AWS goes on with what it was told: Load balancer") {
			t.Errorf("it is not said what AWS goes on with:\n%s", v)
		}
	})
}

func TestThirdCtrlCLeaves(t *testing.T) {
	e := fresh()
	e.script = func(r *fakeRun) {
		r.begin(r.plan)
		r.emit(event.NodeStarted, "vpc", "creating it")
		time.Sleep(time.Hour)
		r.finish(event.Stopped, nil)
	}
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y", "ctrl+c", "ctrl+c")
		if d.quit {
			t.Fatal("left after two")
		}
		d.press("ctrl+c")
		if !d.quit || !d.s.Abandoned {
			t.Errorf("quit %v, abandoned %v", d.quit, d.s.Abandoned)
		}
	})
}

func TestCtrlCAsksEverywhereElse(t *testing.T) {
	for n := range 5 {
		inBubble(t, fresh(), func(d *harness) {
			d.press(toReview[:n]...)
			at := d.m.Shown()
			d.press("ctrl+c")
			if d.quit || !strings.Contains(d.view(), "Leave berth?") {
				t.Fatalf("%s: not asked:\n%s", at, d.view())
			}
			d.press("esc")
			d.expect(at)
			d.press("ctrl+c", "ctrl+c")
			if !d.quit {
				t.Errorf("%s: twice Ctrl-C does not leave", at)
			}
		})
	}
}

func TestNothingTypedIsLost(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "down", "space") // uploads: no
		d.press("enter", "enter")
		d.press("down", "down", "space", "ctrl+u", "8080", "enter")
		d.press("esc", "esc", "esc")
		d.expect(screen.Project)
		d.press("enter")
		if d.s.Draft.Requirements().WebSocketUploads {
			t.Error("the answer about uploads is lost")
		}
		d.press("enter", "enter")
		d.expect(screen.Settings)
		if p := d.s.Spec().Service.Port; p != 8080 {
			t.Errorf("the port is %d", p)
		}
		if v := d.view(); !strings.Contains(v, "your answer") {
			t.Errorf("it is not said where the port came from:\n%s", v)
		}
	})
}

func TestEscInAnEditorKeepsTheValue(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "enter", "space", "ctrl+u", "other", "esc")
		if app := d.s.Spec().App; app != "live-beats" {
			t.Errorf("the app is %q", app)
		}
		d.expect(screen.Settings)
	})
}

func TestUndoTakesAnswersBack(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "space")
		if d.s.Spec().Network.WebSockets {
			t.Fatal("space did not change the answer")
		}
		d.press("u")
		if !d.s.Spec().Network.WebSockets {
			t.Error("u did not take it back")
		}
	})
}

func TestAnswersSayWhatTheyRuleOut(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "down", "down", "space")
		if v := d.view(); !strings.Contains(v, "Lightsail containers is possible again") {
			t.Errorf("not said:\n%s", v)
		}
		d.press("space")
		if v := d.view(); !strings.Contains(v, "Lightsail containers drops out") {
			t.Errorf("not said:\n%s", v)
		}
	})
}

func TestOnlyDeployableServicesCanBeChosen(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "down", "enter")
		d.expect(screen.Compare)
		d.press("up", "enter")
		d.expect(screen.Settings)
	})
}

func TestInvalidSettingsStopHere(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "enter", "space", "ctrl+u", "UPPER", "enter", "down", "down", "enter")
		d.expect(screen.Settings)
		if v := d.view(); !strings.Contains(v, "lower case") {
			t.Errorf("not explained:\n%s", v)
		}
		if spec.Exists(d.s.Dir) {
			t.Error("berth.toml was written all the same")
		}
	})
}

func TestAFailureGoesOnWithAKey(t *testing.T) {
	e := fresh()
	e.script = failing
	inBubble(t, e, func(d *harness) {
		d.press(toReview...)
		d.press("y")
		d.pass(2 * time.Minute)
		d.expect(screen.Deploy)
		if v := d.view(); !strings.Contains(v, "SECRET_KEY_BASE") {
			t.Errorf("no remedy:\n%s", v)
		}
		e.script = smooth
		d.press("r", "y")
		d.expect(screen.Deploy)
		d.pass(10 * time.Minute)
		d.expect(screen.Result)
		if len(e.runs) != 2 {
			t.Errorf("%d runs", len(e.runs))
		}
	})
}

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

func TestDestroyAsksForTheName(t *testing.T) {
	e := deployed()
	for i := range e.plan.Changes {
		e.plan.Changes[i].Action = event.Delete
	}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Redeploy)
		d.press("d", "y", "enter")
		if e.called("apply") != 0 {
			t.Fatal("destroyed without the name")
		}
		d.press("ctrl+u", "live-beats", "enter")
		d.expect(screen.Deploy)
		if !e.runs[0].plan.Destroy {
			t.Error("the plan is no destruction")
		}
		d.pass(10 * time.Minute)
		d.expect(screen.Result)
		if v := d.view(); !strings.Contains(v, "live-beats is gone") {
			t.Errorf("not said:\n%s", v)
		}
	})
}

func TestWithoutASourceTreeWhatRunsCanBeDestroyed(t *testing.T) {
	e := deployed()
	e.inspectErr = &fail.Error{Cause: "There is no Dockerfile here"}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Redeploy)
	})
	e = fresh()
	e.inspectErr = &fail.Error{Cause: "There is no Dockerfile here"}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Project)
		d.press("enter")
		d.expect(screen.Project)
		e.inspectErr = nil
		d.press("r", "enter")
		d.expect(screen.Needs)
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
		d.press("/", "line-01", "enter")
		if v := d.view(); !strings.Contains(v, "line-019") || strings.Contains(v, "line-020") {
			t.Errorf("not what was asked for:\n%s", v)
		}
	})
}

// A terminal may say late that its background is light: then everything is drawn as if it had been known.
func TestALateAnswerChangesAllColours(t *testing.T) {
	for _, s := range shots {
		t.Run(s.name, func(t *testing.T) {
			var views []string
			for _, late := range []bool{false, true} {
				dir := t.TempDir() + "/live-beats"
				synctest.Test(t, func(t *testing.T) {
					e := s.engine()
					if e.status.State != "absent" {
						writeToml(t, dir)
					} else {
						mkdir(t, dir)
					}
					th := theme.New(theme.Options{Light: !late, Profile: termenv.TrueColor})
					d := drive(t, e, screen.Options{Dir: dir, Theme: th}, 100, 30)
					defer d.end()
					s.walk(d)
					if late {
						d.send(Background{Light: true})
					}
					views = append(views, strings.ReplaceAll(d.view(), dir, "DIR"))
				})
			}
			if views[0] != views[1] {
				t.Errorf("known at once:\n%s\nknown late:\n%s", views[0], views[1])
			}
		})
	}
}

// A minute of an idle overview makes at most twelve calls to AWS, and a screen that is not shown makes none.
func TestAnIdleOverviewAsksSeldom(t *testing.T) {
	e := deployed()
	calls := func() int { return e.called("pulse")*2 + e.called("metrics") + e.called("logs") + e.called("busy") }
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Redeploy)
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
		d.expect(screen.Settings)
		before, whole := calls(), e.called("whole look")
		d.pass(10 * time.Minute)
		if n := calls() - before + e.called("whole look") - whole; n != 0 {
			t.Errorf("asked %d times while another screen was shown", n)
		}
		d.press("esc")
		d.expect(screen.Redeploy)
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
		d.sees("is deployed in part")
		d.pass(time.Hour)
		if n, m := e.called("whole look"), e.called("pulse")+e.called("metrics")+e.called("logs"); n > 13 || n < 12 || m != 0 {
			t.Errorf("%d whole looks and %d small ones in an hour", n, m)
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
		d.sees("the deploy by grace on laptop ended before it was done")
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
		d.expect(screen.Logs)
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
		d.expect(screen.Redeploy)
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
		d.expect(screen.Project)
		if v := d.view(); !strings.Contains(v, "have expired") {
			t.Errorf("not said:\n%s", v)
		}
		e.planErr = &fail.Error{Cause: "The credentials have expired", Remedy: "run aws sso login"}
		d.press(toReview...)
		d.expect(screen.Review)
		if v := d.view(); !strings.Contains(v, "aws sso login") {
			t.Errorf("no remedy:\n%s", v)
		}
		e.planErr = nil
		d.press("r", "y")
		d.expect(screen.Deploy)
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
		for d.m.Shown() == screen.Deploy {
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
		d.expect(screen.Project)
		if v := d.view(); !strings.Contains(v, "live-beats runs already in eu-west-2: Enter shows it") {
			t.Errorf("not offered:\n%s", v)
		}
		d.press("w")
		d.expect(screen.Needs)
		d.press("esc", "enter")
		d.expect(screen.Redeploy)
	})
}

func TestTheQuestionsDoNotWaitForWhatRuns(t *testing.T) {
	e := deployed()
	e.statusTakes = time.Minute
	deployedUnsaid(t, e, func(d *harness) {
		d.expect(screen.Project)
		d.press("enter")
		d.expect(screen.Needs)
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
		d.expect(screen.Needs)
	})
}
