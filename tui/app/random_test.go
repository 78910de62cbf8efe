package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"pgregory.net/rapid"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/preflight"
	"berth/tui/screen"
	"berth/tui/theme"
)

// texts are names and lines that break screens that are not careful.
var texts = []string{
	"live-beats", "日本語のアプリケーション名前", "a", "", strings.Repeat("long-", 40), "emoji 👩‍👩‍👧‍👦 family ⚠️ ✔️", "tab\there", "esc \x1b[31mred\x1b[0m \x1b]0;title\a",
	"\u202eturned", "line\nbreak", "e\u0301\u0301\u0301 combining", "naïve Ünïcödé", "\xff\xfe broken", "ＦＵＬＬ ＷＩＤＴＨ",
}

// wildRun emits random events about random nodes.
func wildRun(rt *rapid.T) func(r *fakeRun) {
	text := rapid.SampledFrom(texts)
	n := rapid.IntRange(1, 60).Draw(rt, "events")
	var events []event.Event
	for range n {
		node := fmt.Sprintf("node-%d", rapid.IntRange(0, 40).Draw(rt, "node"))
		e := event.Event{
			Node: node, Text: text.Draw(rt, "text"), Current: rapid.Int64Range(-1, 20).Draw(rt, "current"),
			Total: rapid.Int64Range(-1, 14).Draw(rt, "total"), Unit: rapid.SampledFrom([]string{"bytes", "steps", ""}).Draw(rt, "unit"),
			Type: rapid.SampledFrom([]event.Type{
				event.NodePlanned, event.NodeStarted, event.NodeProgress, event.NodeWaiting, event.NodeLog,
				event.NodeTasks, event.NodeDone, event.NodeSkipped, event.NodeFailed, event.EndpointUp, event.RunStopping,
			}).Draw(rt, "type"),
			Notable: rapid.Bool().Draw(rt, "notable"), UsuallyS: rapid.Float64Range(-1, 1e4).Draw(rt, "usually"), Stream: text.Draw(rt, "stream"),
			Group: text.Draw(rt, "group"), Needs: []string{"node-1", "node-2", node},
			Action:   rapid.SampledFrom([]event.Action{event.Create, event.None, event.Delete}).Draw(rt, "action"),
			Endpoint: text.Draw(rt, "endpoint"),
			Error:    &fail.Error{Cause: text.Draw(rt, "cause"), Evidence: text.Draw(rt, "evidence")},
			Tasks:    []event.Task{{ID: text.Draw(rt, "task"), State: text.Draw(rt, "state"), Reason: text.Draw(rt, "reason")}},
		}
		events = append(events, e)
	}
	ok := rapid.Bool().Draw(rt, "ok")
	end := fail.Error{Cause: text.Draw(rt, "end"), Evidence: text.Draw(rt, "end evidence"), Remedy: text.Draw(rt, "remedy")}
	return func(r *fakeRun) {
		r.begin(r.plan)
		for _, e := range events {
			r.bus.Emit(e)
			time.Sleep(50 * time.Millisecond)
			select {
			case <-r.cancel:
				r.finish(event.Stopped, &end)
				return
			default:
			}
		}
		if ok {
			r.finish(event.Succeeded, nil)
		} else {
			r.finish(event.Failed, &end)
		}
	}
}

func wildEngine(rt *rapid.T) *fakeEngine {
	text := rapid.SampledFrom(texts)
	e := fresh()
	if rapid.Bool().Draw(rt, "deployed") {
		e = deployed()
		e.status.Endpoint, e.status.Revision, e.status.Image = text.Draw(rt, "url"), text.Draw(rt, "revision"), text.Draw(rt, "image")
		e.status.State = rapid.SampledFrom([]string{"absent", "partial", "deploying", "running", "degraded", "stopped", "new"}).Draw(rt, "app state")
	}
	e.simulated = text.Draw(rt, "simulated")
	if rapid.Bool().Draw(rt, "touring") {
		e.tour = &screen.Tour{Begin: func(ctx context.Context, name string) (screen.Engine, error) {
			if name == texts[1] {
				return nil, &fail.Error{Cause: name}
			}
			return e, nil
		}}
		for range rapid.IntRange(0, 12).Draw(rt, "stories") {
			e.tour.Stories = append(e.tour.Stories, screen.Story{
				Name: text.Draw(rt, "story"), Title: text.Draw(rt, "title"), Happens: text.Draw(rt, "happens"), Press: text.Draw(rt, "press"),
			})
		}
	}
	for i := range e.findings.Findings {
		e.findings.Findings[i].Text, e.findings.Findings[i].Means = text.Draw(rt, "found"), text.Draw(rt, "means")
		e.findings.Findings[i].File = text.Draw(rt, "file")
	}
	p := *e.plan
	p.Changes = nil
	for i := range rapid.IntRange(0, 60).Draw(rt, "changes") {
		c := change(fmt.Sprintf("node-%d", i), text.Draw(rt, "heading"), float64(i)*1e4, time.Duration(i)*time.Minute)
		c.Action = rapid.SampledFrom([]event.Action{event.Create, event.Update, event.Replace, event.Delete, event.None}).Draw(rt, "plan action")
		c.Exposes, c.Keeps = text.Draw(rt, "exposes"), text.Draw(rt, "keeps")
		c.Why, c.Name = text.Draw(rt, "why"), text.Draw(rt, "name")
		p.Changes = append(p.Changes, c)
	}
	e.plan = &p
	e.script = wildRun(rt)
	if rapid.Bool().Draw(rt, "checked") {
		e.preflight = &screen.Report{State: "fail"}
		for range rapid.IntRange(1, 3).Draw(rt, "checks") {
			c := preflight.Check{
				Text: text.Draw(rt, "check"), Remedy: text.Draw(rt, "check remedy"), Missing: []string{text.Draw(rt, "missing")},
				State: rapid.SampledFrom([]preflight.State{preflight.OK, preflight.Warn, preflight.Fail, preflight.Unknown}).Draw(rt, "check state"),
			}
			if c.State == preflight.Fail {
				c.Policy = &preflight.Document{Statement: []preflight.Statement{{Action: c.Missing}}}
			}
			e.preflight.Checks = append(e.preflight.Checks, c)
		}
	}
	e.preflightTakes = time.Duration(rapid.IntRange(0, 3000).Draw(rt, "check takes")) * time.Millisecond
	failure := &fail.Error{Cause: text.Draw(rt, "failure"), Evidence: strings.Repeat(text.Draw(rt, "seen")+" ", 30), Remedy: text.Draw(rt, "do")}
	switch rapid.IntRange(0, 9).Draw(rt, "which fails") {
	case 0:
		e.inspectErr = failure
	case 1:
		e.planErr = failure
	case 2:
		e.statusErr = failure
	}
	return e
}

