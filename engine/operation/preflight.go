package operation

import (
	"context"
	"time"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
	"berth/engine/policy"
	"berth/engine/preflight"
	"berth/engine/resource"
	"berth/engine/target"
)

// clearedFor is how long a preflight that found nothing is believed. One that found something is never: who
// reads it puts it right.
const clearedFor = 10 * time.Minute

// Preflight looks at everything that a plan depends on, and changes nothing. The report is kept with the plan,
// so that Apply need not look again at once.
func (o *Operator) Preflight(ctx context.Context, p *plan.Plan) (*preflight.Report, error) {
	in := preflight.Input{
		Scope: p.Scope, Resources: p.Resources, Do: map[string]event.Action{}, Need: preflight.Own(p.Scope), Expected: p.Usually,
	}
	for _, c := range p.Changes {
		in.Do[c.ID] = c.Action
	}
	if !p.Destroy {
		in.Need = append(in.Need, preflight.Quotas())
	}
	r, err := preflight.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	o.address(r)
	r.Runs, p.Preflight = p.Runs(), r
	return r, nil
}

// address lets the commands that the remedies name reach the same app.
func (o *Operator) address(r *preflight.Report) {
	for i, c := range r.Checks {
		r.Checks[i].Remedy = o.Flags.In(c.Remedy)
	}
}

// cleared refuses a plan that is certain to fail: a permission is missing, or a quota is too small. It looks
// unless that was done a moment ago.
func (o *Operator) cleared(ctx context.Context, p *plan.Plan, tell func(string)) error {
	r := p.Preflight
	if p.SkipPreflight {
		tell(skipped(r))
		return nil
	}
	if r == nil || r.State == preflight.Fail || o.Clock().Since(r.At) > clearedFor {
		var err error
		if r, err = o.Preflight(ctx, p); err != nil {
			return err
		}
		for _, line := range r.Notes() {
			tell(line)
		}
	}
	if f := r.Refusal(); f != nil {
		return f
	}
	return nil
}

// skipped is what a run says that goes ahead without its checks, or against what they found.
func skipped(r *preflight.Report) string {
	const without = "permissions, quotas and secrets were not checked, as requested"
	if r == nil {
		return without
	}
	if f := r.Refusal(); f != nil {
		return "continuing as requested, although " + f.Cause
	}
	return without
}

// Doctor looks at everything that the next deploy of an app depends on. Where not even a plan can be made, it
// says why, and looks at what a first deployment would need.
func (o *Operator) Doctor(ctx context.Context, r Request) (*preflight.Report, error) {
	p, err := o.Plan(ctx, r)
	if err == nil {
		return o.Preflight(ctx, p)
	}
	if ctx.Err() != nil || fail.From(err).Class == fail.Usage {
		return nil, err
	}
	return o.withoutPlan(ctx, r, err)
}

// withoutPlan is the report of an app that cannot be planned because of failed.
func (o *Operator) withoutPlan(ctx context.Context, r Request, failed error) (*preflight.Report, error) {
	clients, err := o.Connect(ctx, r.Spec.Region)
	if err != nil {
		return nil, err
	}
	owner, _ := o.Owner(ctx, clients, r.Spec) // as far as it can be told: AWS may be out of reach
	b, err := o.blueprint(r, target.Options{Owner: owner})
	if err != nil {
		return nil, err
	}
	in := preflight.Input{
		Scope: &resource.Scope{Clients: clients, Owner: owner}, Resources: b.Resources(), Do: map[string]event.Action{},
	}
	for _, res := range in.Resources {
		if resource.Wanted(res) {
			in.Do[res.Info().ID] = event.Create
		}
	}
	id, err := clients.WhoAmI(ctx)
	if err != nil {
		rep, refused := preflight.Run(ctx, in) // what can be told without an account
		if refused != nil {
			return nil, refused
		}
		rep.Unidentified(err)
		return rep, nil
	}
	in.Scope.Identity = id
	deploy, err := target.Permissions(b, in.Scope, "deploy")
	if err != nil {
		return nil, err
	}
	in.Need = append(preflight.Own(in.Scope), deploy...)
	rep, err := preflight.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	rep.Unplanned(failed)
	return rep, nil
}

// Policy is the least IAM policy for an app: for the verbs deploy, redeploy and destroy, or for all of them, and
// status and logs. Whether the app gets a network of its own depends on the account; when that cannot be asked the policy
// covers one, names no account, and the error of asking comes with it as a note.
func (o *Operator) Policy(ctx context.Context, r Request, verbs ...string) (least *policy.Document, note error, err error) {
	clients, err := o.Connect(ctx, r.Spec.Region)
	if err != nil {
		return nil, nil, err
	}
	owner, _ := o.Owner(ctx, clients, r.Spec) // as far as it can be told: AWS may be out of reach
	b, err := o.blueprint(r, target.Options{Owner: owner})
	if err != nil {
		return nil, nil, err
	}
	s := &resource.Scope{Clients: clients, Owner: owner}
	if note = plan.Observe(ctx, b.Deciding(), s); note != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if s.Identity.Account == "" {
			s.Identity = cloud.Identity{Account: "*", Partition: cloud.Partition(clients.Region)}
		}
	}
	if len(verbs) == 0 {
		verbs = target.Verbs
	}
	need := preflight.Own(s)
	for _, v := range verbs {
		more, err := target.Permissions(b, s, v)
		if err != nil {
			return nil, nil, err
		}
		need = append(need, more...)
	}
	return preflight.Policy(need), note, nil
}
