package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/lock"
	"berth/engine/resource/compute"
	"berth/engine/spec"
	"berth/engine/target/ecs"
	"berth/engine/watch"
)

// Metrics is how an app did in the last three hours.
type Metrics = watch.Metrics

// LogLine is one line that a task of the app wrote.
type LogLine = watch.Line

// Pulse is what of a Status changes from moment to moment.
type Pulse struct {
	Running, Desired   int  // tasks
	Healthy, Unhealthy int  // targets of the load balancer; those that start or drain are neither
	HealthKnown        bool // false when the permission to ask for the health is missing
	Revision           string
	State              string // as in a Status
	At                 time.Time
}

// Watch follows what runs of one app. It is safe for concurrent use. It holds the connection to AWS, so that
// repeated looks do not sign in anew, and what never changes about revisions.
type Watch struct {
	app     *spec.Spec // bare: app, environment and region
	clients *cloud.Clients
	log     *watch.Log
	lock    string // name of its lock

	mu    sync.Mutex
	found *found            // what the latest Status found; nil before the first
	made  map[string]origin // by family:number
}

// found is where the app is.
type found struct {
	state                    string
	cluster, service         string // names; the service's is empty when there is none
	targetGroup, balancerARN string // empty when there is none
}

// errNoStatus is what a look says that needs to know where the app is.
var errNoStatus = errors.New("look at the whole status first")

// Watch opens a watch on an app, of whose spec App, EnvName and Region suffice. It makes no call to AWS.
func (e *Engine) Watch(ctx context.Context, s *spec.Spec) (*Watch, error) {
	clients, err := e.connect(ctx, s.Region)
	if err != nil {
		return nil, err
	}
	app := &spec.Spec{App: s.App, EnvName: s.EnvName, Region: clients.Region}
	b, err := ecs.New(app, ecs.Options{})
	if err != nil {
		return nil, err
	}
	return &Watch{
		app: app, clients: clients, log: &watch.Log{Clients: clients, Group: b.LogGroup.Name()},
		lock: lockName(b.Owner), made: map[string]origin{},
	}, nil
}

// Calls is how many calls to AWS the watch has made.
func (w *Watch) Calls() int { return w.clients.Calls.Count() }

// where is what the latest Status found.
func (w *Watch) where() (found, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.found == nil {
		return found{}, errNoStatus
	}
	return *w.found, nil
}

// Pulse is the small look, of two calls at most. It needs an earlier Status, and makes no call where that found
// no service. A missing permission is a Refused fail.Error, save the one for the health.
func (w *Watch) Pulse(ctx context.Context) (Pulse, error) {
	at, err := w.where()
	if err != nil {
		return Pulse{}, err
	}
	p := Pulse{State: at.state, At: w.clients.Clock.Now()}
	if at.service == "" {
		return p, nil
	}
	var svc *ecstypes.Service
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		svc, err = w.describe(ctx, at)
		return err
	})
	g.Go(func() (err error) {
		p.Healthy, p.Unhealthy, p.HealthKnown, err = w.health(ctx, at.targetGroup, &look{})
		return err
	})
	if err := g.Wait(); err != nil {
		return Pulse{}, refused(cloud.Explain("look at the service", err))
	}
	if svc == nil { // somebody removed it
		p.State = Partial
		return p, nil
	}
	p.Running, p.Desired = int(svc.RunningCount), int(svc.DesiredCount)
	p.Revision, p.State = last(aws.ToString(svc.TaskDefinition)), stateOf(svc)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found.targetGroup = targetGroupOf(svc) // the next pulse asks the one that a new version brought
	return p, nil
}

// targetGroupOf is the ARN of the target group that the tasks are in, empty when there is none.
func targetGroupOf(svc *ecstypes.Service) string {
	if len(svc.LoadBalancers) == 0 {
		return ""
	}
	return aws.ToString(svc.LoadBalancers[0].TargetGroupArn)
}

// Busy says which run changes the app just now, on any machine, nil when none does. It is one call, and needs no
// Status. The run may be dead: see Holder.Alive. A missing permission is a Refused fail.Error.
func (w *Watch) Busy(ctx context.Context) (*Holder, error) {
	h, err := lock.Read(ctx, w.clients, w.lock)
	if cloud.Unknown(err) { // an endpoint that has no parameters has no locks
		return nil, nil //nolint:nilnil // nobody
	}
	return h, refused(err)
}

