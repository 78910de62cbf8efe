package compute

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"berth/engine/cloud"
	"berth/engine/diagnose"
	"berth/engine/event"
)

// lookAtTasks reads the service's tasks and their health, passes them on, looks into those that failed, and
// returns how many tasks of our revision are healthy.
func (r *rollout) lookAtTasks(ctx context.Context, svc *ecstypes.Service) (healthy int, err error) {
	running, err := r.list(ctx, ecstypes.DesiredStatusRunning)
	if err != nil {
		return 0, err
	}
	health, err := r.health(ctx)
	if err != nil {
		return 0, err
	}
	var shown []event.Task
	for _, t := range running {
		ours := aws.ToString(t.TaskDefinitionArn) == r.TaskDefinition.ARN && r.mine(aws.ToString(t.StartedBy))
		h := health[address(t)]
		e := event.Task{
			ID: shortARN(aws.ToString(t.TaskArn)), New: ours, State: strings.ToLower(aws.ToString(t.LastStatus)),
			Started: aws.ToTime(t.StartedAt),
		}
		if h.TargetHealth != nil {
			e.Health = string(h.TargetHealth.State)
			if h.TargetHealth.State == elbtypes.TargetHealthStateEnumUnhealthy {
				e.Reason = aws.ToString(h.TargetHealth.Description)
			}
		}
		if ours && r.well(t, e.Health) {
			healthy++
		}
		shown = append(shown, e)
	}
	r.show(shown)
	return healthy, r.lookAtStopped(ctx, svc, health)
}

// unchecked is how long a task that nothing checks has to run until ECS counts it as healthy (engine/AWS.md, Service).
const unchecked = 40 * time.Second

// well says whether a task does its work: by the health that the load balancer sees, or by how long it has run where none
// looks.
func (r *rollout) well(t ecstypes.Task, health string) bool {
	if r.checked() {
		return health == string(elbtypes.TargetHealthStateEnumHealthy)
	}
	return aws.ToString(t.LastStatus) == "RUNNING" && t.StartedAt != nil && r.scope.Clock.Since(*t.StartedAt) >= unchecked
}

// show passes the tasks on when they differ from the last time.
func (r *rollout) show(tasks []event.Task) {
	same := len(tasks) == len(r.tasks)
	for i := 0; same && i < len(tasks); i++ {
		same = tasks[i] == r.tasks[i]
	}
	if !same {
		r.tasks = tasks
		r.scope.Send(event.Event{Type: event.NodeTasks, Tasks: tasks})
	}
}

// lookAtStopped explains the tasks of our revision that stopped since the rollout began.
func (r *rollout) lookAtStopped(ctx context.Context, svc *ecstypes.Service, health map[string]elbtypes.TargetHealthDescription) error {
	p := primary(svc)
	if p == nil || p.FailedTasks == 0 && !r.rollback {
		return nil
	}
	stopped, err := r.list(ctx, ecstypes.DesiredStatusStopped)
	if err != nil {
		return err
	}
	for _, t := range stopped {
		arn := aws.ToString(t.TaskArn)
		old := aws.ToTime(t.CreatedAt).Before(r.began.Add(-time.Second))
		if r.told[arn] || old || aws.ToString(t.TaskDefinitionArn) != r.TaskDefinition.ARN || aws.ToString(t.LastStatus) != "STOPPED" {
			continue
		}
		r.told[arn] = true
		d := r.describeFailure(t, health[address(t)])
		if diagnose.Ordinary(d) {
			continue
		}
		if r.explain[diagnose.Key(d)] == 0 {
			logs := r.TaskDefinition.logs(r.scope)
			d.Logs = logs.last(ctx, shortARN(arn))
			for _, line := range d.Logs {
				r.scope.Log("app", line)
			}
		}
		r.note(d)
	}
	return nil
}

// stoppedTask is what AWS says about a task that stopped.
func stoppedTask(t ecstypes.Task) diagnose.Task {
	d := diagnose.Task{
		ID: shortARN(aws.ToString(t.TaskArn)), StopCode: string(t.StopCode), StoppedReason: aws.ToString(t.StoppedReason),
	}
	for _, c := range t.Containers {
		if aws.ToString(c.Name) == ContainerName {
			d.Reason, d.ExitCode = aws.ToString(c.Reason), c.ExitCode
		}
	}
	return d
}

func (r *rollout) describeFailure(t ecstypes.Task, h elbtypes.TargetHealthDescription) diagnose.Task {
	d := stoppedTask(t)
	if strings.Contains(d.StoppedReason, "ELB health checks") {
		d.ExitCode = nil // ECS killed it; how it ended then says nothing
		if h.TargetHealth != nil {
			d.Health, d.HealthText = string(h.TargetHealth.Reason), aws.ToString(h.TargetHealth.Description)
		} else if r.sick != "" {
			d.Health, d.HealthText = reasonOf(r.sick), r.sick
		}
	}
	return d
}

// reasonOf finds the reason code back from a description of ELB.
func reasonOf(text string) string {
	switch {
	case strings.Contains(text, "codes"):
		return string(elbtypes.TargetHealthReasonEnumResponseCodeMismatch)
	case strings.Contains(text, "timed out"):
		return string(elbtypes.TargetHealthReasonEnumTimeout)
	}
	return string(elbtypes.TargetHealthReasonEnumFailedHealthChecks)
}

// list returns the service's tasks with that desired status.
func (r *rollout) list(ctx context.Context, st ecstypes.DesiredStatus) ([]ecstypes.Task, error) {
	return tasksOf(ctx, r.scope.Clients, &ecs.ListTasksInput{
		Cluster: aws.String(r.Cluster.Name()), ServiceName: aws.String(r.Name()), DesiredStatus: st,
	})
}

// health is the health of the target group's targets by address.
func (r *rollout) health(ctx context.Context) (map[string]elbtypes.TargetHealthDescription, error) {
	if !r.checked() {
		return nil, nil //nolint:nilnil // nothing checks the tasks
	}
	group := r.TargetGroup.ARN
	if r.RevisionOnly && len(r.found.LoadBalancers) > 0 { // whatever the settings of this folder say
		group = aws.ToString(r.found.LoadBalancers[0].TargetGroupArn)
	} else if !r.balanced() {
		if r.Route.TargetGroup == "" {
			if err := r.Route.Observe(ctx, r.scope); err != nil {
				return nil, err
			}
		}
		if group = r.Route.TargetGroup; group == "" {
			return nil, nil //nolint:nilnil // ECS has not made it yet
		}
	}
	out, err := r.scope.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &group})
	if err != nil {
		if cloud.NotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	m := map[string]elbtypes.TargetHealthDescription{}
	for _, h := range out.TargetHealthDescriptions {
		if h.Target != nil {
			m[aws.ToString(h.Target.Id)] = h
		}
	}
	return m, nil
}

// address is the private address of a task, empty until it has one.
func address(t ecstypes.Task) string {
	for _, a := range t.Attachments {
		for _, d := range a.Details {
			if aws.ToString(d.Name) == "privateIPv4Address" {
				return aws.ToString(d.Value)
			}
		}
	}
	for _, c := range t.Containers {
		for _, n := range c.NetworkInterfaces {
			return aws.ToString(n.PrivateIpv4Address)
		}
	}
	return ""
}
