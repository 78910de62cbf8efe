package compute

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
)

// patience is how long the rollout may take: a new task may fail its checks for the grace period, and the circuit
// breaker gives up only after some tasks have.
func (v *Service) patience() time.Duration {
	return cmp.Or(v.Timeout, max(rolloutTimeout, breakerThreshold*v.GracePeriod+rolloutTimeout/3)+2*v.Bake)
}

// rolloutTimeout is how long a rollout may take when nobody says otherwise (engine/AWS.md, Durations).
const rolloutTimeout = 15 * time.Minute

// appear is how long a deployment may take to show up after the call that started it.
const appear = 30 * time.Second

// rolloutEvery is how often a rollout is looked at: it is what somebody waits for in front of the screen.
const rolloutEvery = 2 * time.Second

// rollout watches one deployment of the service until ECS has made up its mind. It believes the service
// deployment's own status and our revision's healthy tasks, never that a service merely looks stable: after
// a rollback it does, too.
type rollout struct {
	*Service
	scope    *resource.Scope
	began    time.Time
	arn      string          // of the service deployment, empty until it shows up or when it cannot be read
	blind    bool            // the service deployment calls are denied or unknown: judge by DescribeServices
	seen     map[string]bool // ids of service events that were passed on
	explain  map[string]int  // distinct reasons of stopped tasks -> how many tasks
	told     map[string]bool // ids of stopped tasks that were looked at
	cause    *fail.Error     // the first failure found
	rollback bool            // ECS is going back
	joined   bool            // somebody else began it, and this run waits for it
	judged   bool            // the failure was told as what it is, it is not just that time ran out
	tasks    []event.Task
	healthy  int    // tasks of our revision, when they were looked at last
	counted  string // the counters when the tasks were looked at last
	looks    int
	sick     string // why a task was unhealthy, as the service's events told last
}

// Ready implements Waiter: the wanted revision serves, with every task healthy.
func (v *Service) Ready(ctx context.Context, s *resource.Scope) error {
	r := &rollout{
		Service: v, scope: s, began: v.since, seen: map[string]bool{}, explain: map[string]int{}, told: map[string]bool{},
	}
	if r.began.IsZero() {
		r.began = s.Clock.Now()
	}
	r.join(ctx)
	r.markOldEvents()
	what := "the new version to serve"
	if v.TargetGroup == nil {
		what = "the new version to run"
	}
	w := cloud.Wait{For: what, Every: rolloutEvery, Soon: r.allHealthy, Deadline: v.patience()}
	err := s.Poll(ctx, w, v.Info().Usually, r.look)
	var f *fail.Error
	if errors.As(err, &f) && r.judged {
		return v.Together.failed(ctx, s, v, f)
	}
	if errors.As(err, &f) && r.cause != nil {
		c := *r.cause
		c.Evidence = f.Cause + "\n" + c.Evidence
		return &c
	}
	return err
}

// join makes the rollout that somebody else has going on this run's, when nothing was left to change: how it ends, and why,
// is how this run ends.
func (r *rollout) join(ctx context.Context) {
	p := primary(r.found)
	if r.touched || p == nil || p.RolloutState != ecstypes.DeploymentRolloutStateInProgress {
		return
	}
	r.joined, r.began = true, aws.ToTime(p.CreatedAt)
	revision := shortARN(aws.ToString(p.TaskDefinition))
	text := fmt.Sprintf("nothing to change, but a rollout of %s has been in progress since %s", revision, r.began.UTC().Format("15:04:05 MST"))
	if by, _, err := Origin(ctx, r.scope.Clients, revision); err == nil && by != "" {
		text += ", which " + by + " deployed"
	}
	r.scope.Notice("berth", text+": waiting for it")
}

// oneRollout says whether the run is about one rollout alone: it began that, or waits for it.
func (r *rollout) oneRollout() bool { return r.touched || r.joined }

// markOldEvents keeps events from before this run out of its log.
func (r *rollout) markOldEvents() {
	for _, e := range r.found.Events {
		if aws.ToTime(e.CreatedAt).Before(r.began) {
			r.seen[aws.ToString(e.Id)] = true
		}
	}
}

