package sim

import (
	"fmt"
	"math"
	"slices"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsRollouts are the service deployments of services, with their revisions.
func ecsRollouts() awsService {
	return awsService{operations: []operation{
		op(ecsListServiceDeployments, pages("ServiceDeployments", 20, 100)), op(ecsDescribeServiceDeployments),
		op(ecsDescribeServiceRevisions), op(ecsStopServiceDeployment),
	}}
}

// rollout is a service deployment together with the revision that it rolls out.
type rollout struct {
	ID          string // ecs-svc/…
	ARN         string // of the service deployment
	RevisionARN string
	Rev         revision
	Fate        fate   // how its app behaves
	Role        string // PRIMARY, ACTIVE (has tasks that go away), or empty (history)
	Created     time.Time
	Started     time.Time
	Updated     time.Time
	Finished    time.Time

	Status       ecstypes.ServiceDeploymentStatus
	StatusReason string
	State        ecstypes.DeploymentRolloutState
	StateReason  string
	Sources      []string // revision ARNs that it replaces

	Launched   int       // tasks ever started, for their ids
	Failed     int32     // tasks that failed since the last healthy one
	NoStart    int       // in a row that never ran, which slows the scheduler down
	NextStart  time.Time // not before this
	Settle     time.Time // when the verdict falls; zero while it cannot
	Bake       time.Time // until when its alarms are watched once it is healthy; zero before that
	Ringing    []string  // of its alarms, those that rang already when it began
	Completed  bool      // was completed once, so that one can go back to it
	RollbackTo string    // revision ARN
	RollbackAt time.Time
	RollbackOf string // on the deployment that goes back: the id of the failed one. It has no service deployment
}

// keptRollouts is how many rollouts a service remembers: AWS keeps those of 90 days.
const keptRollouts = 100

func (s *service) primary() *rollout {
	return find(s.Rollouts, func(o *rollout) bool { return o.Role == "PRIMARY" })
}

func (s *service) rollout(id string) *rollout {
	return find(s.Rollouts, func(o *rollout) bool { return o.ID == id || o.ARN == id || o.RevisionARN == id })
}

// wake makes the scheduler look at the service, at the latest at that time.
func (s *service) wake(at time.Time) {
	if s.Next.IsZero() || at.Before(s.Next) {
		s.Next = at
	}
}

// newRollout starts rolling a revision out.
func (c *call) newRollout(s *service, v revision) {
	key := stableID(s.ARN, s.Created.String(), c.now.String(), fmt.Sprint(len(s.Rollouts)))
	base := fmt.Sprintf("%s/%s", lastPart(s.Cluster), s.Name)
	o := &rollout{
		ID: "ecs-svc/" + digitsOf(key, 19), ARN: c.ecsARN("service-deployment/%s/%s", base, key[:21]),
		RevisionARN: c.ecsARN("service-revision/%s/%s", base, digitsOf(key[24:], 19)), Rev: v, Fate: c.a.fateNow(v.TaskDef), Role: "PRIMARY",
		Created: c.now, Updated: c.now, Status: ecstypes.ServiceDeploymentStatusPending,
		State: ecstypes.DeploymentRolloutStateInProgress,
	}
	c.connect(s, &v)
	o.Ringing = c.r.ringing(s.alarms(), c.now)
	o.StateReason = fmt.Sprintf("ECS deployment %s in progress.", o.ID)
	for _, old := range s.Rollouts {
		if old.Role == "" {
			continue
		}
		o.Sources = append(o.Sources, old.RevisionARN)
		if old.Role == "PRIMARY" {
			old.Role, old.Settle = "ACTIVE", time.Time{}
			if old.Finished.IsZero() {
				old.finish(c.now, ecstypes.ServiceDeploymentStatusStopped, "Service deployment stopped because a newer one was started.")
			}
		}
	}
	s.Rollouts = append([]*rollout{o}, s.Rollouts...)
	if len(s.Rollouts) > keptRollouts {
		s.Rollouts = s.Rollouts[:keptRollouts]
	}
	s.Told = false
	s.wake(c.now.Add(c.a.delay(latSchedule, o.ID)))
}

// digitsOf makes decimal digits of a hexadecimal key.
func digitsOf(key string, n int) string {
	b := []byte(key[:n])
	for i, x := range b {
		if x >= 'a' {
			b[i] = '0' + (x - 'a')
		}
	}
	if b[0] == '0' {
		b[0] = '7'
	}
	return string(b)
}

// finish ends a service deployment.
func (o *rollout) finish(at time.Time, status ecstypes.ServiceDeploymentStatus, reason string) {
	o.Status, o.StatusReason, o.Finished, o.Updated = status, reason, at, at
}

// threshold is how many failed tasks trip the circuit breaker; 0 when there is none.
func (s *service) threshold() int32 {
	if s.Config == nil || s.Config.DeploymentCircuitBreaker == nil || !s.Config.DeploymentCircuitBreaker.Enable {
		return 0
	}
	percent := int32(50)
	if t := s.Config.DeploymentCircuitBreaker.ThresholdConfiguration; t != nil {
		if t.Type == ecstypes.ThresholdTypeCount {
			return t.Value
		}
		percent = t.Value
	}
	n := int32(math.Ceil(float64(s.Desired) * float64(percent) / 100))
	return min(max(n, 3), 200)
}

// rollsBack says whether a failed rollout goes back to the last completed one.
func (s *service) rollsBack() bool {
	return s.Config != nil && s.Config.DeploymentCircuitBreaker != nil && s.Config.DeploymentCircuitBreaker.Rollback
}

// alarms are those that a rollout of the service is watched by.
func (s *service) alarms() []string {
	if s.Config == nil || s.Config.Alarms == nil || !s.Config.Alarms.Enable {
		return nil
	}
	return s.Config.Alarms.AlarmNames
}

// watchAlarms fails a rollout when one of its alarms goes off. One that rang before counts for nothing.
func (w *world) watchAlarms(s *service, p *rollout, at time.Time) {
	if p.State != ecstypes.DeploymentRolloutStateInProgress || len(s.alarms()) == 0 {
		return
	}
	for _, name := range w.r.ringing(s.alarms(), at) {
		if !slices.Contains(p.Ringing, name) {
			w.failRollout(s, p, at, "alarm detected.", s.Config.Alarms.Rollback)
			return
		}
	}
	s.wake(at.Add(alarmsEvery))
}

// baked says whether the alarms were watched for long enough after the tasks were healthy, and begins to count.
func (w *world) baked(s *service, p *rollout, at time.Time) bool {
	if len(s.alarms()) == 0 {
		return true
	}
	if p.Bake.IsZero() {
		p.Bake = at.Add(w.r.bakeTime(s.alarms()))
	}
	s.wake(p.Bake)
	return !at.Before(p.Bake)
}

// resets says whether a healthy task clears the count of failed ones. The default is yes.
func (s *service) resets() bool {
	b := s.Config
	return b == nil || b.DeploymentCircuitBreaker == nil || val(b.DeploymentCircuitBreaker.ResetOnHealthyTask, true)
}

// bounds is how many tasks must stay healthy and how many may run in all.
func (s *service) bounds() (least, most int) {
	low, high := int32(100), int32(200)
	if s.Config != nil {
		low, high = val(s.Config.MinimumHealthyPercent, low), val(s.Config.MaximumPercent, high)
	}
	least = int(math.Ceil(float64(s.Desired) * float64(low) / 100))
	most = int(s.Desired) * int(high) / 100
	return least, most
}

// early says how many healthy tasks complete a rollout, and whether that is before the old ones are gone.
func (s *service) early() (need int, deferred bool) {
	need = int(s.Desired)
	if s.Config == nil || s.Config.EarlySuccessCriteria == nil || !s.Config.EarlySuccessCriteria.Enable {
		return need, false
	}
	e := s.Config.EarlySuccessCriteria
	need = int(math.Ceil(float64(s.Desired) * float64(val(e.HealthyPercent, 100)) / 100))
	return need, e.SourceServiceRevisionCleanup == ecstypes.ServiceRevisionCleanupDeferred
}

// event tells something about a service. AWS keeps the last hundred.
func (s *service) event(at time.Time, format string, args ...any) {
	s.EventSeq++
	h := stableID(s.ARN, s.Created.String(), fmt.Sprint(s.EventSeq))
	e := serviceEvent{
		ID: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32], At: at,
		Text: fmt.Sprintf("(service %s) ", s.Name) + fmt.Sprintf(format, args...),
	}
	s.Events = append([]serviceEvent{e}, s.Events...)
	if len(s.Events) > 100 {
		s.Events = slices.Clone(s.Events[:100])
	}
}
