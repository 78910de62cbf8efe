package app

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/screen"
)

// fakeEngine answers from what a test put into it. Deployments are played by script, in the test's time.
type fakeEngine struct {
	away       bool // it cannot be asked anything: it is another process's
	simulated  string
	account    string // empty: 123456789012
	findings   *screen.Findings
	inspectErr error
	plan       *screen.Plan
	planErr    error
	status     *screen.Status
	statusErr  error
	metrics    *screen.Metrics // nil: a course that looks like one
	metricsErr error
	lines      []screen.LogLine // of the app's log, later ones at any time
	linesErr   error
	busy       *screen.Holder // whose run goes on somewhere
	planTakes  time.Duration

	inspectTakes time.Duration

	statusTakes time.Duration

	preflight      *screen.Report // nil: nothing stands in the way
	preflightErr   error
	preflightTakes time.Duration

	script func(*fakeRun)
	tour   *screen.Tour // what the program offers first; Begin is filled in

	mu    sync.Mutex
	calls map[string]int
	runs  []*fakeRun
	last  screen.Request
}

// count counts a call of the engine, or of a watch.
func (f *fakeEngine) count(name string) {
	if f.away {
		panic("the engine of another process is asked for " + name)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[name]++
}

func (f *fakeEngine) called(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[name]
}

func (f *fakeEngine) Inspect(context.Context, string) (*screen.Findings, error) {
	f.count("inspect")
	time.Sleep(f.inspectTakes)
	return f.findings, f.inspectErr
}

func (f *fakeEngine) Identity(context.Context, string) (screen.Identity, error) {
	f.count("identity")
	if f.account != "" {
		return screen.Identity{Account: f.account}, nil
	}
	return screen.Identity{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/ada"}, nil
}

func (f *fakeEngine) Plan(ctx context.Context, r screen.Request) (*screen.Plan, error) {
	f.count("plan")
	if f.planTakes > 0 {
		select {
		case <-time.After(f.planTakes):
		case <-ctx.Done():
			f.count("plan cut off")
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	f.last = r
	f.mu.Unlock()
	if f.planErr != nil {
		return nil, f.planErr
	}
	p := *f.plan
	p.Destroy = r.Destroy
	if r.Rollback != "" {
		p.Verb, p.Changes = "rollback", []screen.Change{change("service", "compute", 0, 60*time.Second)}
		p.Changes[0].Action, p.Changes[0].Why = event.Update, "runs another revision"
		if p.Revision = r.Rollback; p.Revision == "previous" {
			p.Revision = "live-beats-production:6"
		}
	}
	return &p, nil
}

func (f *fakeEngine) Preflight(ctx context.Context, p *screen.Plan) (*screen.Report, error) {
	f.count("preflight")
	if f.preflightTakes > 0 {
		select {
		case <-time.After(f.preflightTakes):
		case <-ctx.Done():
			f.count("preflight cut off")
			return nil, ctx.Err()
		}
	}
	if f.preflightErr != nil {
		return nil, f.preflightErr
	}
	r := f.preflight
	if r == nil {
		r = &screen.Report{State: "ok"}
	}
	p.Preflight = r
	return r, nil
}

func (f *fakeEngine) Apply(_ context.Context, p *screen.Plan) screen.Run {
	f.count("apply")
	r := &fakeRun{
		id: fmt.Sprintf("run-%d", len(f.runs)+1), plan: p, done: make(chan struct{}),
		stop: make(chan struct{}), cancel: make(chan struct{}),
	}
	r.bus = event.NewBus(r.id, time.Now)
	f.runs = append(f.runs, r)
	go func() {
		defer close(r.done)
		f.script(r)
	}()
	return r
}

func (f *fakeEngine) Status(ctx context.Context, _ *spec.Spec) (*screen.Status, error) {
	f.count("status")
	if f.statusTakes > 0 {
		select {
		case <-time.After(f.statusTakes):
		case <-ctx.Done():
			f.count("status cut off")
			return nil, ctx.Err()
		}
	}
	return f.status, f.statusErr
}

func (f *fakeEngine) Watch(context.Context, *spec.Spec) (screen.Watch, error) {
	f.count("watch")
	return fakeWatch{f}, f.statusErr
}

// fakeWatch counts what is asked of it as the calls to AWS that the real one makes.
type fakeWatch struct{ f *fakeEngine }

func (w fakeWatch) Status(ctx context.Context) (*screen.Status, error) {
	w.f.count("whole look")
	st, err := w.f.Status(ctx, nil)
	if st == nil || err != nil {
		return nil, err
	}
	c := *st
	return &c, nil
}

func (w fakeWatch) Pulse(context.Context) (screen.Pulse, error) {
	w.f.count("pulse")
	st := w.f.status
	return screen.Pulse{
		Running: st.Running, Desired: st.Desired, Healthy: st.Healthy, Unhealthy: st.Unhealthy, HealthKnown: true,
		Revision: st.Revision, State: st.State, At: time.Now(),
	}, w.f.statusErr
}

func (w fakeWatch) Metrics(context.Context) (screen.Metrics, error) {
	w.f.count("metrics")
	if w.f.metrics != nil || w.f.metricsErr != nil {
		return val(w.f.metrics), w.f.metricsErr
	}
	m := screen.Metrics{From: time.Now().Add(-3 * time.Hour), Step: 3 * time.Minute}
	for i := range 60 {
		x := float64(i)
		m.CPU, m.Memory = append(m.CPU, 8+6*math.Sin(x/7)), append(m.Memory, 41+x/20)
		m.Requests, m.Errors = append(m.Requests, 30+25*math.Sin(x/9)), append(m.Errors, 0)
		m.Latency = append(m.Latency, 0.08+0.02*math.Sin(x/5))
	}
	m.CPU[0], m.Errors[40] = math.NaN(), 1.5
	return m, nil
}

func val(m *screen.Metrics) screen.Metrics {
	if m == nil {
		return screen.Metrics{}
	}
	return *m
}

func (w fakeWatch) Logs(_ context.Context, after time.Time) ([]screen.LogLine, error) {
	w.f.count("logs")
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	var out []screen.LogLine
	for _, l := range w.f.lines {
		if l.Time.After(after) {
			out = append(out, l)
		}
	}
	return out, w.f.linesErr
}

func (w fakeWatch) Busy(context.Context) (*screen.Holder, error) {
	w.f.count("busy")
	return w.f.busy, nil
}

// write lets the app write a line.
func (f *fakeEngine) write(at time.Time, task, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, screen.LogLine{Time: at, Task: task, Text: text})
}

func (f *fakeEngine) Now() time.Time    { return time.Now() }
func (f *fakeEngine) Simulated() string { return f.simulated }

// fakeRun is a run whose events a script emits.
type fakeRun struct {
	id           string
	plan         *screen.Plan
	bus          *event.Bus
	done         chan struct{}
	stop, cancel chan struct{}
	stops        int
	cancels      int
}

func (r *fakeRun) ID() string            { return r.id }
func (r *fakeRun) Events() *event.Reader { return r.bus.Reader() }
func (r *fakeRun) Done() <-chan struct{} { return r.done }

func (r *fakeRun) Stop() {
	if r.stops++; r.stops == 1 {
		close(r.stop)
	}
}

func (r *fakeRun) Cancel() {
	if r.cancels++; r.cancels == 1 {
		close(r.cancel)
	}
}

// begin emits the start of the run and its plan.
func (r *fakeRun) begin(p *screen.Plan) {
	verb := "deploy"
	switch {
	case p.Verb != "":
		verb = p.Verb
	case p.Destroy:
		verb = "destroy"
	}
	r.bus.Emit(event.Event{
		Type: event.RunStarted, Verb: verb, App: p.App, Env: p.Env, Target: p.Target, Region: p.Region,
		Account: p.Account, Hash: p.Hash,
	})
	for _, c := range p.Changes {
		r.bus.Emit(event.Event{
			Type: event.NodePlanned, Node: c.ID, Kind: c.Kind, Name: c.Name, Group: c.Group, Action: c.Action,
			Text: c.Why, Needs: c.Needs, UsuallyS: c.Usually.Seconds(), MonthlyUSD: c.MonthlyUSD,
		})
	}
}

func (r *fakeRun) emit(t event.Type, node, text string) {
	r.bus.Emit(event.Event{Type: t, Node: node, Text: text})
}

// finish emits the end.
func (r *fakeRun) finish(o event.Outcome, err *fail.Error) {
	e := event.Event{Type: event.RunFinished, Outcome: o, APICalls: 143, Error: err}
	if o == event.Succeeded {
		e.Endpoint = "https://d3k1example.cloudfront.net"
	}
	r.bus.Emit(e)
}

// smooth is a deployment in which every node takes its usual time after its needs.
func smooth(r *fakeRun) {
	r.begin(r.plan)
	ended := map[string]chan struct{}{}
	for _, c := range r.plan.Changes {
		ended[c.ID] = make(chan struct{})
	}
	var all sync.WaitGroup
	for _, c := range r.plan.Changes {
		all.Add(1)
		go func() {
			defer all.Done()
			defer close(ended[c.ID])
			for _, n := range c.Needs {
				<-ended[n]
			}
			if c.Action == event.None {
				r.emit(event.NodeDone, c.ID, "unchanged")
				return
			}
			r.emit(event.NodeStarted, c.ID, "creating "+c.Name)
			r.emit(event.NodeWaiting, c.ID, "waiting until it is ready")
			time.Sleep(c.Usually)
			r.emit(event.NodeDone, c.ID, c.Name)
		}()
	}
	all.Wait()
	if !r.plan.Destroy {
		r.bus.Emit(event.Event{
			Type: event.EndpointUp, Endpoint: "https://d3k1example.cloudfront.net",
			Text: "GET / answered 200 in 85 ms, WebSocket upgrade 101",
		})
	}
	r.finish(event.Succeeded, nil)
}

// change makes a change of the plan.
func change(id, group string, usd float64, usually time.Duration, needs ...string) screen.Change {
	return screen.Change{
		ID: id, Kind: id, Name: "live-beats-" + id, Action: event.Create, Why: "it does not exist yet",
		MonthlyUSD: usd, Group: group, Needs: needs, Usually: usually,
	}
}

func firstPlan() *screen.Plan {
	s := time.Second
	p := &screen.Plan{
		App: "live-beats", Env: "production", Target: "ecs-fargate", Region: "eu-west-2", Account: "123456789012",
		Costs: []engine.Cost{
			{Node: "load-balancer", SKU: "alb.hour", Item: "load balancer", Quantity: 730, Unit: "hour", UnitUSD: 0.02646, USD: 19.32, AsOf: "2026-08-21", Known: true},
			{Node: "service", SKU: "fargate.x86.vcpu_hour", Item: "2 tasks x 0.25 vCPU", Quantity: 365, Unit: "vCPU-hour", UnitUSD: 0.04656, USD: 16.99, AsOf: "2026-08-21", Known: true},
			{Node: "load-balancer", SKU: "alb.lcu_hour", Item: "load, 1 LCU on average", Quantity: 730, Unit: "LCU-hour", UnitUSD: 0.0064, USD: 4.66, AsOf: "2026-08-21", Use: true, Known: true},
			{Node: "log-group", SKU: "logs.gb", Item: "logs written", Quantity: 1, Unit: "GB", AsOf: "2026-08-21", Use: true},
		},
		Hash: "9f2c41d07be855aa01", MonthlyUSD: 41.87, AlwaysUSD: 37.21, PricesAsOf: "2026-08-21", Complete: true, Usually: 290 * s,
		Changes: []screen.Change{
			change("vpc", "network", 0, 4*s),
			change("subnet-a", "network", 0, 2*s, "vpc"),
			change("subnet-b", "network", 0, 2*s, "vpc"),
			change("internet-gateway", "network", 0, 2*s, "vpc"),
			change("route-table", "network", 0, 2*s, "internet-gateway", "subnet-a", "subnet-b"),
			change("security-group-lb", "network", 0, 2*s, "vpc"),
			change("security-group-tasks", "network", 0, 2*s, "security-group-lb"),
			change("execution-role", "access", 0, 10*s),
			change("task-role", "access", 0, 10*s),
			change("repository", "image", 0.1, 1*s),
			change("image", "image", 0, 75*s, "repository"),
			change("log-group", "compute", 0.5, 1*s),
			change("cluster", "compute", 0, 3*s),
			change("task-definition", "compute", 0, 1*s, "image", "execution-role", "task-role", "log-group"),
			change("load-balancer", "traffic", 19.32, 150*s, "subnet-a", "subnet-b", "security-group-lb", "route-table"),
			change("target-group", "traffic", 0, 1*s, "vpc"),
			change("listener", "traffic", 0, 1*s, "load-balancer", "target-group"),
			change("distribution", "endpoint", 0, 210*s, "load-balancer"),
			change("service", "compute", 21.95, 60*s, "cluster", "task-definition", "listener", "security-group-tasks"),
			change("verify", "endpoint", 0, 5*s, "distribution", "service"),
		},
	}
	for id, text := range map[string]string{
		"load-balancer": "it has public IPv4 addresses; its security group says who gets through",
		"distribution":  "its https:// address answers everybody on the internet",
	} {
		for i := range p.Changes {
			if p.Changes[i].ID == id {
				p.Changes[i].Exposes = text
			}
		}
	}
	return p
}

func liveBeats() *screen.Findings {
	f := &screen.Findings{
		Stack: "phoenix", Port: 4000,
		Findings: []screen.Finding{
			{ID: "dockerfile-expose", File: "Dockerfile", Line: 94, Text: "EXPOSE 4000", Means: "the app listens on port 4000"},
			{ID: "dockerfile-user", File: "Dockerfile", Line: 90, Text: "USER nobody", Means: "it does not run as root, which is good"},
			{
				ID: "phoenix-liveview", File: "mix.exs", Line: 41, Text: "{:phoenix_live_view, \"~> 0.18\"}",
				Means: "LiveView holds WebSockets open; without them pages still load but live updates and uploads suffer",
			},
			{
				ID: "libcluster", File: "mix.exs", Line: 58, Text: "{:libcluster, \"~> 3.3\"}",
				Means: "the nodes look for each other and form a cluster",
			},
			{ID: "fly-toml", File: "fly.toml", Line: 1, Text: "app = \"livebeats\"", Means: "it ran on Fly.io before; its settings are taken over"},
			{
				ID: "release-command", File: "fly.toml", Line: 12, Text: "release_command = \"/app/bin/migrate\"",
				Means: "migrations run once before each new version",
			},
		},
		Suggests: map[string]any{
			"app": "live-beats", "service.health_path": "/signin",
		},
	}
	for _, x := range []struct {
		need, key string
		value     any
		from      spec.Origin
	}{
		{"", "service.port", 4000, spec.Origin{File: "Dockerfile", Line: 94, Text: "EXPOSE 4000"}},
		{"websockets", "network.websockets", true, spec.Origin{File: "mix.exs", Line: 41, Text: "{:phoenix_live_view, \"~> 0.18\"}"}},
		{"websocket_uploads", "", nil, spec.Origin{File: "lib/live_beats_web/live/song_live.ex", Line: 14, Text: "|> allow_upload(:mp3)"}},
		{"clustering", "network.clustering", "dns", spec.Origin{File: "mix.exs", Line: 58, Text: "{:libcluster, \"~> 3.3\"}"}},
		{"release_command", "service.release_command", "/app/bin/migrate", spec.Origin{File: "fly.toml", Line: 12, Text: "release_command"}},
	} {
		f.Need(x.need, x.from)
		if x.key != "" {
			f.Suggest(x.key, x.value, x.from)
		}
	}
	return f
}

func running() *screen.Status {
	at := time.Date(1999, 12, 29, 14, 2, 0, 0, time.UTC)
	return &screen.Status{
		App: "live-beats", Env: "production", Target: "ecs-fargate", Region: "eu-west-2", State: "running",
		Endpoint: "https://d3k1example.cloudfront.net", Revision: "live-beats-production:7", Running: 2, Desired: 2,
		Image: "123456789012.dkr.ecr.eu-west-2.amazonaws.com/live-beats-production@sha256:4f5d1c2ab09833de77aa",
		Deployments: []screen.Deployment{
			{ID: "d7", State: "successful", Revision: "live-beats-production:7", Image: "x@sha256:4f5d1c2ab09833de77aa", Started: at, Finished: at.Add(151 * time.Second), By: "ada", Commit: "3fa9c1d"},
			{
				ID: "d6", State: "rollback_successful", Reason: "tasks failed to start: essential container exited",
				Revision: "live-beats-production:6", Image: "x@sha256:90aa1c2ab09833de77aa", Started: at.Add(-26 * time.Hour), Finished: at.Add(-26*time.Hour + 4*time.Minute),
			},
			{ID: "d5", State: "successful", Revision: "live-beats-production:5", Image: "x@sha256:c0ffee2ab09833de77aa", Started: at.Add(-50 * time.Hour), Finished: at.Add(-50*time.Hour + 2*time.Minute)},
		},
		Resources: make([]screen.Resource, 22), Healthy: 2, Created: at.Add(-50 * time.Hour), By: "ada", Commit: "3fa9c1d",
		Since: at.Add(151 * time.Second),
	}
}
