package ecs

import (
	"context"
	"net"
	"strconv"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/session"
	"berth/engine/target"
)

// Way implements target.Watcher.
func (w *watcher) Way(ctx context.Context, in target.Tunnel) (target.Way, error) {
	b, err := w.blueprint()
	if err != nil {
		return target.Way{}, err
	}
	way, err := w.leadsTo(ctx, b, in.To)
	if err != nil {
		return target.Way{}, err
	}
	tasks, err := compute.RunningTasks(ctx, w.clients, w.owner)
	if err != nil {
		return target.Way{}, cloud.Refused(cloud.Explain("list the tasks", err))
	}
	t, err := w.choose(tasks, target.Exec{Process: in.Process, Task: in.Task})
	if err != nil {
		return target.Way{}, err
	}
	o := &compute.Shell{Clients: w.clients, Cluster: b.Cluster.Name(), Task: t, Doing: in.Doing}
	if way.Target, err = o.Reach(ctx); err != nil {
		return target.Way{}, err
	}
	way.Region, way.Task, way.Local = w.clients.Region, t.ID, in.Local
	return way, nil
}

// leadsTo is where a way ends: at a host and port, or at the app's database.
func (w *watcher) leadsTo(ctx context.Context, b *Blueprint, to string) (target.Way, error) {
	if to != "" {
		host, port, err := net.SplitHostPort(to)
		n, bad := strconv.Atoi(port)
		if err != nil || bad != nil || host == "" || n < 1 || n > 65535 {
			return target.Way{}, fail.Usagef("%q is not a host and port, such as db.example.com:5432", to)
		}
		return target.Way{Host: host, Port: n}, nil
	}
	d := b.Database
	d.Unneeded = false // it is looked for whatever berth.toml says
	if err := d.Observe(ctx, &resource.Scope{Clients: w.clients, Owner: w.owner}); err != nil {
		return target.Way{}, cloud.Refused(cloud.Explain("look at the database", err))
	}
	if !d.Exists() || d.Host == "" {
		return target.Way{}, &fail.Error{
			Class: fail.Refused, Cause: w.owner.App + " (" + w.owner.Env + ") has no database created by berth in " + w.clients.Region,
			Remedy: "give one that the app's tasks can reach: berth database connect --to HOST:PORT",
		}
	}
	return target.Way{Host: d.Host, Port: d.Port, Engine: d.Kind(), User: d.User, Name: d.In, Password: d.Password.Name()}, nil
}

// Forward implements target.Watcher.
func (w *watcher) Forward(ctx context.Context, way target.Way) (session.Session, error) {
	return compute.Forward(ctx, w.clients, way.Target, session.Forward{Host: way.Host, Port: way.Port, Local: way.Local})
}
