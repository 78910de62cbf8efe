// Package plan compares what an app needs with what AWS has and says what would change, why, and what it
// costs a month. A plan has a hash; a confirmation is bound to it.
package plan

import (
	"context"
	"slices"
	"time"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/preflight"
	"berth/engine/resource"
)

// Change is one resource of a plan.
type Change struct {
	ID         string       `json:"id"`
	Kind       string       `json:"kind"`
	Name       string       `json:"name"`
	Action     event.Action `json:"action"`
	Why        string       `json:"why"`
	MonthlyUSD float64      `json:"monthly_usd"`
	// Diff is what an update or a replacement changes, field by field. It holds no value of a secret.
	Diff []resource.FieldChange `json:"diff,omitempty"`

	Group string       `json:"group"` // heading it belongs under: network, access, image, compute, traffic, endpoint
	Needs []string     `json:"needs"` // ids of the changes that come first
	Steps []event.Step `json:"-"`     // what is told of, in order

	// Versioned says that a new version of the app changes it, whatever the settings: its image, and what runs it.
	Versioned bool `json:"-"`

	Usually time.Duration `json:"-"` // how long it usually takes, with the wait until it is ready
	Keeps   string        `json:"-"` // for a delete: what goes with it, the app's logs and images, too
	Ends    string        `json:"-"` // for a delete: what stops working for people, and what to do
	Data    string        `json:"-"` // of a destroy: the data of people in it, which is deleted or kept
	Unknown bool          `json:"-"` // MonthlyUSD has a part whose price is unknown
	Exposes string        `json:"-"` // what the internet can reach by this change, empty when nothing new
}

// Cost is one line of the monthly estimate of a plan.
type Cost struct {
	Node string `json:"node"` // id of the change it belongs to
	price.Line
	Unsure bool `json:"unsure"` // the price is of low confidence
}

// Runs says that the app ran before this plan: a deployment of it would not be its first.
func (p *Plan) Runs() bool {
	return p.Endpoint != "" || slices.ContainsFunc(p.Changes, func(c Change) bool {
		return c.Group == resource.GroupCompute && c.Versioned && (c.Action == event.None || c.Action == event.Update)
	})
}

// Data is what a destroy does to the data of people: what is lost, and what is kept.
func (p *Plan) Data() (lost, kept []string) {
	for _, c := range p.Changes {
		switch {
		case c.Data == "":
		case c.Action == event.Delete:
			lost = append(lost, c.Data)
		default:
			kept = append(kept, c.Data)
		}
	}
	return lost, kept
}

// Plan is what would be done. It is bound to the observation it was made from and can be applied once.
type Plan struct {
	App     string   `json:"app"`
	Env     string   `json:"env"`
	Target  string   `json:"target"`
	Region  string   `json:"region"`
	Hash    string   `json:"hash"`
	Changes []Change `json:"changes"`
	// Waiting is what the app will wait for that only people can do, as far as it is known; nil when there is nothing.
	Waiting *event.Waiting `json:"waiting,omitempty"`
	Sum
	// WasUSD is what runs now costs a month; nil when nothing does, nothing would change, or it is not known.
	WasUSD *float64 `json:"was_monthly_usd,omitempty"`

	// Elsewhere is where the same app runs already, when this would make a second one.
	Elsewhere []Elsewhere `json:"elsewhere,omitempty"`
	// Beside is what somebody chose to do about that.
	Beside Beside `json:"-"`

	Account  string        `json:"-"`
	Destroy  bool          `json:"-"`
	KeepData bool          `json:"-"` // of a destroy: it leaves the data of people
	KeptUSD  float64       `json:"-"` // of a destroy: what it leaves costs that a month
	Verb     string        `json:"-"` // deploy, destroy or rollback
	Endpoint string        `json:"-"` // known when the distribution exists already
	Usage    price.Usage   `json:"-"` // that the costs count with
	Steps    Steps         `json:"-"` // what a run does
	Usually  time.Duration `json:"-"` // the longest way through Steps

	Dir      string            `json:"-"` // of the app
	Given    map[string]string `json:"-"` // what the command line said, by the keys of berth.toml
	Revision string            `json:"-"` // the one that a rollback goes back to, family:number

	Resources resource.Set    `json:"-"` // as observed, for the run
	Scope     *resource.Scope `json:"-"` // what they were observed with
	// Again makes the same plan anew from what AWS has by then.
	Again func(context.Context) (*Plan, error) `json:"-"`
	// Keep writes down whose the app is. It is called once, when all that stands in the way is gone and before anything
	// changes; its error is one of the run. Nil: there is nothing to write.
	Keep func() error `json:"-"`
	made time.Time

	Preflight *preflight.Report `json:"-"` // what the last look before the run found, nil before there was one
	// SkipPreflight says that the run goes ahead whatever that look finds.
	SkipPreflight bool `json:"-"`
}
