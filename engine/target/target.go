// Package target says what a way to run an app on AWS has to be able to do, in words that fit all of them. Each
// target is a folder of its own below; the facade, which registers them, knows no other name of theirs.
package target

import (
	"context"
	"time"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/image"
	"berth/engine/pipeline"
	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/secret"
	"berth/engine/session"
	"berth/engine/spec"
	"berth/engine/watch"
)

// Target is one way to run an app on AWS.
type Target interface {
	// Name is the target's name in berth.toml.
	Name() string
	// Unsupported are the settings of a spec that the target cannot serve, each refused in its words.
	Unsupported(*spec.Spec) []spec.Problem
	// Builds says whether the target can serve other values of a key of berth.toml than the one that it has anyway.
	Builds(key string) bool
	// Standing lists the processes of an app that anything is there of. Errors of
	// the SDK come as they are.
	Standing(context.Context, *cloud.Clients, resource.Owner) ([]string, error)
	// Blueprint is the app as resources. The spec is complete and valid. One that asks for what the target cannot
	// do is a Usage failure. It makes no call.
	Blueprint(*spec.Spec, Options) (Blueprint, error)
	// Watch follows what runs of an app in the region of the clients, and what it costs. It makes no call.
	Watch(*cloud.Clients, resource.Owner, plan.Prices) (Watcher, error)
	// Known is what is deployed by the name of an app, whatever its identity, by two calls at most. Where that may not
	// be asked, nothing is known.
	Known(context.Context, *cloud.Clients, resource.Owner) (Known, error)
	// Owners lists the apps that run, or are ready to, in the region of the clients, by few calls.
	Owners(context.Context, *cloud.Clients) ([]resource.Owner, error)
	// Apps lists the apps of which anything is there that costs money, and says what could not be looked at.
	Apps(context.Context, *cloud.Clients) (owners []resource.Owner, blind []string, err error)
}

// Known is what is deployed by the name of an app.
type Known struct {
	Exists bool   // an app of that name runs, or is ready to
	ID     string // its identity, empty when it has none
	Old    bool   // it has the name of before names were told apart
}

// Options is what a blueprint needs beyond the spec.
type Options struct {
	Owner resource.Owner // of all resources
	// Standing are the processes that an earlier deployment made, as Target.Standing tells them. Those that the spec does
	// not want go.
	Standing       []string
	Made           bool // it is about what was made before, so that no setting is refused
	Builder        image.Builder
	Prices         *price.Table   // of the sums in findings; nil leaves the sums out
	Given          []secret.Given // values of secrets, which the deployment keeps before anything reads them
	SkipVerify     bool           // make no request to the endpoint
	NoRehearsal    bool           // ship an image without having run it here
	Rebuild        bool           // build the image anew, on the newest base images
	RotateOrigin   bool           // a new secret between CloudFront and the load balancer
	RolloutTimeout time.Duration  // zero means the target's own deadline
}

// Blueprint is one app as the resources that a target makes of it, wired to each other.
type Blueprint interface {
	// Resources are all resources and steps of a deployment in the order in which people see them.
	Resources() resource.Set
	// Lasting are those that exist in AWS, in the same order: what a destroy removes and a status shows. Looking
	// them up needs neither a source tree nor an image.
	Lasting() resource.Set
	// Rollback are the resources of a rollback to a revision, as Watcher.Revision names it, of an app that runs so. The
	// blueprint is good for nothing else afterwards.
	Rollback(revision string, now *Status) resource.Set
	// Restart are the resources of new tasks for the version that runs, as a status tells it. The blueprint is good
	// for nothing else afterwards.
	Restart(now *Status) resource.Set
	// Pipeline are what a pipeline needs that deploys new versions of the app: a role that may do that and no more, bound
	// to where the pipeline runs. No deployment makes or changes it.
	Pipeline(pipeline.Pipeline) resource.Set
	// Beside is what is there of a pipeline, whichever it is, for a destroy.
	Beside() resource.Set
	// Deciding are those of Resources that must be looked up to know which permissions the others need.
	Deciding() resource.Set
	// Looks are the permissions for what a Watcher reads beyond Lasting.
	Looks(*resource.Scope) []resource.Permission
	// Kept is a key of berth.toml that berth proposed a value of, and the value that it has where the app is deployed, as
	// observed: that stays. Empty where no proposal differs.
	Kept() (key, value string)
	// Address is the https URL of the app, as observed; empty while there is none.
	Address() string
}

