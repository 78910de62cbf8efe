package sim

import (
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// fail ends a task on its own account and counts it as a failure of its rollout.
func (w *world) fail(t *task, at time.Time, code ecstypes.TaskStopCode, reason, creason string, exit *int32) {
	started := !t.Started.IsZero()
	t.Status, t.Desired, t.Stopping, t.ExecStopped = taskDeprovisioning, taskStopped, at, at
	t.StopCode, t.Reason, t.CReason, t.ExitCode, t.Ready = code, reason, creason, exit, false
	t.Next = at.Add(w.a.delay(latRelease, t.ID))
	w.deregister(t, at)
	w.failed(t, at, started)
}

// failed counts a failed task.
func (w *world) failed(t *task, at time.Time, started bool) {
	s := w.owner(t)
	if s == nil {
		return
	}
	o := s.rollout(t.Rollout)
	if o.State == ecstypes.DeploymentRolloutStateInProgress {
		o.Failed++
		o.Updated = at
	}
	if started {
		o.NoStart = 0
	} else {
		o.NoStart++
		if o.NoStart > 2 {
			o.NextStart = at.Add(retryDelay(o.NoStart))
		}
		if strings.HasPrefix(t.Reason, "CannotPull") || strings.HasPrefix(t.Reason, "ResourceInit") {
			s.event(at, "was unable to place a task. Reason: %s.", strings.TrimSuffix(t.Reason, "."))
		}
		if o.NoStart == 3 {
			s.event(at, "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.")
		}
	}
	s.Told = false
	s.wake(at.Add(w.a.delay(latSchedule, t.ID)))
}

// stopTask ends a task in an orderly way: out of the target group, SIGTERM, network interface.
func (w *world) stopTask(t *task, at time.Time, code ecstypes.TaskStopCode, reason string) {
	if t.Desired == taskStopped {
		return
	}
	t.Desired, t.Stopping, t.StopCode, t.Reason, t.Ready = taskStopped, at, code, reason, false
	wait := w.deregister(t, at)
	if t.Status == taskRunning {
		t.Status, t.Next = taskDeactivating, at.Add(wait)
		return
	}
	t.Status, t.Next = taskDeprovisioning, at.Add(w.a.delay(latRelease, t.ID))
}

// deregister takes a task out of its target groups and says how long they drain.
func (w *world) deregister(t *task, at time.Time) time.Duration {
	s, longest := w.owner(t), time.Duration(0)
	for i := range t.Targets {
		x := &t.Targets[i]
		x.Check = time.Time{}
		g := w.r.targetGroup(x.Group)
		if x.State == "" || g == nil {
			x.State = ""
			continue
		}
		x.State, x.Reason, x.Description = "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
		x.Gone = at.Add(g.drain())
		longest = max(longest, g.drain())
		if s != nil {
			s.event(at, "deregistered 1 targets in (target-group %s)", x.Group)
		}
	}
	return longest
}
