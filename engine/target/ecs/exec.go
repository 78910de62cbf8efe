package ecs

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource/compute"
	"berth/engine/session"
	"berth/engine/target"
)

// Tasks implements target.Watcher.
func (w *watcher) Tasks(ctx context.Context) ([]target.Task, error) {
	tasks, err := compute.RunningTasks(ctx, w.clients, w.owner)
	if err != nil {
		return nil, cloud.Refused(cloud.Explain("list the tasks", err))
	}
	all := []target.Task{}
	for _, t := range tasks {
		agent, _ := t.Agent()
		all = append(all, target.Task{
			ID: t.ID, Process: t.Process, Revision: t.Revision, State: strings.ToLower(aws.ToString(t.LastStatus)),
			Started: aws.ToTime(t.StartedAt), Reachable: agent != "",
		})
	}
	return all, nil
}

// Exec implements target.Watcher.
func (w *watcher) Exec(ctx context.Context, in target.Exec) (session.Session, error) {
	b, err := w.blueprint()
	if err != nil {
		return session.Session{}, err
	}
	tasks, err := compute.RunningTasks(ctx, w.clients, w.owner)
	if err != nil {
		return session.Session{}, cloud.Refused(cloud.Explain("list the tasks", err))
	}
	if in.Process != "" && in.Task == "" { // one that there is not is told as that
		if _, err := w.definitionOf(ctx, in.Process); err != nil {
			return session.Session{}, err
		}
	}
	t, err := w.choose(tasks, in)
	if err != nil {
		return session.Session{}, err
	}
	o := &compute.Shell{Clients: w.clients, Cluster: b.Cluster.Name(), Task: t, Command: session.Wrap(in.Command), Doing: in.Doing}
	return o.Open(ctx)
}

// choose is the task that is meant: the one with that id, else the newest that takes sessions of the process.
func (w *watcher) choose(tasks []compute.RunningTask, in target.Exec) (compute.RunningTask, error) {
	var fit []compute.RunningTask
	for _, t := range tasks {
		if in.Task != "" && strings.HasPrefix(t.ID, in.Task) || in.Task == "" && t.Process == in.Process {
			fit = append(fit, t)
		}
	}
	if in.Task == "" {
		slices.SortStableFunc(fit, func(a, b compute.RunningTask) int { return rank(b) - rank(a) })
	}
	switch {
	case len(fit) == 0 && in.Task != "":
		return compute.RunningTask{}, &fail.Error{Class: fail.Usage, Cause: "no running task has an id that begins with " + in.Task, Remedy: "list the running tasks with: berth exec --list"}
	case len(fit) == 0:
		of := w.owner.App
		if in.Process != "" {
			of = in.Process
		}
		return compute.RunningTask{}, &fail.Error{
			Class: fail.Refused, Cause: "no task of " + of + " is running (" + w.owner.Env + ", " + w.clients.Region + ")",
			Remedy: "see what is running with: berth status; or run a command in a new task with: berth run -- COMMAND",
		}
	case len(fit) > 1 && in.Task != "":
		return compute.RunningTask{}, fail.Usagef("several tasks have ids that begin with %s: give more of the id", in.Task)
	}
	return fit[0], nil
}

// rank is how well a task takes a session: one that runs with an agent best.
func rank(t compute.RunningTask) int {
	switch agent, _ := t.Agent(); agent {
	case "RUNNING":
		return 3
	case "PENDING":
		return 2
	case "STOPPED":
		return 1
	}
	return 0
}
