package operation

import (
	"time"

	"berth/engine/event"
	"berth/engine/journal"
	"berth/engine/plan"
	"berth/engine/spec"
)

// record is what keeps the journal of a run, nil when none is wanted. A journal that cannot be written, on a
// full disk or in a home that is read-only, is no concern of the run.
func (o *Operator) record(p *plan.Plan, id, verb string) func(*event.Reader) {
	if o.Runs == "" {
		return nil
	}
	h := journal.Mine(journal.Header{
		Run: id, Verb: verb, App: p.App, Env: p.Env, Region: p.Region, Account: p.Account, Revision: p.Revision,
		Dir: p.Dir, Given: p.Given, Simulated: o.Environment.Simulated,
	}, o.Clock())
	return func(r *event.Reader) { _ = journal.Keep(o.Runs, h, r) }
}

// took says how long the steps of earlier runs of the app took on this machine, nil when nobody knows.
func (o *Operator) took(s *spec.Spec) func(string, event.Action) (time.Duration, bool) {
	if o.Runs == "" {
		return nil
	}
	took := journal.Earlier(o.Runs, journal.Header{
		App: s.App, Env: s.EnvName, Region: s.Region, Dir: s.Dir, Simulated: o.Environment.Simulated,
	})
	return func(id string, a event.Action) (time.Duration, bool) {
		d, ok := took[journal.Step{Node: id, Action: a}]
		return d, ok
	}
}
