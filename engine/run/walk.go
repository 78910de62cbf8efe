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
			Type: event.NodeLog, Stream: "aws", Notable: true,
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
