package resource

import (
	"slices"

	"berth/engine/event"
)

// Permission is one or more IAM actions on the same resources.
type Permission struct {
	Actions   []string
	Resources []string  // ARN patterns; "*" where AWS supports no narrower one
	When      Condition // nil for none
	// Without says what is different without it, when a run goes on all the same. Empty means that the run
	// fails.
	Without string
}

// Condition is the condition of a policy statement: operator, key, values that are accepted.
type Condition map[string]map[string][]string

// Permissioned is a Resource that says which IAM actions its calls need. Every kind is one; a kind that makes
// no call of AWS says so by returning nil.
type Permissioned interface {
	// Permissions are what it takes to do that to the resource: Create, Update, Replace or Delete it; None is
	// to find it unchanged and wait until it is ready; an empty action is to look it up only. Where the
	// resource was observed, an update names only the calls that this very update makes. Nothing is called.
	Permissions(s *Scope, do event.Action) []Permission
}

// PermissionsOf are the permissions of r, which may be Frozen.
func PermissionsOf(r Resource, s *Scope, do event.Action) []Permission {
	if f, ok := r.(Frozen); ok {
		r, do = f.Resource, ""
	}
	p, ok := r.(Permissioned)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(p.Permissions(s, do), func(one Permission) bool { return len(one.Actions) == 0 })
}

// Versioned is a Resource that a new version of the app changes, as it does not with settings that stay.
type Versioned interface {
	// NewVersion is what a new version does to the resource.
	NewVersion() event.Action
}

// NewVersion implements Versioned.
func (b *Build) NewVersion() event.Action { return event.Create }

// NewVersion implements Versioned.
func (i *Image) NewVersion() event.Action { return event.Create }

// NewVersion implements Versioned.
func (t *TaskDefinition) NewVersion() event.Action { return event.Update }

// NewVersion implements Versioned.
func (r *Release) NewVersion() event.Action { return event.Create }

// NewVersion implements Versioned.
func (v *Service) NewVersion() event.Action { return event.Update }

// Wanted says whether the app needs r at all. What it does without is only looked for, to remove what is left.
func Wanted(r Resource) bool {
	switch r := r.(type) {
	case *Namespace:
		return !r.Unwanted
	case *Discovery:
		return !r.Unwanted
	case *ServiceLinkedRole:
		return !r.Unwanted
	case *Scaling:
		return !r.Unwanted
	}
	return true
}

// exists says whether the resource is there while that is done to it.
func exists(do event.Action) bool { return do != "" && do != event.Create }

// anywhere are actions that AWS cannot bind to a resource.
func anywhere(actions ...string) Permission {
	return Permission{Actions: actions, Resources: []string{"*"}}
}

// on are actions on resources.
func on(actions []string, resources ...string) Permission {
	return Permission{Actions: actions, Resources: resources}
}

func acts(actions ...string) []string { return actions }

// globalARN is the ARN of a resource that belongs to no region.
func (s *Scope) globalARN(service, rest string) string {
	return "arn:" + s.Identity.Partition + ":" + service + "::" + s.Identity.Account + ":" + rest
}

// equal is the condition that a key has one of the values.
func equal(key string, values ...string) Condition {
	return Condition{"StringEquals": {key: values}}
}

// tagged is the condition that carries our tags: kind is aws:RequestTag for what is created and
// aws:ResourceTag for what exists.
func (o Owner) tagged(kind string) Condition {
	return Condition{"StringEquals": {kind + "/" + TagApp: {o.App}, kind + "/" + TagEnv: {o.Env}}}
}

// newEC2 is to create something of EC2 with our tags; api is the call and kind its ARN's.
func (o Owner) newEC2(s *Scope, api, kind string) []Permission {
	arn := s.ARN("ec2", kind+"/*")
	return []Permission{
		{Actions: acts("ec2:" + api), Resources: []string{arn}, When: o.tagged("aws:RequestTag")},
		{Actions: acts("ec2:CreateTags"), Resources: []string{arn}, When: equal("ec2:CreateAction", api)},
	}
}

// oursEC2 are actions on things of EC2 that carry our tags.
func (o Owner) oursEC2(s *Scope, actions []string, kinds ...string) Permission {
	p := Permission{Actions: actions, When: o.tagged("aws:ResourceTag")}
	for _, k := range kinds {
		p.Resources = append(p.Resources, s.ARN("ec2", k+"/*"))
	}
	return p
}
