package engine

import (
	"berth/engine/account"
	"berth/engine/cloud"
	"berth/engine/inventory"
	"berth/engine/journal"
	"berth/engine/lock"
	"berth/engine/operation"
	"berth/engine/orphan"
	"berth/engine/pipeline"
	"berth/engine/plan"
	"berth/engine/preflight"
	"berth/engine/project"
	"berth/engine/rehearse"
	"berth/engine/resource"
	"berth/engine/run"
	"berth/engine/secret"
	"berth/engine/session"
	"berth/engine/target"
	"berth/engine/watch"
)

// What changes an app.
type (
	Request     = operation.Request    // what to plan
	Plan        = plan.Plan            // what would change, what it costs, and the hash that a confirmation is bound to
	Change      = plan.Change          // one resource of a plan
	FieldChange = resource.FieldChange // what a change of a plan changes in one field
	Cost        = plan.Cost            // one line of a plan's monthly estimate
	Sum         = plan.Sum             // what the resources of a plan, or those that exist, cost a month
	Report      = preflight.Report     // what was found of all that a plan depends on
	Elsewhere   = plan.Elsewhere       // the same app in another place
	Beside      = plan.Beside          // what a deployment does about that
	Run         = run.Run              // a plan being carried out
	Result      = run.Result           // how a run ended
	Attached    = journal.Attached     // a run of another process on this machine: it has events, and cannot be stopped from here
	Holder      = lock.Holder          // who has the lock of an app: the run that goes on, wherever it does
)

// What a source tree and an image tell.
type (
	Findings  = project.Findings // what a source tree tells
	Finding   = project.Finding  // one thing that was found in a source tree
	Variable  = project.Variable // an environment variable that an app does not start without
	Rehearsal = rehearse.Report  // what was found when an image was run on this machine
)

// What runs.
type (
	Watch      = account.Watch     // follows what runs of one app
	Status     = target.Status     // what runs of an app now; marshals to the JSON of the command line
	Deployment = target.Deployment // one rollout of an app
	Process    = target.Process    // a program of an app's image that runs beside the app's own
	Resource   = target.Resource   // one resource of an app that exists
	Pulse      = target.Pulse      // what of a Status changes from moment to moment
	Metrics    = watch.Metrics     // how an app did in the last three hours
	LogLine    = watch.Line        // one line that a task of the app wrote
	Once       = target.Once       // a command that runs once; see Watch.Run
	Task       = target.Task       // a task that runs or comes up
	Exec       = target.Exec       // a command in a task that runs; see Watch.Attach
	Tunnel     = target.Tunnel     // a way to what only tasks reach; see Watch.Connect
	Way        = target.Way        // where a tunnel leads, and through which task
	Pipeline   = pipeline.Pipeline // a pipeline that may deploy new versions of an app
	Streams    = session.Streams   // where a session's input comes from and its output goes to
)

// What there is in an account.
type (
	Identity    = cloud.Identity    // whose credentials are in use
	Owner       = resource.Owner    // an app in one environment
	AppsRequest = inventory.Request // where to look for apps
	App         = inventory.App     // what runs of one app in one environment; marshals to JSON
	Apps        = inventory.Apps    // all apps of an account; marshals to JSON
	Orphans     = orphan.Report     // what earlier runs left over in a region
	Everywhere  = orphan.Everywhere // what earlier runs left over in all regions of an account
	OrphanGroup = orphan.Group      // what is left over of one app in one environment
	Secret      = secret.Secret     // a secret of an app, without its value
	Given       = secret.Given      // a secret whose value somebody gave, for a deployment to keep
)

// The states of a Status.
const (
	Absent    = target.Absent
	Partial   = target.Partial
	Deploying = target.Deploying
	Running   = target.Running
	Degraded  = target.Degraded
	Idle      = target.Idle
)

const (
	Previous      = target.Previous // as a revision: the newest one that came up before the one that runs now
	SecretMissing = secret.Missing  // the state of a Secret that berth.toml names and nobody set
	Move          = plan.Move       // as a Beside: what is elsewhere goes once the new one was verified
	Both          = plan.Both       // as a Beside: it stays
	AnyID         = resource.AnyID  // the identity of whoever has an app of that name
)
