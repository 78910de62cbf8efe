package engine

import (
	"context"
	"io"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/lock"
	"berth/engine/session"
	"berth/engine/spec"
	"berth/engine/target"
	"berth/engine/watch"
)

// Status is what runs of an app now. It marshals to the JSON of the command line contract.
type Status = target.Status

// Deployment is one rollout of an app.
type Deployment = target.Deployment

// Process is a program of an app's image that runs beside the app's own.
type Process = target.Process

// Once is a command that runs once; see Watch.Run.
type Once = target.Once

// Task is a task that runs or comes up.
type Task = target.Task

// Exec is a command in a task that runs; see Watch.Attach.
type Exec = target.Exec

// Tunnel is a way to what only tasks reach; see Watch.Connect.
type Tunnel = target.Tunnel

// Way is where a tunnel leads, and through which task.
type Way = target.Way

// Streams are where a session's input comes from and its output goes to.
type Streams = session.Streams

// Resource is one resource of an app that exists.
type Resource = target.Resource

// Pulse is what of a Status changes from moment to moment.
type Pulse = target.Pulse

// Metrics is how an app did in the last three hours.
type Metrics = watch.Metrics

// LogLine is one line that a task of the app wrote.
type LogLine = watch.Line

// The states of a Status.
const (
	Absent    = target.Absent
	Partial   = target.Partial
	Deploying = target.Deploying
	Running   = target.Running
	Degraded  = target.Degraded
	Idle      = target.Idle
)

// Previous stands, as a revision to go back to, for the newest one that came up before the one that runs now.
const Previous = target.Previous

// Watch follows what runs of one app. It is safe for concurrent use.
type Watch struct {
	target.Watcher
	clients *cloud.Clients
	lock    string // name of its lock
	plugin  session.Plugin
	profile string
}

// Watch opens a watch on an app, of whose spec App, EnvName and Region suffice. It makes no call to AWS, save for an
// app whose name could be that of another one (resource.Owner.Ambiguous).
func (e *Engine) Watch(ctx context.Context, s *spec.Spec) (*Watch, error) {
	t, err := targetOf(s)
	if err != nil {
		return nil, err
	}
	clients, err := e.connect(ctx, s.Region)
	if err != nil {
		return nil, err
	}
	o, err := e.reader(ctx, clients, s)
	if err != nil {
		return nil, err
	}
	w, err := t.Watch(clients, o, e.prices(price.DefaultUsage()))
	if err != nil {
		return nil, err
	}
	return &Watch{Watcher: w, clients: clients, lock: lockName(o), plugin: e.opts.Environment.Plugin, profile: e.opts.Settings.Profile}, nil
}

// Calls is how many calls to AWS the watch has made.
func (w *Watch) Calls() int { return w.clients.Calls.Count() }

// Busy says which run changes the app just now, on any machine, nil when none does. It is one call, and needs no
// Status. The run may be dead: see Holder.Alive. A missing permission is a Refused fail.Error.
func (w *Watch) Busy(ctx context.Context) (*Holder, error) {
	h, err := lock.Read(ctx, w.clients, w.lock)
	if cloud.Unknown(err) { // an endpoint that has no parameters has no locks
		return nil, nil //nolint:nilnil // nobody
	}
	return h, cloud.Refused(err)
}

// Attach carries a command in a task that runs to its end and gives its exit code. Whether this machine can is looked at
// before anything is asked of AWS.
func (w *Watch) Attach(ctx context.Context, in Exec, with Streams) (exit int, err error) {
	plugin := w.plugin
	if plugin == nil {
		if plugin, err = session.Find(); err != nil {
			return 0, err
		}
	}
	s, err := w.Exec(ctx, in)
	if err != nil {
		return 0, err
	}
	s.Profile = w.profile
	return plugin.Attach(ctx, s, with)
}

// Connect keeps a tunnel open until ctx ends or it does. told hears where it leads before it opens. On a machine that cannot
// open one it is Refused with the command that does it elsewhere.
func (w *Watch) Connect(ctx context.Context, in Tunnel, say io.Writer, told func(Way)) error {
	way, err := w.Way(ctx, in)
	if err != nil {
		return err
	}
	plugin := w.plugin
	if plugin == nil {
		forward := session.Forward{Host: way.Host, Port: way.Port, Local: way.Local}
		if plugin, err = session.Find(); err != nil {
			return session.Elsewhere(err, forward.Command(way.Target, w.clients.Region, w.profile))
		}
	}
	s, err := w.Forward(ctx, way)
	if err != nil {
		return err
	}
	s.Profile = w.profile
	told(way)
	return plugin.Carry(ctx, s, say)
}

// Status says what runs of the app. App, EnvName and Region of the spec suffice. What it may not look at is left
// out and named in Denied, save who we are and whether the app is deployed: without those it fails with a Refused
// fail.Error.
func (e *Engine) Status(ctx context.Context, s *spec.Spec) (*Status, error) {
	w, err := e.Watch(ctx, s)
	if err != nil {
		return nil, err
	}
	return w.Status(ctx)
}

// Revisions lists the rollouts of the app that one can go back to, newest first: those that came up, each
// revision once, without the one that runs.
func (e *Engine) Revisions(ctx context.Context, s *spec.Spec) ([]Deployment, error) {
	w, err := e.Watch(ctx, s)
	if err != nil {
		return nil, err
	}
	return w.Revisions(ctx)
}
