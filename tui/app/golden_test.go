package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/exp/golden"
	"github.com/muesli/termenv"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
	"berth/tui/theme"
)

// shot is a moment of the program that has a golden frame.
type shot struct {
	name   string
	engine func() *fakeEngine
	walk   func(d *harness)
}

func fresh() *fakeEngine {
	return &fakeEngine{
		findings: liveBeats(), plan: firstPlan(), script: smooth,
		status: &screen.Status{App: "live-beats", State: "absent"},
	}
}

func simulated() *fakeEngine {
	e := fresh()
	e.simulated = "A simulated AWS account, 60 times as fast. Nothing reaches AWS."
	return e
}

// touring is a demo that offers stories first.
func touring() *fakeEngine {
	e := simulated()
	e.tour = &screen.Tour{Stories: []screen.Story{
		{Name: "smooth", Title: "All goes well", Happens: "The app is built, shipped and run, and answers at an https:// URL.", Press: "Enter through the questions, then y."},
		{
			Name: "port", Title: "The app listens on another port", Happens: "The load balancer finds nobody at the port that the Dockerfile names, and the rollout fails. " +
				"The card says what the log tells.", Press: "f on the card sets the port; then Enter, then y.",
		},
		{Name: "throttle", Title: "AWS is called too often", Happens: "AWS throttles a third of all calls. Each is tried again.", Press: "Nothing: watch the calls."},
		{Name: "lost", Title: "An answer gets lost", Happens: "A call takes effect and its answer never comes.", Press: "Nothing."},
		{Name: "cut", Title: "The connection breaks halfway", Happens: "No call reaches AWS for a while, and the run ends.", Press: "r on the card goes on from there."},
		{Name: "rollback", Title: "A new version fails, and ECS rolls back to the one before", Happens: "The app runs already, and its source has changed. The new version ends at start.", Press: "r, then y."},
	}}
	return e
}

// deployed runs already, and its source has changed since.
func deployed() *fakeEngine {
	e := fresh()
	e.status = running()
	for i := range 40 {
		at := time.Date(1999, 12, 31, 23, 50, i, 0, time.UTC)
		e.write(at, []string{"4f5d1c2a", "99aa0c2a"}[i%2], fmt.Sprintf("[info] GET /room/%d sent 200 in %d ms", i, 40+i))
	}
	for i := range e.plan.Changes {
		c := &e.plan.Changes[i]
		switch c.ID {
		case "image":
			c.Why = "this version of the source has not been pushed"
		case "task-definition":
			c.Action, c.Why = event.Update, "a new revision with the new image"
		case "service":
			c.Action, c.Why = event.Update, "runs another revision"
		default:
			c.Action, c.Why = event.None, ""
		}
	}
	return e
}

// bot is an app that answers no HTTP, and runs.
func bot() *fakeEngine {
	e := fresh()
	e.findings = &screen.Findings{Stack: "node", Findings: []screen.Finding{
		{ID: "no-http", File: "package.json", Line: 4, Text: `"discord.js": "^14.0.0"`, Means: "this connects to others and waits for no requests, and nothing of the code listens"},
	}}
	e.findings.Suggest("service.port", 0, spec.Origin{File: "package.json", Line: 4, Text: `"discord.js": "^14.0.0"`})
	front := func(group, id string) bool {
		return group == "traffic" || group == "endpoint" || id == "security-group-lb"
	}
	var kept []screen.Change
	for _, c := range e.plan.Changes {
		if !front(c.Group, c.ID) {
			c.Needs = slices.DeleteFunc(c.Needs, func(id string) bool { return id == "listener" || id == "security-group-lb" })
			kept = append(kept, c)
		}
	}
	e.plan.Changes = kept
	e.plan.Costs = slices.DeleteFunc(e.plan.Costs, func(c engine.Cost) bool { return c.Node == "load-balancer" })
	e.plan.MonthlyUSD, e.plan.AlwaysUSD = 16.99, 16.99
	e.script = func(r *fakeRun) {
		r.begin(r.plan)
		for _, c := range r.plan.Changes {
			r.emit(event.NodeStarted, c.ID, "creating "+c.Name)
			r.emit(event.NodeDone, c.ID, c.Name)
		}
		r.bus.Emit(event.Event{Type: event.RunFinished, Outcome: event.Succeeded, APICalls: 81})
	}
	return e
}

