package app

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/muesli/termenv"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/theme"
)

// inBubble runs a test with a program of 100x30 in virtual time.
func inBubble(t *testing.T, e *fakeEngine, f func(d *harness)) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "live-beats")
	e.folder(t, dir)
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
		d.expect(screen.Deploy{})
		if len(keys) > 8 {
			t.Errorf("%d keys", len(keys))
		}
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
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
		d.expect(screen.Review{})
		if d.engine.called("apply") != 0 {
			t.Error("a plan was confirmed that nobody had seen")
		}
		d.press("y")
		d.expect(screen.Deploy{})
	})
}

func TestTypedAheadDuringLoading(t *testing.T) {
	e := fresh()
	dir := filepath.Join(t.TempDir(), "live-beats")
	mkdir(t, dir)
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, e, screen.Options{Dir: dir}, 100, 30)
		defer d.end()
		d.press("R") // reads again, so that it loads when the keys come
		_, cmd := d.m.Update(keyMsg("R"))
		for range 3 {
			_, c := d.m.Update(keyMsg("enter"))
			d.do(c)
		}
		d.do(cmd)
		d.settle()
		d.expect(screen.Settings{})
	})
}

func TestWhatIsCarriedOutIsWhatWasShown(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press(toReview...)
		shown := d.engine.planned
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
		d.expect(screen.Review{})
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
		if v := d.view(); !strings.Contains(v, "AWS continues with what it was asked for: Load balancer") {
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
		if !d.quit || !d.s.End.Abandoned {
			t.Errorf("quit %v, abandoned %v", d.quit, d.s.End.Abandoned)
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
			if d.m.Shown() != at {
				t.Fatalf("%s: left for %s", at, d.m.Shown())
			}
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
		d.press("down", "down", "down", "space", "ctrl+u", "8080", "enter") // name, region, account, port
		d.press("esc", "esc", "esc")
		d.expect(screen.Project{})
		d.press("enter")
		if d.s.Draft.Requirements().WebSocketUploads {
			t.Error("the answer about uploads is lost")
		}
		d.press("enter", "enter")
		d.expect(screen.Settings{})
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
		d.expect(screen.Settings{})
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
		d.expect(screen.Compare{})
		d.press("up", "enter")
		d.expect(screen.Settings{})
	})
}

func TestInvalidSettingsStopHere(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.press("enter", "enter", "enter", "space", "ctrl+u", "UPPER", "enter", "down", "down", "enter")
		d.expect(screen.Settings{})
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
		d.expect(screen.Deploy{})
		if v := d.view(); !strings.Contains(v, "SECRET_KEY_BASE") {
			t.Errorf("no remedy:\n%s", v)
		}
		e.script = smooth
		d.press("r", "y")
		d.expect(screen.Deploy{})
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		if len(e.runs) != 2 {
			t.Errorf("%d runs", len(e.runs))
		}
	})
}

func TestDestroyAsksForTheName(t *testing.T) {
	e := deployed()
	for i := range e.plan.Changes {
		e.plan.Changes[i].Action = event.Delete
	}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Overview{})
		d.press("d", "y", "enter")
		if e.called("apply") != 0 {
			t.Fatal("destroyed without the name")
		}
		d.press("ctrl+u", "live-beats", "enter")
		d.expect(screen.Deploy{})
		if !e.runs[0].plan.Destroy {
			t.Error("the plan is no destruction")
		}
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		if v := d.view(); !strings.Contains(v, "live-beats is gone") {
			t.Errorf("not said:\n%s", v)
		}
	})
}

// One key turns a destruction into one that leaves the data; what stays and its price are said before and after.
func TestDestroyKeepsTheDataOnAKey(t *testing.T) {
	e := deployed()
	for i := range e.plan.Changes {
		e.plan.Changes[i].Action = event.Delete
	}
	kept := change("database", "data", 15.11, time.Minute)
	kept.Action, kept.Data = event.Delete, "the database with all data in it"
	e.plan.Changes = append(e.plan.Changes, kept)
	inBubble(t, e, func(d *harness) {
		d.press("d")
		if v := d.view(); !strings.Contains(v, "keep the data") {
			t.Errorf("no key for it:\n%s", v)
		}
		d.press("tab")
		if v := d.view(); !strings.Contains(v, "keep the data for $15.11") {
			t.Errorf("not said:\n%s", v)
		}
		d.press("live-beats", "enter")
		d.expect(screen.Deploy{})
		if !e.runs[0].plan.KeepData {
			t.Error("the plan keeps nothing")
		}
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		if v := d.view(); !strings.Contains(v, "its data is kept") || !strings.Contains(v, "$15.11 a month go on") {
			t.Errorf("not said:\n%s", v)
		}
	})
}

func TestWithoutASourceTreeWhatRunsCanBeDestroyed(t *testing.T) {
	e := deployed()
	e.inspectErr = &fail.Error{Cause: "There is no Dockerfile here"}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Overview{})
	})
	e = fresh()
	e.inspectErr = &fail.Error{Cause: "There is no Dockerfile here"}
	inBubble(t, e, func(d *harness) {
		d.expect(screen.Project{})
		d.press("enter")
		d.expect(screen.Project{})
		e.inspectErr = nil
		d.press("R", "enter")
		d.expect(screen.Needs{})
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
					e.folder(t, dir)
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
