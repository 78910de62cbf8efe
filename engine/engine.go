// Package engine is the facade that every host uses: the wizard, the redeploy screen and the headless verbs.
// It inspects a source tree, plans what AWS needs, applies or destroys it, and reports status. A change runs
// as a *Run, whose events all frontends read.
package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"berth/compare/price"
	"berth/engine/clock"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/lock"
	"berth/engine/plan"
	"berth/engine/preflight"
	"berth/engine/project"
	"berth/engine/resource"
	"berth/engine/run"
	"berth/engine/secret"
	"berth/engine/spec"
	"berth/engine/target"
)

// Options is what a host chooses once for all it does.
type Options struct {
	Settings    cloud.Settings    // region and profile from the command line
	Environment cloud.Environment // the zero Environment is AWS
	Builder     image.Builder     // nil means what this machine has
	Prices      *price.Table      // nil means those that are part of the binary
	// Runs is the folder in which each run leaves a journal, for other terminals to watch it. Empty: none does.
	Runs string
	// Identify gives an app that is deployed nowhere yet an identity at its first yes, and keeps it in its berth.toml.
	Identify bool
	// WaitForLogin pauses a run whose credentials expire until somebody has signed in again. Without it such a
	// run ends, and can be gone on with later.
	WaitForLogin bool
}

// Plan is what would change, what it costs, and a hash of it that a confirmation is bound to.
type Plan = plan.Plan

// Change is one resource of a plan.
type Change = plan.Change

// Cost is one line of a plan's monthly estimate.
type Cost = plan.Cost

// Sum is what the resources of a plan, or those that exist, cost a month.
type Sum = plan.Sum

// Run is a plan being carried out.
type Run = run.Run

// Result is how a run ended.
type Result = run.Result

// Findings is what a source tree tells.
type Findings = project.Findings

// Finding is one thing that was found in a source tree.
type Finding = project.Finding

// FieldChange is what a change of a plan changes in one field.
type FieldChange = resource.FieldChange

// Identity is whose credentials are in use.
type Identity = cloud.Identity

// Given is a secret whose value somebody gave, for a deployment to keep.
type Given = secret.Given

// Give makes Given of a value; fresh is one that was made up, which gives way to what is kept already.
func Give(name, value string, fresh bool) (Given, error) { return secret.Give(name, value, fresh) }

// Request says what to plan.
type Request struct {
	Spec           *spec.Spec // complete and valid
	Destroy        bool
	Given          []Given       // values of secrets, which a deployment keeps in the account before its tasks start
	KeepData       bool          // a destroy leaves the database and the files where they are
	Rollback       string        // the revision to go back to: family:number, the number alone, or Previous
	Restart        bool          // new tasks for the version that runs
	SkipVerify     bool          // make no request to the endpoint
	SkipPreflight  bool          // go ahead whatever permissions, quotas and secrets there are
	NoRehearsal    bool          // ship an image without having run it here
	RolloutTimeout time.Duration // zero means the engine's own deadline
	// Usage is how much the app is used, for what it costs. Nil stands for light use. Only what visitors cause and
	// the hours of the month count; sizes and numbers are those of the spec.
	Usage *price.Usage
}

// deploys says that the request brings what the spec wants.
func (r Request) deploys() bool { return !r.Destroy && r.Rollback == "" && !r.Restart }

func (r Request) usage() price.Usage {
	if r.Usage != nil {
		return *r.Usage
	}
	return price.DefaultUsage()
}

// Engine does the work. It is safe for concurrent use.
type Engine struct {
	opts Options
}

// Open makes an engine. It makes no call.
func Open(o Options) *Engine {
	if o.Builder == nil {
		o.Builder = image.Machine{}
	}
	if o.Prices == nil {
		o.Prices = price.Default()
	}
	return &Engine{opts: o}
}

// Prices is the table that all of the engine's sums are from.
func (e *Engine) Prices() *price.Table { return e.opts.Prices }

// prices is what resources are priced with today.
func (e *Engine) prices(u price.Usage) plan.Prices {
	return plan.Prices{Table: e.opts.Prices, Usage: u, Today: e.Clock().Now().UTC()}
}