// runningBot is a bot that was deployed, and one of whose tasks crashed lately.
func runningBot() *fakeEngine {
	e := bot()
	e.status = running()
	e.status.Sum = e.plan.Sum
	e.status.Endpoint, e.status.NoHTTP, e.status.Healthy = "", true, 0
	const ended = `{"task": "4f5d1c2a", "started": "1999-12-29T14:02:00Z", "ended": "1999-12-31T23:40:00Z", "exit_code": 137}`
	if err := json.Unmarshal([]byte(ended), &e.status.Ended); err != nil {
		panic(err)
	}
	return e
}

// hosting is an account with several apps, of which one could not be looked at.
func hosting() *fakeEngine {
	e := deployed()
	e.apps = &engine.Apps{
		Account: "123456789012", Regions: []string{"eu-west-2", "us-east-1"}, PricesAsOf: "2026-10-01", MonthlyUSD: 186.41,
		Apps: []engine.App{
			{App: "live-beats", Env: "production", Region: "eu-west-2", State: "running", Endpoint: "https://d111111abcdef8.cloudfront.net", Running: 2, Desired: 2, MonthlyUSD: 61.96, AlwaysUSD: 52.1, MostUSD: 80},
			{App: "live-beats", Env: "staging", Region: "eu-west-2", State: "stopped", Endpoint: "https://d222222abcdef8.cloudfront.net", MonthlyUSD: 31.2, AlwaysUSD: 30},
			{App: "shop-with-a-name-that-is-rather-long", Env: "production", Region: "eu-west-2", State: "degraded", Endpoint: "https://d333333abcdef8.cloudfront.net", Running: 3, Desired: 4, MonthlyUSD: 93.25, AlwaysUSD: 88, Unpriced: true},
			{App: "report", Env: "production", Region: "us-east-1", State: "partial"},
		},
		Blind: []string{"eu-west-2: forum (production): not authorized to perform ecs:DescribeServices"},
	}
	return e
}

var crash = &fail.Error{
	Class:    fail.Failed,
	Cause:    "The container stops right after it starts: exit code 1",
	Evidence: "task 4f5d1c2a stopped: Essential container in task exited\n** (RuntimeError) environment variable SECRET_KEY_BASE is missing",
	Remedy:   "Set SECRET_KEY_BASE: berth secrets set SECRET_KEY_BASE, then try again",
	Doc:      "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html",
}

var outOfMemory = &fail.Error{
	Class: fail.RolledBack, Cause: "the app needs more memory than the 512 MiB it gets; ECS rolled back to the previous version",
	Evidence: "task 4f5d1c2a\ncontainer: OutOfMemoryError: Container killed due to memory usage\nexit code: 137",
	Remedy:   "raise service.memory in berth.toml to 1024 MiB and deploy again", Setting: "service.memory", Suggest: 1024,
}

// failing is a deployment whose service never gets healthy.
func failing(r *fakeRun) { failingWith(r, crash) }

func failingWith(r *fakeRun, crash *fail.Error) {
	r.begin(r.plan)
	for _, c := range r.plan.Changes {
		if c.ID == "service" || c.ID == "verify" {
			continue
		}
		r.emit(event.NodeStarted, c.ID, "creating "+c.Name)
		r.emit(event.NodeDone, c.ID, c.Name)
	}
	r.emit(event.NodeStarted, "service", "creating live-beats-service")
	r.bus.Emit(event.Event{Type: event.NodeTasks, Node: "service", Tasks: []event.Task{
		{ID: "4f5d1c2ab098", New: true, State: "stopped", Reason: "exit code 1"},
		{ID: "99aa0c2ab098", New: true, State: "pending"},
	}})
	for range 3 {
		r.bus.Emit(event.Event{Type: event.NodeLog, Node: "service", Stream: "app", Text: "** (RuntimeError) environment variable SECRET_KEY_BASE is missing"})
		time.Sleep(20 * time.Second)
	}
	r.bus.Emit(event.Event{Type: event.NodeFailed, Node: "service", Error: crash})
	r.emit(event.NodeSkipped, "verify", "the service failed")
	r.finish(event.Failed, crash)
}

