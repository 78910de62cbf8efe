package engine

import (
	"context"
	"fmt"
	"time"

	"berth/engine/event"
	"berth/engine/journal"
	"berth/engine/lock"
	"berth/engine/resource"
	"berth/engine/secret"
	"berth/engine/spec"
)

// Attached is a run of another process on this machine, read from its journal. It has the events of a run, and
// cannot be stopped from here.
type Attached = journal.Attached

// Holder is who has the lock of an app: the run that goes on, wherever it does.
type Holder = lock.Holder

// Live finds the run that another process on this machine does just now for the app in dir, in that environment
// and on a simulated account or a real one, by the journals in the folder runs (Options.Runs). It is nil when
// there is none. It asks nothing of AWS and opens no account; the watching ends with ctx.
func Live(ctx context.Context, runs, dir, env string, simulated bool) *Attached {
	return journal.Live(ctx, runs, dir, env, simulated)
}

// lockName is the parameter that is the lock of an app.
func lockName(o resource.Owner) string { return "/" + o.Path() + "/" + secret.Lock }

// record is what keeps the journal of a run, nil when none is wanted. A journal that cannot be written, on a
// full disk or in a home that is read-only, is no concern of the run.
func (e *Engine) record(p *Plan, id, verb string) func(*event.Reader) {
	if e.opts.Runs == "" {
		return nil
	}
	h := journal.Mine(journal.Header{
		Run: id, Verb: verb, App: p.App, Env: p.Env, Region: p.Region, Account: p.Account, Revision: p.Revision,
		Dir: p.Dir, Given: p.Given, Simulated: e.Simulated(),
	}, e.Clock())
	return func(r *event.Reader) { _ = journal.Keep(e.opts.Runs, h, r) }
}

// took says how long the steps of earlier runs of the app took on this machine, nil when nobody knows.
func (e *Engine) took(s *spec.Spec) func(string, event.Action) (time.Duration, bool) {
	if e.opts.Runs == "" {
		return nil
	}
	took := journal.Earlier(e.opts.Runs, journal.Header{
		App: s.App, Env: s.EnvName, Region: s.Region, Dir: s.Dir, Simulated: e.Simulated(),
	})
	return func(id string, a event.Action) (time.Duration, bool) {
		d, ok := took[journal.Step{Node: id, Action: a}]
		return d, ok
	}
}

// given are the settings that the command line gave, as texts.
func given(s *spec.Spec) map[string]string {
	var out map[string]string
	for _, k := range spec.Keys() {
		if s.Origins[k.Name].Kind != spec.Flag {
			continue
		}
		if v, ok := s.Get(k.Name); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[k.Name] = fmt.Sprint(v)
		}
	}
	return out
}
