package resource

import (
	"context"

	"berth/compare/price"
	"berth/engine/event"
)

// Identified is a Resource that AWS gives an ARN or an id.
type Identified interface {
	// Identifier is the ARN or id, empty until there is one.
	Identifier() string
}

// Permissioned is a Resource that says which IAM actions its calls need. Every kind is one; a kind that makes
// no call of AWS says so by returning nil.
type Permissioned interface {
	// Permissions are what it takes to do that to the resource: Create, Update, Replace or Delete it; None is
	// to find it unchanged and wait until it is ready; an empty action is to look it up only. Where the
	// resource was observed, an update names only the calls that this very update makes. Nothing is called.
	Permissions(s *Scope, do event.Action) []Permission
}

// Detailer is a Resource whose observation has a second round of calls that no other resource's observation
// waits for.
type Detailer interface {
	Detail(context.Context, *Scope) error
}

// OfAccount is a Resource whose observation depends on whose account it is. It is looked up once that is known.
type OfAccount interface {
	OfAccount()
}

// Versioned is a Resource that a new version of the app changes, as it does not with settings that stay.
type Versioned interface {
	// NewVersion is what a new version does to the resource.
	NewVersion() event.Action
}

// Waiter is a Resource that AWS goes on working at after Apply. Only what needs it ready waits for it.
type Waiter interface {
	// Ready waits until the resource does its work. It is called for unchanged resources, too, and then
	// returns after one look.
	Ready(context.Context, *Scope) error
}

// Unattended is a Waiter that AWS gets ready whether or not anybody waits. When another resource has failed,
// nobody does.
type Unattended interface {
	Waiter
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

// Coster is a Resource that costs money.
type Coster interface {
	// Costs adds to the bill the part that the resource is. What it counts and what it depends on is decided
	// there, so that a plan and a comparison have the same lines.
	Costs(*price.Bill)
}

// Claimed is a Resource whose name somebody else may have taken before. One that does not carry our tags is never
// changed or deleted: it does not exist as far as a destroy goes, and a deployment is refused.
type Claimed interface {
	// Stranger says whose the resource of that name is, as far as its tags tell; nil when there is none or it is ours.
	Stranger() *Stranger
}

// Keeping is a Resource that holds data of people. A destroy that keeps data leaves it where it is, with all that it
// needs, and the next deployment finds it again.
type Keeping interface {
	// Data says what the data is: "the database and all data in it".
	Data() string
}

// Grower is a Resource that can make the app cost more by itself, as scaling does.
type Grower interface {
	// CostsMore adds to the bill what comes on top at most.
	CostsMore(*price.Bill)
}

// AsFound is a Resource whose cost depends on how it is set up.
type AsFound interface {
	// AsFound has an observed resource cost what was found, not what is wanted. It may make a call.
	AsFound(context.Context, *Scope) error
}

// Optional is a Resource that an app can do without. Without it, what is left of it is looked up and removed.
type Optional interface {
	// Wanted says whether the app needs it at all.
	Wanted() bool
}

// Wanted says whether the app needs r at all. What it does without is only looked for, to remove what is left.
func Wanted(r Resource) bool {
	o, ok := r.(Optional)
	return !ok || o.Wanted()
}

// Checked is a Resource that depends on something besides permissions: a quota, a program, a role.
type Checked interface {
	// Checks are what should be looked at before that is done to the resource.
	Checks(do event.Action) []Probe
}

// Exposed is a Resource that lets the internet reach the app, or a part of it.
type Exposed interface {
	// Exposes says what the internet can reach once this was done to the resource, a sentence without a final
	// stop; empty when nothing of it is news.
	Exposes(do event.Action) string
}

// Barred is a Resource that may turn out to be impossible once it was looked up: a zone that nobody asks, a record of
// somebody else.
type Barred interface {
	// Bar is why the app cannot be deployed with it, a Refused fail.Error; nil when it can.
	Bar() error
}

// Awaiting is a Resource that may wait for what only people can do.
type Awaiting interface {
	// Awaits is what it waits for, as observed or as a run found last; nil when there is nothing.
	Awaits() *event.Waiting
}

// Awaits is what one of the resources waits for, nil when none does.
func (s Set) Awaits() *event.Waiting {
	for _, r := range s {
		if a, ok := r.(Awaiting); ok {
			if w := a.Awaits(); w != nil {
				return w
			}
		}
	}
	return nil
}
