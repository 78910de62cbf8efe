package screen

import (
	"context"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/spec"
)

// The engine's types as the screens see them.
type (
	Findings   = engine.Findings
	Finding    = engine.Finding
	Plan       = engine.Plan
	Change     = engine.Change
	Status     = engine.Status
	Deployment = engine.Deployment
	Resource   = engine.Resource
	Identity   = engine.Identity
	Pulse      = engine.Pulse
	Metrics    = engine.Metrics
	LogLine    = engine.LogLine
	Holder     = engine.Holder
	Request    = engine.Request
	Report     = engine.Report
	Cost       = engine.Cost
	Elsewhere  = engine.Elsewhere

	FieldChange = engine.FieldChange
	Beside      = engine.Beside
)

// Run is a plan being carried out.
type Run interface {
	ID() string
	Events() *event.Reader
	Done() <-chan struct{}
	Stop()
	Cancel()
}

// Watch follows what runs of one app; see engine.Watch. It is safe for concurrent use.
type Watch interface {
	Status(ctx context.Context) (*Status, error)
	Pulse(ctx context.Context) (Pulse, error)
	Metrics(ctx context.Context) (Metrics, error)
	Logs(ctx context.Context, after time.Time) ([]LogLine, error)
	Busy(ctx context.Context) (*Holder, error)
}

// Engine is what several screens need of the engine; what a single one needs it declares itself, see As. It is safe for concurrent use; only Now and Simulated may
// be called while a message is handled, the others take their time. Apply returns at once.
type Engine interface {
	Inspect(ctx context.Context, app *spec.Spec) (*Findings, error)
	Identity(ctx context.Context, region string) (Identity, error)
	Plan(ctx context.Context, r Request) (*Plan, error)
	// Preflight looks at what a plan depends on, and keeps the report with the plan: nothing else may use the
	// plan meanwhile.
	Preflight(ctx context.Context, p *Plan) (*Report, error)
	Apply(ctx context.Context, p *Plan) Run
	Watch(ctx context.Context, s *spec.Spec) (Watch, error)
	Now() time.Time    // of the engine's clock, which may run faster than the wall's
	Simulated() string // a sentence about the simulated account, empty on a real one
}

// As is the engine as a single screen needs it. Part is declared beside that screen's code, which also makes sure that
// *engine.Engine has it.
func As[Part any](e Engine) Part {
	return e.(Part)
}

// Open is an engine as the screens want it.
func Open(e *engine.Engine) Engine { return opened{e} }

type opened struct{ *engine.Engine }

// Apply implements Engine.
func (o opened) Apply(ctx context.Context, p *Plan) Run { return o.Engine.Apply(ctx, p) }

// Watch implements Engine.
func (o opened) Watch(ctx context.Context, s *spec.Spec) (Watch, error) {
	w, err := o.Engine.Watch(ctx, s)
	if err != nil {
		return nil, err // not a Watch that holds nil
	}
	return w, nil
}

// Now is the engine clock's time.
func (o opened) Now() time.Time { return o.Clock().Now() }
