package resource

import (
	"context"
)

// Set is a list of resources that are handled together. Needs of resources outside of it count as met.
type Set []Resource

// Needs are the needs of r that are part of the set.
func (s Set) Needs(r Resource) []Need {
	var in []Need
	for _, n := range r.Needs() {
		if s.Has(n.On.Info().ID) {
			in = append(in, n)
		}
	}
	return in
}

// Get is the resource with that id, nil when it is no part of the set.
func (s Set) Get(id string) Resource {
	for _, r := range s {
		if r.Info().ID == id {
			return r
		}
	}
	return nil
}

// Has says whether a resource with that id is part of the set.
func (s Set) Has(id string) bool {
	return s.Get(id) != nil
}

// ReadOnly is a resource that is looked up, for others to use, and never changed, waited for or deleted.
type ReadOnly struct{ Resource }

// Exists implements Resource: never, as far as deleting goes.
func (ReadOnly) Exists() bool { return false }

// Diff implements Resource.
func (ReadOnly) Diff(s *Scope) Diff { return None() }

// Apply implements Resource.
func (ReadOnly) Apply(context.Context, *Scope) error { return nil }

// Delete implements Resource.
func (ReadOnly) Delete(context.Context, *Scope) error { return nil }
