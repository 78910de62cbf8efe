package app

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
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
	builtFrom  string // the Dockerfile that the source tree was last read for
	plan       *screen.Plan
	planErr    error
	status     *screen.Status
	statusErr  error
	metrics    *screen.Metrics // nil: a course that looks like one
	metricsErr error
	lines      []screen.LogLine // of the app's log, later ones at any time
	linesErr   error
	apps       *engine.Apps
	appsErr    error
	appsTake   time.Duration
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

	planned *screen.Plan // the newest one
	watched []string     // the apps that were watched
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

func (f *fakeEngine) Inspect(_ context.Context, app *spec.Spec) (*screen.Findings, error) {
	f.builtFrom = app.Image.Dockerfile
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
	p.Destroy, p.KeepData = r.Destroy, r.KeepData
	if r.KeepData {
		p.Changes = slices.Clone(p.Changes)
		for i, c := range p.Changes {
			if c.Data != "" {
				p.Changes[i].Action, p.KeptUSD = event.None, p.KeptUSD+c.MonthlyUSD
			}
		}
	}
	if r.Rollback != "" {
		p.Verb, p.Changes = "rollback", []screen.Change{change("service", "compute", 0, 60*time.Second)}
		p.Changes[0].Action, p.Changes[0].Why = event.Update, "runs another revision"
		if p.Revision = r.Rollback; p.Revision == "previous" {
			p.Revision = "live-beats-production:6"
		}
	}
	if r.Restart {
		p.Verb, p.Changes = "restart", []screen.Change{change("service", "compute", 0, 60*time.Second)}
		p.Changes[0].Action, p.Changes[0].Why = event.Update, "starts new tasks of the current version"
	}
	f.mu.Lock()
	f.planned = &p
	f.mu.Unlock()
	return &p, nil
}

func (f *fakeEngine) Apps(_ context.Context, r engine.AppsRequest) (*engine.Apps, error) {
	f.count("apps")
	time.Sleep(f.appsTake)
	if f.appsErr != nil {
		return nil, f.appsErr
	}
	if f.apps == nil {
		return &engine.Apps{Account: "123456789012", Regions: []string{"eu-west-2"}}, nil
	}
	found := *f.apps
	if !r.AllRegions {
		found.Regions = found.Regions[:1]
		found.Apps = slices.DeleteFunc(slices.Clone(found.Apps), func(x engine.App) bool { return x.Region != found.Regions[0] })
	}
	return &found, nil
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

func (f *fakeEngine) Watch(_ context.Context, s *spec.Spec) (screen.Watch, error) {
	f.count("watch")
	f.mu.Lock()
	f.watched = append(f.watched, s.App)
	f.mu.Unlock()
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
	waiting      *event.Waiting // what the app waits for at its end
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
	e := event.Event{Type: event.RunFinished, Outcome: o, APICalls: 143, Error: err, Waiting: r.waiting}
	if o == event.Succeeded {
		e.Endpoint = cmp.Or(r.plan.Endpoint, "https://d3k1example.cloudfront.net")
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

// forRecords is what an app waits for whose domain has its DNS elsewhere.
func forRecords() *event.Waiting {
	return &event.Waiting{
		For:  "records of www.example.com at the DNS provider of example.com",
		Then: "run berth deploy again: it moves the app to https://www.example.com; until then the app stays at its current address",
		Records: []event.Record{
			{
				Zone: "example.com", Name: "_a79865eb4cd1a6ab.www.example.com", Relative: "_a79865eb4cd1a6ab.www", Type: "CNAME",
				Value: "_be123.mhbtsbpdnt.acm-validations.aws", State: event.RecordSet, Why: "proves to AWS that you own the name",
				Line: "_a79865eb4cd1a6ab.www.example.com. 300 IN CNAME _be123.mhbtsbpdnt.acm-validations.aws.",
			},
			{
				Zone: "example.com", Name: "www.example.com", Relative: "www", Type: "CNAME", State: event.RecordMissing,
				Value: "berth-live-beats-1.eu-west-2.elb.amazonaws.com", Why: "sends visitors to the app",
				Line: "www.example.com. 300 IN CNAME berth-live-beats-1.eu-west-2.elb.amazonaws.com.",
			},
		},
	}
}
