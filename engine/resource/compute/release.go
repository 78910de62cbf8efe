package compute

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/diagnose"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/network"
)

// releaseStarter marks the tasks that run a release command.
const releaseStarter = "berth-release"

// Release runs the release command (database migrations, as a rule) once in a task of the new revision,
// before any task of the service runs that revision. When it fails, the service stays as it is.
type Release struct {
	Cluster        *Cluster
	TaskDefinition *TaskDefinition
	Network        network.Network
	SecurityGroup  *network.SecurityGroup
	Service        *Service // looked at only: does it run the revision already?
	Command        []string
}

// Info implements Resource.
func (r *Release) Info() resource.Info {
	return resource.Info{
		ID: "release", Kind: "ecs.Task", Name: strings.Join(r.Command, " "), Label: "the release command",
		Group: resource.GroupCompute, Usually: 60 * time.Second,
	}
}

// Needs implements Resource.
func (r *Release) Needs() []resource.Need {
	return append(r.Network.Needs(), resource.After(r.Cluster, r.TaskDefinition, r.SecurityGroup)...)
}

// NewVersion implements Versioned.
func (r *Release) NewVersion() event.Action { return event.Create }

// Observe implements Resource: the service has looked.
func (r *Release) Observe(context.Context, *resource.Scope) error { return nil }

// Exists implements Resource.
func (r *Release) Exists() bool { return false }

// Diff implements Resource: a revision that the service does not run yet was not released.
func (r *Release) Diff(s *resource.Scope) resource.Diff {
	if td := r.TaskDefinition.ARN; td != "" && r.Service.active() && aws.ToString(r.Service.found.TaskDefinition) == td {
		return resource.None()
	}
	return resource.Diff{Action: event.Create, Why: "runs once before the new version takes over"}
}

// Apply implements Resource. A release of this revision that another run began is waited for, not repeated.
func (r *Release) Apply(ctx context.Context, s *resource.Scope) error {
	arn, err := r.running(ctx, s)
	if err != nil {
		return err
	}
	if arn == "" {
		if arn, err = r.start(ctx, s); err != nil {
			return err
		}
	}
	return r.watch(ctx, s, arn)
}

// running is the task of a release of this revision that still runs, empty when there is none.
func (r *Release) running(ctx context.Context, s *resource.Scope) (string, error) {
	var tasks []ecstypes.Task
	err := s.Retry(ctx, ecsSettling, func(ctx context.Context) (err error) {
		tasks, err = tasksOf(ctx, s.Clients, &ecs.ListTasksInput{
			Cluster: aws.String(r.Cluster.Name()), StartedBy: aws.String(releaseStarter),
		})
		return err
	})
	if err != nil {
		return "", err
	}
	for _, t := range tasks {
		if aws.ToString(t.TaskDefinitionArn) == r.TaskDefinition.ARN && aws.ToString(t.LastStatus) != "STOPPED" {
			return aws.ToString(t.TaskArn), nil
		}
	}
	return "", nil
}

func (r *Release) start(ctx context.Context, s *resource.Scope) (arn string, err error) {
	in := &ecs.RunTaskInput{
		Cluster: aws.String(r.Cluster.Name()), TaskDefinition: &r.TaskDefinition.ARN, Count: aws.Int32(1),
		LaunchType: ecstypes.LaunchTypeFargate, StartedBy: aws.String(releaseStarter),
		ClientToken: aws.String(rand.Text()), PropagateTags: ecstypes.PropagateTagsTaskDefinition, Tags: r.TaskDefinition.Owner.ECSTags("release"),
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
			Subnets: r.Network.SubnetIDs(), SecurityGroups: []string{r.SecurityGroup.ID},
			AssignPublicIp: publicIP(r.Network),
		}},
		Overrides: &ecstypes.TaskOverride{ContainerOverrides: []ecstypes.ContainerOverride{
			{Name: aws.String(ContainerName), Command: r.Command},
		}},
	}
	err = s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		out, err := s.ECS.RunTask(ctx, in)
		if err != nil {
			return fmt.Errorf("run task: %w", err)
		}
		if len(out.Tasks) == 0 {
			f := &fail.Error{Class: fail.Failed, Cause: "AWS did not start the release command", Remedy: "deploy again"}
			for _, why := range out.Failures {
				f.Evidence = strings.TrimSpace(f.Evidence + "\n" + aws.ToString(why.Reason) + " " + aws.ToString(why.Detail))
			}
			return f
		}
		arn = aws.ToString(out.Tasks[0].TaskArn)
		return nil
	})
	return arn, err
}

