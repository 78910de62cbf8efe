// Package engine is the facade that every host uses: the wizard, the redeploy screen and the headless verbs.
// It inspects a source tree, plans what AWS needs, applies or destroys it, and reports status. A change runs
// as a *Run, whose events all frontends read.
package engine

import (
	"context"
	"time"

	"berth/engine/clock"
	"berth/engine/cloud"
	"berth/engine/image"
	"berth/engine/plan"
	"berth/engine/project"
	"berth/engine/run"
	"berth/engine/spec"
)

// Options is what a host chooses once for all it does.
type Options struct {
	Settings    cloud.Settings    // region and profile from the command line
	Environment cloud.Environment // the zero Environment is AWS
	Builder     image.Builder     // nil means Docker
}

// Plan is what would change, what it costs, and a hash of it that a confirmation is bound to.
type Plan = plan.Plan

// Change is one resource of a plan.
type Change = plan.Change

// Run is a plan being carried out.
type Run = run.Run

// Findings is what a source tree tells.
type Findings = project.Findings

// Request says what to plan.
type Request struct {
	Spec           *spec.Spec
	Destroy        bool
	SkipVerify     bool          // make no request to the endpoint
	RolloutTimeout time.Duration // zero means the engine's own deadline
}

// Engine does the work. It is safe for concurrent use.
type Engine struct {
	opts Options
}

// Open makes an engine. It makes no call.
func Open(o Options) *Engine { return &Engine{opts: o} }

// Clock is the clock that events are stamped with.
func (e *Engine) Clock() clock.Clock { return e.opts.Environment.Clock }

// Simulated is a sentence about the simulated account, empty on a real one.
func (e *Engine) Simulated() string { return e.opts.Environment.Simulated }

// Inspect reads the source tree in dir. It makes no AWS call.
func (e *Engine) Inspect(ctx context.Context, dir string) (*Findings, error) {
	return project.Inspect(ctx, dir)
}

// Identity says whose credentials are in use. Missing or expired ones are a Refused fail.Error.
func (e *Engine) Identity(ctx context.Context, region string) (cloud.Identity, error)

// Plan looks at AWS and says what Apply would do. It changes nothing.
func (e *Engine) Plan(ctx context.Context, r Request) (*Plan, error)

// Apply carries a plan out and returns at once. A plan that is no longer what AWS needs ends the run as
// refused before anything changes. Ending ctx cancels the run at the next call.
func (e *Engine) Apply(ctx context.Context, p *Plan) *Run

// Status says what runs of the app. App, EnvName and Region of the spec suffice.
func (e *Engine) Status(ctx context.Context, s *spec.Spec) (*Status, error)
