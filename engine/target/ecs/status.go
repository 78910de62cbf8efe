package ecs

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/target"
)

// maxDeployments is how many rollouts a status tells of.
const maxDeployments = 10

// Status implements target.Watcher.
func (w *watcher) Status(ctx context.Context) (*target.Status, error) {
	b, l, scope, err := w.lookAll(ctx)
	if err != nil {
		return nil, err
	}
	st := &target.Status{
		App: w.owner.App, Env: w.owner.Env, Target: name, Region: w.clients.Region, State: target.Absent,
		Deployments: []target.Deployment{},
	}
	if st.Namesake = namesake(b); st.Namesake != "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.found = &found{state: st.State}
		st.Resources = []target.Resource{}
		return st, nil
	}
	if st.Sum, err = plan.Standing(ctx, b.Lasting(), scope, w.prices); err != nil {
		return nil, err
	}
	st.Complete = st.Complete && l.err == nil // what may not be seen may cost something
	st.Resources = there(b.Lasting(), st.ByNode())
	if len(st.Resources) > 0 {
		st.State = target.Partial
	}
	st.Endpoint, st.Waiting = b.Address(), b.Lasting().Awaits()
	st.Certificate, st.Names = b.Door.Certificate.Stands(), b.Door.Names()
	st.Alarms = b.alarming.tell()
	if st.Processes, err = b.tell(ctx, scope, l); err != nil {
		return nil, err
	}
	at := &found{cluster: b.Cluster.Name(), balancerARN: cmp.Or(b.LoadBalancer.ARN, b.Door.Inner.LoadBalancer.ARN, b.Route.LoadBalancer)}
	svc := b.Service.Observed()
	switch {
	case svc != nil:
		at.service, at.targetGroup = b.Service.Name(), cmp.Or(targetGroupOf(svc), b.Route.TargetGroup)
		tell(st, svc)
		if st.NoHTTP = at.targetGroup == ""; st.NoHTTP {
			if st.Ended, err = ended(ctx, scope, b.TaskDef, l); err != nil {
				return nil, err
			}
		}
		if err := w.running(ctx, st, svc, at.targetGroup, l); err != nil {
			return nil, err
		}
	case l.err != nil && st.State == target.Absent:
		return nil, cloud.Refused(l.err) // nobody knows whether it is deployed
	}
	st.Denied, at.state = l.actions(), st.State
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = at
	return st, nil
}

// lookAll looks everything up, with the processes that the last look knew, and asks meanwhile which there are: only when
// those are others it looks again.
func (w *watcher) lookAll(ctx context.Context) (*Blueprint, *look, *resource.Scope, error) {
	w.mu.Lock()
	knew := w.standing
	w.mu.Unlock()
	var there []string
	l := &look{}
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		there, err = Target{}.Standing(both, w.clients, w.owner)
		if err = cloud.Explain("list the app's processes", err); cloud.Unknown(err) || l.deny(err) {
			return nil
		}
		return err
	})
	var b *Blueprint
	scope := &resource.Scope{Clients: w.clients}
	g.Go(func() (err error) {
		b, err = w.observe(both, l, scope, knew)
		return err
	})
	err := g.Wait()
	if err == nil && !slices.Equal(knew, there) {
		w.mu.Lock()
		w.standing = there
		w.mu.Unlock()
		b, err = w.observe(ctx, l, scope, there)
	}
	return b, l, scope, cloud.Refused(err)
}

// observe looks an app with these processes up.
func (w *watcher) observe(ctx context.Context, l *look, scope *resource.Scope, processes []string) (*Blueprint, error) {
	b, err := w.blueprint(processes...)
	if err != nil {
		return nil, err
	}
	scope.Owner = b.Owner
	return b, plan.Observe(ctx, l.lenient(b.Lasting(), b.Service), scope)
}