// watch follows the task to its end and passes its log lines on.
func (r *Release) watch(ctx context.Context, s *resource.Scope, arn string) error {
	w := cloud.Wait{For: "the release command to finish", Deadline: 30 * time.Minute}
	logs := r.TaskDefinition.logs(s)
	ended := false
	err := s.Poll(ctx, w, r.Info().Usually, func(ctx context.Context) (bool, string, error) {
		out, err := s.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(r.Cluster.Name()), Tasks: []string{arn}})
		if err != nil || len(out.Tasks) == 0 {
			return false, "", err
		}
		task := out.Tasks[0]
		logs.follow(ctx, shortARN(arn))
		if aws.ToString(task.LastStatus) != "STOPPED" {
			return false, strings.ToLower(aws.ToString(task.LastStatus)), nil
		}
		ended = true
		d := stoppedTask(task)
		if d.ExitCode != nil && *d.ExitCode == 0 {
			return true, "", nil
		}
		d.Logs = logs.last(ctx, shortARN(arn))
		f := diagnose.Explain(d, diagnose.Context{
			VCPU: float64(r.TaskDefinition.CPU) / 1024, MemoryMiB: r.TaskDefinition.Memory, Platform: r.TaskDefinition.Arch,
		})
		f.Cause = "the release command failed: " + f.Cause
		if r.Service.served {
			f.Remedy += "; the previous version keeps running"
		}
		return false, "", f
	})
	if err != nil && !ended {
		return r.giveUp(ctx, s, arn, err)
	}
	return err
}

// stopLimit is how long stopping a task may take once the run itself is over.
const stopLimit = 20 * time.Second

// giveUp stops a release command that nobody waits for any more: it would go on changing data behind a version that does
// not come.
func (r *Release) giveUp(ctx context.Context, s *resource.Scope, arn string, err error) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	_, stopErr := s.ECS.StopTask(late, &ecs.StopTaskInput{
		Cluster: aws.String(r.Cluster.Name()), Task: &arn, Reason: aws.String("berth: the deployment no longer waits for it"),
	})
	if stopErr != nil && !cloud.NotFound(stopErr) {
		s.Notice("berth", "the release command is still running: "+cloud.WhyNot(stopErr))
		return err
	}
	s.Notice("berth", "stopped the release command")
	var f *fail.Error
	if errors.As(err, &f) && f.Class == fail.Failed && cloud.Code(err) == "" {
		c := *f
		c.Remedy = "check its output: a server that was started instead never ends, as when the image has an ENTRYPOINT that " +
			"ignores its arguments; service.entrypoint in berth.toml overrides it"
		c.Setting = "service.entrypoint"
		return &c
	}
	return err
}

// Delete implements Resource. A task that finished leaves nothing.
func (r *Release) Delete(context.Context, *resource.Scope) error { return nil }

// Permissions implements Permissioned.
func (r *Release) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if do != event.Create {
		return nil
	}
	stop := resource.On(resource.Actions("ecs:StopTask"), s.ARN("ecs", "task/"+r.Cluster.Name()+"/*"))
	stop.Without = "a release command that is given up on keeps running"
	return append(r.Cluster.tasks(s), stop, resource.On(resource.Actions("ecs:RunTask"), r.TaskDefinition.arns(s)), r.TaskDefinition.passRoles(s),
		newECS("RunTask", s.ARN("ecs", "task/"+r.Cluster.Name()+"/*"))[1],
		r.TaskDefinition.LogGroup.readLogs(s, "the output of the release command would not be shown"))
}

// addTask notes a task that runs on its own: a release command that never ends, or a shell that was forgotten.
// With a service around it, it may well be in use.
func addTask(s *resource.Survey, o resource.Owner, t ecstypes.Task) {
	if strings.HasPrefix(aws.ToString(t.Group), "service:") {
		return
	}
	s.Add(resource.Found{
		Owner: o, Kind: "ecs.Task", Name: resource.Last(aws.ToString(t.TaskArn)), ARN: aws.ToString(t.TaskArn), Role: "task",
		Like: likeTask(t), Why: "is running, but its app has no service",
	})
}

// likeTask is what costs as much as a task when it runs for a month; nil when its size is not known.
func likeTask(t ecstypes.Task) resource.Resource {
	units, err := strconv.ParseFloat(aws.ToString(t.Cpu), 64)
	memory, err2 := strconv.ParseFloat(aws.ToString(t.Memory), 64)
	if err != nil || err2 != nil {
		return nil
	}
	arch := "x86"
	for _, a := range t.Attributes {
		if aws.ToString(a.Name) == "ecs.cpu-architecture" && aws.ToString(a.Value) == "arm64" {
			arch = "arm"
		}
	}
	return &Service{Instances: 1, CPU: units / 1024, MemoryGB: memory / 1024, Arch: arch}
}
