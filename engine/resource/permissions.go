package resource

import (
	"slices"

	"berth/engine/event"
	"berth/engine/policy"
)

// Permission is one or more IAM actions on the same resources.
type Permission struct {
	Actions   []string
	Resources []string         // ARN patterns; "*" where AWS supports no narrower one
	When      policy.Condition // nil for none
	// Without says what is different without it, when a run goes on all the same. Empty means that the run
	// fails.
	Without string
}

// PermissionsOf are the permissions of r, which may be ReadOnly.
func PermissionsOf(r Resource, s *Scope, do event.Action) []Permission {
	if f, ok := r.(ReadOnly); ok {
		r, do = f.Resource, ""
	}
	p, ok := r.(Permissioned)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(p.Permissions(s, do), func(one Permission) bool { return len(one.Actions) == 0 })
}

// Existing says whether the resource is there while that is done to it.
func Existing(do event.Action) bool { return do != "" && do != event.Create }

// Anywhere are actions that AWS cannot bind to a resource.
func Anywhere(actions ...string) Permission {
	return Permission{Actions: actions, Resources: []string{"*"}}
}

// On are actions on resources.
func On(actions []string, resources ...string) Permission {
	return Permission{Actions: actions, Resources: resources}
}

// Whose is the action that tells whose something is that has one of our names; what is "a log group".
func Whose(action, what string, resources ...string) Permission {
	return Permission{
		Actions: Actions(action), Resources: resources, Without: what + " of that name is assumed to be the app's, whoever owns it",
	}
}

// Actions is a list of IAM actions.
func Actions(actions ...string) []string { return actions }

// WhenEqual is the condition that a key has one of the values.
func WhenEqual(key string, values ...string) policy.Condition {
	return policy.Condition{"StringEquals": {key: values}}
}

// Makes says whether an action brings something into the world.
func Makes(do event.Action) bool { return do == event.Create || do == event.Replace }
