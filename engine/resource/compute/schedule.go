package compute

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedtypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// Schedule starts a task of a process at the times that it says (EventBridge Scheduler).
type Schedule struct {
	Group          *ScheduleGroup
	Cluster        *Cluster
	TaskDefinition *TaskDefinition
	Network        network.Network
	SecurityGroup  *network.SecurityGroup
	Role           *access.Role // which the scheduler starts the task with
	Services       []*Service   // a new version runs by the schedule once it serves in all of them
	Release        *Release     // runs before a new revision; nil when there is no release command
	Expression     string       // cron(...) or rate(...)
	Zone           string       // of a cron expression; empty: UTC
	Paused         bool         // it stays and starts nothing
	RevisionOnly   bool         // change nothing but the revision: a rollback
	Unwanted       bool         // the process is none by schedule; one that is left goes

	found *scheduler.GetScheduleOutput
}

// Name is the schedule's name within its group.
func (c *Schedule) Name() string { return c.TaskDefinition.Process }

// Info implements Resource.
func (c *Schedule) Info() resource.Info {
	return resource.Info{
		ID: nodeOf("schedule", c.Name()), Kind: "scheduler.Schedule", Name: c.Group.Name() + "/" + c.Name(), Label: labelOf("the schedule", c.Name()),
		Group: resource.GroupCompute, Usually: 2 * time.Second, Gone: time.Second,
	}
}

// Wanted implements Optional.
func (c *Schedule) Wanted() bool { return !c.Unwanted }

// Needs implements Resource.
func (c *Schedule) Needs() []resource.Need {
	needs := append(c.Network.Needs(), resource.After(c.Group, c.Cluster, c.TaskDefinition, c.SecurityGroup, c.Role)...)
	for _, v := range c.Services {
		needs = append(needs, resource.Need{On: v, Ready: true})
	}
	if c.Release != nil {
		needs = append(needs, resource.Need{On: c.Release})
	}
	return needs
}

// Identifier implements Identified.
func (c *Schedule) Identifier() string {
	if c.found == nil {
		return ""
	}
	return aws.ToString(c.found.Arn)
}

// NewVersion implements Versioned.
func (c *Schedule) NewVersion() event.Action { return event.Update }

// Observe implements Resource.
func (c *Schedule) Observe(ctx context.Context, s *resource.Scope) error {
	group, name := c.Group.Name(), c.Name()
	out, err := s.Schedules.GetSchedule(ctx, &scheduler.GetScheduleInput{GroupName: &group, Name: &name})
	if cloud.NotFound(err) {
		return nil
	}
	c.found = out
	return err
}

// Exists implements Resource.
func (c *Schedule) Exists() bool { return c.found != nil && c.Group.Ours() }

// Diff implements Resource.
func (c *Schedule) Diff(s *resource.Scope) resource.Diff {
	switch {
	case c.Unwanted:
		return resource.Unwanted(c)
	case c.found == nil && c.RevisionOnly:
		return resource.Diff{} // one that runs all the time has none
	case c.found == nil:
		return resource.Absent()
	}
	var drift resource.Drift
	have, want := c.found.Target, c.target(s)
	if have == nil || have.EcsParameters == nil || have.EcsParameters.NetworkConfiguration == nil || have.EcsParameters.NetworkConfiguration.AwsvpcConfiguration == nil {
		return resource.Replaced("does not start a task", resource.Field("target", "another", "a task"))
	}
	if was, will := aws.ToString(have.EcsParameters.TaskDefinitionArn), c.TaskDefinition.ARN; will == "" || was != will {
		drift.Add("runs another revision", resource.Field("revision", shortARN(was), cmp.Or(shortARN(will), resource.NotYet)))
	}
	if c.RevisionOnly {
		return drift.Diff()
	}
	if was, will := c.times(c.found.ScheduleExpression, c.found.ScheduleExpressionTimezone), c.times(&c.Expression, &c.Zone); was != will {
		drift.Add("runs at different times", resource.Field("schedule", was, will))
	}
	if paused := c.found.State == schedtypes.ScheduleStateDisabled; paused != c.Paused {
		drift.Add(map[bool]string{true: "is paused", false: "is not paused"}[paused], resource.Field("paused", paused, c.Paused))
	}
	if a, b := have.EcsParameters.NetworkConfiguration.AwsvpcConfiguration, want.EcsParameters.NetworkConfiguration.AwsvpcConfiguration; !c.Network.Known() ||
		!resource.SameSet(a.Subnets, b.Subnets) || !resource.SameSet(a.SecurityGroups, b.SecurityGroups) {
		drift.Add("starts its tasks in different subnets or security groups", resource.Field("subnets", resource.Listed(a.Subnets), resource.Listed(b.Subnets)),
			resource.Field("security groups", resource.Listed(a.SecurityGroups), resource.Listed(b.SecurityGroups)))
	}
	if was, will := aws.ToString(have.RoleArn), c.Role.ARN; was != will {
		drift.Add("uses another role", resource.Field("role", shortARN(was), cmp.Or(shortARN(will), resource.NotYet)))
	}
	return drift.Diff()
}

// times is when it runs, as a text.
func (c *Schedule) times(expression, zone *string) string {
	return aws.ToString(expression) + " " + cmp.Or(aws.ToString(zone), "UTC")
}

