package sim

import (
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The states of a task's life.
const (
	taskProvisioning   = "PROVISIONING"
	taskPending        = "PENDING"
	taskActivating     = "ACTIVATING"
	taskRunning        = "RUNNING"
	taskDeactivating   = "DEACTIVATING"
	taskStopping       = "STOPPING"
	taskDeprovisioning = "DEPROVISIONING"
	taskStopped        = "STOPPED"
)

type task struct {
	ID         string
	ARN        string
	Cluster    string // ARN
	Service    string // ARN, empty for a task of its own
	Rollout    string // ecs-svc/…, or who started it
	Group      string
	TaskDef    string // ARN
	Token      string // of RunTask
	Command    []string
	Alone      bool `json:",omitempty"` // a scheduler started it: it does its work and ends
	Subnet     string
	Groups     []string // security groups
	PublicIP   bool
	IP         string
	ENI        string
	Attachment string
	Status     string
	Desired    string
	Exec       bool
	Tags       tagMap

	Created     time.Time
	PullStart   time.Time
	PullStop    time.Time
	Started     time.Time
	Listens     time.Time // when its app is up
	Served      time.Time // first healthy for its load balancer
	Stopping    time.Time
	ExecStopped time.Time
	StoppedAt   time.Time

	Next    time.Time // when its state changes; zero when only its health may
	Doom    *doom     // why it will not start
	Fate    fate      // how its app behaves
	Targets []target
	Ready   bool // counts as healthy for its service
	Digest  string

	Provider string // the capacity provider that it runs on; empty for a launch type

	StopCode ecstypes.TaskStopCode
	Reason   string // stoppedReason
	CReason  string // the container's reason
	ExitCode *int32
}

// doom is a start that fails.
type doom struct {
	Reason  string // stoppedReason
	CReason string // the container's reason
}

// fate is how an app behaves. It is settled when its rollout begins (or its task, for one of its own), so that
// it is the same for everybody who looks, and a rollback comes to an app that behaves as it did.
type fate struct {
	Port   int32 // where it listens; 0 is what the image and the task definition say
	Code   int   // status of every answer
	Exit   int32 // exit code that it ends with soon after the start, when Ends
	Ends   bool
	OOM    bool
	Enough int     // MiB from which on a task does not run out of memory; 0: none is enough
	NoWay  bool    // no route to the registry
	NoPull bool    // the image is gone
	Second bool    `json:",omitempty"` // it must be the first process and is not
	Deaf   bool    `json:",omitempty"` // it takes a command that it is given for arguments of its server
	Errors float64 `json:",omitempty"` // share of requests that it answers with 500, health checks aside
	TLS    string  `json:",omitempty"` // the request header that tells it of https; without it, it redirects there
}

// target is a task's registration with a target group.
type target struct {
	Group       string // ARN
	Port        int32
	State       string // a TargetHealthStateEnum; empty when not registered (any more)
	Reason      string
	Description string
	Check       time.Time // the next health check that matters; zero when none does
	Fails       int32
	Passes      int32
	Gone        time.Time // when draining ends
}

// holdsInterface says whether the task has a network interface.
func (t *task) holdsInterface() bool {
	return t.Status != taskProvisioning && t.Status != taskStopped
}

// once says whether the task's app does something and ends.
func (t *task) once() bool { return (len(t.Command) > 0 || t.Alone) && !t.Fate.Deaf }

// due is when something happens to the task next.
func (t *task) due() time.Time {
	at := t.Next
	for _, x := range t.Targets {
		for _, d := range []time.Time{x.Check, x.Gone} {
			if !d.IsZero() && (at.IsZero() || d.Before(at)) {
				at = d
			}
		}
	}
	return at
}

// fateNow is how tasks of a task definition (its ARN) behave under the present faults.
func (a *Account) fateNow(taskDef string) fate {
	f := fate{Code: 200}
	for _, x := range a.faults {
		family, _, _ := strings.Cut(lastPart(taskDef), ":")
		if x.target != "" && x.kind == faultCrash && !strings.HasSuffix(family, x.target) {
			continue
		}
		switch x.kind {
		case faultCrash:
			f.Ends, f.Exit = true, int32(x.n)
		case faultOOM:
			f.Ends, f.OOM, f.Exit, f.Enough = true, true, 137, x.n
		case faultPort:
			f.Port = int32(x.n)
		case faultUnhealthy:
			f.Code = x.n
		case faultNoRoute:
			f.NoWay = true
		case faultDeaf:
			f.Deaf = true
		case faultImageGone:
			f.NoPull = true
		case faultForceSSL:
			f.TLS = x.target
		case faultErrors:
			f.Errors = x.factor
		}
	}
	return f
}

// owner gives the service that a task belongs to.
func (w *world) owner(t *task) *service {
	if t.Service == "" {
		return nil
	}
	return find(w.r.ecs().Services, func(s *service) bool { return s.ARN == t.Service && s.rollout(t.Rollout) != nil })
}

// stepTask is what happens to a task at a time that is due.
func (w *world) stepTask(t *task, at time.Time) {
	if t.Next.IsZero() || t.Next.After(at) {
		w.stepTargets(t, at)
		return
	}
	t.Next = time.Time{}
	d := w.r.taskDef(t.TaskDef)
	if d == nil { // cannot be: a revision in use is not deleted
		t.Status, t.StoppedAt, t.Targets = taskStopped, at, nil
		return
	}
	switch t.Status {
	case taskProvisioning:
		t.Status, t.PullStart = taskPending, at
		size, doomed, wait := w.pull(t, d, at)
		if t.Doom = doomed; doomed == nil {
			wait = w.a.delay(latPull, t.ID) + w.a.scale(latPull, t.ID, time.Duration(float64(size)/pullRate*float64(time.Second)))
		}
		t.Next = at.Add(wait)
	case taskPending:
		if t.Doom != nil {
			w.fail(t, at, ecstypes.TaskStopCodeTaskFailedToStart, t.Doom.Reason, t.Doom.CReason, nil)
			return
		}
		t.Status, t.PullStop = taskActivating, at
		w.register(t, at)
		t.Next = at.Add(w.a.delay(latActivate, t.ID))
	case taskActivating:
		w.run(t, d, at)
	case taskRunning:
		w.ran(t, d, at)
	case taskDeactivating:
		t.Status, t.ExecStopped = taskStopping, at
		t.Next = at.Add(min(w.a.delay(latStop, t.ID), stopTimeout(d.main())))
	case taskStopping:
		t.Status, t.ExitCode = taskDeprovisioning, new(int32(0))
		w.log(t, d, at, "received SIGTERM, shutting down")
		t.Next = at.Add(w.a.delay(latRelease, t.ID))
	case taskDeprovisioning:
		t.Status, t.StoppedAt = taskStopped, at
		w.taskStoppedEvent(t, at)
		if s := w.owner(t); s != nil {
			s.wake(at)
		}
	}
}

// register puts a task into its target groups.
func (w *world) register(t *task, at time.Time) {
	s := w.owner(t)
	for i := range t.Targets {
		x := &t.Targets[i]
		if w.r.targetGroup(x.Group) == nil {
			if s != nil {
				s.event(at, "was unable to register targets: the target group %s does not exist.", x.Group)
			}
			continue
		}
		x.State, x.Reason, x.Description = "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
		if s != nil {
			s.event(at, "registered 1 targets in (target-group %s)", x.Group)
		}
	}
}

// firstProcess says what the image's entry point does: one that is a line of a shell starts the app whatever command the task
// is given, and an image that brings its own first process ends when an init process was put before it.
func (w *world) firstProcess(t *task, d *taskDef) {
	k := d.main()
	entry := k.EntryPoint
	if cfg := w.imageConfig(str(k.Image), platformOf(d)); cfg != nil && len(entry) == 0 {
		entry = cfg.Config.Entrypoint
	}
	if len(entry) == 3 && entry[1] == "-c" && !strings.Contains(entry[2], "$@") {
		t.Fate.Deaf = true // a line of a shell does not get what comes behind it
	}
	if l := k.LinuxParameters; len(entry) > 0 && entry[0] == "/init" && l != nil && val(l.InitProcessEnabled, false) {
		t.Fate.Ends, t.Fate.Exit, t.Fate.Second = true, 100, true
	}
}

// run makes a task's containers run.
func (w *world) run(t *task, d *taskDef, at time.Time) {
	t.Status, t.Started = taskRunning, at
	boot := at.Add(w.a.delay(latBoot, t.ID))
	t.Listens = boot
	w.firstProcess(t, d)
	w.bootLog(t, d, at, boot)
	switch {
	case t.Fate.OOM:
		t.Next = boot.Add(5 * time.Second)
	case t.Fate.Ends:
		t.Next = boot
	case t.once():
		p, _ := programOf(t.Command)
		t.Next = boot.Add(p.takes)
	case len(t.Targets) == 0:
		t.Next = at.Add(w.a.delay(latNoChecks, t.ID))
	}
	for i := range t.Targets {
		if x := &t.Targets[i]; x.State != "" {
			x.Check = at.Add(w.interval(x.Group))
		}
	}
}

func (w *world) interval(group string) time.Duration {
	if g := w.r.targetGroup(group); g != nil {
		return time.Duration(g.Interval) * time.Second
	}
	return 30 * time.Second
}

// ran is what a running task comes to: the end of its app, or its being taken for healthy without checks.
func (w *world) ran(t *task, d *taskDef, at time.Time) {
	switch {
	case t.Fate.OOM:
		w.log(t, d, at, "Killed")
		w.fail(t, at, ecstypes.TaskStopCodeEssentialContainerExited, "OutOfMemoryError: Container killed due to memory usage",
			"OutOfMemoryError: Container killed due to memory usage", new(int32(137)))
	case t.Fate.Ends:
		w.fail(t, at, ecstypes.TaskStopCodeEssentialContainerExited, "Essential container in task exited", "", new(t.Fate.Exit))
	case t.once():
		p, known := programOf(t.Command)
		if !known || len(t.Command) == 0 {
			p.lines = []string{"done"}
		}
		for _, line := range p.lines {
			w.log(t, d, at, line)
		}
		w.fail(t, at, ecstypes.TaskStopCodeEssentialContainerExited, "Essential container in task exited", "", new(p.exit))
	default:
		t.Ready = true
		w.healthy(t, at)
	}
}

// healthy tells the task's service about it.
func (w *world) healthy(t *task, at time.Time) {
	s := w.owner(t)
	if s == nil {
		return
	}
	if o := s.rollout(t.Rollout); o != nil {
		o.NoStart, o.NextStart = 0, time.Time{}
		if s.resets() {
			o.Failed = 0
		}
	}
	s.wake(at)
}
