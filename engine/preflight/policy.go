package preflight

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"berth/engine/policy"
	"berth/engine/resource"
)

// Policy is the least policy that grants permissions, in a fixed order and in few statements, since IAM bounds
// the size of a policy.
func Policy(need []resource.Permission) *policy.Document {
	d := policy.Of()
	for _, g := range merged(groups(need)) {
		s := policy.Allow(g.Actions, g.Resources...)
		s.Condition = g.When
		d.Statement = append(d.Statement, s)
	}
	return d
}

// groups puts the actions on the same resources under the same condition together, sorted. What they are worth
// to a run is lost.
func groups(need []resource.Permission) []resource.Permission {
	byKey := map[string]*resource.Permission{}
	for _, p := range need {
		k := key(p)
		g := byKey[k]
		if g == nil {
			g = &resource.Permission{Resources: p.Resources, When: p.When}
			byKey[k] = g
		}
		g.Actions = append(g.Actions, p.Actions...)
	}
	var out []resource.Permission
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		g := byKey[k]
		slices.Sort(g.Actions)
		g.Actions = slices.Compact(g.Actions)
		out = append(out, *g)
	}
	return out
}

// key stands for the resources and the condition of a permission. "*" sorts first.
func key(p resource.Permission) string {
	when, err := json.Marshal(p.When)
	if err != nil {
		return strings.Join(p.Resources, " ")
	}
	return strings.Join(p.Resources, " ") + " " + string(when)
}

// missing are the permissions of need with those actions, and only those.
func missing(need []resource.Permission, actions map[string]bool) []resource.Permission {
	var out []resource.Permission
	for _, p := range need {
		p.Actions = slices.DeleteFunc(slices.Clone(p.Actions), func(a string) bool { return !actions[a] })
		if len(p.Actions) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// merged puts together what grants no more in one statement than in two.
func merged(gs []resource.Permission) []resource.Permission {
	for _, join := range []func(a, b resource.Permission) (resource.Permission, bool){sameAction, sameService} {
		var out []resource.Permission
		for _, g := range gs {
			joined := false
			for i := range out {
				if one, ok := join(out[i], g); ok {
					out[i], joined = one, true
					break
				}
			}
			if !joined {
				out = append(out, g)
			}
		}
		gs = out
	}
	return gs
}

// sameAction joins permissions to do the same to several resources, without a condition, or each on an occasion
// of its own (tags on create): the occasion fits only its own kind of resource.
func sameAction(a, b resource.Permission) (resource.Permission, bool) {
	if !slices.Equal(a.Actions, b.Actions) || len(a.When) != len(b.When) || len(a.When) > 1 {
		return a, false
	}
	if len(a.When) == 0 {
		a.Resources = union(a.Resources, b.Resources)
		return a, true
	}
	for operator, keys := range a.When {
		for k, values := range keys {
			more, ok := b.When[operator][k]
			if !ok || len(keys) != 1 || len(b.When[operator]) != 1 {
				return a, false
			}
			a.Resources = union(a.Resources, b.Resources)
			a.When = policy.Condition{operator: {k: union(values, more)}}
			return a, true
		}
	}
	return a, false
}

// sameService joins permissions of one service under the same condition whose resources are of different types,
// so that no action meets a resource of the other.
func sameService(a, b resource.Permission) (resource.Permission, bool) {
	if service(a) != service(b) || service(a) == "" || key(resource.Permission{When: a.When}) != key(resource.Permission{When: b.When}) {
		return a, false
	}
	for _, x := range a.Resources {
		for _, y := range b.Resources {
			if x != y && kind(x) == kind(y) {
				return a, false
			}
		}
	}
	a.Actions, a.Resources = union(a.Actions, b.Actions), union(a.Resources, b.Resources)
	return a, true
}

// service is the service of all resources of a permission, empty when AWS cannot bind it to one.
func service(p resource.Permission) string {
	name := ""
	for _, r := range p.Resources {
		parts := strings.SplitN(r, ":", 6)
		if len(parts) < 6 || name != "" && name != parts[2] {
			return ""
		}
		name = parts[2]
	}
	return name
}

// kind is the type of resource that an ARN pattern is about.
func kind(pattern string) string {
	parts := strings.SplitN(pattern, ":", 6)
	rest := parts[len(parts)-1]
	if i := strings.IndexAny(rest, "/:"); i >= 0 {
		return rest[:i]
	}
	return rest
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
