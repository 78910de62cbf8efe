// Package resource holds the AWS resource kinds, one file each. A kind knows how to find its resource by a
// natural key, how it differs from what is wanted, and how to create, change and delete it; it knows its
// retryable errors, how long it usually takes and what it costs. It knows nothing of plans, runs or screens.
//
// Resources refer to each other by pointer. What a resource learns (an ARN, a host name) stands in its
// exported output fields after Observe and after Apply; an output that is not known yet is empty, which is
// how a resource that depends on it sees that it has to change, too.
package resource

import (
	"context"
	"time"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
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
	// Diff compares what is wanted with what was observed. It makes no call. When the resource will get
	// another identity it empties the outputs.
	Diff() Diff
	// Apply creates or changes the resource so that Diff would be None. It may be called when another run
	// did half of it.
	Apply(context.Context, *Scope) error
	// Delete removes the resource and waits until it is gone. That it is gone already is not an error.
	Delete(context.Context, *Scope) error
}

// Detailer is a Resource whose observation has a second round of calls that no other resource's observation
// waits for.
type Detailer interface {
	Detail(context.Context, *Scope) error
}

// Readier is a Resource that AWS goes on working at after Apply. Only what needs it ready waits for it.
type Readier interface {
	// Ready waits until the resource does its work. It is called for unchanged resources, too, and then
	// returns after one look.
	Ready(context.Context, *Scope) error
}

// Unattended is a Readier that AWS gets ready whether or not anybody waits. When another resource has failed,
// nobody does.
type Unattended interface {
	Readier
	Unattended()
}

// Cleaner is a Resource that leaves something behind to remove once all others are ready.
type Cleaner interface {
	Cleanup(context.Context, *Scope) error
}

// Holder is a Resource that holds something of this machine, such as a file, while a run goes on.
type Holder interface {
	// Release lets go of it, however the run ended. It may be called again.
	Release()
}

// Coster is a Resource that costs money, in a month of 730 hours, as items of the price table.
type Coster interface {
	// Usage is what is billed for as long as the resource exists.
	Usage() []price.Item
}

// User is a Resource whose bill depends on how much the app is used, too.
type User interface {
	// Use is what a light use of the app would be billed for.
	Use() []price.Item
}

// Info says what a resource is.
type Info struct {
	ID      string        // within the plan, such as "load-balancer"
	Kind    string        // such as "elbv2.LoadBalancer"
	Name    string        // its name in AWS, or what people call it
	Label   string        // for sentences: "the load balancer"
	Group   string        // heading in the resource tree, one of the Group constants
	Usually time.Duration // how long it usually takes until it is ready (ecs-provisioning 2.1)
	Gone    time.Duration // how long deleting it usually takes
	Keeps   string        // the data that goes away with it, for people; empty when there is none
}

// The groups of the resource tree, in the order in which they are shown.
const (
	GroupNetwork  = "network"
	GroupAccess   = "access"
	GroupImage    = "image"
	GroupTraffic  = "traffic"
	GroupCompute  = "compute"
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

// after is the plain need: apply this behind those.
func after(rs ...Resource) []Need {
	needs := make([]Need, len(rs))
	for i, r := range rs {
		needs[i] = Need{On: r}
	}
	return needs
}

// Diff is what has to be done to a resource and why. A zero Action means that the resource is no part of
// the plan at all.
type Diff struct {
	Action event.Action
	Why    string
}

// Scope is what a resource works with: the clients, who it works for, and where it tells what it does.
type Scope struct {
	*cloud.Clients
	Identity cloud.Identity
	Owner    Owner
	// Emit passes an event of this resource on; the node is filled in. Nil while planning.
	Emit func(event.Event)
}

func (s *Scope) emit(e event.Event) {
	if s.Emit != nil {
		s.Emit(e)
	}
}

// Doing says what is being done right now.
func (s *Scope) Doing(text string) { s.emit(event.Event{Type: event.NodeStarted, Text: text}) }

// Log passes one line on; stream is build, push, app or aws.
func (s *Scope) Log(stream, text string) {
	s.emit(event.Event{Type: event.NodeLog, Stream: stream, Text: text})
}

// Notice is Log for a line that tells of trouble or of a turn: see event.Event.Notable.
func (s *Scope) Notice(stream, text string) {
	s.emit(event.Event{Type: event.NodeLog, Stream: stream, Text: text, Notable: true})
}

// Progress says how far it is.
func (s *Scope) Progress(text string, current, total int64, unit string) {
	s.emit(event.Event{Type: event.NodeProgress, Text: text, Current: current, Total: total, Unit: unit})
}

// Poll waits with the engine's only poller and says so.
func (s *Scope) Poll(ctx context.Context, w cloud.Wait, usually time.Duration, look func(context.Context) (bool, string, error)) error {
	told, start := "", s.Clock.Now()
	if s.PollEvery != 0 {
		w.Every = s.PollEvery
	}
	return cloud.Poll(ctx, s.Clock, w, func(ctx context.Context) (bool, string, error) {
		done, seen, err := look(ctx)
		if cloud.NotFound(err) && s.Clock.Since(start) < settling {
			err = nil // made a moment ago: not every reader of AWS knows it yet
		}
		if text := waitText(w.For, seen); !done && err == nil && text != told {
			told = text
			s.emit(event.Event{
				Type: event.NodeWaiting, Text: text,
				UsuallyS: event.Seconds(usually), DeadlineS: event.Seconds(w.Deadline),
			})
		}
		return done, seen, err
	})
}

// settling is how long something that was just made may stay out of sight (ecs-provisioning 10).
const settling = time.Minute

// Adopt looks for something that AWS says exists already, because the answer of the call that made it got
// lost, until it comes into sight.
func (s *Scope) Adopt(ctx context.Context, what string, look func(context.Context) error, found func() bool) error {
	w := cloud.Wait{For: what + " to come into sight", Every: 2 * time.Second, Deadline: settling}
	return cloud.Poll(ctx, s.Clock, w, func(ctx context.Context) (bool, string, error) {
		err := look(ctx)
		return found(), "", err
	})
}

func waitText(what, seen string) string {
	if seen == "" {
		return "waiting for " + what
	}
	return "waiting for " + what + " (" + seen + ")"
}

// Retry tries again while the error is one of the rows.
func (s *Scope) Retry(ctx context.Context, rows []cloud.Retryable, try func(context.Context) error) error {
	return cloud.Retry(ctx, s.Clock, rows, try)
}

// none, create and friends make Diffs.
func none() Diff               { return Diff{Action: event.None} }
func absent() Diff             { return Diff{Action: event.Create, Why: "does not exist yet"} }
func changed(why string) Diff  { return Diff{Action: event.Update, Why: why} }
func replaced(why string) Diff { return Diff{Action: event.Replace, Why: why} }

// unwanted is the diff of a resource that the app did without, or does by now.
func unwanted(r Resource) Diff {
	if !r.Exists() {
		return Diff{}
	}
	return Diff{Action: event.Delete, Why: "is no longer needed"}
}

func update(whys []string) Diff { return updateOr(whys, none()) }

func updateOr(whys []string, otherwise Diff) Diff {
	if len(whys) == 0 {
		return otherwise
	}
	why := whys[0]
	for _, w := range whys[1:] {
		why += ", " + w
	}
	return changed(why)
}
