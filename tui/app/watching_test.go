package app

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/theme"
)

// watching is a run that another terminal does. From then on there is no engine to ask.
func (f *fakeEngine) watching() *screen.Watching {
	run := f.Apply(context.Background(), f.plan)
	f.away = true
	return &screen.Watching{
		Run: run, Clock: time.Now, PID: 4711, What: "deployment", Account: "123456789012",
		App: &spec.Spec{App: "live-beats", EnvName: "production", Region: "eu-west-2"},
	}
}

// task is a verb of the command line.
func task(verb string, yes bool) *screen.Task {
	s := &spec.Spec{App: "live-beats", EnvName: "production", Region: "eu-west-2"}
	s.Service.Port = 4000
	if err := s.Complete(nil, nil); err != nil {
		panic("complete plain settings: " + err.Error()) // cannot happen
	}
	return &screen.Task{Verb: verb, Spec: s, Revision: "previous", Yes: yes}
}

// troubled is a deployment that says what matters, between much that does not.
func troubled(r *fakeRun) {
	r.begin(r.plan)
	r.bus.Emit(event.Event{
		Type: event.NodeLog, Stream: "berth", Notable: true, SignIn: &event.SignIn{Command: "aws sso login --profile acme", Until: time.Now().Add(30 * time.Minute)},
		Text: "paused: the AWS credentials have expired; sign in again with: aws sso login --profile acme; the run then continues by itself",
	})
	r.emit(event.NodeStarted, "service", "creating live-beats-service")
	for i, text := range []string{
		"was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or registry auth",
		"(port 4000) is unhealthy in (target-group berth-live-beats) due to (reason Health checks failed with these codes: [404])",
	} {
		time.Sleep(5 * time.Second)
		r.bus.Emit(event.Event{Type: event.NodeLog, Node: "service", Stream: "aws", Notable: true, Text: text})
		for k := range 12 {
			r.bus.Emit(event.Event{Type: event.NodeLog, Node: "service", Stream: "app", Text: fmt.Sprintf("GET /room/%d sent 404", i*12+k)})
		}
	}
	<-r.cancel
	r.finish(event.Stopped, &fail.Error{Class: fail.Stopped, Cause: "Stopped"})
}

var orphaned = &fail.Error{
	Class: fail.Failed, Cause: "the other berth ended before the deployment did",
	Evidence: "process 4711, started 12:00:00, is gone; what AWS had started continues there",
	Remedy:   "run berth in this folder again: it continues from what exists in AWS",
}

func TestWatchingViews(t *testing.T) {
	for _, s := range []struct {
		name    string
		engine  func() *fakeEngine
		options func(*fakeEngine, *screen.Options)
		walk    func(d *harness)
	}{
		{"watching", fresh, func(e *fakeEngine, o *screen.Options) { e.script = busy; o.Mode = e.watching() }, func(d *harness) { d.pass(34 * time.Second) }},
		{"watching-orphaned", fresh, func(e *fakeEngine, o *screen.Options) {
			e.script = func(r *fakeRun) { failingWith(r, orphaned) }
			o.Mode = e.watching()
		}, func(d *harness) { d.pass(2 * time.Minute) }},
		{"watching-leave", fresh, func(e *fakeEngine, o *screen.Options) { e.script = busy; o.Mode = e.watching() }, func(d *harness) { d.pass(34 * time.Second); d.press("ctrl+c") }},
		{"deploy-notices", fresh, func(e *fakeEngine, o *screen.Options) { e.script = troubled }, func(d *harness) {
			d.press(toReview...)
			d.press("y")
			d.pass(20 * time.Second)
		}},
		{"deploy-paused", fresh, func(e *fakeEngine, o *screen.Options) { e.script = troubled }, func(d *harness) {
			d.press(toReview...)
			d.press("y")
			d.pass(7 * time.Second)
			d.press("space")
			d.pass(20 * time.Second)
		}},
		{"watching-stopping", fresh, func(e *fakeEngine, o *screen.Options) {
			e.script = func(r *fakeRun) {
				r.begin(r.plan)
				r.emit(event.NodeStarted, "load-balancer", "creating live-beats-load-balancer")
				r.bus.Emit(event.Event{Type: event.RunStopping, Text: "Stopping: what is under way is finished, nothing new is started"})
				<-r.cancel
			}
			o.Mode = e.watching()
		}, func(d *harness) { d.pass(5 * time.Second) }},
		{"watching-result", fresh, func(e *fakeEngine, o *screen.Options) { o.Mode = e.watching() }, func(d *harness) { d.pass(10 * time.Minute) }},
		{"task-deploy", deployed, func(e *fakeEngine, o *screen.Options) { o.Mode = task("deploy", false) }, func(d *harness) {}},
		{"task-destroy", deployed, func(e *fakeEngine, o *screen.Options) {
			for i := range e.plan.Changes {
				e.plan.Changes[i].Action, e.plan.Changes[i].Why = event.Delete, "berth made it"
			}
			o.Mode = task("destroy", false)
		}, func(d *harness) { d.press("live-") }},
		{"task-refused", deployed, func(e *fakeEngine, o *screen.Options) {
			e.preflight = denied()
			o.Mode = task("rollback", false)
		}, func(d *harness) { d.press("y") }},
		{"task-rollback", deployed, func(e *fakeEngine, o *screen.Options) { o.Mode = task("rollback", false) }, func(d *harness) {}},
	} {
		for _, l := range looks {
			t.Run(s.name+"/"+l.name, func(t *testing.T) {
				dir := t.TempDir() + "/live-beats"
				synctest.Test(t, func(t *testing.T) {
					e := s.engine()
					mkdir(t, dir)
					o := screen.Options{Dir: dir, Theme: theme.New(l.theme)}
					s.options(e, &o)
					d := drive(t, e, o, l.w, l.h)
					defer d.end()
					s.walk(d)
					golden.RequireEqual(t, trimmed(d.view()))
				})
			})
		}
	}
}

