package compute

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/session"
)

// agentDeadline is how long the agent of ECS Exec may take to come up in a task that has just started.
const agentDeadline = 2 * time.Minute

// RunningTask is a task that runs.
type RunningTask struct {
	ecstypes.Task
	ID       string
	Process  string // whose it is; empty: the app's own
	Revision string // family:number
}

// RunningTasks lists the tasks of an app that run or come up, the app's own first, then by process, the newest first.
// Errors of the SDK come as they are; an app without a cluster has none.
func RunningTasks(ctx context.Context, c *cloud.Clients, o resource.Owner) (all []RunningTask, err error) {
	cluster := o.Name()
	tasks, err := tasksOf(ctx, c, &ecs.ListTasksInput{Cluster: &cluster, DesiredStatus: ecstypes.DesiredStatusRunning})
	if resource.UnlessGone(err) != nil {
		return nil, err
	}
	for _, t := range tasks {
		one := RunningTask{Task: t, ID: shortARN(aws.ToString(t.TaskArn)), Revision: shortARN(aws.ToString(t.TaskDefinitionArn))}
		family, _, _ := strings.Cut(one.Revision, ":")
		_, one.Process, _ = strings.Cut(family, processMark)
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b RunningTask) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), aws.ToTime(b.StartedAt).Compare(aws.ToTime(a.StartedAt)), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Agent is how the agent of ECS Exec in the task's own container does: empty where the task was started without it.
func (t RunningTask) Agent() (status, reason string) {
	for _, c := range t.Containers {
		for _, a := range c.ManagedAgents {
			if aws.ToString(c.Name) == ContainerName && a.Name == ecstypes.ManagedAgentNameExecuteCommandAgent {
				return cmp.Or(aws.ToString(a.LastStatus), "PENDING"), aws.ToString(a.Reason)
			}
		}
	}
	if t.EnableExecuteCommand {
		return "PENDING", ""
	}
	return "", ""
}

// runtime is the id of the container as its agent knows it.
func (t RunningTask) runtime() string {
	for _, c := range t.Containers {
		if aws.ToString(c.Name) == ContainerName {
			return aws.ToString(c.RuntimeId)
		}
	}
	return ""
}

// Shell is a command in a container of a task that runs.
type Shell struct {
	Clients *cloud.Clients
	Cluster string // name
	Task    RunningTask
	Command string // one line
	// Doing says what is waited for.
	Doing func(text string)
}

// Open waits until the agent in the task takes commands, and opens a session for the command.
func (o *Shell) Open(ctx context.Context) (session.Session, error) {
	if err := o.ready(ctx); err != nil {
		return session.Session{}, err
	}
	in := &ecs.ExecuteCommandInput{
		Cluster: &o.Cluster, Task: &o.Task.ID, Container: aws.String(ContainerName), Command: &o.Command, Interactive: true,
	}
	out, err := o.Clients.ECS.ExecuteCommand(ctx, in)
	if err != nil {
		return session.Session{}, cloud.Refused(cloud.Explain("open a session in the task", err))
	}
	if out.Session == nil {
		return session.Session{}, &fail.Error{Class: fail.Failed, Cause: "AWS did not open a session in the task", Remedy: "try again in a moment"}
	}
	return session.Session{
		ID: aws.ToString(out.Session.SessionId), StreamURL: aws.ToString(out.Session.StreamUrl), Token: aws.ToString(out.Session.TokenValue),
		Region: o.Clients.Region, Endpoint: sessionEndpoint(o.Clients.Region), Target: o.target(),
	}, nil
}

// sessionEndpoint is the address of the service that carries sessions.
func sessionEndpoint(region string) string {
	return "https://ssm." + region + "." + cloud.Suffix(region)
}

// target is the container as Systems Manager calls it.
func (o *Shell) target() string { return "ecs:" + o.Cluster + "_" + o.Task.ID + "_" + o.Task.runtime() }

// Reach waits until the agent in the task takes sessions, and gives the container as Systems Manager calls it.
func (o *Shell) Reach(ctx context.Context) (target string, err error) {
	if err := o.ready(ctx); err != nil {
		return "", err
	}
	return o.target(), nil
}

// ready waits for the agent.
func (o *Shell) ready(ctx context.Context) error {
	w := cloud.Wait{For: "the ECS Exec agent in the task", Every: oneOffEvery, Deadline: agentDeadline}
	look := func() (done bool, seen string, err error) {
		switch status, reason := o.Task.Agent(); {
		case status == "RUNNING" && o.Task.runtime() != "":
			return true, status, nil
		case status == "":
			return false, "", &fail.Error{
				Class: fail.Refused, Cause: "the task was started without ECS Exec", Evidence: "task " + o.Task.ID + " of " + o.Task.Revision + " has no ECS Exec agent",
				Remedy: "set service.exec = true in berth.toml, then: berth deploy",
			}
		case status == "STOPPED":
			return false, "", &fail.Error{
				Class: fail.Failed, Cause: "the ECS Exec agent in the task has stopped", Evidence: cmp.Or(reason, "task "+o.Task.ID),
				Remedy: "choose another task with --task; it cannot run in a container with a read-only file system or without a network path to ssmmessages",
			}
		default:
			return false, strings.ToLower(status), nil
		}
	}
	return cloud.Poll(ctx, o.Clients.Clock, w, func(ctx context.Context) (bool, string, error) {
		done, seen, err := look()
		if done || err != nil {
			return done, seen, err
		}
		o.Doing("starting the ECS Exec agent")
		out, err := o.Clients.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &o.Cluster, Tasks: []string{o.Task.ID}})
		if err != nil {
			return false, seen, cloudPass("look at the task", err)
		}
		if len(out.Tasks) == 0 || aws.ToString(out.Tasks[0].DesiredStatus) == "STOPPED" {
			return false, seen, &fail.Error{Class: fail.Failed, Cause: "the task is being stopped", Evidence: "task " + o.Task.ID, Remedy: "open a session in another task: berth exec"}
		}
		o.Task.Task = out.Tasks[0]
		return look()
	})
}
