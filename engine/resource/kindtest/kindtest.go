// Package kindtest takes one resource kind through its whole life against the simulated account: absent, created,
// unchanged, drifted, updated, deleted, deleted again. It is for tests only. Each kind has a test of a few lines on it.
//
// The account holds the same resource of another app throughout, lists have pages of one item, and time is virtual. What
// it demands holds for every kind: a resource is found again by its natural key, what an update changes is told field by
// field, nothing changes when nothing has to, each call is covered by a permission that the kind asks for, and in the end
// the account is as it was.
package kindtest

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/image"
	"berth/engine/resource"
	"berth/engine/sim"
)

// Region is where the resources are made.
const Region = "eu-west-2"

// World is what a resource is made for.
type World struct {
	Owner   resource.Owner
	Builder image.Builder
}

// Kind is one kind and how its resource changes.
type Kind[R resource.Resource] struct {
	// Wanted makes the resource as an app wants it, wired to all that it needs, which is made before it and removed
	// after it. It is called anew for each look.
	Wanted func(World) R
	// Changed is Wanted with other settings, which need an update or a replacement. Nil when the kind has none.
	Changed func(World) R
	// Drift changes the resource as somebody else might. Nil when there is nothing that berth would put right.
	Drift func(context.Context, *resource.Scope, R) error
	// Then makes what has to be there before a step counts as done: a build until its image is pushed. Nil when
	// making the resource is enough.
	Then func(World) resource.Resource
	// Beside is what the resource reads although it does not need it: it is looked up with it. Nil when there is nothing.
	Beside func(R) resource.Resource

	// Step: nothing of it stays in AWS that would be its own to remove.
	Step bool
	// Shared: the account has one for all apps, so that another app's is the same.
	Shared bool
	// Unplanned: it never asks for a change by itself, like a check at the end.
	Unplanned bool
	// Account is how the account is set up.
	Account sim.Options
	// Before makes what is there before any app, such as a hosted zone. Nil when nothing is.
	Before func(context.Context, *sim.Account, *cloud.Clients) error
}

// life is one run of Lifecycle.
type life[R resource.Resource] struct {
	Kind[R]
	t       *testing.T
	account *sim.Account
	clients *cloud.Clients
	world   World
	others  []string // IAM actions that Before and Drift used
}

// Lifecycle takes the kind through its life.
func Lifecycle[R resource.Resource](t *testing.T, k Kind[R]) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k.Account.Region, k.Account.PageSize = Region, 1
		account, err := sim.Open(k.Account)
		check(t, "open the account", err)
		clients, err := account.Environment().Connect(t.Context(), cloud.Settings{Region: Region})
		check(t, "connect", err)
		l := &life[R]{
			Kind: k, t: t, account: account, clients: clients,
			world: World{Owner: resource.Owner{App: "harbor", Env: "production"}, Builder: account.Builder()},
		}
		if k.Before != nil {
			check(t, "make what is there before", k.Before(t.Context(), account, clients))
			l.others = account.ActionsUsed()
		}
		if !k.Shared {
			l.neighbour()
		}
		before := l.inventory()
		l.absent()
		l.create()
		l.unchanged()
		l.drift()
		l.update()
		l.remove()
		if after := l.inventory(); !slices.Equal(before, after) {
			t.Errorf("the account held\n%v\nand holds\n%v", before, after)
		}
		l.permissions()
	})
}

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// inventory is what exists of what AWS does not keep for good, with its settings.
func (l *life[R]) inventory() []string {
	var all []string
	for _, i := range l.account.Inventory() {
		if !i.Kept {
			all = append(all, i.String()+" "+i.Detail)
		}
	}
	return all
}

// scope is the scope of one look, or of one change.
func (l *life[R]) scope(o resource.Owner) *resource.Scope {
	s := &resource.Scope{Clients: l.clients, Owner: o}
	id, err := l.clients.WhoAmI(l.t.Context())
	check(l.t, "ask who we are", err)
	s.Identity = id
	return s
}

// chain is the resource behind all that it needs, each once, in an order in which they can be made.
func chain(r resource.Resource) resource.Set {
	var all resource.Set
	var add func(resource.Resource)
	add = func(r resource.Resource) {
		if all.Has(r.Info().ID) {
			return
		}
		for _, n := range r.Needs() {
			add(n.On)
		}
		all = append(all, r)
	}
	add(r)
	return all
}