// describe is the service, nil when it is gone.
func (w *Watch) describe(ctx context.Context, at found) (*ecstypes.Service, error) {
	out, err := w.clients.ECS.DescribeServices(ctx, &awsecs.DescribeServicesInput{
		Cluster: &at.cluster, Services: []string{at.service},
	})
	if cloud.NotFound(err) {
		return nil, nil //nolint:nilnil // gone is not an error
	}
	if err != nil || len(out.Services) == 0 || aws.ToString(out.Services[0].Status) == "INACTIVE" {
		return nil, err
	}
	return &out.Services[0], nil
}

// health counts the targets of a target group. known is false when there is none, or nobody may ask.
func (w *Watch) health(ctx context.Context, targetGroup string, l *look) (healthy, unhealthy int, known bool, err error) {
	if targetGroup == "" {
		return 0, 0, false, nil
	}
	out, err := w.clients.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &targetGroup})
	if cloud.NotFound(err) || cloud.Unknown(err) || l.deny(err) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, err
	}
	for _, t := range out.TargetHealthDescriptions {
		if t.TargetHealth == nil {
			continue
		}
		switch t.TargetHealth.State {
		case elbtypes.TargetHealthStateEnumHealthy:
			healthy++
		case elbtypes.TargetHealthStateEnumUnhealthy:
			unhealthy++
		}
	}
	return healthy, unhealthy, true, nil
}

// Metrics is how the app did in the last three hours, in steps of three minutes. It is exactly one call and needs
// an earlier Status; where that found no service it is no call and all values are math.NaN(). A missing
// permission is a Refused fail.Error that names it.
func (w *Watch) Metrics(ctx context.Context) (Metrics, error) {
	at, err := w.where()
	if err != nil {
		return Metrics{}, err
	}
	if at.service == "" {
		return watch.NoMetrics(w.clients.Clock.Now()), nil
	}
	_, balancer, _ := strings.Cut(at.balancerARN, ":loadbalancer/")
	m, err := watch.ReadMetrics(ctx, w.clients, watch.Of{Cluster: at.cluster, Service: at.service, LoadBalancer: balancer})
	return m, refused(cloud.Explain("read the metrics", err))
}

// Logs gives what the app wrote after a time, oldest first. Go on with the time of the last line: then no line
// comes twice, and lines that reached AWS up to 10 s late come before the newer ones, older than after. With a
// zero after it begins anew with the newest lines of the last day, 200 at most. It needs no earlier Status, and
// makes one call as a rule; there is a bound, and what does not fit comes with the next look. A missing permission is a
// Refused fail.Error that names it; an app that has no log is Refused, too.
func (w *Watch) Logs(ctx context.Context, after time.Time) ([]LogLine, error) {
	lines, err := w.log.Read(ctx, after)
	return lines, w.logError(err)
}

// FollowLogs gives what the app writes to each as it comes, in the order of Logs, until ctx ends or each fails,
// whose error it then returns. It looks every two seconds and bears an AWS that is out of reach for a moment.
func (w *Watch) FollowLogs(ctx context.Context, after time.Time, each func([]LogLine) error) error {
	return w.logError(w.log.Follow(ctx, after, each))
}

// logError is an error of a look at the log as people should read it.
func (w *Watch) logError(err error) error {
	if cloud.NotFound(err) {
		return &fail.Error{
			Class: fail.Refused, Cause: w.app.App + " (" + w.app.EnvName + ") has no log in " + w.app.Region + ": it is not deployed there",
			Evidence: "there is no log group " + w.log.Group,
			Remedy:   "deploy it with: berth deploy; or name another environment with --env, or another region with --region", Err: err,
		}
	}
	return refused(cloud.Explain("read the app's log", err))
}

// refused turns the failure of a look into a refusal when a permission for it is missing: nothing was changed.
func refused(err error) error {
	if err == nil || !cloud.Denied(err) {
		return err
	}
	f := *fail.From(err)
	f.Class = fail.Refused
	return &f
}

// origin is where a revision came from.
type origin struct{ by, commit string }

// origins reads who made revisions (family:number) and from which commit. It keeps what it read, because revisions
// never change; what cannot be read is left out.
func (w *Watch) origins(ctx context.Context, revisions []string, l *look) map[string]origin {
	w.mu.Lock()
	missing := slices.DeleteFunc(slices.Clone(revisions), func(r string) bool {
		_, known := w.made[r]
		return known || r == ""
	})
	w.mu.Unlock()
	var g errgroup.Group
	for _, r := range missing {
		g.Go(func() error {
			by, commit, err := compute.Origin(ctx, w.clients, r)
			if err != nil {
				l.deny(err)
				return nil // who made a revision is not worth failing for
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.made[r] = origin{by, commit}
			return nil
		})
	}
	_ = g.Wait() // none fails
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[string]origin{}
	for _, r := range revisions {
		known[r] = w.made[r]
	}
	return known
}
