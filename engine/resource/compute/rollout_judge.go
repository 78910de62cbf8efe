package compute

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/fail"
)

// judge decides by the service deployment's own status.
func (r *rollout) judge(ctx context.Context, dep *ecstypes.ServiceDeployment, svc *ecstypes.Service, healthy int) (bool, string, error) {
	switch dep.Status {
	case ecstypes.ServiceDeploymentStatusSuccessful:
		return r.success(ctx, svc, healthy)
	case ecstypes.ServiceDeploymentStatusRollbackRequested, ecstypes.ServiceDeploymentStatusRollbackInProgress:
		r.rollback = true
		return false, "rolling back to " + r.beforeIt(), nil
	case ecstypes.ServiceDeploymentStatusRollbackSuccessful:
		return false, "", r.failure(fail.RolledBack, r.wentBack(), aws.ToString(dep.StatusReason))
	case ecstypes.ServiceDeploymentStatusRollbackFailed:
		return false, "", r.failure(fail.Failed, "the new version failed, and so did the rollback", aws.ToString(dep.StatusReason))
	case ecstypes.ServiceDeploymentStatusStopped, ecstypes.ServiceDeploymentStatusStopRequested:
		if p := primary(svc); p != nil && aws.ToString(p.TaskDefinition) != r.TaskDefinition.ARN {
			return false, "", r.failure(fail.Failed, "someone else deployed "+shortARN(aws.ToString(p.TaskDefinition))+
				" over this version", aws.ToString(dep.StatusReason))
		}
		return false, "", r.failure(fail.Failed, "the rollout was stopped", aws.ToString(dep.StatusReason))
	case ecstypes.ServiceDeploymentStatusPending, ecstypes.ServiceDeploymentStatusInProgress:
	}
	if err := r.hopeless(svc); err != nil {
		return false, "", err
	}
	return false, r.counts(svc, healthy), nil
}

// judgeBlind decides by the service alone: the primary deployment's rollout state, and only when it is of
// our revision.
func (r *rollout) judgeBlind(ctx context.Context, svc *ecstypes.Service, healthy int) (bool, string, error) {
	p := primary(svc)
	if p == nil {
		return false, "", nil
	}
	waited := r.scope.Clock.Since(r.began)
	ours := aws.ToString(p.TaskDefinition) == r.TaskDefinition.ARN && r.mine(aws.ToString(p.Id))
	switch {
	case !ours && r.touched && r.blind:
		return false, "", r.failure(fail.RolledBack, r.wentBack(), aws.ToString(p.RolloutStateReason))
	case p.RolloutState == ecstypes.DeploymentRolloutStateFailed:
		return false, "", r.failure(fail.Failed, "the new version did not become healthy", aws.ToString(p.RolloutStateReason))
	case ours && p.RolloutState == ecstypes.DeploymentRolloutStateCompleted && (r.blind || waited > appear || !r.touched):
		return r.success(ctx, svc, healthy)
	}
	if err := r.hopeless(svc); err != nil {
		return false, "", err
	}
	return false, r.counts(svc, healthy), nil
}

// mine says whether tasks that a rollout started are those that this run waits for. Where only the tasks are new, the
// revision does not tell them apart.
func (r *rollout) mine(rollout string) bool { return !r.Restart || r.rollout == rollout }

// beforeIt is what the service goes back to when the rollout fails.
func (r *rollout) beforeIt() string {
	if r.Restart {
		return "the previous tasks"
	}
	return "the previous version"
}

func (r *rollout) wentBack() string { return "ECS rolled back to " + r.beforeIt() }

// success is when our revision is the one that serves and all wanted tasks of it are healthy.
func (r *rollout) success(ctx context.Context, svc *ecstypes.Service, healthy int) (bool, string, error) {
	if td := aws.ToString(svc.TaskDefinition); td != r.TaskDefinition.ARN {
		return false, "", r.failure(fail.RolledBack, "the service runs "+shortARN(td)+", not the version just deployed", "")
	}
	if healthy < min(r.Instances, int(svc.DesiredCount)) {
		return false, r.counts(svc, healthy), nil
	}
	return true, "", r.turnOver(ctx)
}

// turnOver lets the requests go where the new tasks are, if that is somewhere else.
func (r *rollout) turnOver(ctx context.Context) error {
	for _, rule := range r.Rules {
		if err := rule.TurnOver(ctx, r.scope); err != nil {
			return err
		}
	}
	return nil
}

// hopeless ends a first deployment early: there is no version to go back to, and the same failure twice
// will not get better. The tasks that ECS goes on starting cost little and keep the evidence.
func (r *rollout) hopeless(svc *ecstypes.Service) error {
	if p := primary(svc); p != nil && p.RolloutState == ecstypes.DeploymentRolloutStateFailed && !r.served {
		return r.failure(fail.Failed, "the new version did not become healthy", aws.ToString(p.RolloutStateReason))
	}
	if r.served || r.cause == nil {
		return nil
	}
	for _, n := range r.explain {
		if n >= 2 {
			return r.failure(fail.Failed, "the app did not become healthy", "")
		}
	}
	return nil
}

// failure is the verdict, with the cause that was found as its own when there is one.
func (r *rollout) failure(class fail.Class, what, reason string) *fail.Error {
	r.judged = true
	if r.cause == nil {
		return &fail.Error{
			Class: class, Cause: what, Evidence: reason,
			Remedy: "check the logs of the tasks, fix the app and deploy again",
		}
	}
	c := *r.cause
	c.Class = class
	if class == fail.RolledBack {
		c.Cause += "; " + what
	}
	if reason != "" {
		c.Evidence = strings.TrimSpace(c.Evidence + "\n" + reason)
	}
	return &c
}
