package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsDue is what happens next to a task or a service.
func ecsDue(w *world) (due time.Time, step func(time.Time)) {
	for _, t := range w.r.ecs().Tasks {
		if at := t.due(); !at.IsZero() && (step == nil || at.Before(due)) {
			due, step = at, func(at time.Time) { w.stepTask(t, at) }
		}
	}
	for _, s := range w.r.ecs().Services {
		if !s.Next.IsZero() && (step == nil || s.Next.Before(due)) {
			due, step = s.Next, func(at time.Time) { w.stepService(s, at) }
		}
	}
	return due, step
}

// ecsSweep forgets what ECS forgets.
func ecsSweep(w *world) {
	w.r.ecs().Tasks = slices.DeleteFunc(w.r.ecs().Tasks, func(t *task) bool {
		over := t.Status == taskStopped && w.st.Now.Sub(t.StoppedAt) > taskKept
		if over {
			w.r.retire(t, w.st.Now)
		}
		return over
	})
	w.r.sweepTaskDefs()
}

// liveTasks gives a service's tasks that are to run: those of one rollout, or of all for nil.
func (r *region) liveTasks(s *service, o *rollout) []*task {
	var out []*task
	for _, t := range r.ecs().Tasks {
		if t.Service == s.ARN && t.Desired == taskRunning && (o == nil || t.Rollout == o.ID) {
			out = append(out, t)
		}
	}
	return out
}

func countReady(tasks []*task) int {
	n := 0
	for _, t := range tasks {
		if t.Ready {
			n++
		}
	}
	return n
}

// stepService is one look of the scheduler at a service.
func (w *world) stepService(s *service, at time.Time) {
	s.Next = time.Time{}
	switch s.Status {
	case "INACTIVE":
		return
	case "DRAINING":
		w.drainService(s, at)
		return
	}
	p := s.primary()
	if p.Status == ecstypes.ServiceDeploymentStatusPending {
		p.Status, p.Started, p.Updated = ecstypes.ServiceDeploymentStatusInProgress, at, at
	}
	inProgress := p.State == ecstypes.DeploymentRolloutStateInProgress
	if n := s.threshold(); inProgress && n > 0 && p.Failed >= n {
		w.failRollout(s, p, at, "tasks failed to start.", s.rollsBack())
		p = s.primary()
	}
	w.watchAlarms(s, p, at)
	p = s.primary()
	w.stopSurplus(s, p, at)
	w.startTasks(s, p, at)
	w.judge(s, p, at)
}

func (w *world) drainService(s *service, at time.Time) {
	for _, t := range w.r.liveTasks(s, nil) {
		w.stopTask(t, at, ecstypes.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+t.Rollout+")")
	}
	if slices.ContainsFunc(w.r.ecs().Tasks, func(t *task) bool { return t.Service == s.ARN && t.Status != taskStopped }) {
		return // a task that ends wakes the service
	}
	if s.Told {
		s.Status = "INACTIVE"
		return
	}
	s.Told = true
	s.wake(at.Add(w.a.delay(latInactive, s.ARN)))
}

// startTasks starts what is missing of the primary rollout.
func (w *world) startTasks(s *service, p *rollout, at time.Time) {
	live := len(w.r.liveTasks(s, p))
	missing := int(s.Desired) - live
	if missing <= 0 || p.State == ecstypes.DeploymentRolloutStateFailed {
		return // a failed first rollout is stalled: it starts nothing more
	}
	if at.Before(p.NextStart) {
		s.wake(p.NextStart)
		return
	}
	_, most := s.bounds()
	missing = min(missing, most-len(w.r.liveTasks(s, nil)))
	var started []string
	for range missing {
		t, problem := w.launch(s, p, at)
		if problem != "" {
			s.event(at, "%s", problem)
			p.NoStart++
			p.NextStart = at.Add(retryDelay(p.NoStart))
			s.wake(p.NextStart)
			break
		}
		started = append(started, t.ID)
	}
	if len(started) > 0 {
		s.Told = false
		s.event(at, "has started %d tasks: %s.", len(started), taskList(started))
	}
}

// retryDelay slows the scheduler down after attempts that came to nothing, up to 27 minutes.
func retryDelay(n int) time.Duration {
	return min(5*time.Second<<min(n, 12), 27*time.Minute)
}

func taskList(ids []string) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "(task %s)", id)
	}
	return b.String()
}

// stopSurplus stops tasks of earlier rollouts as new ones get healthy, and tasks that are too many.
func (w *world) stopSurplus(s *service, p *rollout, at time.Time) {
	if p.State == ecstypes.DeploymentRolloutStateFailed {
		return
	}
	var old, oldReady []*task
	for _, t := range w.r.liveTasks(s, nil) {
		if t.Rollout != p.ID {
			old = append(old, t)
			if t.Ready {
				oldReady = append(oldReady, t)
			}
		}
	}
	least, _ := s.bounds()
	live := w.r.liveTasks(s, p)
	spare := countReady(live) + len(oldReady) - least
	var stop []*task
	for _, t := range old {
		if !t.Ready {
			stop = append(stop, t)
		} else if spare > 0 {
			spare--
			stop = append(stop, t)
		}
	}
	if extra := len(live) - int(s.Desired); extra > 0 {
		stop = append(stop, live[len(live)-extra:]...)
	}
	if len(stop) == 0 {
		return
	}
	var ids []string
	draining := 0
	for _, t := range stop {
		ids = append(ids, t.ID)
		if len(t.Targets) > 0 && t.Status == taskRunning {
			draining++
		}
		w.stopTask(t, at, ecstypes.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+p.ID+")")
	}
	s.Told = false
	s.event(at, "has stopped %d running tasks: %s.", len(ids), taskList(ids))
	if draining > 0 {
		s.event(at, "has begun draining connections on %d tasks.", draining)
	}
}

