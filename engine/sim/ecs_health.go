package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stepTargets runs the health checks of a task that are due, and ends the draining that is.
func (w *world) stepTargets(t *task, at time.Time) {
	for i := range t.Targets {
		x := &t.Targets[i]
		if !x.Gone.IsZero() && !x.Gone.After(at) {
			x.State, x.Gone = "", time.Time{}
		}
		if !x.Check.IsZero() && !x.Check.After(at) && t.Desired == taskRunning {
			x.Check = time.Time{}
			w.check(t, x, at)
		}
		if t.Desired != taskRunning {
			x.Check = time.Time{}
		}
	}
}

// check is one health check of one target.
func (w *world) check(t *task, x *target, at time.Time) {
	g := w.r.targetGroup(x.Group)
	if g == nil {
		x.State = ""
		return
	}
	lb, in := w.balancerFor(t, x)
	switch {
	case lb == nil:
		x.State, x.Reason, x.Description = "unused", "Target.NotInUse", in
		x.Check = at.Add(w.interval(x.Group))
		w.grace(t, x, at)
		return
	case at.Before(lb.Active):
		x.State, x.Reason, x.Description = "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
		x.Check = lb.Active.Add(w.interval(x.Group))
		return
	}
	reason, description := w.probe(t, x, g, lb, at)
	if reason == "" {
		w.passed(t, x, g, at)
		return
	}
	x.Fails, x.Passes = x.Fails+1, 0
	x.Check = at.Add(w.interval(x.Group))
	switch {
	case x.Fails >= g.Unhealthy:
		x.State, x.Reason, x.Description = "unhealthy", reason, description
		t.Ready = false
		w.grace(t, x, at)
	case x.State != "healthy":
		x.State, x.Reason, x.Description = "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
	}
}

// passed notes a health check that passed. A new target needs one of them, an unhealthy one several.
func (w *world) passed(t *task, x *target, g *targetGroup, at time.Time) {
	x.Fails, x.Passes = 0, x.Passes+1
	if x.State == "unhealthy" && x.Passes < g.Healthy {
		x.Check = at.Add(w.interval(x.Group))
		return
	}
	if x.State == "healthy" && t.Ready {
		return
	}
	x.State, x.Reason, x.Description = "healthy", "", ""
	for _, o := range t.Targets {
		if o.State != "healthy" {
			return
		}
	}
	if d := w.r.taskDef(t.TaskDef); d != nil {
		w.log(t, d, at, fmt.Sprintf("GET %s %d (ELB-HealthChecker/2.0)", g.HealthPath, t.Fate.Code))
	}
	t.Ready = true
	if t.Served.IsZero() {
		t.Served = at
	}
	w.healthy(t, at)
}

// grace stops a task whose target is unhealthy once its service's grace period is over.
func (w *world) grace(t *task, x *target, at time.Time) {
	s := w.owner(t)
	if s == nil || x.State != "unhealthy" {
		return
	}
	if at.Before(t.Started.Add(time.Duration(s.Grace) * time.Second)) {
		return
	}
	s.event(at, "(port %d) is unhealthy in (target-group %s) due to (reason %s)", x.Port, x.Group, x.Description)
	reason := fmt.Sprintf("Task failed ELB health checks in (target-group %s)", x.Group)
	w.stopTask(t, at, ecstypes.TaskStopCodeServiceSchedulerInitiated, reason)
	s.event(at, "has stopped 1 running tasks: %s.", taskList([]string{t.ID}))
	w.failed(t, at, true)
}

// balancerFor gives the load balancer that checks a target, or nil and why none does.
func (w *world) balancerFor(t *task, x *target) (*loadBalancer, string) {
	users := w.r.usersOf(x.Group)
	if len(users) == 0 {
		return nil, "Target group is not configured to receive traffic from the load balancer"
	}
	lb, s := users[0], w.r.subnet(t.Subnet)
	for _, id := range lb.Subnets {
		if o := w.r.subnet(id); o != nil && s != nil && o.Zone == s.Zone {
			return lb, ""
		}
	}
	return nil, "Target is in an Availability Zone that is not enabled for the load balancer"
}

