package app

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"pgregory.net/rapid"

	"berth/compare/price"
	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/policy"
	"berth/engine/preflight"
	"berth/engine/project"
	"berth/tui/screen"
)

// texts are names and lines that break screens that are not careful.
var texts = []string{
	"live-beats", "日本語のアプリケーション名前", "a", "", strings.Repeat("long-", 40), "emoji 👩‍👩‍👧‍👦 family ⚠️ ✔️", "tab\there", "esc \x1b[31mred\x1b[0m \x1b]0;title\a",
	"\u202eturned", "line\nbreak", "e\u0301\u0301\u0301 combining", "naïve Ünïcödé", "\xff\xfe broken", "ＦＵＬＬ ＷＩＤＴＨ", "soft\u00adhyphen \u061cmark \U0001f44d\U0001f3fd",
}

// wildNode is the id of the node with that number; some ids are not as berth would name a resource.
func wildNode(i int) string {
	if i%7 == 3 {
		return fmt.Sprintf("%s-%d", texts[i%len(texts)], i)
	}
	return fmt.Sprintf("node-%d", i)
}

// wildRun emits random events about random nodes of that many.
func wildRun(rt *rapid.T, nodes int) func(r *fakeRun) {
	text := rapid.SampledFrom(texts)
	n := rapid.IntRange(1, 60).Draw(rt, "events")
	var events []event.Event
	for range n {
		e := event.Event{
			Node: wildNode(rapid.IntRange(0, nodes+5).Draw(rt, "node")),
			Text: text.Draw(rt, "text"), Current: rapid.Int64Range(-1, 20).Draw(rt, "current"),
			Total: rapid.Int64Range(-1, 14).Draw(rt, "total"), Unit: rapid.SampledFrom([]string{"bytes", "steps", ""}).Draw(rt, "unit"),
			Type: rapid.SampledFrom([]event.Type{
				event.NodePlanned, event.NodeStarted, event.NodeProgress, event.NodeWaiting, event.NodeLog,
				event.NodeTasks, event.NodeDone, event.NodeSkipped, event.NodeFailed, event.EndpointUp, event.RunStopping,
			}).Draw(rt, "type"),
			Notable: rapid.Bool().Draw(rt, "notable"), UsuallyS: rapid.Float64Range(-1, 1e4).Draw(rt, "usually"), Stream: text.Draw(rt, "stream"),
			Group: text.Draw(rt, "group"), Needs: []string{wildNode(1), wildNode(3)},
			Action:   rapid.SampledFrom([]event.Action{event.Create, event.None, event.Delete}).Draw(rt, "action"),
			Endpoint: text.Draw(rt, "endpoint"),
			Error:    &fail.Error{Cause: text.Draw(rt, "cause"), Evidence: text.Draw(rt, "evidence")},
			Tasks:    []event.Task{{ID: text.Draw(rt, "task"), State: text.Draw(rt, "state"), Reason: text.Draw(rt, "reason")}},
		}
		events = append(events, e)
	}
	ok := rapid.IntRange(0, 2).Draw(rt, "ok") > 0
	end := fail.Error{Cause: text.Draw(rt, "end"), Evidence: text.Draw(rt, "end evidence"), Remedy: text.Draw(rt, "remedy")}
	if rapid.Bool().Draw(rt, "a setting would remedy it") {
		end.Setting = rapid.SampledFrom([]string{"service.memory", "service.port", "service.health_path"}).Draw(rt, "setting")
		if end.Setting != "service.health_path" && rapid.Bool().Draw(rt, "known to what") {
			end.Suggest = rapid.SampledFrom([]int{512, 1024, 9999}).Draw(rt, "to")
		}
	}
	return func(r *fakeRun) {
		if n%2 == 0 {
			r.waiting = forRecords()
		}
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

// wildPlan has up to 300 changes of all kinds.
func wildPlan(rt *rapid.T, like *screen.Plan) *screen.Plan {
	text := rapid.SampledFrom(texts)
	p := *like
	p.Changes = nil
	most := rapid.SampledFrom([]int{0, 5, 60, 300}).Draw(rt, "most changes")
	for i := range rapid.IntRange(most/2, most).Draw(rt, "changes") {
		c := change(wildNode(i), texts[i%len(texts)], float64(i)*1e4, time.Duration(i)*time.Minute)
		if i < 20 { // what is drawn for each makes the walk slow
			c.Action = rapid.SampledFrom([]event.Action{event.Create, event.Update, event.Replace, event.Delete, event.None}).Draw(rt, "plan action")
			c.Exposes, c.Keeps = text.Draw(rt, "exposes"), text.Draw(rt, "keeps")
			c.Why, c.Name = text.Draw(rt, "why"), text.Draw(rt, "name")
		}
		p.Changes = append(p.Changes, c)
	}
	return &p
}

// numbers are what AWS may say of a load, and what it should not.
var numbers = []float64{0, 1, 42.5, 100, 1e3, 1e18, -1, -1e18, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}

// wildApp is what runs of an app.
func wildApp(rt *rapid.T, e *fakeEngine) {
	text := rapid.SampledFrom(texts)
	st := e.status
	st.Endpoint, st.Revision, st.Image = text.Draw(rt, "url"), text.Draw(rt, "revision"), text.Draw(rt, "image")
	st.State = rapid.SampledFrom([]string{"absent", "partial", "deploying", "running", "running", "degraded", "stopped", "new"}).Draw(rt, "app state")
	st.By, st.Commit = text.Draw(rt, "by"), text.Draw(rt, "commit")
	st.Running, st.Unhealthy = rapid.IntRange(-1, 1e9).Draw(rt, "running"), rapid.IntRange(0, 9).Draw(rt, "unhealthy")
	for range rapid.IntRange(0, 3).Draw(rt, "denied") {
		st.Denied = append(st.Denied, text.Draw(rt, "action"))
	}
	for i := range st.Deployments {
		d := &st.Deployments[i]
		d.Reason, d.By, d.Commit = text.Draw(rt, "reason"), text.Draw(rt, "deployed by"), text.Draw(rt, "deployed commit")
		d.Image = text.Draw(rt, "deployed image")
		if i == 0 || rapid.IntRange(0, 3).Draw(rt, "odd revision") == 0 {
			d.Revision = text.Draw(rt, "deployed revision")
		}
	}
	if rapid.Bool().Draw(rt, "odd load") {
		series := rapid.SliceOfN(rapid.SampledFrom(numbers), 0, 40)
		e.metrics = &screen.Metrics{
			Step: time.Duration(rapid.IntRange(-1, 3e6).Draw(rt, "step")) * time.Millisecond, CPU: series.Draw(rt, "cpu"), Memory: series.Draw(rt, "memory"),
			Requests: series.Draw(rt, "requests"), Errors: series.Draw(rt, "errors"), Latency: series.Draw(rt, "latency"),
		}
	}
	for i := range rapid.IntRange(0, 30).Draw(rt, "lines") {
		e.write(time.Now().Add(time.Duration(i-20)*time.Second), text.Draw(rt, "line's task"), text.Draw(rt, "line"))
	}
	if rapid.Bool().Draw(rt, "somebody is at work") {
		e.busy = &screen.Holder{
			Run: "r9", Verb: text.Draw(rt, "holder's verb"), User: text.Draw(rt, "user"), Host: text.Draw(rt, "host"), ARN: text.Draw(rt, "arn"),
			Started: time.Now(), Seen: time.Now().Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "seen")) * time.Hour),
		}
	}
	denied := &fail.Error{Cause: text.Draw(rt, "why not"), Remedy: text.Draw(rt, "what then")}
	switch rapid.IntRange(0, 9).Draw(rt, "what may not be seen") {
	case 0:
		e.metricsErr = denied
	case 1:
		e.linesErr = denied
	case 2:
		e.appsErr = denied
	}
	e.apps = wildApps(rt)
}