// A run of another terminal cannot be stopped from here, and asks nothing of AWS. Keys that need an account
// lead out of the session.
func TestWatchingLeavesTheRunAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fresh()
		e.script = busy
		d := drive(t, e, screen.Options{Dir: t.TempDir(), Mode: e.watching()}, 100, 30)
		defer d.end()
		d.expect(screen.Deploy{})
		d.pass(5 * time.Second)
		d.press("ctrl+c", "esc", "s", "r", "enter", "space", "q", "ctrl+c")
		if d.quit {
			t.Error("left without an answer")
		}
		d.press("y")
		run := e.runs[0]
		if !d.quit || run.stops+run.cancels > 0 || d.s.End.Onward != nil {
			t.Errorf("left %v, stopped %d times, cancelled %d times, onward %+v", d.quit, run.stops, run.cancels, d.s.End.Onward)
		}
		for _, call := range []string{"inspect", "identity", "plan", "status", "preflight"} {
			if n := e.called(call); n > 0 {
				t.Errorf("%d calls of %s", n, call)
			}
		}
	})
}

func TestOnwardFromAWatchedRun(t *testing.T) {
	for key, want := range map[string]screen.Place{"r": screen.Review{}, "s": screen.Settings{}, "enter": screen.Overview{}, "q": nil} {
		synctest.Test(t, func(t *testing.T) {
			e := fresh()
			e.script = func(r *fakeRun) { failingWith(r, orphaned) }
			d := drive(t, e, screen.Options{Dir: t.TempDir(), Mode: e.watching()}, 100, 30)
			defer d.end()
			d.pass(2 * time.Minute)
			d.press(key)
			if !d.quit || d.s.End.Onward != want {
				t.Errorf("%s: left %v, onward %#v, want %#v", key, d.quit, d.s.End.Onward, want)
			}
		})
	}
}

// A paused log stands still and counts what comes; space goes on with the newest line.
func TestPausedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fresh()
		e.script = troubled
		dir := t.TempDir() + "/live-beats"
		mkdir(t, dir)
		d := drive(t, e, screen.Options{Dir: dir}, 130, 40)
		defer d.end()
		d.press(toReview...)
		d.press("y")
		d.pass(6 * time.Second)
		d.press("space")
		d.sees("GET /room/11 sent", "paused")
		d.pass(10 * time.Second)
		d.sees("GET /room/11 sent", "paused, 13 newer lines")
		d.press("space")
		d.sees("GET /room/23 sent")
		d.press("/", "room/5", "enter", "space")
		d.sees("paused")
	})
}

// From the result of a watched run its course can be looked at again, but nothing behind it: no account was opened.
func TestBackFromTheCourseOfAWatchedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fresh()
		d := drive(t, e, screen.Options{Dir: t.TempDir(), Mode: e.watching()}, 100, 30)
		defer d.end()
		d.pass(10 * time.Minute)
		d.expect(screen.Result{})
		d.press("l")
		d.expect(screen.Deploy{})
		d.press("esc")
		d.expect(screen.Result{})
		d.press("l", "esc", "l")
		d.expect(screen.Deploy{})
		d.press("enter")
		d.expect(screen.Result{})
		d.press("enter")
		if !d.quit || d.s.End.Onward != (screen.Overview{}) {
			t.Errorf("left %v, onward %#v", d.quit, d.s.End.Onward)
		}
	})
}