// look observes the chain of a resource and compares. It returns the diffs by id.
func (l *life[R]) look(s *resource.Scope, r resource.Resource) map[string]resource.Diff {
	l.t.Helper()
	diffs, all := map[string]resource.Diff{}, chain(r)
	if subject, ok := r.(R); ok && l.Beside != nil {
		for _, one := range chain(l.Beside(subject)) {
			if !all.Has(one.Info().ID) {
				all = append(all, one)
			}
		}
	}
	for _, one := range all {
		check(l.t, "observe "+one.Info().ID, one.Observe(l.t.Context(), s))
		if d, ok := one.(resource.Detailer); ok {
			check(l.t, "look at the details of "+one.Info().ID, d.Detail(l.t.Context(), s))
		}
	}
	for _, one := range all {
		diffs[one.Info().ID] = one.Diff(s)
	}
	return diffs
}

// make brings the chain of a resource to what is wanted, as a run does.
func (l *life[R]) make(s *resource.Scope, r resource.Resource) {
	l.t.Helper()
	diffs := l.look(s, r)
	for _, one := range chain(r) {
		id := one.Info().ID
		switch diffs[id].Action {
		case event.Create, event.Update, event.Replace:
			check(l.t, "apply "+id, one.Apply(l.t.Context(), s))
		case event.None:
		case event.Delete, "": // no part of a run
			continue
		}
		if w, ok := one.(resource.Waiter); ok {
			check(l.t, "wait for "+id, w.Ready(l.t.Context(), s))
		}
	}
	for _, one := range chain(r) {
		if c, ok := one.(resource.Cleaner); ok {
			check(l.t, "clean up "+one.Info().ID, c.Cleanup(l.t.Context(), s))
		}
		if h, ok := one.(resource.Holder); ok {
			h.Release()
		}
	}
}

// unmake removes the chain of a resource, last first.
func (l *life[R]) unmake(s *resource.Scope, r resource.Resource) {
	l.t.Helper()
	l.look(s, r)
	for _, one := range slices.Backward(chain(r)) {
		if one.Exists() {
			check(l.t, "delete "+one.Info().ID, one.Delete(l.t.Context(), s))
		}
	}
}

// neighbour makes the same for another app, which must stay as it is.
func (l *life[R]) neighbour() {
	w := l.world
	w.Owner = resource.Owner{App: "anchor", Env: "production"}
	s := l.scope(w.Owner)
	l.make(s, l.Wanted(w))
	if l.Then != nil {
		l.make(s, l.Then(w))
	}
}

// fresh is a look at the resource by somebody who knows nothing of it.
func (l *life[R]) fresh(wanted func(World) R) (R, *resource.Scope, resource.Diff) {
	l.t.Helper()
	s, r := l.scope(l.world.Owner), wanted(l.world)
	d := l.look(s, r)[r.Info().ID]
	return r, s, d
}

// effects counts the calls that changed something.
func (l *life[R]) effects() (n int) {
	for _, c := range l.account.Calls() {
		if c.Mutating && c.Effect {
			n++
		}
	}
	return n
}

func (l *life[R]) absent() {
	l.t.Helper()
	r, s, d := l.fresh(l.Wanted)
	if r.Exists() {
		l.t.Error("absent: it exists")
	}
	if want := l.first(); cmp.Or(d.Action, event.None) != want {
		l.t.Errorf("absent: the plan is to %s it, want %s", d.Action, want)
	}
	n := l.effects()
	check(l.t, "delete what is absent", r.Delete(l.t.Context(), s))
	if l.effects() != n {
		l.t.Error("absent: deleting it changed something")
	}
}

func (l *life[R]) first() event.Action {
	if l.Unplanned {
		return event.None
	}
	return event.Create
}

func (l *life[R]) create() {
	l.t.Helper()
	r := l.Wanted(l.world)
	l.make(l.scope(l.world.Owner), r)
	if !l.Step && !r.Exists() {
		l.t.Error("created: it does not say that it exists")
	}
	if i, ok := any(r).(resource.Identified); ok && i.Identifier() == "" {
		l.t.Error("created: it has no identifier")
	}
	if l.Then != nil {
		l.make(l.scope(l.world.Owner), l.Then(l.world))
	}
}

// unchanged demands that another look finds the resource, with the identity that it had, and nothing to do.
func (l *life[R]) unchanged() {
	l.t.Helper()
	r := l.settled("unchanged", l.Wanted)
	n, start := l.effects(), time.Now()
	if w, ok := any(r).(resource.Waiter); ok {
		check(l.t, "wait for what is ready", w.Ready(l.t.Context(), l.scope(l.world.Owner)))
	}
	if took := time.Since(start); took > 10*time.Second || l.effects() != n {
		l.t.Errorf("unchanged: waiting for it took %s and %d changes", took, l.effects()-n)
	}
}

