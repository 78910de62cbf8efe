package operation

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"berth/engine/account"
	"berth/engine/cloud"
	"berth/engine/plan"
	"berth/engine/preflight"
	"berth/engine/resource"
	"berth/engine/spec"
	"berth/engine/target"
)

// Plan looks at AWS and says what Apply would do. It changes nothing.
func (o *Operator) Plan(ctx context.Context, r Request) (*plan.Plan, error) {
	p := planner{op: o, Request: r}
	if err := p.observe(ctx); err != nil {
		return nil, err
	}
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	made, err := p.plan(ctx)
	if err != nil {
		return nil, err
	}
	if p.now != nil {
		made.Sum = p.now.With(made.Sum)
	}
	made.SkipPreflight, made.Keep = r.SkipPreflight, p.keep
	if r.deploys() && !r.exactly {
		made.Elsewhere = o.elsewhere(ctx, made, p.Spec, r.Move)
	}
	if r.Destroy && !r.exactly {
		if err := o.nothing(ctx, made, p.Spec); err != nil {
			return nil, err
		}
	}
	made.Dir, made.Given, made.Revision = p.Spec.Dir, p.Spec.Given(), p.Rollback
	made.Again = func(ctx context.Context) (*plan.Plan, error) {
		again := r
		again.Spec, again.Rollback = p.Spec, p.Rollback
		again.exactly = r.exactly || r.deploys() // what is elsewhere was decided with the first plan
		return o.Plan(ctx, again)
	}
	return made, nil
}

// planner makes one plan.
type planner struct {
	Request
	op      *Operator
	now     *target.Status // what runs, when the request is about that alone
	target  target.Target
	clients *cloud.Clients
	owner   resource.Owner
	keep    func() error // writes a new identity of the app down, nil when it has none
}

// observe looks at what runs when the request is about that alone. The revision to go back to becomes a full name.
func (p *planner) observe(ctx context.Context) error {
	if p.Rollback == "" && !p.Restart {
		return nil
	}
	w, err := p.op.Watch(ctx, p.Spec)
	if err != nil {
		return err
	}
	if p.Restart {
		p.now, err = w.Restartable(ctx)
		return err
	}
	p.Rollback, p.now, err = w.Revision(ctx, p.Rollback)
	return err
}

// open finds the target, the clients and the owner, and completes a copy of the spec with its region and identity.
func (p *planner) open(ctx context.Context) (err error) {
	if p.clients, err = p.op.Connect(ctx, p.Spec.Region); err != nil {
		return err
	}
	p.Spec = p.Spec.Clone()
	if p.Spec.Region == "" { // the settings or the profile said it
		p.Spec.Region = p.clients.Region
	}
	if p.target, err = p.op.Targets.Of(p.Spec); err != nil {
		return err
	}
	if !p.made() {
		if p.Spec.ID = account.ID(p.Spec); p.Spec.ID == "" && p.op.Identify && p.Spec.Dir != "" {
			if p.keep, err = p.op.NewID(ctx, p.clients, p.Spec); err != nil {
				return err
			}
		}
	}
	p.owner, err = p.op.Owner(ctx, p.clients, p.Spec)
	return err
}

// plan plans what the spec wants, and while that looks at AWS asks which processes an earlier deployment made: only
// when there are others than the spec knows it plans again, with those. What is about the version that runs, or ran,
// knows them from the status.
func (p *planner) plan(ctx context.Context) (made *plan.Plan, err error) {
	var there []string
	if p.now != nil {
		for _, one := range p.now.Processes {
			there = append(there, one.Name)
		}
		return p.with(ctx, there)
	}
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		there, err = p.standing(both)
		return err
	})
	g.Go(func() (err error) {
		made, err = p.with(both, nil)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(there, func(name string) bool { return p.Spec.Wanted()[name] == nil }) {
		return made, nil
	}
	return p.with(ctx, there)
}

// standing are the processes that an earlier deployment made. Who may not list them deploys without that, and destroys
// nothing: what they run in would stay.
func (p *planner) standing(ctx context.Context) ([]string, error) {
	names, err := p.target.Standing(ctx, p.clients, p.owner)
	if cloud.Unknown(err) || cloud.Denied(err) && !p.Destroy {
		return nil, nil
	}
	return names, cloud.Refused(cloud.Explain("list the app's processes", err))
}

// with plans the app with the processes that an earlier deployment made.
func (p *planner) with(ctx context.Context, standing []string) (*plan.Plan, error) {
	b, err := p.op.blueprint(p.Request, target.Options{Owner: p.owner, Standing: standing})
	if err != nil {
		return nil, err
	}
	in := plan.Input{
		Resources: b.Resources(), Scope: &resource.Scope{Clients: p.clients, Owner: p.owner}, Target: p.target.Name(),
		Account: p.Spec.Account, Verb: "deploy", Prices: p.op.Priced(p.usage()), Took: p.op.took(p.Spec),
	}
	switch {
	case p.Destroy:
		in.Resources, in.Destroy, in.KeepData, in.Verb = append(b.Lasting(), b.Beside()...), true, p.KeepData, "destroy"
	case p.Pipeline != nil:
		in.Resources, in.Verb = b.Pipeline(*p.Pipeline), "ci"
	case p.Rollback != "":
		in.Resources, in.Verb = b.Rollback(p.Rollback, p.now), "rollback"
	case p.Restart:
		in.Resources, in.Verb = b.Restart(p.now), "restart"
	}
	made, err := plan.Make(ctx, in)
	if err != nil {
		return nil, preflight.Missing(ctx, in.Scope, in.Resources, err)
	}
	if key, value := b.Kept(); key != "" && p.deploys() {
		p.Spec.Unset(key)
		if err := p.Spec.Set(key, value, spec.Origin{Kind: spec.Default, Text: "as it is deployed"}); err != nil {
			return nil, err
		}
		return p.with(ctx, standing)
	}
	made.Endpoint = b.Address()
	return made, nil
}
