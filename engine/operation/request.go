// Package operation does what changes an app: it turns a request (deploy, destroy, rollback, restart) into a plan,
// checks what the plan depends on, and carries it out as a run.
package operation

import (
	"time"

	"berth/compare/price"
	"berth/engine/account"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/pipeline"
	"berth/engine/secret"
	"berth/engine/spec"
	"berth/engine/target"
)

// Request says what to plan.
type Request struct {
	Spec     *spec.Spec // complete and valid
	Destroy  bool
	Move     bool           // the app is to be moved: it is looked for in all regions where it is not here
	Given    []secret.Given // values of secrets, which a deployment keeps in the account before its tasks start
	exactly  bool           // of what the spec names and nothing else: nobody is told of another place
	KeepData bool           // a destroy leaves the database and the files where they are
	Rollback string         // the revision to go back to: family:number, the number alone, or target.Previous
	Restart  bool           // new tasks for the version that runs
	// Pipeline is one that may deploy new versions: what it needs is planned instead of the app. Nil: the app is.
	Pipeline       *pipeline.Pipeline
	SkipVerify     bool          // make no request to the endpoint
	SkipPreflight  bool          // go ahead whatever permissions, quotas and secrets there are
	NoRehearsal    bool          // ship an image without having run it here
	Rebuild        bool          // build the image anew, on the newest base images
	RotateOrigin   bool          // a new secret between CloudFront and the load balancer
	RolloutTimeout time.Duration // zero means the engine's own deadline
	// Usage is how much the app is used, for what it costs. Nil stands for light use. Only what visitors cause and
	// the hours of the month count; sizes and numbers are those of the spec.
	Usage *price.Usage
}

// deploys says that the request brings what the spec wants.
func (r Request) deploys() bool {
	return !r.Destroy && r.Rollback == "" && !r.Restart && r.Pipeline == nil
}

// made says that the request is about what an earlier deployment made, and brings nothing new.
func (r Request) made() bool { return !r.deploys() && r.Pipeline == nil }

func (r Request) usage() price.Usage {
	if r.Usage != nil {
		return *r.Usage
	}
	return price.DefaultUsage()
}

// Operator plans and applies requests in one account. It is safe for concurrent use.
type Operator struct {
	account.Account
	Builder      image.Builder
	Runs         string // folder of the journals, empty: no run leaves one
	Identify     bool   // an app that is deployed nowhere yet gets an identity at its first yes
	Flags        fail.Flags
	WaitForLogin bool // a run whose credentials expire waits for new ones
}

// blueprint is the app as its target builds it, with the processes that an earlier deployment made.
func (o *Operator) blueprint(r Request, opts target.Options) (target.Blueprint, error) {
	t, err := o.Targets.Of(r.Spec)
	if err != nil {
		return nil, err
	}
	opts.Made = r.made()
	opts.Given, opts.Builder, opts.SkipVerify, opts.NoRehearsal, opts.RolloutTimeout = r.Given, o.Builder, r.SkipVerify, r.NoRehearsal, r.RolloutTimeout
	opts.Rebuild, opts.RotateOrigin, opts.Prices = r.Rebuild, r.RotateOrigin, o.Prices
	return t.Blueprint(r.Spec, opts)
}
