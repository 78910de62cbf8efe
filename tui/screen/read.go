package screen

import (
	"context"

	"berth/engine/interview"
	"berth/engine/spec"
)

// Start is what there is to start from in the folder of an app.
type Start struct {
	Findings *Findings
	Draft    *Draft // nil when berth.toml cannot be read
	Said     bool   // there is a berth.toml
}

// Read reads berth.toml and the source tree. A source tree that cannot be built is an error only where something
// shall be built; what was found all the same comes with it.
func Read(ctx context.Context, o Options) (Start, error) {
	at := Start{Said: o.said()}
	var err error
	if at.Draft, err = interview.Read(ctx, o.sources()); at.Draft != nil {
		at.Findings = at.Draft.Findings
	}
	return at, err
}

// Seen is what a look at an app has seen: who we are, and what runs. Watch goes on from there. A field is nil when
// the look did not come so far.
type Seen struct {
	Identity *Identity
	Watch    Watch
	Status   *Status
}

// Look says who we are, and what runs of an app.
func Look(ctx context.Context, e Engine, app *spec.Spec) (seen Seen, err error) {
	id, err := e.Identity(ctx, app.Region)
	if err != nil {
		return seen, err
	}
	seen.Identity = &id
	if seen.Watch, err = e.Watch(ctx, app); err != nil {
		return seen, err
	}
	seen.Status, err = seen.Watch.Status(ctx)
	return seen, err
}

// Runs says in a few words how an app stands of which there is something; empty when there is nothing.
func Runs(st *Status) string {
	if st == nil {
		return ""
	}
	switch st.State {
	case "", "absent":
		return ""
	case "partial":
		return "is partly deployed"
	case "running":
		return "runs already"
	case "deploying":
		return "is being deployed"
	default:
		return "is deployed, but " + st.State
	}
}