var pressed = []string{
	"enter", "enter", "enter", "y", "esc", "up", "down", "down", "left", "right", "space", "space", "tab", "shift+tab", "pgup", "pgdown",
	"home", "end", "backspace", "ctrl+u", "ctrl+t", "ctrl+c", "?", "r", "s", "d", "n", "l", "c", "u", "f", "/", "j", "k", "e", "x", "1", "8", "R", "+", "-", "b", "p", "m", "w", "g",
	"日", "A=b", "l", "l", "live-beats",
}

// TestNothingOverflowsOrWedges walks at random through screens of random size and content.
func TestNothingOverflowsOrWedges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "live-beats")
	steps := 0
	seen := map[screen.Name]int{}
	for steps < 10_000 {
		check(t, func(rt *rapid.T) { steps += walk(rt, dir, seen) })
	}
	t.Logf("%d steps: %v", steps, seen)
}

// check is rapid.Check with every case in a bubble of its own.
func check(t *testing.T, f func(rt *rapid.T)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		var thrown any // rapid gives up by a panic, which must not cross the end of the bubble
		synctest.Test(t, func(*testing.T) {
			defer func() { thrown = recover() }()
			f(rt)
		})
		if thrown != nil {
			panic(thrown)
		}
	})
}

func walk(rt *rapid.T, dir string, seen map[screen.Name]int) (steps int) {
	mkdir(rt, dir)
	e := wildEngine(rt)
	if e.status.State != "absent" && rapid.Bool().Draw(rt, "said") {
		writeToml(rt, dir)
	} else {
		remove(rt, dir)
	}
	th := theme.New(theme.Options{Plain: rapid.Bool().Draw(rt, "plain"), ASCII: rapid.Bool().Draw(rt, "ascii")})
	o := screen.Options{Dir: dir, Theme: th}
	switch rapid.IntRange(0, 5).Draw(rt, "opened for") {
	case 0:
		o.Watching = e.watching()
	case 1:
		o.Task = task(rapid.SampledFrom([]string{"deploy", "rollback", "destroy"}).Draw(rt, "verb"), rapid.Bool().Draw(rt, "yes"))
	}
	d := drive(rt, e, o, 80, 24)
	defer d.end()
	for range rapid.IntRange(1, 200).Draw(rt, "steps") {
		steps++
		switch rapid.IntRange(0, 12).Draw(rt, "what") {
		case 0:
			d.send(tea.WindowSizeMsg{Width: rapid.IntRange(1, 220).Draw(rt, "w"), Height: rapid.IntRange(1, 70).Draw(rt, "h")})
		case 1:
			d.pass(time.Duration(rapid.IntRange(1, 2000).Draw(rt, "ms")) * time.Millisecond)
		default:
			d.press(rapid.SampledFrom(pressed).Draw(rt, "key"))
		}
		seen[d.m.Shown()]++
		d.functionsKnown(rt)
		v := d.view()
		if th.ASCII && strings.ContainsFunc(v, func(r rune) bool { return r >= 0x80 }) {
			rt.Fatalf("not ASCII:\n%s", v)
		}
		if d.quit {
			return steps
		}
	}
	d.mayLeave(rt)
	return steps
}

// mayLeave checks that there is always a way out: Ctrl-C, at most four times.
func (d *harness) mayLeave(rt *rapid.T) {
	for range 4 {
		if d.quit {
			return
		}
		d.press("ctrl+c")
	}
	if !d.quit {
		rt.Fatalf("no way out of %s:\n%s", d.m.Shown(), d.m.View())
	}
}