// Clock is the clock that events are stamped with.
func (e *Engine) Clock() clock.Clock { return e.opts.Environment.Clock }

// Simulated is a sentence about the simulated account, empty on a real one.
func (e *Engine) Simulated() string { return e.opts.Environment.Simulated }

// Inspect reads the source tree of an app. It makes no AWS call.
func (e *Engine) Inspect(ctx context.Context, app *spec.Spec) (*Findings, error) {
	return project.Inspect(ctx, app)
}

// connect makes the clients for a region, or for the one that the settings name.
func (e *Engine) connect(ctx context.Context, region string) (*cloud.Clients, error) {
	s := e.opts.Settings
	s.Region = cmp.Or(region, s.Region)
	return e.opts.Environment.Connect(ctx, s)
}

// Identity says whose credentials are in use. Missing or expired ones are a Refused fail.Error.
func (e *Engine) Identity(ctx context.Context, region string) (Identity, error) {
	c, err := e.connect(ctx, region)
	if err != nil {
		return Identity{}, err
	}
	return c.WhoAmI(ctx)
}

// Plan looks at AWS and says what Apply would do. It changes nothing.
func (e *Engine) Plan(ctx context.Context, r Request) (*Plan, error) {
	now, err := e.runs(ctx, &r)
	if err != nil {
		return nil, err
	}
	clients, err := e.connect(ctx, r.Spec.Region)
	if err != nil {
		return nil, err
	}
	r.Spec = r.Spec.Clone()
	if r.Spec.Region == "" { // the settings or the profile said it
		r.Spec.Region = clients.Region
	}
	t, err := targetOf(r.Spec)
	if err != nil {
		return nil, err
	}
	var keep func() error
	if r.deploys() {
		if keep, err = e.identified(ctx, clients, r.Spec); err != nil {
			return nil, err
		}
	}
	o, err := e.owner(ctx, clients, r.Spec)
	if err != nil {
		return nil, err
	}
	p, err := e.planAll(ctx, t, clients, r, o, now)
	if err != nil {
		return nil, err
	}
	if now != nil {
		p.Sum = now.With(p.Sum)
	}
	p.SkipPreflight, p.Keep = r.SkipPreflight, keep
	if r.deploys() {
		p.Elsewhere = e.elsewhere(ctx, p, r.Spec)
	}
	p.Dir, p.Given, p.Revision = r.Spec.Dir, given(r.Spec), r.Rollback
	p.Again = func(ctx context.Context) (*Plan, error) { return e.Plan(ctx, r) }
	return p, nil
}

// runs is what runs of an app when the request is about that alone, else nil. The revision to go back to becomes a full
// name.
func (e *Engine) runs(ctx context.Context, r *Request) (now *Status, err error) {
	if r.Rollback == "" && !r.Restart {
		return nil, nil //nolint:nilnil // it is about more
	}
	w, err := e.Watch(ctx, r.Spec)
	if err != nil {
		return nil, err
	}
	if r.Restart {
		return w.Restartable(ctx)
	}
	r.Rollback, now, err = w.Revision(ctx, r.Rollback)
	return now, err
}

