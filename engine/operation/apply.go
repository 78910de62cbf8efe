package operation

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/lock"
	"berth/engine/plan"
	"berth/engine/run"
	"berth/engine/spec"
)

// fresh is how long a plan may be applied without another look at AWS.
const fresh = 15 * time.Second

// Apply carries a plan out and returns at once. A plan that is no longer what AWS needs ends the run as
// refused before anything changes. Ending ctx cancels the run at the next call.
func (o *Operator) Apply(ctx context.Context, p *plan.Plan) *run.Run {
	verb, id := p.Verb, o.runID()
	return run.Start(ctx, p, run.Options{
		WaitForLogin: o.WaitForLogin, Flags: o.Flags,
		ID: id, Verb: verb, Scope: p.Scope, Record: o.record(p, id, verb),
		Prepare: func(ctx context.Context) (*plan.Plan, error) { return o.confirmed(ctx, p) },
		Left:    func(ctx context.Context) (run.Left, error) { return o.left(ctx, p) },
		Lock: func(ctx context.Context, tell func(string), lost func()) (func(context.Context), error) {
			return o.lock(ctx, p, id, verb, tell, lost)
		},
	})
}

// runID is unique and sorts by time.
func (o *Operator) runID() string {
	return o.Clock().Now().UTC().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:4])
}

// confirmed returns the plan to carry out: the given one while it is fresh, else a new one, if that does
// nothing else.
func (o *Operator) confirmed(ctx context.Context, p *plan.Plan) (*plan.Plan, error) {
	if p.Age(o.Clock().Now()) < fresh {
		return p, nil
	}
	now, err := p.Again(ctx)
	if err != nil {
		return nil, err
	}
	if !now.Within(p) {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: "the plan has changed since you confirmed it",
			Evidence: fmt.Sprintf("confirmed %s, now %s", p.Hash, now.Hash),
			Remedy:   "review the plan again and confirm it",
		}
	}
	return now, nil
}

// lock holds the app for one run. A run that changes nothing needs no lock; it only removes one that a dead
// run left. An endpoint that has no parameters cannot lock, which is told.
func (o *Operator) lock(ctx context.Context, p *plan.Plan, id, verb string, tell func(string), lost func()) (func(context.Context), error) {
	me := lock.Me(id, verb, p.Scope.Identity.ARN, o.Clock().Now())
	name := lock.Name(p.Scope.Owner)
	if !p.Changed() {
		return func(context.Context) {}, lock.Sweep(ctx, p.Scope.Clients, name, me, tell)
	}
	if err := o.cleared(ctx, p, tell); err != nil {
		return nil, err
	}
	release := func(context.Context) {}
	l, err := lock.Acquire(ctx, p.Scope.Clients, p.Scope.Owner, me, tell, lost)
	switch {
	case cloud.Unknown(err):
		tell("this endpoint cannot lock the app: a concurrent run would not be noticed")
	case err != nil:
		return nil, err
	default:
		release = l.Release
	}
	if p.Keep == nil {
		return release, nil
	}
	if err := p.Keep(); err != nil {
		release(ctx)
		return nil, err
	}
	tell(fmt.Sprintf("berth.toml now has the identity of the app, id = %q: commit the file with the app's source", p.Scope.Owner.ID))
	return release, nil
}

// left is what there is of the app of a plan by now.
func (o *Operator) left(ctx context.Context, p *plan.Plan) (run.Left, error) {
	t, err := o.Targets.Of(&spec.Spec{Target: p.Target})
	if err != nil {
		return run.Left{}, err
	}
	st, err := o.StatusOf(ctx, t, p.Scope.Clients, p.Scope.Owner)
	if err != nil {
		return run.Left{}, err
	}
	left := run.Left{MonthlyUSD: st.MonthlyUSD, Complete: st.Complete}
	for _, d := range st.Deployments { // newest first
		if st.Running > 0 && d.State == "successful" {
			left.Up = d.Finished
		}
	}
	for _, r := range st.Resources {
		left.Parts = append(left.Parts, run.Part{Label: r.Label, MonthlyUSD: r.MonthlyUSD})
	}
	return left, nil
}