// look is one round: the deployment's status, the service's events and counters, the tasks and their health.
func (r *rollout) look(ctx context.Context) (bool, string, error) {
	if f := r.Together.verdict(r.Service); f != nil {
		return false, "", f
	}
	svc, err := r.describe(ctx, r.scope)
	if err != nil || svc == nil {
		return false, "", err
	}
	r.passEvents(svc.Events)
	dep, err := r.deploymentOf(ctx)
	if err != nil {
		return false, "", err
	}
	if r.newsOfTasks(dep, svc) {
		if r.healthy, err = r.lookAtTasks(ctx, svc); err != nil {
			return false, "", err
		}
	}
	if !r.rollback && r.served && r.healthy >= max(1, min(r.Instances, int(svc.DesiredCount))) {
		if err := r.turnOver(ctx); err != nil {
			return false, "", err
		}
	}
	if dep != nil && (r.oneRollout() || dep.FinishedAt == nil) {
		return r.judge(ctx, dep, svc, r.healthy)
	}
	return r.judgeBlind(ctx, svc, r.healthy)
}

// allHealthy says that only ECS's verdict is missing.
func (r *rollout) allHealthy() bool { return r.healthy > 0 && r.healthy >= r.Instances }

// newsOfTasks says whether the tasks are worth a look of their own, which takes three calls: when a counter
// or the deployment's status moved, all tasks run
// and are not healthy yet, and every third time, since health moves no counter.
func (r *rollout) newsOfTasks(dep *ecstypes.ServiceDeployment, svc *ecstypes.Service) bool {
	counted := ""
	if dep != nil {
		counted = string(dep.Status)
	}
	for _, d := range svc.Deployments {
		counted += fmt.Sprintf(" %s %d/%d/%d/%d %s", aws.ToString(d.Id), d.DesiredCount, d.PendingCount, d.RunningCount,
			d.FailedTasks, d.RolloutState)
	}
	r.looks++
	p := primary(svc)
	unwell := p != nil && p.RunningCount >= p.DesiredCount && !r.allHealthy()
	if counted == r.counted && !unwell && r.looks%3 != 0 {
		return false
	}
	r.counted = counted
	return true
}

// deploymentOf is the service deployment that this run waits for: the newest since the run changed the service or the
// rollout began that it waits for, or the newest of all. It is nil before it shows up and where it cannot be read.
func (r *rollout) deploymentOf(ctx context.Context) (*ecstypes.ServiceDeployment, error) {
	if r.blind {
		return nil, nil //nolint:nilnil // nothing to read
	}
	if r.arn == "" {
		in := &ecs.ListServiceDeploymentsInput{
			Cluster: aws.String(r.Cluster.Name()), Service: aws.String(r.Name()),
		}
		if r.oneRollout() {
			in.CreatedAt = &ecstypes.CreatedAt{After: aws.Time(r.began.Add(-time.Second))}
		}
		all, err := Deployments(ctx, r.scope.Clients, in, 0)
		if r.cannotRead(err) || err != nil {
			return nil, r.unlessBlind(err)
		}
		if len(all) == 0 {
			return nil, nil //nolint:nilnil // not there yet
		}
		newest := slices.MaxFunc(all, func(a, b ecstypes.ServiceDeploymentBrief) int {
			return aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt))
		})
		r.arn = aws.ToString(newest.ServiceDeploymentArn)
	}
	out, err := r.scope.ECS.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: []string{r.arn},
	})
	if r.cannotRead(err) || err != nil || len(out.ServiceDeployments) == 0 {
		return nil, r.unlessBlind(err)
	}
	return &out.ServiceDeployments[0], nil
}

// cannotRead notes, and says once, that the deployment calls are of no use here.
func (r *rollout) cannotRead(err error) bool {
	if !cloud.Unknown(err) && !cloud.Denied(err) {
		return false
	}
	r.blind = true
	why := "not allowed to call "
	if cloud.Unknown(err) {
		why = "this endpoint does not support "
	}
	r.scope.Log("aws", why+cloud.Operation(err)+"; judging the rollout by DescribeServices instead")
	return true
}

