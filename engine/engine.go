// Package engine is the facade that every host uses: the wizard, the redeploy screen and the headless verbs.
// It inspects a source tree, plans what AWS needs, applies or destroys it, and reports status. A change runs
// as a *Run, whose events all frontends read. The work is done in the packages below; this one lists it.
package engine

import (
	"context"
	"time"

	"berth/compare"
	"berth/compare/price"
	"berth/engine/account"
	"berth/engine/clock"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/inventory"
	"berth/engine/journal"
	"berth/engine/operation"
	"berth/engine/orphan"
	"berth/engine/policy"
	"berth/engine/project"
	"berth/engine/rehearse"
	"berth/engine/secret"
	"berth/engine/spec"
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
	// Flags say on a command line which app and account are meant: for the commands that remedies name.
	Flags fail.Flags
	// WaitForLogin pauses a run whose credentials expire until somebody has signed in again. Without it such a
	// run ends, and can be gone on with later.
	WaitForLogin bool
}

// Engine does the work. It is safe for concurrent use.
type Engine struct {
	op operation.Operator
}

// Open makes an engine. It makes no call.
func Open(o Options) *Engine {
	if o.Builder == nil {
		o.Builder = image.Machine{}
	}
	if o.Prices == nil {
		o.Prices = price.Default()
	}
	return &Engine{operation.Operator{
		Account: account.Account{Targets: targets, Settings: o.Settings, Environment: o.Environment, Prices: o.Prices},
		Builder: o.Builder, Runs: o.Runs, Identify: o.Identify, Flags: o.Flags, WaitForLogin: o.WaitForLogin,
	}}
}

// Prices is the table that all of the engine's sums are from.
func (e *Engine) Prices() *price.Table { return e.op.Prices }

// Clock is the clock that events are stamped with.
func (e *Engine) Clock() clock.Clock { return e.op.Clock() }

// Simulated is a sentence about the simulated account, empty on a real one.
func (e *Engine) Simulated() string { return e.op.Environment.Simulated }

// Advisor compares services with these prices, and knows what this version of berth builds.
func Advisor(prices *price.Table, today time.Time) compare.Advisor {
	s := &spec.Spec{}
	return compare.Advisor{Prices: prices, Today: today, Builds: func(key string) bool { return Builds(s, key) }}
}

// Advisor compares with the prices that the engine plans with.
func (e *Engine) Advisor(today time.Time) compare.Advisor { return Advisor(e.op.Prices, today) }

// Builds says whether the target of a spec can serve values of a key of berth.toml other than the default.
func Builds(s *spec.Spec, key string) bool { return targets.Builds(s, key) }

// Problems says all that cannot work about the settings of an app before AWS is asked: what Validate finds, what
// they ask for that this version cannot deploy, and files that a build needs and that do not exist. Regions are
// the valid ones.
func Problems(s *spec.Spec, regions ...string) []spec.Problem { return targets.Problems(s, regions...) }

// Inspect reads the source tree of an app. It makes no AWS call.
func (e *Engine) Inspect(ctx context.Context, app *spec.Spec) (*Findings, error) {
	return project.Inspect(ctx, app)
}

// Rehearse builds the app's image, or takes the one that the spec names from this machine, runs it here as AWS
// would, and says what is true of it. It makes no AWS call, and leaves nothing behind. Tell is given what the build
// writes.
func (e *Engine) Rehearse(ctx context.Context, s *spec.Spec, tell image.Reporter) (*Rehearsal, error) {
	return rehearse.App(ctx, s, e.op.Builder, tell)
}

// Plan looks at AWS and says what Apply would do. It changes nothing.
func (e *Engine) Plan(ctx context.Context, r Request) (*Plan, error) { return e.op.Plan(ctx, r) }

// Preflight looks at everything that a plan depends on, and changes nothing. The report is kept with the plan,
// so that Apply need not look again at once.
func (e *Engine) Preflight(ctx context.Context, p *Plan) (*Report, error) {
	return e.op.Preflight(ctx, p)
}

// Apply carries a plan out and returns at once. A plan that is no longer what AWS needs ends the run as
// refused before anything changes. Ending ctx cancels the run at the next call.
func (e *Engine) Apply(ctx context.Context, p *Plan) *Run { return e.op.Apply(ctx, p) }

// Doctor looks at everything that the next deploy of an app depends on. Where not even a plan can be made, it
// says why, and looks at what a first deployment would need.
func (e *Engine) Doctor(ctx context.Context, r Request) (*Report, error) { return e.op.Doctor(ctx, r) }