// judge completes the primary rollout when its tasks are healthy.
func (w *world) judge(s *service, p *rollout, at time.Time) {
	live := w.r.liveTasks(s, p)
	ready := countReady(live)
	need, deferred := s.early()
	done := ready >= need && len(live) == int(s.Desired)
	steady := done && ready == int(s.Desired)
	others := slices.ContainsFunc(w.r.ecs().Tasks, func(t *task) bool {
		return t.Service == s.ARN && t.Rollout != p.ID && t.Status != taskStopped
	})
	if others && !deferred {
		done = false
	}
	switch {
	case p.State == ecstypes.DeploymentRolloutStateInProgress && done && p.Settle.IsZero():
		p.Settle = at.Add(w.a.delay(latSettle, p.ID))
		s.wake(p.Settle)
	case p.State == ecstypes.DeploymentRolloutStateInProgress && done && !at.Before(p.Settle):
		if w.baked(s, p, at) {
			w.complete(s, p, at)
		}
	case p.State == ecstypes.DeploymentRolloutStateInProgress && done:
		s.wake(p.Settle)
	case !done:
		p.Settle = time.Time{}
	}
	for _, o := range s.Rollouts {
		if o.Role == "ACTIVE" && !slices.ContainsFunc(w.r.ecs().Tasks, func(t *task) bool { return t.Rollout == o.ID && t.Status != taskStopped }) {
			o.Role = ""
		}
	}
	if steady && !s.Told && p.State == ecstypes.DeploymentRolloutStateCompleted {
		s.Told = true
		s.event(at, "has reached a steady state.")
	}
}

func (w *world) complete(s *service, p *rollout, at time.Time) {
	p.State, p.Completed, p.Settle = ecstypes.DeploymentRolloutStateCompleted, true, time.Time{}
	p.StateReason = fmt.Sprintf("ECS deployment %s completed.", p.ID)
	p.Updated = at
	if p.Finished.IsZero() {
		p.finish(at, ecstypes.ServiceDeploymentStatusSuccessful, "")
	}
	s.event(at, "(deployment %s) deployment completed.", p.ID)
	if failed := s.rollout(p.RollbackOf); p.RollbackOf != "" && failed != nil {
		failed.finish(at, ecstypes.ServiceDeploymentStatusRollbackSuccessful, "Service deployment rolled back because of the circuit breaker.")
	}
}

// failRollout ends a rollout as failed. When that is wanted and one was completed before, it goes back to
// the last of those: by a new deployment of the same revision, as AWS does.
func (w *world) failRollout(s *service, p *rollout, at time.Time, why string, goesBack bool) {
	s.event(at, "(deployment %s) deployment failed: %s", p.ID, why)
	p.State, p.Updated = ecstypes.DeploymentRolloutStateFailed, at
	p.StateReason = "ECS deployment circuit breaker: " + why
	s.Told = false
	if failed := s.rollout(p.RollbackOf); p.RollbackOf != "" && failed != nil {
		failed.finish(at, ecstypes.ServiceDeploymentStatusRollbackFailed, "Service deployment rollback failed: "+why)
		return
	}
	back := find(s.Rollouts, func(o *rollout) bool { return o != p && o.Completed })
	switch {
	case !goesBack:
		p.finish(at, ecstypes.ServiceDeploymentStatusStopped, "Service deployment stopped because the circuit breaker threshold was exceeded.")
		return
	case back == nil:
		p.finish(at, ecstypes.ServiceDeploymentStatusRollbackFailed, "Service deployment rollback failed because no rollback candidate was found.")
		return
	}
	p.Status, p.StatusReason = ecstypes.ServiceDeploymentStatusRollbackInProgress, "Service deployment is rolling back: "+why
	p.Role, p.RollbackTo, p.RollbackAt = "ACTIVE", back.RevisionARN, at
	o := &rollout{
		ID: "ecs-svc/" + digitsOf(stableID(p.ID, "rollback"), 19), RevisionARN: back.RevisionARN, Rev: clone(back.Rev), Fate: back.Fate, Role: "PRIMARY",
		Created: at, Started: at, Updated: at, Status: ecstypes.ServiceDeploymentStatusInProgress,
		State: ecstypes.DeploymentRolloutStateInProgress, RollbackOf: p.ID, Ringing: w.r.ringing(s.alarms(), at),
	}
	o.StateReason = fmt.Sprintf("ECS deployment circuit breaker: rolling back to deploymentId %s.", o.ID)
	s.Rollouts = append([]*rollout{o}, s.Rollouts...)
	s.event(at, "rolling back to deployment %s.", o.ID)
}