func (r *rollout) unlessBlind(err error) error {
	if r.blind {
		return nil
	}
	return err
}

// passEvents passes new service events on, oldest first.
func (r *rollout) passEvents(events []ecstypes.ServiceEvent) {
	for _, e := range slices.Backward(events) {
		if id := aws.ToString(e.Id); !r.seen[id] {
			r.seen[id] = true
			text := strings.TrimPrefix(aws.ToString(e.Message), "(service "+r.Name()+") ")
			if routineEvent().MatchString(text) {
				r.scope.Log("aws", text)
			} else {
				r.scope.Notice("aws", text)
			}
			if m := unhealthyEvent().FindStringSubmatch(text); m != nil {
				r.sick = m[1]
			}
			if m := unplacedEvent().FindStringSubmatch(text); m != nil {
				r.note(diagnose.Task{StopCode: "TaskFailedToStart", StoppedReason: m[1]})
			} else if heldEvent().MatchString(text) {
				r.note(diagnose.Task{StoppedReason: text})
			}
		}
	}
}

// routineEvent is what a service tells of a rollout in which nothing is wrong. Whatever else it says is worth a
// look (engine/AWS.md, Service).
var routineEvent = pattern(`^(has reached a steady state|has started \d+ tasks|has stopped \d+ |has begun draining|` +
	`(de)?registered \d+ targets|\(?deployment \S+\)? (deployment )?(completed|in progress)|stopped \d+ pending)`)

// How the service tells why a task was unhealthy, why it could not even be started, and what holds the rollout up that is
// no task's fault (engine/AWS.md, Service). That AWS throttles ECS ends no rollout.
var (
	unhealthyEvent = pattern(`is unhealthy in .* due to \(reason (.+?)\)\.?$`)
	unplacedEvent  = pattern(`(?:was unable to place a task\. Reason: |failed to launch a task with \(error )(.+?)\)?\.?$`)
	heldEvent      = pattern(`because of the service deployment configuration|protected tasks|alarm detected|[Tt]arget ?group .*(?:does not exist|could not be found)`)
)

func primary(svc *ecstypes.Service) *ecstypes.Deployment {
	for i, d := range svc.Deployments {
		if aws.ToString(d.Status) == "PRIMARY" {
			return &svc.Deployments[i]
		}
	}
	return nil
}

// counts says how far the rollout is.
func (r *rollout) counts(svc *ecstypes.Service, healthy int) string {
	p := primary(svc)
	if p == nil {
		return ""
	}
	text := fmt.Sprintf("%d of %d running, %d healthy", p.RunningCount, p.DesiredCount, healthy)
	if len(r.Alarms) > 0 && p.DesiredCount > 0 && healthy >= int(p.DesiredCount) {
		text += ", watched by " + resource.Counted(len(r.Alarms), "alarm") + " before it counts as done"
	}
	if p.FailedTasks > 0 {
		text += fmt.Sprintf(", %d failed", p.FailedTasks)
	}
	return text
}

// note remembers why a task failed and tells it once.
func (r *rollout) note(t diagnose.Task) {
	key := diagnose.Key(t)
	r.explain[key]++
	if r.explain[key] > 1 {
		return
	}
	at := diagnose.Context{
		Port: r.Port, MemoryMiB: r.TaskDefinition.Memory, Platform: r.TaskDefinition.Arch, VCPU: float64(r.TaskDefinition.CPU) / 1024,
	}
	if r.TargetGroup != nil {
		at.HealthPath = r.TargetGroup.Health.Path
	}
	f := diagnose.Explain(t, at)
	if r.Process != "" {
		f.Cause = "the process " + r.Process + ": " + f.Cause
	}
	if r.cause == nil || strings.Contains(r.cause.Cause, "a task stopped") {
		r.cause = f
	}
	if t.ID != "" {
		f.Evidence = strings.TrimSpace("task " + t.ID + "\n" + f.Evidence)
	}
	r.scope.Notice("berth", f.Cause)
}
