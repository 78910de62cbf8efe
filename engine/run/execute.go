package run

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/graph"
	"berth/engine/plan"
	"berth/engine/resource"
)

// execute is the whole run: prepare, tell the plan, walk, finish.
func (r *Run) execute(ctx context.Context) {
	p := r.plan
	r.bus.Emit(event.Event{
		Type: event.RunStarted, Verb: r.opts.Verb, App: p.App, Env: p.Env, Target: p.Target, Region: p.Region,
		Account: p.Account, Hash: p.Hash, Text: r.opts.Verb + " " + p.App + " (" + p.Env + ") in " + p.Region,
	})
	if r.opts.WaitForLogin {
		r.opts.Scope.OnExpired(r.tell)
		defer r.opts.Scope.OnExpired(nil)
	}
	p, release, err := r.prepare(ctx)
	if err != nil {
		r.finish(refused(err))
		return
	}
	r.plan = p
	for _, c := range p.Changes {
		r.bus.Emit(event.Event{
			Type: event.NodePlanned, Node: c.ID, Kind: c.Kind, Name: c.Name, Group: c.Group, Action: c.Action,
			Text: c.Why, Needs: c.Needs, MonthlyUSD: c.MonthlyUSD, UsuallyS: event.Seconds(c.Usually),
		})
	}
	w := newWalk(r, p)
	r.graph = w.graph
	ctx = cloud.WithStop(ctx, r.stop)
	_, err = w.graph.Walk(ctx, graph.Walker{Visit: w.visit, Skip: w.skip, Stopped: r.stop})
	for _, res := range p.Resources {
		if h, ok := res.(resource.Holder); ok {
			h.Release()
		}
	}
	release(context.WithoutCancel(ctx))
	if err != nil {
		r.finish(fail.From(fmt.Errorf("order the plan: %w", err)))
		return
	}
	r.finish(r.verdict(ctx))
}

// prepare takes the lock and makes sure that the plan is still the one to carry out.
func (r *Run) prepare(ctx context.Context) (*plan.Plan, func(context.Context), error) {
	p, release := r.plan, func(context.Context) {}
	if r.opts.Lock != nil {
		var err error
		if release, err = r.opts.Lock(ctx, r.tell, r.lost); err != nil {
			return nil, nil, err
		}
	}
	if r.opts.Prepare == nil {
		return p, release, nil
	}
	fresh, err := r.opts.Prepare(ctx)
	if err != nil {
		release(context.WithoutCancel(ctx))
		return nil, nil, err
	}
	return fresh, release, nil
}

// tell passes on a line about the run as a whole.
func (r *Run) tell(text string) {
	r.bus.Emit(event.Event{Type: event.NodeLog, Stream: "berth", Text: text})
}

// lost stops a run whose lock was taken away.
func (r *Run) lost() {
	r.mu.Lock()
	r.failures = append(r.failures, failure{err: &fail.Error{
		Class: fail.Failed, Cause: "another run took this app over",
		Remedy: "let the other run finish, then run the same command again",
	}})
	r.mu.Unlock()
	r.Cancel()
}

// refused makes sure that an error before anything changed is told as such.
func refused(err error) *fail.Error {
	f := *fail.From(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, cloud.ErrStopped) {
		return &fail.Error{Class: fail.Stopped, Cause: "stopped before anything was changed"}
	}
	if f.Class == fail.Failed {
		f.Class = fail.Refused
	}
	return &f
}

// verdict is the failure that the run ends with, nil when there is none: a rollback tells more than other
// failures, and the first failure more than those that follow from it.
func (r *Run) verdict(ctx context.Context) *fail.Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.failures {
		if f.err.Class == fail.RolledBack {
			return f.err
		}
	}
	if len(r.failures) > 0 {
		f := *r.failures[0].err
		if left := r.standing(); r.plan.Destroy && left != "" {
			f.Evidence = strings.TrimSpace(f.Evidence + "\nstill there: " + left)
			f.Remedy = strings.TrimSpace(f.Remedy + "\nrun berth destroy again: it goes on from here")
		}
		return &f
	}
	if r.stopped || ctx.Err() != nil {
		f := &fail.Error{
			Class: fail.Stopped, Cause: "stopped as asked",
			Remedy: "run the same command again to go on from here, or berth destroy to remove what was made",
		}
		if there := r.standing(); there != "" {
			f.Evidence = "there by now: " + there
		}
		return f
	}
	return nil
}