// busy is the middle of a deployment with all that can be seen in it.
func busy(r *fakeRun) {
	r.begin(r.plan)
	done := []string{
		"vpc", "subnet-a", "subnet-b", "internet-gateway", "route-table", "security-group-lb",
		"security-group-tasks", "execution-role", "task-role", "repository", "log-group", "cluster", "target-group",
	}
	for _, id := range done {
		r.emit(event.NodeStarted, id, "creating "+id)
	}
	time.Sleep(9 * time.Second)
	for _, id := range done {
		r.emit(event.NodeDone, id, "live-beats-"+id)
	}
	r.emit(event.NodeStarted, "load-balancer", "creating live-beats-load-balancer")
	r.emit(event.NodeWaiting, "load-balancer", "waiting until it is active")
	r.emit(event.NodeStarted, "image", "building")
	for i := range int64(8) {
		time.Sleep(3 * time.Second)
		r.bus.Emit(event.Event{Type: event.NodeProgress, Node: "image", Text: "mix deps.compile", Current: i + 1, Total: 14, Unit: "steps"})
		r.bus.Emit(event.Event{Type: event.NodeLog, Node: "image", Stream: "build", Text: fmt.Sprintf("#%d [builder %d/14] RUN mix deps.compile", i+8, i+1)})
	}
	r.emit(event.NodeStarted, "service", "creating live-beats-service")
	r.bus.Emit(event.Event{Type: event.NodeTasks, Node: "service", Tasks: []event.Task{
		{ID: "4f5d1c2ab098", New: true, State: "running", Health: "healthy"},
		{ID: "99aa0c2ab098", New: true, State: "pending"},
		{ID: "11bb0c2ab098", State: "running", Health: "draining"},
	}})
	<-r.cancel
	r.finish(event.Stopped, &fail.Error{Class: fail.Stopped, Cause: "Stopped"})
}

// live serves the new version already while the old one drains.
func live(r *fakeRun) {
	r.begin(r.plan)
	for _, c := range r.plan.Changes {
		r.emit(event.NodeStarted, c.ID, "creating "+c.Name)
		if c.ID != "service" {
			r.emit(event.NodeDone, c.ID, c.Name)
		}
	}
	r.bus.Emit(event.Event{Type: event.EndpointUp, Endpoint: "https://d3k1example.cloudfront.net", Text: "GET / answered 200 in 85 ms"})
	r.emit(event.NodeWaiting, "service", "waiting until the old tasks have drained")
	r.bus.Emit(event.Event{Type: event.NodeTasks, Node: "service", Tasks: []event.Task{
		{ID: "4f5d1c2ab098", New: true, State: "running", Health: "healthy"},
		{ID: "99aa0c2ab098", New: true, State: "running", Health: "healthy"},
		{ID: "11bb0c2ab098", State: "running", Health: "draining"},
	}})
	<-r.cancel
	r.finish(event.Stopped, &fail.Error{Class: fail.Stopped, Cause: "Stopped"})
}

var toReview = []string{"enter", "enter", "enter", "enter"}