// wildApps are random apps of an account.
func wildApps(rt *rapid.T) *engine.Apps {
	text := rapid.SampledFrom(texts)
	all := &engine.Apps{Regions: []string{"eu-west-2", text.Draw(rt, "region")}, PricesAsOf: text.Draw(rt, "prices"), MonthlyUSD: rapid.Float64().Draw(rt, "together")}
	for range rapid.IntRange(0, 40).Draw(rt, "apps") {
		all.Apps = append(all.Apps, engine.App{
			App: text.Draw(rt, "app"), Env: text.Draw(rt, "env"), Region: rapid.SampledFrom(all.Regions).Draw(rt, "in"),
			State:    rapid.SampledFrom([]string{"running", "deploying", "degraded", "stopped", "partial", "absent", "other"}).Draw(rt, "app state"),
			Endpoint: text.Draw(rt, "address"), Running: rapid.Int().Draw(rt, "runs"), Desired: rapid.Int().Draw(rt, "wanted"),
			MonthlyUSD: rapid.Float64().Draw(rt, "costs"), MostUSD: rapid.Float64().Draw(rt, "most"), Unpriced: rapid.Bool().Draw(rt, "no price"),
		})
	}
	for range rapid.IntRange(0, 12).Draw(rt, "blind") {
		all.Blind = append(all.Blind, text.Draw(rt, "could not look"))
	}
	return all
}

