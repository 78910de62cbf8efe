package plan

import (
	"slices"
	"time"

	"berth/engine/event"
	"berth/engine/graph"
	"berth/engine/resource"
)

// Does is what a step does to its resource.
type Does int

// What steps do. A deployment applies, waits and, at its end, cleans up and removes what is needed no longer; a
// destroy only removes.
const (
	Apply   Does = iota // creates, changes or replaces it; nothing when it is as it should be
	Wait                // waits until it does its work
	CleanUp             // removes what it left behind, once all others are ready; nothing is told of it
	Remove              // removes it
	Keep                // leaves it where it is, while all around it is removed
)

// Step is one step of a run.
type Step struct {
	// Name is the resource's id for its first step, with /ready for the wait and /cleanup for what is done at
	// the end.
	Name    string
	On      resource.Resource
	Does    Does
	Last    bool          // the resource is done with this step
	Usually time.Duration // how long it usually takes, zero unless it is the last and changes something
}

// Steps are all steps of a plan, and the arrows between them. A resource that is no part of the plan has none;
// what waits for it waits for what it would have waited for.
type Steps struct {
	List  []Step
	Graph graph.Graph
}

// Get is the step of that name; there must be one.
func (s *Steps) Get(name string) *Step {
	return &s.List[slices.IndexFunc(s.List, func(x Step) bool { return x.Name == name })]
}

// of are the steps of one resource that are told, in order, as its event has them.
func (s *Steps) of(id string) []event.Step {
	var told []event.Step
	for _, x := range s.List {
		if x.On.Info().ID == id && x.Does != CleanUp {
			told = append(told, event.Step{Name: x.Name, Needs: s.Graph.Needs(x.Name)})
		}
	}
	return told
}

// needs are the ids of the resources that come before one.
func (s *Steps) needs(id string) []string {
	var ids []string
	for _, x := range s.of(id) {
		for _, n := range x.Needs {
			if on := s.Get(n).On.Info().ID; on != id && !slices.Contains(ids, on) {
				ids = append(ids, on)
			}
		}
	}
	return ids
}

// length is that of the longest way through the steps, each taking its usual time.
func (s *Steps) length() time.Duration {
	usually := map[string]time.Duration{}
	for _, x := range s.List {
		usually[x.Name] = x.Usually
	}
	_, length, err := s.Graph.CriticalPath(func(step string) time.Duration { return usually[step] })
	if err != nil {
		return 0 // a circle, which Order has refused
	}
	return length
}

// steps derives the steps of a plan from what is done to its resources, by id. The needs of the resources make
// no circle.
func steps(in Input, actions map[string]event.Action) Steps {
	b := &builder{Input: in, actions: actions}
	for _, r := range in.Resources {
		if in.Destroy {
			b.remove(r)
		} else {
			b.apply(r)
		}
	}
	if !in.Destroy {
		b.atTheEnd()
	}
	return b.Steps
}

// builder makes Steps.
type builder struct {
	Input
	Steps
	actions map[string]event.Action // by id; missing: no part of the plan
}

// add adds a step behind others.
func (b *builder) add(s Step, needs []string) {
	if a := b.action(s.On); s.Last && a != event.None {
		s.Usually = b.usual(s.On.Info(), a)
	}
	b.List = append(b.List, s)
	b.Graph.Add(s.Name, needs...)
}

func (b *builder) action(r resource.Resource) event.Action { return b.actions[r.Info().ID] }

// applied says whether r is brought up: it is neither absent from the plan nor removed by it.
func (b *builder) applied(r resource.Resource) bool {
	a := b.action(r)
	return a != "" && a != event.Delete
}

// waits says whether r is waited for after it was applied.
func (b *builder) waits(r resource.Resource) bool {
	_, ok := r.(resource.Waiter)
	return ok && b.applied(r)
}

// apply adds the steps that bring r up.
func (b *builder) apply(r resource.Resource) {
	if !b.applied(r) {
		return
	}
	id, waits := r.Info().ID, b.waits(r)
	b.add(Step{Name: id, On: r, Does: Apply, Last: !waits}, b.before(r))
	if waits {
		b.add(Step{Name: ready(id), On: r, Does: Wait, Last: true}, []string{id})
	}
}

// before are the steps that r is applied after.
func (b *builder) before(r resource.Resource) []string {
	var names []string
	for _, n := range b.Resources.Needs(r) {
		id := n.On.Info().ID
		switch on := b.Resources.Get(id); {
		case !b.applied(on):
			names = append(names, b.before(on)...)
		case n.Ready && b.waits(on):
			names = append(names, ready(id))
		default:
			names = append(names, id)
		}
	}
	return names
}

// remove adds the step of a destroy that removes r, or leaves it.
func (b *builder) remove(r resource.Resource) {
	switch b.action(r) {
	case event.Delete:
		b.add(Step{Name: r.Info().ID, On: r, Does: Remove, Last: true}, b.users(r))
	case event.None:
		b.add(Step{Name: r.Info().ID, On: r, Does: Keep, Last: true}, nil)
	case "", event.Create, event.Update, event.Replace:
	}
}

// users are the steps of a destroy that r is removed after.
func (b *builder) users(r resource.Resource) []string {
	var names []string
	for _, user := range b.Resources {
		if !b.uses(user, r, true) {
			continue
		}
		if b.action(user) != event.Delete {
			names = append(names, b.users(user)...)
			continue
		}
		names = append(names, user.Info().ID)
	}
	return names
}

// uses says whether user needs r. When both go, a loose need is none.
func (b *builder) uses(user, r resource.Resource, going bool) bool {
	return slices.ContainsFunc(b.Resources.Needs(user), func(n resource.Need) bool {
		return n.On.Info().ID == r.Info().ID && (!going || !n.Loose)
	})
}

// atTheEnd adds what comes once everything else is ready: what resources left behind, and resources that the
// app needs no longer, those that need others before those.
func (b *builder) atTheEnd() {
	all := b.ends()
	for _, r := range b.Resources {
		needs := slices.Clone(all)
		for _, user := range b.Resources {
			if b.lastUse(user, r) {
				needs = append(needs, atEnd(user.Info().ID))
			}
		}
		s := Step{Name: atEnd(r.Info().ID), On: r}
		if b.action(r) == event.Delete {
			s.Does, s.Last = Remove, true
			b.add(s, needs)
		} else if _, ok := r.(resource.Cleaner); ok {
			s.Does = CleanUp
			b.add(s, needs)
		}
	}
}

// lastUse says whether the end of user comes before that of r: user goes, or r does and user lets go of it by cleaning up.
func (b *builder) lastUse(user, r resource.Resource) bool {
	_, cleans := user.(resource.Cleaner)
	goes := b.action(user) == event.Delete || cleans && b.applied(user) && b.action(r) == event.Delete
	return goes && b.uses(user, r, false)
}

// ends are the steps that no other step waits for: when they are done, all are.
func (b *builder) ends() []string {
	waitedFor := map[string]bool{}
	for _, s := range b.List {
		for _, n := range b.Graph.Needs(s.Name) {
			waitedFor[n] = true
		}
	}
	var names []string
	for _, s := range b.List {
		if !waitedFor[s.Name] {
			names = append(names, s.Name)
		}
	}
	return names
}

func ready(id string) string { return id + "/ready" }

func atEnd(id string) string { return id + "/cleanup" }
