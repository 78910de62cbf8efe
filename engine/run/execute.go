package run

import (
	"context"
	"errors"
	"fmt"

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
	r.opts.Scope.OnSilence(r.paused)
	defer r.opts.Scope.OnSilence(nil)
	if r.opts.WaitForLogin {
		r.opts.Scope.OnExpired(r.expired)
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
			Text: c.Why, Needs: c.Needs, Steps: c.Steps, MonthlyUSD: c.MonthlyUSD, UsuallyS: event.Seconds(c.Usually),
		})
	}
	w := newWalk(r, p)
	ctx = cloud.WithStop(ctx, r.stop)
	_, err = p.Steps.Graph.Walk(ctx, graph.Walker{Visit: w.visit, Skip: w.skip, Stopped: r.stop})
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
	f := r.verdict(ctx)
	if f != nil {
		r.tellLeft(ctx, f)
	} else {
		r.tellKept()
	}
	r.finish(f)
}

// prepare takes the lock and makes sure that the plan is still the one to carry out.
func (r *Run) prepare(ctx context.Context) (*plan.Plan, func(context.Context), error) {
	p, release := r.plan, func(context.Context) {}
	if r.opts.Lock != nil {
		var err error
		if release, err = r.opts.Lock(ctx, r.notice, r.lost); err != nil {
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

// notice passes on a line about the run as a whole that matters for now.
func (r *Run) notice(text string) { r.paused(text, true) }

// paused passes on a line about the run as a whole, which matters as long as the run waits.
func (r *Run) paused(text string, waits bool) {
	r.bus.Emit(event.Event{Type: event.NodeLog, Stream: "berth", Text: text, Notable: waits})
}

// expired passes on that the run waits for a sign-in, and that it goes on.
func (r *Run) expired(text string, wait *cloud.SignIn) {
	e := event.Event{Type: event.NodeLog, Stream: "berth", Text: text, Notable: wait != nil}
	if wait != nil {
		e.SignIn = &event.SignIn{Command: wait.Command, Until: wait.Until}
	}
	r.bus.Emit(e)
}

// lost stops a run whose lock was taken away.
func (r *Run) lost() {
	r.mu.Lock()
	r.failures = append(r.failures, failure{err: &fail.Error{
		Class: fail.Failed, Cause: "another run took over this app",
		Remedy: "let the other run finish, then run the same command again",
	}})
	r.mu.Unlock()
	r.Cancel()
}

// refused makes sure that an error before anything changed is told as such.
func refused(err error) *fail.Error {
	f := *fail.From(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, cloud.ErrStopped) {
		return &fail.Error{Class: fail.Stopped, Cause: "stopped before anything changed"}
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
		if f.Class == fail.Refused || f.Class == fail.Usage {
			f.Class = fail.Failed // refused means that nothing was changed
		}
		return &f
	}
	if r.stopped || ctx.Err() != nil {
		return &fail.Error{Class: fail.Stopped, Cause: "stopped as requested", Remedy: "run the same command again to continue from here"}
	}
	return nil
}

func (r *Run) finish(f *fail.Error) {
	f = r.opts.Flags.With(f)
	res := Result{Outcome: event.Succeeded, Err: f}
	text := r.opts.Verb + " succeeded"
	if f != nil {
		res.Outcome, text = outcome(f.Class), f.Cause
	} else if !r.plan.Destroy {
		if res.Waiting = r.plan.Resources.Awaits(); res.Waiting != nil {
			res.Waiting.Then = r.opts.Flags.In(res.Waiting.Then)
			text += "; it waits for " + res.Waiting.For
		}
	}
	r.mu.Lock()
	res.Endpoint = r.endpoint
	r.result = res
	r.mu.Unlock()
	r.bus.Emit(event.Event{
		Type: event.RunFinished, Text: text, Outcome: res.Outcome, Endpoint: res.Endpoint, Error: f, Waiting: res.Waiting,
		ElapsedS: event.Seconds(r.opts.Scope.Clock.Since(r.start)), MonthlyUSD: r.leftUSD,
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
