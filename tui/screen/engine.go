package screen

import (
	"context"
	"time"

	"berth/engine/event"
	"berth/engine/spec"
)

// Change is one resource of a plan.
type Change struct {
	ID         string
	Kind       string
	Name       string
	Action     event.Action
	Why        string
	MonthlyUSD float64

	Group   string
	Needs   []string
	Usually time.Duration
	Keeps   string
	Unknown bool
}

// Plan is what would be done.
type Plan struct {
	App        string
	Env        string
	Target     string
	Region     string
	Hash       string
	Changes    []Change
	MonthlyUSD float64

	Account    string
	Destroy    bool
	Endpoint   string
	PricesAsOf string
	Complete   bool
	Usually    time.Duration
}

// Findings is what a source tree tells.
type Findings struct {
	Dir      string
	Stack    string
	Port     int
	Findings []Finding
	Suggests map[string]any
	Needs    FoundNeeds
}

// Finding is one thing that was found.
type Finding struct {
	ID    string
	File  string
	Line  int
	Text  string
	Means string
}

// FoundNeeds is what the app seems to need.
type FoundNeeds struct {
	WebSockets        bool
	WebSocketUploads  bool
	Clustering        bool
	PersistentStorage bool
	GRPC              bool
	ARM64             bool
	StickySessions    bool
	ReleaseCommand    bool
	Database          bool
}

// Identity is whose credentials are in use.
type Identity struct {
	Account, ARN, Region string
}

// Request says what to plan.
type Request struct {
	Spec           *spec.Spec
	Destroy        bool
	SkipVerify     bool
	RolloutTimeout time.Duration
}

// Status is what runs of an app.
type Status struct {
	App, Env, Target, Region, Endpoint, State, Revision, Image string
	Running, Desired                                           int
	Deployments                                                []Deployment
	Resources                                                  []Resource
}

// Deployment is one rollout.
type Deployment struct {
	ID, State, Reason, Revision, Image string
	Started, Finished                  time.Time
}

// Resource is one resource that exists.
type Resource struct{ ID, Kind, Name, ARN, State string }

// Run is a plan being carried out.
type Run interface {
	ID() string
	Events() *event.Reader
	Done() <-chan struct{}
	Stop()
	Cancel()
}

// Engine is what the screens need of the engine. It is safe for concurrent use; only Now and Simulated may
// be called while a message is handled, the others take their time.
type Engine interface {
	Inspect(ctx context.Context, dir string) (*Findings, error)
	Identity(ctx context.Context, region string) (Identity, error)
	Plan(ctx context.Context, r Request) (*Plan, error)
	Apply(ctx context.Context, p *Plan) Run
	Status(ctx context.Context, s *spec.Spec) (*Status, error)
	Now() time.Time    // of the engine's clock, which may run faster than the wall's
	Simulated() string // a sentence about the simulated account, empty on a real one
}