// standing lists what there is in AWS when the run ends too early: what a destroy did not remove, or what a
// deployment made, each with its monthly cost, and together. The caller holds mu.
func (r *Run) standing() string {
	var names []string
	var usd float64
	for _, c := range r.plan.Changes {
		if r.ended[c.ID] == r.plan.Destroy || c.Action == event.None && !r.plan.Destroy {
			continue
		}
		name := c.Name
		if c.MonthlyUSD > 0 {
			name += fmt.Sprintf(" ($%.2f a month)", c.MonthlyUSD)
			usd += c.MonthlyUSD
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s; about $%.2f a month together", strings.Join(names, ", "), usd)
}

func (r *Run) finish(f *fail.Error) {
	res := Result{Outcome: event.Succeeded, Err: f}
	text := r.opts.Verb + " succeeded"
	if f != nil {
		res.Outcome, text = outcome(f.Class), f.Cause
	}
	r.mu.Lock()
	res.Endpoint = r.endpoint
	r.result = res
	r.mu.Unlock()
	r.bus.Emit(event.Event{
		Type: event.RunFinished, Text: text, Outcome: res.Outcome, Endpoint: res.Endpoint, Error: f,
		ElapsedS: event.Seconds(r.opts.Scope.Clock.Since(r.start)),
		APICalls: r.opts.Scope.Calls.Count() - r.calls,
	})
}

func outcome(c fail.Class) event.Outcome {
	switch c {
	case fail.RolledBack:
		return event.RolledBack
	case fail.Refused, fail.Usage:
		return event.Refused
	case fail.Stopped:
		return event.Stopped
	case fail.Failed:
	}
	return event.Failed
}

// walk is the graph of a run. A resource has up to three steps: the change itself (its id), the wait until
// it is ready (id/ready), and what it cleans up at the end (id/cleanup).
type walk struct {
	*Run
	graph   graph.Graph
	do      map[string]func(context.Context) error
	of      map[string]resource.Resource
	actions map[string]event.Action // by resource id; missing: no part of the plan
}

func newWalk(r *Run, p *plan.Plan) *walk {
	w := &walk{
		Run: r, do: map[string]func(context.Context) error{}, of: map[string]resource.Resource{},
		actions: map[string]event.Action{},
	}
	for _, c := range p.Changes {
		w.actions[c.ID] = c.Action
	}
	for _, res := range p.Resources {
		if p.Destroy {
			w.addDelete(res)
		} else {
			w.addApply(res)
		}
	}
	if p.Destroy {
		w.graph = *w.graph.Reverse()
		return w
	}
	var all []string
	for step := range w.do {
		all = append(all, step)
	}
	w.addCleanups(p, all)
	return w
}

// addCleanups adds what is done once everything else is ready: what resources left behind, and resources
// that the app needs no longer, those that need others before those.
func (w *walk) addCleanups(p *plan.Plan, all []string) {
	for _, res := range p.Resources {
		needs := all
		for _, user := range p.Resources {
			for _, n := range p.Resources.Needs(user) {
				if n.On == res && w.actions[user.Info().ID] == event.Delete {
					needs = append(slices.Clone(needs), user.Info().ID+"/cleanup")
				}
			}
		}
		if w.actions[res.Info().ID] == event.Delete {
			w.step(res, "/cleanup", func(ctx context.Context) error { return w.remove(ctx, res) }, needs...)
		} else if c, ok := res.(resource.Cleaner); ok {
			w.step(res, "/cleanup", func(ctx context.Context) error { return w.cleanup(ctx, res, c) }, needs...)
		}
	}
}

func (w *walk) step(res resource.Resource, suffix string, do func(context.Context) error, needs ...string) {
	name := res.Info().ID + suffix
	w.of[name], w.do[name] = res, do
	w.graph.Add(name, needs...)
}

func (w *walk) addApply(res resource.Resource) {
	var needs []string
	for _, n := range w.plan.Resources.Needs(res) {
		name := n.On.Info().ID
		if _, waits := w.plan.Resources.Get(name).(resource.Readier); waits && n.Ready {
			name += "/ready"
		}
		needs = append(needs, name)
	}
	readier, waits := res.(resource.Readier)
	w.step(res, "", func(ctx context.Context) error { return w.apply(ctx, res, waits) }, needs...)
	if waits {
		w.step(res, "/ready", func(ctx context.Context) error { return w.ready(ctx, res, readier) }, res.Info().ID)
	}
}

func (w *walk) addDelete(res resource.Resource) {
	var needs []string
	for _, n := range w.plan.Resources.Needs(res) {
		if !n.Loose {
			needs = append(needs, n.On.Info().ID)
		}
	}
	w.step(res, "", func(ctx context.Context) error { return w.remove(ctx, res) }, needs...)
}

// visit runs one step and tells its failure. A panic in a resource fails the step, not the process.
func (w *walk) visit(ctx context.Context, step string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &fail.Error{
				Class: fail.Failed, Cause: fmt.Sprintf("berth made a mistake: %v", p), Evidence: string(debug.Stack()),
				Remedy: "please report this; running the same command again goes on from here",
			}
			w.failed(w.of[step], err)
		}
	}()
	start := w.opts.Scope.Clock.Now()
	err = w.do[step](ctx)
	w.mu.Lock()
	w.took[step] = w.opts.Scope.Clock.Since(start)
	w.mu.Unlock()
	if err == nil {
		return nil
	}
	w.failed(w.of[step], err)
	return err
}