// target is the task to start. One that does not start is tried again for an hour and not longer: a report of the night
// is of no use in the evening.
func (c *Schedule) target(s *resource.Scope) *schedtypes.Target {
	return &schedtypes.Target{
		Arn: aws.String(c.Cluster.arn(s)), RoleArn: &c.Role.ARN,
		RetryPolicy: &schedtypes.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(3600), MaximumRetryAttempts: aws.Int32(10)},
		EcsParameters: &schedtypes.EcsParameters{
			TaskDefinitionArn: &c.TaskDefinition.ARN, LaunchType: schedtypes.LaunchTypeFargate, TaskCount: aws.Int32(1),
			PropagateTags: schedtypes.PropagateTagsTaskDefinition,
			NetworkConfiguration: &schedtypes.NetworkConfiguration{AwsvpcConfiguration: &schedtypes.AwsVpcConfiguration{
				Subnets: c.Network.SubnetIDs(), SecurityGroups: []string{c.SecurityGroup.ID}, AssignPublicIp: schedtypes.AssignPublicIp(publicIP(c.Network)),
			}},
		},
	}
}

// Apply implements Resource. Both calls say all of it.
func (c *Schedule) Apply(ctx context.Context, s *resource.Scope) error {
	group, name, state, target := c.Group.Name(), c.Name(), schedtypes.ScheduleStateEnabled, c.target(s)
	expression, zone := &c.Expression, aws.String(cmp.Or(c.Zone, "UTC"))
	if c.Paused {
		state = schedtypes.ScheduleStateDisabled
	}
	if c.RevisionOnly {
		expression, zone, state, target = c.found.ScheduleExpression, c.found.ScheduleExpressionTimezone, c.found.State, c.found.Target
		target.EcsParameters.TaskDefinitionArn = &c.TaskDefinition.ARN
	}
	at := &schedtypes.FlexibleTimeWindow{Mode: schedtypes.FlexibleTimeWindowModeOff}
	err := s.Retry(ctx, schedulerSettling, func(ctx context.Context) error {
		if c.found == nil {
			_, err := s.Schedules.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
				GroupName: &group, Name: &name, ScheduleExpression: expression, ScheduleExpressionTimezone: zone, State: state, Target: target, FlexibleTimeWindow: at,
			})
			if !cloud.Is(err, "ConflictException") {
				return err
			} // made by a call whose answer got lost: bring it to what is wanted
		}
		_, err := s.Schedules.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
			GroupName: &group, Name: &name, ScheduleExpression: expression, ScheduleExpressionTimezone: zone, State: state, Target: target, FlexibleTimeWindow: at,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("set the schedule: %w", err)
	}
	return c.Observe(ctx, s)
}

// Observed is when the schedule runs, which revision, and whether it is paused; empty when there is none.
func (c *Schedule) Observed() (times, revision string, paused bool) {
	if c.found == nil || c.found.Target == nil || c.found.Target.EcsParameters == nil {
		return "", "", false
	}
	return c.times(c.found.ScheduleExpression, c.found.ScheduleExpressionTimezone),
		shortARN(aws.ToString(c.found.Target.EcsParameters.TaskDefinitionArn)), c.found.State == schedtypes.ScheduleStateDisabled
}

// Delete implements Resource.
func (c *Schedule) Delete(ctx context.Context, s *resource.Scope) error {
	if !c.Exists() {
		return nil
	}
	group, name := c.Group.Name(), c.Name()
	_, err := s.Schedules.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{GroupName: &group, Name: &name})
	return resource.UnlessGone(err)
}

// Permissions implements Permissioned.
func (c *Schedule) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("scheduler:GetSchedule")
	pass := resource.On(resource.Actions("iam:PassRole"), c.Role.RoleARN(s))
	pass.When = resource.WhenEqual("iam:PassedToService", "scheduler.amazonaws.com")
	switch do {
	case event.Create:
		actions = append(actions, "scheduler:CreateSchedule")
	case event.Update, event.Replace:
		actions = append(actions, "scheduler:UpdateSchedule")
	case event.Delete:
		actions, pass.Actions = append(actions, "scheduler:DeleteSchedule"), nil
	case event.None:
		pass.Actions = nil
	default:
		pass.Actions = nil
	}
	return []resource.Permission{resource.On(actions, s.ARN("scheduler", "schedule/"+c.Group.Name()+"/"+c.Name())), pass}
}

// TrustScheduler lets EventBridge Scheduler take a role on for the schedules of the group.
func (g *ScheduleGroup) TrustScheduler(s *resource.Scope) policy.Statement {
	return policy.Statement{
		Effect: "Allow", Principal: map[string]string{"Service": "scheduler.amazonaws.com"}, Action: []string{"sts:AssumeRole"},
		Condition: policy.Condition{"StringEquals": {"aws:SourceAccount": {s.Identity.Account}, "aws:SourceArn": {g.arn(s)}}},
	}
}

// SchedulePolicy lets the scheduler start tasks of the app's processes, hand them the app's roles, and nothing else.
func SchedulePolicy(s *resource.Scope, cluster *Cluster, own *TaskDefinition) string {
	run := policy.Allow([]string{"ecs:RunTask"}, s.ARN("ecs", "task-definition/"+own.Family()+processMark+"*:*"))
	run.Condition = policy.Condition{"ArnEquals": {"ecs:cluster": {cluster.arn(s)}}}
	tag := policy.Allow([]string{"ecs:TagResource"}, s.ARN("ecs", "task/"+cluster.Name()+"/*"))
	tag.Condition = policy.Condition{"StringEquals": {"ecs:CreateAction": {"RunTask"}}}
	pass := policy.Allow([]string{"iam:PassRole"}, own.ExecutionRole.RoleARN(s), own.TaskRole.RoleARN(s))
	pass.Condition = policy.Condition{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}}
	return policy.Of(run, tag, pass).Text()
}
