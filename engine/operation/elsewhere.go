package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"berth/engine/account"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/journal"
	"berth/engine/plan"
	"berth/engine/spec"
	"berth/engine/target"
)

// elsewhere is what runs of this folder's app by another name, in another region or account, as far as this machine knows
// of it, or as AWS has it by the app's identity: in its region, and in all of them when it is to move and is in none of
// those. Whoever types the name or the region of a first deployment means a second one, so nothing is told then.
func (o *Operator) elsewhere(ctx context.Context, p *plan.Plan, s *spec.Spec, move bool) []plan.Elsewhere {
	if (p.Endpoint != "" || typed(s)) && !move {
		return nil
	}
	here := place{p.App, p.Region, p.Account}
	all := o.others(ctx, here, s, o.same(ctx, s, s.Region, p.Account), true)
	if len(all) > 0 || !move || account.ID(s) == "" {
		return all
	}
	found, _, err := cloud.Look(ctx, cloud.EveryRegion(s.Region), func(ctx context.Context, region string) ([]place, error) {
		return o.same(ctx, s, region, p.Account), nil
	})
	if err != nil { // nobody waits any more
		return nil
	}
	var more []place
	for _, in := range found {
		more = append(more, in.Found...)
	}
	return o.others(ctx, here, s, more, true)
}

// same is where something in a region has the identity of an app. Who may not list what there is finds nothing.
func (o *Operator) same(ctx context.Context, s *spec.Spec, region, in string) (all []place) {
	id := account.ID(s)
	if id == "" {
		return nil
	}
	owners, _ := o.Owners(ctx, region)
	for _, one := range owners {
		if one.ID == id && one.Env == s.EnvName {
			all = append(all, place{one.App, region, in})
		}
	}
	return all
}

// typed says that the command line names the app or its region.
func typed(s *spec.Spec) bool {
	return s.Origins["app"].Kind == spec.Flag || s.Origins["region"].Kind == spec.Flag
}

// place is where an app of the folder can be.
type place struct{ app, region, account string }

// absent is what runs of this folder's app elsewhere when nothing is there by the name of the spec: what this machine
// knows of, and what has the identity of the app in its region.
func (o *Operator) absent(ctx context.Context, s *spec.Spec) []plan.Elsewhere {
	if typed(s) {
		return nil
	}
	who, err := o.Identity(ctx, s.Region)
	if err != nil {
		return nil // told by whoever needs it
	}
	return o.others(ctx, place{s.App, s.Region, who.Account}, s, o.same(ctx, s, s.Region, who.Account), false)
}

// others looks at the places where this machine has deployed the app, and at more of them, save the one at hand; where the
// app may move, at what that brings with it, too.
func (o *Operator) others(ctx context.Context, here place, s *spec.Spec, more []place, moves bool) []plan.Elsewhere {
	if o.Runs != "" {
		for _, h := range journal.Deployed(o.Runs, s.Dir, s.EnvName, o.Environment.Simulated != "") {
			more = append(more, place{h.App, h.Region, h.Account})
		}
	}
	var all []plan.Elsewhere
	seen := map[place]bool{here: true}
	for _, at := range more {
		if seen[at] {
			continue
		}
		seen[at] = true
		if one, there := o.look(ctx, at, here, s, moves); there {
			all = append(all, one)
		}
	}
	return all
}

// look says what runs of the app of s at a place; false when nothing does.
func (o *Operator) look(ctx context.Context, at, here place, s *spec.Spec, moves bool) (one plan.Elsewhere, there bool) {
	id := account.ID(s)
	one = plan.Elsewhere{App: at.app, Env: s.EnvName, Region: at.region, Account: at.account}
	one.Remove = fmt.Sprintf("berth destroy --app %s --env %s --region %s", at.app, s.EnvName, at.region)
	if id != "" {
		one.Remove += " --id " + id
	}
	one.Remove = o.Flags.In(one.Remove)
	if at.account != here.account {
		return one, true // which these credentials cannot look at
	}
	app := &spec.Spec{App: at.app, EnvName: s.EnvName, Region: at.region, ID: id, Target: s.Target, Dir: s.Dir}
	one.Leave = func(ctx context.Context) (*plan.Plan, error) {
		return o.Plan(ctx, Request{Spec: app, Destroy: true, exactly: true})
	}
	st, err := o.Account.Status(ctx, app)
	switch {
	case err != nil:
	case st.State == target.Absent:
		return one, false
	default:
		one.Seen, one.MonthlyUSD = true, st.MonthlyUSD
		if moves {
			o.moving(ctx, &one, app, st, s)
		}
	}
	return one, true
}

// Status says what runs of an app, see account.Account. Where nothing does by its name it says what runs by another one.
func (o *Operator) Status(ctx context.Context, s *spec.Spec) (*target.Status, error) {
	st, err := o.Account.Status(ctx, s)
	if err == nil && st.Waiting != nil {
		st.Waiting.Then = o.Flags.In(st.Waiting.Then)
	}
	if err == nil && st.State == target.Absent && st.Namesake == "" {
		st.Elsewhere = o.absent(ctx, s)
	}
	return st, err
}

// nothing refuses to destroy an app of which nothing is there while it runs by another name, or in another region.
func (o *Operator) nothing(ctx context.Context, p *plan.Plan, s *spec.Spec) error {
	if p.Changed() || slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Data != "" }) {
		return nil
	}
	all := o.absent(ctx, s)
	if len(all) == 0 {
		return nil
	}
	f := &fail.Error{Class: fail.Refused, Cause: fmt.Sprintf("nothing of %s (%s) is deployed in %s, so there is nothing to destroy", p.App, p.Env, p.Region)}
	for i, one := range all {
		if i > 0 {
			f.Evidence, f.Remedy = f.Evidence+"\n", f.Remedy+"\n"
		}
		f.Evidence += one.There()
		f.Remedy += one.Remove + " removes that"
	}
	return f
}

// moving fills in what a move of s brings with it: what is destroyed, the address that ends unless it is a domain of the
// user's, whatever else stops working, and the secrets, which stay behind. What cannot be looked up is left out: the plan of
// the removal is looked at again before anything goes.
func (o *Operator) moving(ctx context.Context, e *plan.Elsewhere, there *spec.Spec, st *target.Status, s *spec.Spec) {
	destroys := "a move destroys " + e.Where() + " once the new one was verified"
	if own := s.Network.Domain; st.Endpoint != "" && (own == "" || !strings.HasSuffix(st.Endpoint, "//"+own)) {
		destroys += "; visitors have to use the new one's address, because " + st.Endpoint + " ends"
	}
	e.Moving = []string{destroys}
	if gone, err := e.Leave(ctx); err == nil {
		if lost, _ := gone.Data(); len(lost) > 0 {
			e.Moving = append(e.Moving, "it is not destroyed without a question of its own: that would delete "+strings.Join(lost, ", "))
		}
		for _, c := range gone.Changes {
			if c.Ends != "" {
				e.Then = append(e.Then, "after a move "+c.Ends)
			}
		}
	}
	kept, err := o.Secrets(ctx, there)
	var names []string
	for _, k := range kept {
		if s.Made()[k.Name] == "" {
			names = append(names, k.Name)
		}
	}
	if err == nil && len(names) > 0 {
		e.Then = append(e.Then, fmt.Sprintf("its secrets do not move (%s): set them for the new one with berth secrets set; the old ones stay until "+
			"berth secrets unset --app %s --env %s --region %s removes them", strings.Join(names, ", "), e.App, e.Env, e.Region))
	}
	e.Moving = append(e.Moving, e.Then...)
}
