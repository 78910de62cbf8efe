// Package resource is the contract of a resource kind and what all kinds share: the scope that a kind works in, tags and
// names, differences, permissions, checks and retries. A kind knows how to find its resource by a natural key, how it
// differs from what is wanted, and how to create, change and delete it; it knows its retryable errors, how long it
// usually takes, what it costs and what it takes to be allowed all that. It knows nothing of plans, runs or screens.
//
// The kinds live in families below: network, access, artifact, traffic, compute and data, in this order. A family imports
// this package and families before it, never one behind it. A kind is one file.
//
// Resources refer to each other by pointer. What a resource learns (an ARN, a host name) stands in its
// exported output fields after Observe and after Apply; an output that is not known yet is empty, which is
// how a resource that depends on it sees that it has to change, too.
package resource

import (
	"context"
	"time"
)

// Resource is one AWS resource of an app, or one step that makes something else (an image, a check).
type Resource interface {
	// Info says what it is. It does not change.
	Info() Info
	// Needs lists the resources that come first.
	Needs() []Need
	// Observe looks the resource up in AWS by its natural key and fills the outputs. That it does not exist
	// is not an error.
	Observe(context.Context, *Scope) error
	// Exists says whether Observe (or Apply) found it.
	Exists() bool
	// Diff compares what is wanted with what was observed, in the scope of that observation. It makes no call.
	// When the resource will get another identity it empties the outputs.
	Diff(*Scope) Diff
	// Apply creates or changes the resource so that Diff would be None. It may be called when another run
	// did half of it.
	Apply(context.Context, *Scope) error
	// Delete removes the resource and waits until it is gone. That it is gone already is not an error.
	Delete(context.Context, *Scope) error
}

// Info says what a resource is.
type Info struct {
	ID      string        // within the plan, such as "load-balancer"
	Kind    string        // such as "elbv2.LoadBalancer"
	Name    string        // its name in AWS, or what people call it
	Label   string        // for sentences: "the load balancer"
	Group   string        // heading in the resource tree, one of the Group constants
	Usually time.Duration // how long it usually takes until it is ready (engine/AWS.md, Durations)
	Gone    time.Duration // how long deleting it usually takes
	Keeps   string        // the data that goes away with it, for people; empty when there is none
	Ends    string        // what stops working for people when it goes, and what to do; empty for what only the app uses
}

// The groups of the resource tree, in the order in which they are shown.
const (
	GroupNetwork  = "network"
	GroupAccess   = "access"
	GroupImage    = "image"
	GroupTraffic  = "traffic"
	GroupData     = "data"
	GroupCompute  = "compute"
	GroupAlarms   = "alarms"
	GroupEndpoint = "endpoint"
)

// Need is an arrow from a resource to one that comes first.
type Need struct {
	On Resource
	// Observe: On's outputs are needed to look this resource up.
	Observe bool
	// Ready: wait until On is ready, not only applied.
	Ready bool
	// Loose: when both are deleted, the order does not matter.
	Loose bool
}

// After is the plain need: apply this behind those.
func After(rs ...Resource) []Need {
	needs := make([]Need, len(rs))
	for i, r := range rs {
		needs[i] = Need{On: r}
	}
	return needs
}