// Watcher follows what runs of one app. It is safe for concurrent use, and keeps what never changes.
type Watcher interface {
	// Status is the whole look. What it may not look at is left out and named in Denied, save who we are and
	// whether the app is deployed: without those it fails with a Refused fail.Error.
	Status(context.Context) (*Status, error)
	// Pulse is the small look, of two calls at most. It needs an earlier Status, and makes no call where that
	// found nothing that runs. A missing permission is a Refused fail.Error, save the one for the health.
	Pulse(context.Context) (Pulse, error)
	// Metrics is how the app did in the last three hours, in steps of three minutes. It is exactly one call and
	// needs an earlier Status; where that found nothing that runs it is no call and all values are math.NaN(). A
	// missing permission is a Refused fail.Error that names it.
	Metrics(context.Context) (watch.Metrics, error)
	// Logs gives what the app wrote after a time, oldest first. Go on with the time of the last line: then no line
	// comes twice, and lines that reached AWS up to 10 s late come before the newer ones, older than after. With a
	// zero after it begins anew with the newest lines of the last day, 200 at most. It needs no earlier Status, and
	// makes one call as a rule; there is a bound, and what does not fit comes with the next look. A missing
	// permission is a Refused fail.Error that names it; an app that has no log is Refused, too.
	Logs(ctx context.Context, after time.Time) ([]watch.Line, error)
	// FollowLogs gives what the app writes to each as it comes, in the order of Logs, until ctx ends or each
	// fails, whose error it then returns. It looks every two seconds and bears an AWS that is out of reach for a
	// moment.
	FollowLogs(ctx context.Context, after time.Time, each func([]watch.Line) error) error
	// Run runs a command once as the app's tasks do, to its end, and gives its exit code. When ctx ends it ends the
	// command, too, and is a Stopped fail.Error. An app that is not deployed is Refused, an unknown process Usage.
	Run(context.Context, Once) (exit int, err error)
	// Tasks lists the tasks that run or come up, the app's own first, then by process, the newest first.
	Tasks(context.Context) ([]Task, error)
	// Exec opens a session for a command in a task that runs, once that takes sessions. One that was started without a
	// way in is Refused.
	Exec(context.Context, Exec) (session.Session, error)
	// Way looks for a way through a task to the app's database, or to another host. It is Refused where there is no task with a
	// way in, or no database.
	Way(context.Context, Tunnel) (Way, error)
	// Forward opens the session of a way.
	Forward(context.Context, Way) (session.Session, error)
	// Revisions lists the deployments that one can go back to, newest first: those that came up, each revision
	// once, without the one that runs.
	Revisions(context.Context) ([]Deployment, error)
	// Revision is the full name of the revision that somebody calls so: in full, by its number, or Previous; and what
	// runs now. It is Refused when there is none.
	Revision(ctx context.Context, called string) (string, *Status, error)
	// Restartable is what runs now. It is Refused when there are no tasks that could be started anew.
	Restartable(context.Context) (*Status, error)
}

// Once is a command that runs once.
type Once struct {
	Process string   // of which process; empty: the app's own
	Command []string // instead of the process's; empty: the process's
	// Each gets the output as it comes, in order, line by line.
	Each func(lines []string) error
	// Doing says what goes on, such as that the task is being started.
	Doing func(text string)
}

// Task is a task that runs or comes up.
type Task struct {
	ID        string    `json:"id"`
	Process   string    `json:"process,omitempty"` // empty: the app's own
	Revision  string    `json:"revision"`
	State     string    `json:"state"`            // as AWS has it, lower case
	Started   time.Time `json:"started,omitzero"` // zero while it comes up
	Reachable bool      `json:"reachable"`        // it was started with a way in
}

// Exec is a command in a task that runs.
type Exec struct {
	Process string   // in a task of which process; empty: the app's own
	Task    string   // the beginning of its id; empty: the newest
	Command []string // empty: a shell
	// Doing says what goes on, such as that something is waited for.
	Doing func(text string)
}

// Previous stands, as a revision to go back to, for the newest one that came up before the one that runs now.
const Previous = "previous"