var shots = []shot{
	{"stories", touring, func(d *harness) {}},
	{"stories-last", touring, func(d *harness) { d.press("end") }},
	{"stories-failed", touring, func(d *harness) {
		d.s.Tour().Begin = func(context.Context, string) (screen.Engine, error) {
			return nil, &fail.Error{Cause: "the story cannot be staged", Evidence: "no space left on device", Remedy: "make room and try again"}
		}
		d.press("enter")
	}},
	{"stories-told", touring, func(d *harness) { d.press("enter"); d.press(toReview...); d.press("y"); d.pass(10 * time.Minute) }},
	{"project", fresh, func(d *harness) {}},
	{"project-musts", demanding, func(d *harness) {}},
	{"project-answer", demanding, func(d *harness) { d.press("space", "a", "a") }},
	{"project-runs", fresh, func(d *harness) { d.engine.status = running(); d.press("R") }},
	{"project-broken", func() *fakeEngine {
		e := fresh()
		e.inspectErr = &fail.Error{
			Class: fail.Usage, Cause: "There is no Dockerfile here",
			Evidence: "looked for Dockerfile and Containerfile", Remedy: "write one, or start berth with --image REF",
		}
		e.findings = &screen.Findings{}
		return e
	}, func(d *harness) {}},
	{"no-http-project", bot, func(d *harness) {}},
	{"no-http-needs", bot, func(d *harness) { d.press("enter") }},
	{"no-http-compare", bot, func(d *harness) { d.press("enter", "enter") }},
	{"no-http-review", bot, func(d *harness) { d.press(toReview...) }},
	{"no-http-result", bot, func(d *harness) { d.press(toReview...); d.press("y"); d.pass(10 * time.Minute) }},
	{"no-http-overview", runningBot, func(d *harness) {}},
	{"needs", simulated, func(d *harness) { d.press("enter") }},
	{"needs-region", fresh, func(d *harness) { d.press("enter", "down", "down", "down", "down", "space", "frank") }},
	{"compare", fresh, func(d *harness) { d.press("enter", "enter") }},
	{"compare-cost", fresh, func(d *harness) { d.press("enter", "enter", "right") }},
	{"compare-chart", fresh, func(d *harness) { d.press("enter", "enter", "right", "right") }},
	{"compare-regions", fresh, func(d *harness) { d.press("enter", "enter", "r") }},
	{"compare-matrix", fresh, func(d *harness) { d.press("enter", "enter", "x", "down") }},
	{"compare-despite", fresh, func(d *harness) {
		d.s.Advisor = unfit{d.s.Advisor}
		d.press("enter", "enter", "enter")
	}},
	{"settings", fresh, func(d *harness) { d.press("enter", "enter", "enter") }},
	{"settings-editor", fresh, func(d *harness) { d.press("enter", "enter", "enter", "space", "-it") }},
	{"settings-entry", fresh, func(d *harness) {
		d.press("enter", "enter", "enter")
		d.at("env")
		d.press("space", "GREETING", "enter", "hello", "left")
	}},
	{"settings-problem", fresh, func(d *harness) {
		d.press("enter", "enter", "enter", "space", "ctrl+u", "Live_Beats!", "enter", "enter")
	}},
	{"review", fresh, func(d *harness) { d.press(toReview...) }},
	{"review-musts", demanding, func(d *harness) { d.press(toReview...) }},
	{"review-despite", demanding, func(d *harness) { d.press(toReview...); d.press("y") }},
	{"review-changed", changing, func(d *harness) { d.press("r") }},
	{"review-opened", changing, func(d *harness) { d.press("r", "end", "o") }},
	{"review-looking", fresh, func(d *harness) { d.engine.planTakes = time.Minute; d.press(toReview...) }},
	{"review-impossible", fresh, func(d *harness) {
		d.engine.planErr = &fail.Error{Cause: "the AWS credentials have expired", Evidence: "sts: ExpiredToken", Remedy: "run aws sso login, then press R"}
		d.press(toReview...)
	}},
	{"review-nothing", deployed, func(d *harness) {
		for i := range d.engine.plan.Changes {
			d.engine.plan.Changes[i].Action = event.None
		}
		d.press("r")
	}},
	{"review-cost", fresh, func(d *harness) { d.press(toReview...); d.press("c") }},
	{"review-checking", fresh, func(d *harness) { d.engine.preflightTakes = time.Minute; d.press(toReview...); d.press("y") }},
	{"review-refused", fresh, func(d *harness) {
		d.engine.preflight, d.s.Copy = denied(), func(string) {}
		d.press(toReview...)
	}},
	{"review-policy", fresh, func(d *harness) {
		d.engine.preflight, d.s.Copy = denied(), func(string) {}
		d.press(toReview...)
		d.press("p")
	}},
	{"review-risky", deployed, func(d *harness) {
		d.engine.preflight = noting()
		for i := range d.engine.plan.Changes {
			switch c := &d.engine.plan.Changes[i]; c.ID {
			case "load-balancer":
				c.Action, c.Why = event.Replace, "its subnets changed"
			case "log-group":
				c.Action, c.Why, c.Keeps = event.Delete, "nothing needs it any more", "the logs"
			}
		}
		d.press("s", "enter", "c")
	}},
	{"deploy", fresh, func(d *harness) { d.engine.script = busy; d.press(toReview...); d.press("y"); d.pass(34 * time.Second) }},
	{"deploy-log", fresh, func(d *harness) {
		d.engine.script = busy
		d.press(toReview...)
		d.press("y")
		d.pass(34 * time.Second)
		d.press("l", "/", "deps")
	}},
	{"deploy-live", fresh, func(d *harness) { d.engine.script = live; d.press(toReview...); d.press("y"); d.pass(34 * time.Second) }},
	{"deploy-stopping", fresh, func(d *harness) {
		d.engine.script = busy
		d.press(toReview...)
		d.press("y")
		d.pass(34 * time.Second)
		d.press("ctrl+c")
	}},
	{"deploy-cancelled", fresh, func(d *harness) {
		d.engine.script = func(r *fakeRun) {
			r.begin(r.plan)
			r.emit(event.NodeStarted, "load-balancer", "creating it")
			time.Sleep(time.Hour)
		}
		d.press(toReview...)
		d.press("y")
		d.pass(4 * time.Second)
		d.press("ctrl+c", "ctrl+c")
	}},
	{"deploy-failed", fresh, func(d *harness) {
		d.engine.script = failing
		d.press(toReview...)
		d.press("y")
		d.pass(2 * time.Minute)
	}},
	{"deploy-remedy", fresh, func(d *harness) {
		d.engine.script = func(r *fakeRun) { failingWith(r, outOfMemory) }
		d.press(toReview...)
		d.press("y")
		d.pass(2 * time.Minute)
	}},
	{"settings-remedy", fresh, func(d *harness) {
		d.engine.script = func(r *fakeRun) { failingWith(r, outOfMemory) }
		d.press(toReview...)
		d.press("y")
		d.pass(2 * time.Minute)
		d.press("f")
	}},
	{"result", fresh, func(d *harness) {
		d.s.Copy, d.s.Browse = func(string) {}, func(string) error { return nil }
		d.press(toReview...)
		d.press("y")
		d.pass(10 * time.Minute)
	}},
	{"result-opened", fresh, func(d *harness) {
		d.s.Copy, d.s.Browse = func(string) {}, func(string) error { return errors.New("there is no DISPLAY") }
		d.press(toReview...)
		d.press("y")
		d.pass(10 * time.Minute)
		d.press("o")
	}},
	{"result-waiting", fresh, func(d *harness) {
		d.s.Copy = func(string) {}
		script := d.engine.script
		if script == nil {
			script = smooth
		}
		d.engine.script = func(r *fakeRun) { r.waiting = forRecords(); script(r) }
		d.press(toReview...)
		d.press("y")
		d.pass(10 * time.Minute)
		d.press("c")
	}},
	{"overview-waiting", deployed, func(d *harness) {
		d.engine.status.Waiting = forRecords()
		d.press("R")
	}},
	{"settings-domain", atDomain(true), func(d *harness) { d.press("enter", "enter", "enter") }},
	{"review-domain", atDomain(true), func(d *harness) { d.press(toReview...) }},
	{"review-domain-elsewhere", atDomain(false), func(d *harness) { d.press(toReview...) }},
	{"review-domain-records", atDomain(false), func(d *harness) { d.press(toReview...); d.press("c") }},
	{"result-domain", atDomain(true), func(d *harness) {
		d.engine.script = liveAt
		d.press(toReview...)
		d.press("y")
		d.pass(time.Minute)
	}},
	{"overview-domain", withNames(namesRight), func(d *harness) {}},
	{"overview-domain-bent", withNames(namesBent), func(d *harness) {}},
	{"result-rollback", deployed, func(d *harness) { d.press("b", "y"); d.pass(10 * time.Minute) }},
	{"result-destroyed", deployed, func(d *harness) {
		for i := range d.engine.plan.Changes {
			d.engine.plan.Changes[i].Action = event.Delete
		}
		d.press("d", "live-beats", "enter")
		d.pass(10 * time.Minute)
	}},
	{"overview", deployed, func(d *harness) {}},
	{"overview-partial", deployed, func(d *harness) {
		d.engine.status.State, d.engine.status.Deployments, d.engine.status.Revision = "partial", nil, ""
		d.engine.status.Running, d.engine.status.Desired, d.engine.status.Healthy = 0, 0, 0
		d.press("R")
	}},
	{"overview-degraded", deployed, func(d *harness) {
		st := d.engine.status
		st.State, st.Running, st.Healthy, st.Unhealthy, st.Denied = "degraded", 1, 0, 1, []string{"ec2:DescribeSubnets"}
		d.engine.metricsErr = &fail.Error{Cause: "no permission for cloudwatch:GetMetricData"}
		d.engine.linesErr = &fail.Error{Cause: "no permission for logs:FilterLogEvents"}
		d.press("R")
	}},
	{"overview-paused", deployed, func(d *harness) {
		st := d.engine.status
		st.State, st.Running, st.Desired, st.Healthy, st.MonthlyUSD = "stopped", 0, 0, 0, 27.4
		d.press("R")
	}},
	{"overview-alarms", deployed, func(d *harness) {
		err := json.Unmarshal(fmt.Appendf(nil, `{"alarms": {
			"list": [{"title": "more than 5%% of the requests fail (5xx)", "state": "alarm", "since": %q}, {"title": "no container runs", "state": "ok"}],
			"told": [{"to": "ops@example.com", "confirmed": true}, {"to": "https://hooks.example.com/…"}],
			"budget": {"spent_usd": 41.5, "monthly_usd": 100}
		}}`, time.Now().Add(-20*time.Minute).Format(time.RFC3339)), d.engine.status)
		if err != nil {
			d.t.Fatal(err)
		}
		d.press("R")
	}},
	{"overview-at-work", deployed, func(d *harness) {
		now := time.Now()
		d.engine.busy = &screen.Holder{Run: "r9", Verb: "deploy", User: "grace", Host: "laptop", Started: now, Seen: now.Add(time.Hour)}
		d.pass(time.Minute)
	}},
	{"overview-not-refreshed", deployed, func(d *harness) {
		d.engine.statusErr = &fail.Error{Cause: "the AWS credentials have expired", Remedy: "run aws sso login"}
		d.pass(time.Minute)
	}},
	{"overview-selected", deployed, func(d *harness) { d.press("down", "down") }},
	{"overview-below", deployed, func(d *harness) { d.press("pgdown", "pgdown", "pgdown", "pgdown") }},
	{"logs", deployed, func(d *harness) { d.press("l") }},
	{"logs-found", deployed, func(d *harness) { d.press("l", "/", "room/1", "enter", "up") }},
	{"logs-paused", deployed, func(d *harness) {
		d.press("l", "space")
		d.engine.write(time.Now(), "4f5d1c2a", "one line more")
		d.pass(10 * time.Second)
	}},
	{"logs-none", func() *fakeEngine { e := deployed(); e.lines = nil; return e }, func(d *harness) { d.press("l") }},
	{"logs-denied", func() *fakeEngine {
		e := deployed()
		e.linesErr = &fail.Error{Cause: "no permission for logs:FilterLogEvents", Remedy: "berth policy prints what is needed"}
		return e
	}, func(d *harness) { d.press("l") }},
	{"apps", hosting, func(d *harness) { d.press("a") }},
	{"apps-regions", hosting, func(d *harness) { d.press("a", "w", "end", "y") }},
	{"apps-none", deployed, func(d *harness) { d.press("a") }},
	{"apps-denied", func() *fakeEngine {
		e := deployed()
		e.appsErr = &fail.Error{Class: fail.Refused, Cause: "the credentials may not list clusters", Remedy: "allow ecs:ListClusters"}
		return e
	}, func(d *harness) { d.press("a") }},
	{"overview-rollback", deployed, func(d *harness) { d.press("down", "down", "down", "b") }},
	{"overview-scale", deployed, func(d *harness) { d.press("+") }},
	{"rolling-back", deployed, func(d *harness) { d.press("b", "y"); d.pass(20 * time.Second) }},
	{"destroy", deployed, func(d *harness) {
		for i := range d.engine.plan.Changes {
			d.engine.plan.Changes[i].Action = event.Delete
			d.engine.plan.Changes[i].Why = "berth made it"
		}
		d.press("d")
		d.press("live")
	}},
	{"help", fresh, func(d *harness) { d.press("enter", "?") }},
	{"leave", fresh, func(d *harness) { d.press("enter", "ctrl+c") }},
}