// probe sends a target's health check on its way: reason is empty when it passes.
func (w *world) probe(t *task, x *target, g *targetGroup, lb *loadBalancer, at time.Time) (reason, description string) {
	if !w.r.letsOut(lb.Groups, x.Port) || !w.r.admits(t.Groups, x.Port, lb.Groups, "") {
		return "Target.Timeout", "Request timed out"
	}
	if d := w.r.taskDef(t.TaskDef); d == nil || at.Before(t.Listens) || w.appPort(t, d) != x.Port {
		return "Target.FailedHealthChecks", "Health checks failed"
	}
	if ok := matcherOf(g.Matcher); ok == nil || !ok(t.Fate.Code) {
		return "Target.ResponseCodeMismatch", fmt.Sprintf("Health checks failed with these codes: [%d]", t.Fate.Code)
	}
	return "", ""
}

// appPort is where the app in a task listens: where the fault says, where PORT says (of the task definition,
// then of the image), else on the port that the image exposes, else where the task definition says.
func (w *world) appPort(t *task, d *taskDef) int32 {
	if t.Fate.Port != 0 {
		return t.Fate.Port
	}
	k := d.main()
	var mapped int32
	if len(k.PortMappings) > 0 {
		mapped = val(k.PortMappings[0].ContainerPort, 0)
	}
	for _, e := range k.Environment {
		if p, err := strconv.Atoi(str(e.Value)); str(e.Name) == "PORT" && err == nil {
			return int32(p)
		}
	}
	cfg := w.imageConfig(str(k.Image), platformOf(d))
	if cfg == nil {
		return mapped
	}
	for _, e := range cfg.Config.Env {
		if v, ok := strings.CutPrefix(e, "PORT="); ok {
			if p, err := strconv.Atoi(v); err == nil {
				return int32(p)
			}
		}
	}
	var exposed []int
	for e := range cfg.Config.ExposedPorts {
		n, _, _ := strings.Cut(e, "/")
		if p, err := strconv.Atoi(n); err == nil {
			exposed = append(exposed, p)
		}
	}
	if len(exposed) == 0 || slices.Contains(exposed, int(mapped)) {
		return mapped
	}
	return int32(slices.Min(exposed))
}

// ecsRewire makes the load balancers check all running targets again, because something in the network changed.
func ecsRewire(w *world, now time.Time) {
	for _, t := range w.r.ecs().Tasks {
		for i := range t.Targets {
			if x := &t.Targets[i]; t.Status == taskRunning && x.State != "" && x.Check.IsZero() {
				x.Check = now.Add(w.interval(x.Group))
			}
		}
	}
}

// log writes a line of a task's app.
func (w *world) log(t *task, d *taskDef, at time.Time, text string) {
	k := d.main()
	if group, stream, ok := logStreamOf(k, t.ID); ok {
		region := w.st.Regions[k.LogConfiguration.Options["awslogs-region"]]
		if region != nil {
			region.write(group, stream, at, text)
		}
	}
}

// bootLog writes what an app says while it starts: what the image runs, and where it listens or why it ends.
func (w *world) bootLog(t *task, d *taskDef, at, boot time.Time) {
	k := d.main()
	command := append(slices.Clone(k.EntryPoint), k.Command...)
	if cfg := w.imageConfig(str(k.Image), platformOf(d)); cfg != nil && len(command) == 0 {
		command = append(slices.Clone(cfg.Config.Entrypoint), cfg.Config.Cmd...)
	}
	if len(t.Command) > 0 {
		command = t.Command
	}
	if len(command) > 0 {
		w.log(t, d, at, "starting "+strings.Join(command, " "))
	}
	switch {
	case t.Fate.Second:
		w.log(t, d, boot, "s6-overlay-suexec: fatal: can only run as pid 1")
	case t.Fate.OOM, t.once() && !t.Fate.Ends:
	case t.Fate.Ends:
		w.log(t, d, boot, fmt.Sprintf("fatal: the application could not start (exit code %d)", t.Fate.Exit))
	case len(d.main().PortMappings) == 0: // it listens to nobody
	default:
		w.log(t, d, boot, fmt.Sprintf("listening on 0.0.0.0:%d", w.appPort(t, d)))
	}
}
