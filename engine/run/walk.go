package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
	"berth/engine/resource"
)

// walk is one run going through the steps of its plan.
type walk struct {
	*Run
	steps   plan.Steps
	actions map[string]event.Action // by resource id
}

func newWalk(r *Run, p *plan.Plan) *walk {
	w := &walk{Run: r, steps: p.Steps, actions: map[string]event.Action{}}
	for _, c := range p.Changes {
		w.actions[c.ID] = c.Action
	}
	return w
}

// do does one step.
func (w *walk) do(ctx context.Context, s *plan.Step) error {
	switch s.Does {
	case plan.Apply:
		return w.apply(ctx, s)
	case plan.Wait:
		return w.wait(ctx, s.On)
	case plan.CleanUp:
		return w.cleanUp(ctx, s.On)
	case plan.Remove:
		return w.remove(ctx, s.On)
	case plan.Keep:
		w.done(s.On, "kept")
		return nil
	}
	return fmt.Errorf("step %s does nothing that is known", s.Name)
}

// visit runs one step and tells its failure. A panic in a resource fails the step, not the process.
func (w *walk) visit(ctx context.Context, name string) (err error) {
	step := w.steps.Get(name)
	defer func() {
		if p := recover(); p != nil {
			err = &fail.Error{
				Class: fail.Failed, Cause: fmt.Sprintf("internal error in berth: %v", p), Evidence: string(debug.Stack()),
				Remedy: "please report this; running the same command again continues from here",
			}
			w.failed(step.On, err)
		}
	}()
	start := w.opts.Scope.Clock.Now()
	err = w.do(ctx, step)
	w.mu.Lock()
	w.took[name] = w.opts.Scope.Clock.Since(start)
	w.mu.Unlock()
	if err == nil {
		return nil
	}
	w.failed(step.On, err)
	return err
}

// failed tells and remembers the failure of a resource, or that it was only interrupted.
func (w *walk) failed(res resource.Resource, err error) {
	i := res.Info()
	if errors.Is(err, cloud.ErrStopped) || errors.Is(err, context.Canceled) && w.asked() {
		w.emit(res, event.Event{Type: event.NodeSkipped, Text: "no longer waited for; AWS continues with it"})
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

// skip tells that a step is not done, once for each resource: a wait that is skipped because of the change itself
// is told with that.
func (w *walk) skip(name, because string) {
	step, text := w.steps.Get(name), "not started"
	if because != "" {
		on := w.steps.Get(because).On
		if on == step.On {
			return
		}
		text = "needs " + on.Info().Label + " first"
	}
	if step.Does != plan.CleanUp {
		w.emit(step.On, event.Event{Type: event.NodeSkipped, Text: text})
	}
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
		w.endpoint, w.said[e.Node] = e.Endpoint, e.Text
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

// apply brings one resource up. One that is as it should be is only told, unless it is waited for.
func (w *walk) apply(ctx context.Context, step *plan.Step) error {
	action, text := w.actions[step.On.Info().ID], "unchanged"
	if action != event.None {
		s := w.scope(step.On)
		s.Doing(verbs[action])
		if err := step.On.Apply(ctx, s); err != nil {
			return err
		}
		text = pasts[action]
	}
	if step.Last {
		w.done(step.On, text)
	}
	return nil
}

// wait waits until one resource does its work.
func (w *walk) wait(ctx context.Context, res resource.Resource) error {
	r, ok := res.(resource.Waiter)
	if !ok {
		return fmt.Errorf("wait for %s: it has nothing to wait for", res.Info().Label)
	}
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
	w.done(res, text)
	return nil
}

func (w *walk) remove(ctx context.Context, res resource.Resource) error {
	s := w.scope(res)
	s.Doing("deleting")
	if err := res.Delete(ctx, s); err != nil {
		return err
	}
	w.done(res, "gone")
	return nil
}

// cleanUp removes what a resource left behind. The app serves already, so that this failed is only told.
func (w *walk) cleanUp(ctx context.Context, res resource.Resource) error {
	c, ok := res.(resource.Cleaner)
	if !ok {
		return nil
	}
	if err := c.Cleanup(ctx, w.scope(res)); err != nil && ctx.Err() == nil {
		w.emit(res, event.Event{
			Type: event.NodeLog, Stream: "aws", Notable: true,
			Text: "cleanup failed and is tried again next time: " + cloud.Explain("clean up "+res.Info().Label, err).Error(),
		})
	}
	return nil
}

// done tells that a resource is as it should be. What it said of that itself says more.
func (w *walk) done(res resource.Resource, text string) {
	e := event.Event{Type: event.NodeDone, ID: identifier(res)}
	w.mu.Lock()
	e.Text = cmp.Or(w.said[res.Info().ID], text)
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