// planAll plans what the spec wants, and while that looks at AWS asks which processes an earlier deployment made: only
// when there are others than the spec knows it plans again, with those. What is about the
// version that runs, or ran, knows them from the status.
func (e *Engine) planAll(ctx context.Context, t target.Target, c *cloud.Clients, r Request, o Owner, now *Status) (p *Plan, err error) {
	if now != nil {
		var there []string
		for _, one := range now.Processes {
			there = append(there, one.Name)
		}
		return e.make(ctx, t, c, r, o, there, now)
	}
	var there []string
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		there, err = standing(both, t, c, r, o)
		return err
	})
	g.Go(func() (err error) {
		p, err = e.make(both, t, c, r, o, nil, nil)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(there, func(name string) bool { return r.Spec.Processes[name] == nil }) {
		return p, nil
	}
	return e.make(ctx, t, c, r, o, there, nil)
}

// make plans an app with the processes that an earlier deployment made. A restart needs to know what runs now.
func (e *Engine) make(ctx context.Context, t target.Target, clients *cloud.Clients, r Request, o Owner, standing []string, now *Status) (*Plan, error) {
	b, err := e.blueprint(r, o, standing)
	if err != nil {
		return nil, err
	}
	in := plan.Input{
		Resources: b.Resources(), Scope: &resource.Scope{Clients: clients, Owner: o}, Target: t.Name(), Account: r.Spec.Account,
		Verb: "deploy", Prices: e.prices(r.usage()),
	}
	switch {
	case r.Destroy:
		in.Resources, in.Destroy, in.KeepData, in.Verb = b.Lasting(), true, r.KeepData, "destroy"
	case r.Rollback != "":
		in.Resources, in.Verb = b.Rollback(r.Rollback), "rollback"
	case r.Restart:
		in.Resources, in.Verb = b.Restart(now), "restart"
	}
	in.Took = e.took(r.Spec)
	p, err := plan.Make(ctx, in)
	if err != nil {
		return nil, preflight.Missing(ctx, in.Scope, in.Resources, err)
	}
	p.Endpoint = b.Address()
	return p, nil
}

// fresh is how long a plan may be applied without another look at AWS.
const fresh = 15 * time.Second

// Apply carries a plan out and returns at once. A plan that is no longer what AWS needs ends the run as
// refused before anything changes. Ending ctx cancels the run at the next call.
func (e *Engine) Apply(ctx context.Context, p *Plan) *Run {
	verb, id := p.Verb, e.runID()
	return run.Start(ctx, p, run.Options{
		WaitForLogin: e.opts.WaitForLogin,
		ID:           id, Verb: verb, Scope: p.Scope, Record: e.record(p, id, verb),
		Prepare: func(ctx context.Context) (*Plan, error) { return e.confirmed(ctx, p) },
		Left:    func(ctx context.Context) (run.Left, error) { return e.left(ctx, p) },
		Lock: func(ctx context.Context, tell func(string), lost func()) (func(context.Context), error) {
			return e.lock(ctx, p, id, verb, tell, lost)
		},
	})
}

// lock holds the app for one run. A run that changes nothing needs no lock; it only removes one that a dead
// run left. An endpoint that has no parameters cannot lock, which is told.
func (e *Engine) lock(ctx context.Context, p *Plan, id, verb string, tell func(string), lost func()) (func(context.Context), error) {
	me := lock.Me(id, verb, p.Scope.Identity.ARN, e.Clock().Now())
	name := lockName(p.Scope.Owner)
	if !p.Changed() {
		return func(context.Context) {}, lock.Sweep(ctx, p.Scope.Clients, name, me, tell)
	}
	if err := e.cleared(ctx, p, tell); err != nil {
		return nil, err
	}
	release := func(context.Context) {}
	l, err := lock.Acquire(ctx, p.Scope.Clients, name, me, tell, lost)
	switch {
	case cloud.Unknown(err):
		tell("this endpoint cannot lock the app: another run at the same moment would not be noticed")
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
	tell(fmt.Sprintf("berth.toml has the identity of the app now, id = %q: keep the file with the app's source", p.Scope.Owner.ID))
	return release, nil
}

// confirmed returns the plan to carry out: the given one while it is fresh, else a new one, if that does
// nothing else.
func (e *Engine) confirmed(ctx context.Context, p *Plan) (*Plan, error) {
	if p.Age(e.Clock().Now()) < fresh {
		return p, nil
	}
	now, err := p.Again(ctx)
	if err != nil {
		return nil, err
	}
	if !now.Within(p) {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: "what would be done has changed since you confirmed it",
			Evidence: fmt.Sprintf("confirmed %s, now %s", p.Hash, now.Hash),
			Remedy:   "look at the plan again and confirm it",
		}
	}
	return now, nil
}

// runID is unique and sorts by time.
func (e *Engine) runID() string {
	return e.Clock().Now().UTC().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:4])
}