// failed tells and remembers the failure of a resource, or that it was only interrupted.
func (w *walk) failed(res resource.Resource, err error) {
	i := res.Info()
	if errors.Is(err, cloud.ErrStopped) || errors.Is(err, context.Canceled) && w.asked() {
		w.emit(res, event.Event{Type: event.NodeSkipped, Text: "not waited for any longer; AWS goes on with it"})
		return
	}
	f := fail.From(cloud.Explain(w.doing(i), err))
	w.mu.Lock()
	w.failures = append(w.failures, failure{node: i.ID, err: f})
	w.abandon()
	w.mu.Unlock()
	w.emit(res, event.Event{Type: event.NodeFailed, Text: f.Cause, Error: f})
}

func (w *walk) doing(i resource.Info) string {
	switch w.actions[i.ID] {
	case event.Create:
		return "create " + i.Label
	case event.Delete:
		return "delete " + i.Label
	case event.None, event.Update, event.Replace:
	}
	return "bring up " + i.Label
}

// skip tells that a step is not done, once for each resource that would have done something.
func (w *walk) skip(step, because string) {
	res := w.of[step]
	if a := w.actions[res.Info().ID]; a == "" || strings.Contains(step, "/") && because == res.Info().ID {
		return // no part of the plan, or told already with its first step
	}
	if strings.HasSuffix(step, "/cleanup") {
		return
	}
	text := "not started"
	if on := w.of[because]; on != nil {
		text = "needs " + on.Info().Label + " first"
	}
	w.emit(res, event.Event{Type: event.NodeSkipped, Text: text})
}

func (w *walk) emit(res resource.Resource, e event.Event) {
	i := res.Info()
	e.Node, e.Kind = i.ID, i.Kind
	w.note(e)
	w.bus.Emit(e)
}

// note keeps what later events tell again.
func (w *walk) note(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e.Type {
	case event.EndpointUp:
		w.endpoint, w.verified = e.Endpoint, e.Text
	case event.NodeStarted:
		if w.began[e.Node].IsZero() {
			w.began[e.Node] = w.opts.Scope.Clock.Now()
		}
	default:
	}
}

// scope is the scope of one resource.
func (w *walk) scope(res resource.Resource) *resource.Scope {
	s := *w.opts.Scope
	s.Emit = func(e event.Event) { w.emit(res, e) }
	return &s
}

func (w *walk) apply(ctx context.Context, res resource.Resource, waits bool) error {
	action := w.actions[res.Info().ID]
	switch action {
	case "", event.None, event.Delete:
		if action == event.None && !waits {
			w.done(res, "unchanged")
		}
		return nil // what goes is removed at the end
	case event.Create, event.Update, event.Replace:
	}
	s := w.scope(res)
	s.Doing(verbs[action])
	if err := res.Apply(ctx, s); err != nil {
		return err
	}
	if !waits {
		w.done(res, pasts[action])
	}
	return nil
}

func (w *walk) ready(ctx context.Context, res resource.Resource, r resource.Readier) error {
	if _, alone := res.(resource.Unattended); alone {
		ctx = cloud.WithStop(ctx, w.giveUp)
	}
	if err := r.Ready(ctx, w.scope(res)); err != nil {
		return err
	}
	text := "unchanged"
	if a := w.actions[res.Info().ID]; a != event.None {
		text = pasts[a] + " and ready"
	}
	if _, ok := res.(*resource.Endpoint); ok {
		text = w.verified
	}
	w.done(res, text)
	return nil
}

func (w *walk) remove(ctx context.Context, res resource.Resource) error {
	if w.actions[res.Info().ID] == "" {
		return nil
	}
	s := w.scope(res)
	s.Doing("deleting")
	if err := res.Delete(ctx, s); err != nil {
		return err
	}
	w.done(res, "gone")
	return nil
}

// cleanup removes what a resource left behind. The app serves already, so that this failed is only told.
func (w *walk) cleanup(ctx context.Context, res resource.Resource, c resource.Cleaner) error {
	if err := c.Cleanup(ctx, w.scope(res)); err != nil && ctx.Err() == nil {
		w.emit(res, event.Event{
			Type: event.NodeLog, Stream: "aws",
			Text: "cleaning up did not work and is tried again next time: " + cloud.Explain("clean up "+res.Info().Label, err).Error(),
		})
	}
	return nil
}

func (w *walk) done(res resource.Resource, text string) {
	e := event.Event{Type: event.NodeDone, Text: text, ID: identifier(res)}
	w.mu.Lock()
	w.ended[res.Info().ID] = true
	if began, ok := w.began[res.Info().ID]; ok {
		e.ElapsedS = event.Seconds(w.opts.Scope.Clock.Since(began))
	}
	w.mu.Unlock()
	w.emit(res, e)
}

var (
	verbs = map[event.Action]string{event.Create: "creating", event.Update: "updating", event.Replace: "replacing"}
	pasts = map[event.Action]string{
		event.Create: "created", event.Update: "updated", event.Replace: "replaced", event.Delete: "gone",
	}
)

// identifier is the ARN or id of a resource that has one.
func identifier(res resource.Resource) string {
	if i, ok := res.(resource.Identified); ok {
		return i.Identifier()
	}
	return ""
}