func (l *life[R]) settled(when string, wanted func(World) R) R {
	l.t.Helper()
	r, _, d := l.fresh(wanted)
	if cmp.Or(d.Action, event.None) != event.None || len(d.Fields) > 0 {
		l.t.Errorf("%s: the plan is to %s it: %s %v", when, d.Action, d.Why, d.Fields)
	}
	if !l.Step && !r.Exists() {
		l.t.Errorf("%s: it is not found again", when)
	}
	if i, ok := any(r).(resource.Identified); ok && i.Identifier() == "" {
		l.t.Errorf("%s: it has no identifier", when)
	}
	return r
}

func (l *life[R]) drift() {
	l.t.Helper()
	if l.Drift == nil {
		return
	}
	r, s, _ := l.fresh(l.Wanted)
	used := l.account.ActionsUsed()
	check(l.t, "drift", l.Drift(l.t.Context(), s, r))
	for _, a := range l.account.ActionsUsed() {
		if !slices.Contains(used, a) {
			l.others = append(l.others, a)
		}
	}
	time.Sleep(time.Minute) //nolint:forbidigo // virtual time: until every reader knows it
	l.mend("drifted", l.Wanted)
}

func (l *life[R]) update() {
	l.t.Helper()
	if l.Changed == nil {
		return
	}
	l.mend("updated", l.Changed)
	l.Wanted = l.Changed
}

// mend demands that the difference is seen, told field by field, and gone after it was applied.
func (l *life[R]) mend(when string, wanted func(World) R) {
	l.t.Helper()
	r, s, d := l.fresh(wanted)
	switch d.Action {
	case event.Update, event.Replace:
		if len(d.Fields) == 0 || d.Why == "" {
			l.t.Errorf("%s: the plan is to %s it, and tells neither why (%q) nor what (%v)", when, d.Action, d.Why, d.Fields)
		}
	case event.Create:
	default:
		l.t.Errorf("%s: the plan is to %s it", when, d.Action)
	}
	for _, f := range d.Fields {
		if f.Field == "" || f.Old == f.New {
			l.t.Errorf("%s: the field %+v does not change", when, f)
		}
	}
	l.make(s, r)
	if l.Then != nil {
		l.make(s, l.Then(l.world))
	}
	l.settled(when, wanted)
}

func (l *life[R]) remove() {
	l.t.Helper()
	r, s, _ := l.fresh(l.Wanted)
	check(l.t, "delete", r.Delete(l.t.Context(), s))
	check(l.t, "delete again", r.Delete(l.t.Context(), s))
	gone, s, d := l.fresh(l.Wanted)
	if gone.Exists() {
		l.t.Error("deleted: it still exists")
	}
	if want := l.first(); !l.Step && cmp.Or(d.Action, event.None) != want {
		l.t.Errorf("deleted: the plan is to %s it, want %s", d.Action, want)
	}
	check(l.t, "delete what is gone", gone.Delete(l.t.Context(), s))
	if l.Then != nil {
		l.unmake(s, l.Then(l.world))
	}
	l.unmake(s, l.Wanted(l.world))
}

// permissions demands that what the kind and what it needs asked AWS for is what they say they ask for.
func (l *life[R]) permissions() {
	l.t.Helper()
	s := l.scope(l.world.Owner)
	allowed := map[string]bool{"sts:GetCallerIdentity": true}
	all := chain(l.Wanted(l.world))
	if l.Then != nil {
		all = append(all, chain(l.Then(l.world))...)
	}
	for _, r := range all {
		for _, do := range []event.Action{"", event.None, event.Create, event.Update, event.Replace, event.Delete} {
			for _, p := range resource.PermissionsOf(r, s, do) {
				for _, a := range p.Actions {
					allowed[a] = true
				}
			}
		}
	}
	for _, a := range l.account.ActionsUsed() {
		if !allowed[a] && !slices.Contains(l.others, a) {
			l.t.Errorf("%s is asked for, and no kind here says so", a)
		}
	}
	if _, ok := any(l.Wanted(l.world)).(resource.Permissioned); !ok {
		l.t.Errorf("%s does not say which permissions it needs", reflect.TypeFor[R]())
	}
}
