package preflight

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"berth/engine/resource"
)

// Document is an IAM policy.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows actions on resources, under a condition when there is one.
type Statement struct {
	Effect    string
	Action    []string
	Resource  []string
	Condition resource.Condition `json:",omitempty"`
}

// Policy is the least policy that grants permissions: one statement for each set of resources and condition,
// in a fixed order.
func Policy(need []resource.Permission) *Document {
	d := &Document{Version: "2012-10-17"}
	for _, g := range groups(need) {
		d.Statement = append(d.Statement, Statement{Effect: "Allow", Action: g.Actions, Resource: g.Resources, Condition: g.When})
	}
	return d
}

// Actions are all actions that the policy allows, sorted.
func (d *Document) Actions() []string {
	set := map[string]bool{}
	for _, s := range d.Statement {
		for _, a := range s.Action {
			set[a] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Size is the number of characters that IAM counts: all but white space.
func (d *Document) Size() int {
	b, err := json.Marshal(d)
	if err != nil {
		return 0
	}
	return len(bytes.ReplaceAll(b, []byte(" "), nil))
}

// ManagedSize is how many characters a managed policy may have. An inline policy of a role may have 10,240.
const ManagedSize = 6144

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
