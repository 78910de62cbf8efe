package resource

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

// Has says whether a resource with that id is part of the set.
func (s Set) Has(id string) bool {
	for _, r := range s {
		if r.Info().ID == id {
			return true
		}
	}
	return false
}
