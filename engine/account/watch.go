package account

import (
	"context"
	"io"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/lock"
	"berth/engine/session"
	"berth/engine/spec"
	"berth/engine/target"
)

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
func (a Account) Watch(ctx context.Context, s *spec.Spec) (*Watch, error) {
	t, err := a.Targets.Of(s)
	if err != nil {
		return nil, err
	}
	clients, err := a.Connect(ctx, s.Region)
	if err != nil {
		return nil, err
	}
	o, err := a.reader(ctx, clients, s)
	if err != nil {
		return nil, err
	}
	w, err := t.Watch(clients, o, a.Priced(price.DefaultUsage()))
	if err != nil {
		return nil, err
	}
	return &Watch{Watcher: w, clients: clients, lock: lock.Name(o), plugin: a.Environment.Plugin, profile: a.Settings.Profile}, nil
}

// Calls is how many calls to AWS the watch has made.
func (w *Watch) Calls() int { return w.clients.Calls.Count() }

// Busy says which run changes the app just now, on any machine, nil when none does. It is one call, and needs no
// Status. The run may be dead: see lock.Holder.Alive. A missing permission is a Refused fail.Error.
func (w *Watch) Busy(ctx context.Context) (*lock.Holder, error) {
	h, err := lock.Read(ctx, w.clients, w.lock)
	if cloud.Unknown(err) { // an endpoint that has no parameters has no locks
		return nil, nil //nolint:nilnil // nobody
	}
	return h, cloud.Refused(err)
}

// Attach carries a command in a task that runs to its end and gives its exit code. Whether this machine can is looked at
// before anything is asked of AWS.
func (w *Watch) Attach(ctx context.Context, in target.Exec, with session.Streams) (exit int, err error) {
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
func (w *Watch) Connect(ctx context.Context, in target.Tunnel, say io.Writer, told func(target.Way)) error {
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
