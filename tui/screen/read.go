package screen

import (
	"context"

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
	at := Start{Said: spec.Exists(o.Dir)}
	loaded, err := spec.Load(o.Dir, o.Env)
	if err != nil {
		return at, err
	}
	at.Findings, err = o.Engine.Inspect(ctx, o.Dir)
	draft, failed := NewDraft(loaded, at.Findings, o)
	if loaded.Image.Ref != "" { // what the command line says is in it by now
		err = nil // nothing is built, so no Dockerfile is needed
	}
	if at.Draft = draft; err == nil {
		err = failed
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
		return "is there in part"
	case "running":
		return "runs already"
	case "deploying":
		return "is being deployed"
	default:
		return "is deployed, but " + st.State
	}
}