// Policy is the least IAM policy for an app: for the verbs deploy, redeploy and destroy, or for all of them, and
// status and logs. Whether the app gets a network of its own depends on the account; when that cannot be asked the policy
// covers one, names no account, and the error of asking comes with it as a note.
func (e *Engine) Policy(ctx context.Context, r Request, verbs ...string) (least *policy.Document, note error, err error) {
	return e.op.Policy(ctx, r, verbs...)
}

// Watch opens a watch on an app, of whose spec App, EnvName and Region suffice. As a rule it makes no call to AWS.
func (e *Engine) Watch(ctx context.Context, s *spec.Spec) (*Watch, error) { return e.op.Watch(ctx, s) }

// Status says what runs of the app. App, EnvName and Region of the spec suffice. What it may not look at is left
// out and named in Denied, save who we are and whether the app is deployed: without those it fails with a Refused
// fail.Error.
func (e *Engine) Status(ctx context.Context, s *spec.Spec) (*Status, error) {
	return e.op.Status(ctx, s)
}

// Revisions lists the rollouts of the app that one can go back to, newest first: those that came up, each
// revision once, without the one that runs.
func (e *Engine) Revisions(ctx context.Context, s *spec.Spec) ([]Deployment, error) {
	w, err := e.op.Watch(ctx, s)
	if err != nil {
		return nil, err
	}
	return w.Revisions(ctx)
}

// Live finds the run that another process on this machine does just now for the app in dir, in that environment
// and on a simulated account or a real one, by the journals in the folder runs (Options.Runs). It is nil when
// there is none. It asks nothing of AWS and opens no account; the watching ends with ctx.
func Live(ctx context.Context, runs, dir, env string, simulated bool) *Attached {
	return journal.Live(ctx, runs, dir, env, simulated)
}

// Region is the region that the settings, the environment or the AWS profile name. None is a Usage failure.
func (e *Engine) Region(ctx context.Context) (string, error) { return e.op.Region(ctx) }

// Identity says whose credentials are in use. Missing or expired ones are a Refused fail.Error.
func (e *Engine) Identity(ctx context.Context, region string) (Identity, error) {
	return e.op.Identity(ctx, region)
}

// Namesake refuses what is meant for the app of a spec when another app of its name is deployed there.
func (e *Engine) Namesake(ctx context.Context, s *spec.Spec) error { return e.op.Namesake(ctx, s) }

// Owners lists the apps of a region (empty: the one of the settings), running or not, by two calls.
func (e *Engine) Owners(ctx context.Context, region string) ([]Owner, error) {
	return e.op.Owners(ctx, region)
}

// Apps lists all apps and environments of the account with what runs and what that costs, by what AWS has: it needs
// no berth.toml.
func (e *Engine) Apps(ctx context.Context, r AppsRequest) (*Apps, error) {
	return inventory.Find(ctx, e.op.Account, r)
}

// Orphans looks for what earlier runs left over in the region (empty: the one of the settings), of all apps.
// It changes nothing.
func (e *Engine) Orphans(ctx context.Context, region string) (*Orphans, error) {
	clients, err := e.op.Connect(ctx, region)
	if err != nil {
		return nil, err
	}
	return orphan.Find(ctx, clients, e.op.Prices)
}

// OrphansEverywhere looks for what earlier runs left over in all regions of the account, of all apps. It changes nothing.
func (e *Engine) OrphansEverywhere(ctx context.Context, region string) (*Everywhere, error) {
	return orphan.FindEverywhere(ctx, e.op.Connect, region, e.op.Prices)
}

// Secrets are the secrets of an app: those that its berth.toml names and those that are kept, missing ones first.
func (e *Engine) Secrets(ctx context.Context, s *spec.Spec) ([]Secret, error) {
	return e.op.Secrets(ctx, s)
}

// SetSecret keeps the value of a secret in the account and returns its version. What runs takes it with the next
// deployment.
func (e *Engine) SetSecret(ctx context.Context, s *spec.Spec, name, value string) (version int64, err error) {
	return e.op.SetSecret(ctx, s, name, value)
}

// UnsetSecret removes a secret from the account. That there is none is a Refused fail.Error.
func (e *Engine) UnsetSecret(ctx context.Context, s *spec.Spec, name string) error {
	return e.op.UnsetSecret(ctx, s, name)
}

// Give makes Given of a value; fresh is one that was made up, which gives way to what is kept already.
func Give(name, value string, fresh bool) (Given, error) { return secret.Give(name, value, fresh) }