// tell tells of the processes beside the app's own.
func (b *Blueprint) tell(ctx context.Context, s *resource.Scope, l *look) (all []target.Process, err error) {
	for _, p := range b.Processes {
		one := target.Process{Name: p.name, State: target.Partial, Revision: last(p.TaskDef.ARN)}
		if svc := p.Service.Observed(); svc != nil {
			one.Running, one.Desired = int(svc.RunningCount), int(svc.DesiredCount)
			one.Revision, one.State = last(aws.ToString(svc.TaskDefinition)), stateOf(svc)
			if one.Ended, err = ended(ctx, s, p.TaskDef, l); err != nil {
				return nil, err
			}
		}
		if times, revision, paused := p.Schedule.Observed(); times != "" {
			one.Schedule, one.Revision, one.State = times, revision, target.Running
			one.Runs, err = runs(ctx, s, p.TaskDef)
			if err != nil && !l.deny(err) {
				return nil, cloud.Explain("look at the runs of "+p.name, err)
			}
			switch {
			case paused:
				one.State = target.Idle
			case len(one.Runs) > 0 && one.Runs[0].Failed():
				one.State = target.Degraded
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// ended is the last task of a definition that ended by itself in the last hour, nil when none did.
func ended(ctx context.Context, s *resource.Scope, td *compute.TaskDefinition, l *look) (*target.Run, error) {
	tasks, err := td.Ended(ctx, s)
	if err != nil && !l.deny(err) {
		return nil, cloud.Explain("look at the tasks that ended", err)
	}
	all := told(tasks)
	if len(all) == 0 {
		return nil, nil
	}
	return &all[0], nil
}

// runs are the tasks of a definition that AWS still knows, newest first.
func runs(ctx context.Context, s *resource.Scope, td *compute.TaskDefinition) ([]target.Run, error) {
	tasks, err := td.Tasks(ctx, s)
	return told(tasks), err
}

// told are tasks as people are told of them, newest first.
func told(tasks []ecstypes.Task) (all []target.Run) {
	for _, t := range tasks {
		one := target.Run{Task: last(aws.ToString(t.TaskArn)), Started: aws.ToTime(t.StartedAt), Ended: aws.ToTime(t.StoppedAt), Reason: aws.ToString(t.StoppedReason)}
		for _, c := range t.Containers {
			if aws.ToString(c.Name) == compute.ContainerName && c.ExitCode != nil {
				code := int(*c.ExitCode)
				one.ExitCode = &code
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b target.Run) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.Task, b.Task)) })
	return all
}

// namesake is the identity of another app of this name that is there, empty when there is none.
func namesake(b *Blueprint) string {
	for _, r := range b.Lasting() {
		if c, ok := r.(resource.Claimed); ok && c.Stranger() != nil && c.Stranger().Owner.Same(b.Owner) {
			return c.Stranger().Owner.ID
		}
	}
	return ""
}

// there are the resources that exist, with what they cost by id.
func there(rs resource.Set, usd map[string]float64) []target.Resource {
	out := []target.Resource{}
	for _, r := range rs {
		if !r.Exists() {
			continue
		}
		i := r.Info()
		known := target.Resource{ID: i.ID, Kind: i.Kind, Name: i.Name, State: "present", MonthlyUSD: usd[i.ID], Label: i.Label}
		if id, ok := r.(resource.Identified); ok {
			known.ARN = id.Identifier()
		}
		out = append(out, known)
	}
	return out
}

// running reads what is known about the service besides its counters.
func (w *watcher) running(ctx context.Context, st *target.Status, svc *ecstypes.Service, targetGroup string, l *look) error {
	g, both := errgroup.WithContext(ctx)
	g.Go(func() error { return w.deployments(both, st, svc, l) })
	g.Go(func() (err error) {
		st.Healthy, st.Unhealthy, st.HealthKnown, err = w.health(both, targetGroup, l)
		return cloud.Explain("look at the health of the tasks", err)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	revisions := []string{st.Revision}
	for _, d := range st.Deployments {
		if !slices.Contains(revisions, d.Revision) {
			revisions = append(revisions, d.Revision)
		}
	}
	made := w.origins(ctx, revisions, l)
	st.By, st.Commit = made[st.Revision].by, made[st.Revision].commit
	for i := range st.Deployments {
		d := &st.Deployments[i]
		d.By, d.Commit = made[d.Revision].by, made[d.Revision].commit
		if d.Revision == st.Revision && d.State == "successful" && st.Since.IsZero() {
			st.Since = d.Finished
		}
	}
	return ctx.Err()
}

// look notes what a look was not allowed to see.
type look struct {
	mu     sync.Mutex
	denied []string
	err    error // the first denial
}

// deny notes a denial, and says whether err is one.
func (l *look) deny(err error) bool {
	if !cloud.Denied(err) {
		return false
	}
	action, _ := cloud.DeniedAction(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.denied = append(l.denied, action); l.err == nil {
		l.err = err
	}
	return true
}

// actions are the IAM actions that were denied, sorted.
func (l *look) actions() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.denied)
	return slices.Compact(l.denied)
}

// lenient are the resources as a look sees them that goes on without those it may not see. Their second rounds
// of calls, which tell how they are set up, are left out. There is no look without one of them.
func (l *look) lenient(rs resource.Set, without resource.Resource) resource.Set {
	var out resource.Set
	for _, r := range rs {
		g := glance{Resource: r, l: l, label: r.Info().Label, must: r == without}
		if _, ok := r.(resource.OfAccount); ok {
			out = append(out, glanceOfAccount{g})
			continue
		}
		out = append(out, g)
	}
	return out
}

// glanceOfAccount is a glance that waits until the account is known.
type glanceOfAccount struct{ glance }

// OfAccount implements resource.OfAccount.
func (glanceOfAccount) OfAccount() {}

// glance is a resource that a status looks up.
type glance struct {
	resource.Resource
	l     *look
	label string // as Info had it before the look: it may depend on what others are just finding out
	must  bool   // there is no look without it
}

// Wanted implements resource.Optional.
func (g glance) Wanted() bool { return resource.Wanted(g.Resource) }

// Observe implements resource.Resource.
func (g glance) Observe(ctx context.Context, s *resource.Scope) error {
	err := g.Resource.Observe(ctx, s)
	if !g.must && g.l.deny(cloud.Explain("look up "+g.label, err)) {
		return nil
	}
	return err
}

// tell reads what the service says itself.
func tell(st *target.Status, svc *ecstypes.Service) {
	st.Running, st.Desired = int(svc.RunningCount), int(svc.DesiredCount)
	st.Revision, st.Created, st.State = last(aws.ToString(svc.TaskDefinition)), aws.ToTime(svc.CreatedAt), stateOf(svc)
}

// stateOf is the state of an app that has a service.
func stateOf(svc *ecstypes.Service) string {
	switch {
	case slices.ContainsFunc(svc.Deployments, func(d ecstypes.Deployment) bool {
		return d.RolloutState == ecstypes.DeploymentRolloutStateInProgress
	}):
		return target.Deploying
	case svc.DesiredCount == 0:
		return target.Idle
	case svc.RunningCount < svc.DesiredCount:
		return target.Degraded
	default:
		return target.Running
	}
}
