package target

import (
	"slices"
	"strings"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/policy"
	"berth/engine/preflight"
	"berth/engine/resource"
)

// Verbs are what permissions can be asked for: the parts of an app's life.
var Verbs = []string{"deploy", "redeploy", "destroy"}

// Permissions are those that a part of the life of an app takes. An unknown verb is a Usage failure.
func Permissions(b Blueprint, s *resource.Scope, verb string) ([]resource.Permission, error) {
	var need []resource.Permission
	add := func(r resource.Resource, do ...event.Action) {
		for _, a := range do {
			need = append(need, resource.PermissionsOf(r, s, a)...)
		}
	}
	const look = event.Action("")
	set, do := b.Resources(), func(r resource.Resource) []event.Action {
		return []event.Action{look, event.Create, event.None} // and again, to go on after one that was cut short
	}
	switch verb {
	case "deploy":
	case "redeploy":
		set, need = nil, redeploy(b, s)
	case "destroy":
		set, do = append(b.Lasting(), b.Beside()...), func(resource.Resource) []event.Action { return []event.Action{look, event.Delete} }
	default:
		return nil, fail.Usagef("there is no policy for %q: say %s", verb, strings.Join(Verbs, ", "))
	}
	for _, r := range set {
		if resource.Wanted(r) {
			add(r, do(r)...)
		} else {
			add(r, look)
		}
	}
	if verb == "destroy" {
		return need, nil
	}
	return slices.Concat(need, []resource.Permission{preflight.Quotas()}, b.Looks(s)), nil
}

// Redeploying is the policy of something that deploys new versions of the app, changes nothing else of it, and looks at
// nothing beside.
func Redeploying(b Blueprint, s *resource.Scope) *policy.Document {
	return preflight.Policy(slices.Concat(preflight.Own(s), redeploy(b, s), []resource.Permission{preflight.Quotas()}))
}

// redeploy are the permissions to bring a new version of an app whose settings stay.
func redeploy(b Blueprint, s *resource.Scope) (need []resource.Permission) {
	for _, r := range b.Resources() {
		do := event.None
		if v, ok := r.(resource.Versioned); ok {
			do = v.NewVersion()
		}
		if !resource.Wanted(r) {
			do = "" // it is looked for
		}
		need = append(need, resource.PermissionsOf(r, s, do)...)
	}
	return need
}