var looks = []struct {
	name  string
	w, h  int
	theme theme.Options
}{
	{"60x16", 60, 16, theme.Options{Plain: true}},
	{"80x24", 80, 24, theme.Options{Plain: true}},
	{"120x40", 120, 40, theme.Options{Plain: true}},
	{"200x60", 200, 60, theme.Options{Plain: true}},
	{"ascii", 80, 24, theme.Options{Plain: true, ASCII: true}},
	{"light", 80, 24, theme.Options{Light: true, Profile: termenv.TrueColor, Links: true}},
	{"16-colours", 80, 24, theme.Options{Profile: termenv.ANSI}},
	{"no-colour", 80, 24, theme.Options{Profile: termenv.Ascii}},
}

func TestViews(t *testing.T) {
	for _, s := range shots {
		for _, l := range looks {
			t.Run(s.name+"/"+l.name, func(t *testing.T) {
				dir := t.TempDir() + "/live-beats"
				synctest.Test(t, func(t *testing.T) {
					e := s.engine()
					e.folder(t, dir)
					d := drive(t, e, screen.Options{Dir: dir, Theme: theme.New(l.theme)}, l.w, l.h)
					defer d.end()
					s.walk(d)
					v := d.view()
					if l.theme.ASCII && strings.ContainsFunc(v, func(r rune) bool { return r >= 0x80 }) {
						t.Errorf("not ASCII:\n%s", v)
					}
					golden.RequireEqual(t, trimmed(v))
				})
			})
		}
	}
}

// trimmed leaves out the blanks at line ends, which editors and diffs hide.
func trimmed(v string) string {
	lines := strings.Split(v, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}