// wildTour offers up to twelve stories, of which some cannot be staged.
func wildTour(rt *rapid.T, e *fakeEngine) *screen.Tour {
	text := rapid.SampledFrom(texts)
	tour := &screen.Tour{Begin: func(_ context.Context, name string) (screen.Engine, error) {
		if name == texts[1] {
			return nil, &fail.Error{Cause: name}
		}
		return e, nil
	}}
	for range rapid.IntRange(0, 12).Draw(rt, "stories") {
		tour.Stories = append(tour.Stories, screen.Story{
			Name: text.Draw(rt, "story"), Title: text.Draw(rt, "title"), Happens: text.Draw(rt, "happens"), Press: text.Draw(rt, "press"),
		})
	}
	return tour
}

// wildChecks is a preflight that finds something.
func wildChecks(rt *rapid.T) *screen.Report {
	text := rapid.SampledFrom(texts)
	r := &screen.Report{State: "fail"}
	for range rapid.IntRange(1, 3).Draw(rt, "checks") {
		c := preflight.Check{
			Text: text.Draw(rt, "check"), Remedy: text.Draw(rt, "check remedy"), Missing: []string{text.Draw(rt, "missing")},
			State: rapid.SampledFrom([]preflight.State{preflight.OK, preflight.Warn, preflight.Fail, preflight.Unknown}).Draw(rt, "check state"),
		}
		if c.State == preflight.Fail {
			c.Policy = &policy.Document{Statement: []policy.Statement{{Action: c.Missing}}}
		}
		r.Checks = append(r.Checks, c)
	}
	return r
}

// wildMust gives a finding a weight, and something that settles it.
func wildMust(rt *rapid.T, f *screen.Finding) {
	f.Severity = rapid.SampledFrom([]project.Severity{project.Must, project.Should, project.Info}).Draw(rt, "severity")
	switch rapid.IntRange(0, 4).Draw(rt, "settled by") {
	case 0:
		f.Key = rapid.SampledFrom([]string{"service.command", "network.websockets", "no.such"}).Draw(rt, "key")
	case 1:
		kind := rapid.SampledFrom([]project.VariableKind{project.Secret, project.Generated, project.Setting}).Draw(rt, "kind")
		f.Variable = &project.Variable{Name: "NAME", Kind: kind}
	case 2:
		f.Diff = "-" + f.Text + "\n+" + f.Means
	}
}

// wildEngine answers with random content; deployed says that something runs.
func wildEngine(rt *rapid.T, isDeployed bool) *fakeEngine {
	text := rapid.SampledFrom(texts)
	e := fresh()
	if isDeployed {
		e = deployed()
		wildApp(rt, e)
	}
	if rapid.Bool().Draw(rt, "on a simulated account") {
		e.simulated = text.Draw(rt, "simulated")
	}
	e.account = text.Draw(rt, "account")
	for i := range e.findings.Findings {
		f := &e.findings.Findings[i]
		f.Text, f.Means, f.File = text.Draw(rt, "found"), text.Draw(rt, "means"), text.Draw(rt, "file")
		wildMust(rt, f)
	}
	e.plan = wildPlan(rt, e.plan)
	e.plan.Costs = append([]engine.Cost{{Node: text.Draw(rt, "cost of"), Line: price.Line{Item: text.Draw(rt, "item"), Unit: text.Draw(rt, "unit"), USD: 1e9, Known: true}}}, e.plan.Costs...)
	e.script = wildRun(rt, len(e.plan.Changes))
	if rapid.Bool().Draw(rt, "checked") {
		e.preflight = wildChecks(rt)
	}
	e.inspectTakes = time.Duration(rapid.SampledFrom([]int{0, 0, 300}).Draw(rt, "reading takes")) * time.Millisecond
	e.preflightTakes = time.Duration(rapid.IntRange(0, 1500).Draw(rt, "check takes")) * time.Millisecond
	failure := &fail.Error{Cause: text.Draw(rt, "failure"), Evidence: strings.Repeat(text.Draw(rt, "seen")+" ", 30), Remedy: text.Draw(rt, "do")}
	switch rapid.IntRange(0, 11).Draw(rt, "which fails") {
	case 0:
		e.inspectErr = failure
	case 1:
		e.planErr = failure
	case 2:
		e.statusErr = failure
	}
	return e
}
