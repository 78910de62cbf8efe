package compute

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/diagnose"
	"berth/engine/fail"
)

// oneOffStarter marks the tasks that run a command for somebody.
const oneOffStarter = "berth-run"

// OneOff is a command that runs once, in a task of its own, as the tasks of the app do.
type OneOff struct {
	Clients    *cloud.Clients
	Cluster    string // name
	Definition string // family:number, or the ARN
	Group      string // log group
	Process    string // whose definition it is; empty for the app's own
	Network    *ecstypes.NetworkConfiguration
	Command    []string // instead of the definition's; empty: the definition's
	Tags       []ecstypes.Tag

	// Each gets the lines of its output, in order, as they come. An error of it ends the task.
	Each func(lines []string) error
	// Doing says what goes on until there is output.
	Doing func(text string)

	task  string // its ARN
	token *string
}

const (
	// longest is how long a command may run: for ever.
	longest = 100 * 365 * 24 * time.Hour
	// patience is how long a connection may be gone before nobody waits for it any longer. The task goes on meanwhile.
	patience = 10 * time.Minute
	// straggle is how long after the end of a task its last lines may come: tasks send them in batches.
	straggle = 6 * time.Second
	// oneOffEvery is how often it is looked at: somebody waits for its output.
	oneOffEvery = time.Second
)

// Run runs it to its end and gives the exit code. When ctx ends it stops the task. A connection that breaks meanwhile is
// waited for; the output goes on where it was.
func (o *OneOff) Run(ctx context.Context) (exit int, err error) {
	if err := o.start(ctx); err != nil {
		return 0, err
	}
	exit, err = o.follow(ctx)
	if err != nil && (ctx.Err() != nil || fail.From(err).Class == fail.Stopped) {
		return 0, o.stop(ctx, err)
	}
	return exit, err
}

// start starts the task. The same token makes a call whose answer got lost the same task.
func (o *OneOff) start(ctx context.Context) error {
	in := &ecs.RunTaskInput{
		Cluster: &o.Cluster, TaskDefinition: &o.Definition, Count: aws.Int32(1), LaunchType: ecstypes.LaunchTypeFargate,
		StartedBy: aws.String(oneOffStarter), ClientToken: aws.String(rand.Text()), NetworkConfiguration: o.Network,
		PropagateTags: ecstypes.PropagateTagsTaskDefinition, Tags: o.Tags,
	}
	if len(o.Command) > 0 {
		in.Overrides = &ecstypes.TaskOverride{ContainerOverrides: []ecstypes.ContainerOverride{{Name: aws.String(ContainerName), Command: o.Command}}}
	}
	return cloud.Retry(ctx, o.Clients.Clock, ecsSettling, func(ctx context.Context) error {
		out, err := o.Clients.ECS.RunTask(ctx, in)
		if err != nil {
			return cloud.Refused(cloud.Explain("run a task", err))
		}
		if len(out.Tasks) == 0 {
			f := &fail.Error{Class: fail.Failed, Cause: "AWS did not start the task", Remedy: "try again in a moment"}
			for _, why := range out.Failures {
				f.Evidence = strings.TrimSpace(f.Evidence + "\n" + aws.ToString(why.Reason) + " " + aws.ToString(why.Detail))
			}
			return f
		}
		o.task = aws.ToString(out.Tasks[0].TaskArn)
		return nil
	})
}

// follow passes the output on until the task has ended and its last line has come.
func (o *OneOff) follow(ctx context.Context) (exit int, err error) {
	var ended time.Time // when the task was first seen to be over
	w := cloud.Wait{For: "the command to finish", Every: oneOffEvery, Deadline: longest}
	lost := time.Time{} // since when the connection is gone
	look := func(ctx context.Context) (bool, error) {
		out, err := o.Clients.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &o.Cluster, Tasks: []string{o.task}})
		if err != nil {
			return false, cloudPass("look at the task", err)
		}
		if len(out.Tasks) == 0 {
			return false, nil // it does not show up yet
		}
		task := out.Tasks[0]
		o.Doing(strings.ToLower(aws.ToString(task.LastStatus)))
		more, err := o.output(ctx)
		if err != nil || aws.ToString(task.LastStatus) != "STOPPED" {
			return false, err
		}
		switch now := o.Clients.Clock.Now(); {
		case ended.IsZero() || more:
			ended = now
			return false, nil
		case now.Sub(ended) < straggle:
			return false, nil
		}
		exit, err = o.verdict(task)
		return err == nil, err
	}
	err = cloud.Poll(ctx, o.Clients.Clock, w, func(ctx context.Context) (bool, string, error) {
		done, err := look(ctx)
		switch now := o.Clients.Clock.Now(); {
		case !cloud.Disconnected(err):
			lost = time.Time{}
		case lost.IsZero():
			lost = now
			o.Doing("lost the connection to AWS")
			return false, "", nil
		case now.Sub(lost) < patience:
			return false, "", nil
		default:
			return false, "", &fail.Error{
				Class: fail.Failed, Cause: "lost the connection to AWS; the command keeps running", Evidence: "task " + shortARN(o.task),
				Remedy: "follow its output with: berth logs", Err: err,
			}
		}
		return done, "", err
	})
	return exit, err
}

// cloudPass leaves an error that a poll bears as it is, and explains others.
func cloudPass(doing string, err error) error {
	if cloud.Denied(err) {
		return cloud.Refused(cloud.Explain(doing, err))
	}
	return err
}

// output passes on what was written since the last look, and says whether that was anything.
func (o *OneOff) output(ctx context.Context) (more bool, err error) {
	stream := StreamPrefix(o.Process) + "/" + ContainerName + "/" + shortARN(o.task)
	for {
		out, err := o.Clients.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &o.Group, LogStreamName: &stream, StartFromHead: aws.Bool(true), NextToken: o.token,
		})
		if cloud.NotFound(err) {
			return more, nil // the stream appears late
		}
		if err != nil {
			return more, cloudPass("read the output", err)
		}
		var lines []string
		for _, e := range out.Events {
			lines = append(lines, strings.TrimRight(aws.ToString(e.Message), "\r\n"))
		}
		last := aws.ToString(o.token) == aws.ToString(out.NextForwardToken) // the same token again is the end
		o.token = out.NextForwardToken
		if len(lines) > 0 {
			more = true
			if err := o.Each(lines); err != nil {
				return more, &fail.Error{Class: fail.Stopped, Cause: "cannot write the output", Evidence: err.Error(), Err: err}
			}
		}
		if last || len(lines) == 0 {
			return more, nil
		}
	}
}

// verdict is the exit code of a task that ended, or why it has none.
func (o *OneOff) verdict(t ecstypes.Task) (int, error) {
	d := stoppedTask(t)
	if d.ExitCode != nil {
		return int(*d.ExitCode), nil
	}
	return 0, diagnose.Explain(d, diagnose.Context{})
}

// stop ends the task, since nobody waits for it any longer.
func (o *OneOff) stop(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	f := &fail.Error{Class: fail.Stopped, Cause: "stopped; the task is being stopped, too", Err: why}
	_, err := o.Clients.ECS.StopTask(ctx, &ecs.StopTaskInput{Cluster: &o.Cluster, Task: &o.task, Reason: aws.String("stopped by the user")})
	if err != nil {
		f.Cause = fmt.Sprintf("stopped, but the task %s keeps running", shortARN(o.task))
		f.Evidence, f.Remedy = cloud.Message(err), "stop it with: aws ecs stop-task --cluster "+o.Cluster+" --task "+shortARN(o.task)
	}
	return f
}
