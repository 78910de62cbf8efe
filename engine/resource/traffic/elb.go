// Package traffic holds the kinds that lead requests to an app: load balancer, target group, listener, rule and
// distribution, and the check of the address that comes out.
package traffic

import (
	"maps"
	"slices"

	"berth/engine/resource"
)

// drifted are the entries of want that have does not hold.
func drifted(have, want map[string]string) map[string]string {
	d := map[string]string{}
	for k, v := range want {
		if have[k] != v {
			d[k] = v
		}
	}
	return d
}

// attributes are the changes of the attributes in want.
func attributes(have, want map[string]string) (fields []resource.FieldChange) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		fields = append(fields, resource.Field(k, have[k], want[k]))
	}
	return fields
}

// newELB is to create something with tags: tags are a permission of their own, on what is created.
func newELB(api, made, parent string) []resource.Permission {
	tags := resource.On(resource.Actions("elasticloadbalancing:AddTags"), made)
	tags.When = resource.WhenEqual("elasticloadbalancing:CreateAction", api)
	return []resource.Permission{resource.On(resource.Actions("elasticloadbalancing:"+api), parent), tags}
}
