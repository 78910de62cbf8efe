package ecs

import (
	"context"
	"errors"
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
	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/spec"
	"berth/engine/target"
	"berth/engine/watch"
)

// watcher follows what runs of one app. It holds the connection to AWS, so that repeated looks do not sign in anew,
// and what never changes about revisions.
type watcher struct {
	owner   resource.Owner
	clients *cloud.Clients
	prices  plan.Prices
	log     *watch.Log

	mu    sync.Mutex
	found *found            // what the latest Status found; nil before the first
	made  map[string]origin // by family:number

	standing []string // the processes that the latest Status found
}

// found is where the app is.
type found struct {
	state                    string
	cluster, service         string // names; the service's is empty when there is none
	targetGroup, balancerARN string // empty when there is none
}

// errNoStatus is what a look says that needs to know where the app is.
var errNoStatus = errors.New("look at the whole status first")

// Watch implements target.Target.
func (Target) Watch(clients *cloud.Clients, o resource.Owner, p plan.Prices) (target.Watcher, error) {
	w := &watcher{owner: o, clients: clients, prices: p, made: map[string]origin{}}
	b, err := w.blueprint()
	if err != nil {
		return nil, err
	}
	w.log = &watch.Log{Clients: clients, Group: b.LogGroup.Name()}
	return w, nil
}

// blueprint is the app with those processes, as far as it is known without its spec.
func (w *watcher) blueprint(processes ...string) (*Blueprint, error) {
	b, err := newBlueprint(&spec.Spec{App: w.owner.App, EnvName: w.owner.Env, Region: w.clients.Region}, target.Options{Owner: w.owner, Standing: processes})
	if err == nil {
		b.Door.Want = "" // whichever way visitors come, it is looked for
	}
	return b, err
}

// where is what the latest Status found.
func (w *watcher) where() (found, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.found == nil {
		return found{}, errNoStatus
	}
	return *w.found, nil
}

// Pulse implements target.Watcher.
func (w *watcher) Pulse(ctx context.Context) (target.Pulse, error) {
	at, err := w.where()
	if err != nil {
		return target.Pulse{}, err
	}
	p := target.Pulse{State: at.state, At: w.clients.Clock.Now()}
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
		return target.Pulse{}, cloud.Refused(cloud.Explain("look at the service", err))
	}
	if svc == nil { // somebody removed it
		p.State = target.Partial
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

// describe is the service, nil when it is gone.
func (w *watcher) describe(ctx context.Context, at found) (*ecstypes.Service, error) {
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
func (w *watcher) health(ctx context.Context, targetGroup string, l *look) (healthy, unhealthy int, known bool, err error) {
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

// Metrics implements target.Watcher.
func (w *watcher) Metrics(ctx context.Context) (watch.Metrics, error) {
	at, err := w.where()
	if err != nil {
		return watch.Metrics{}, err
	}
	if at.service == "" {
		return watch.NoMetrics(w.clients.Clock.Now()), nil
	}
	_, balancer, _ := strings.Cut(at.balancerARN, ":loadbalancer/")
	m, err := watch.ReadMetrics(ctx, w.clients, watch.Of{Cluster: at.cluster, Service: at.service, LoadBalancer: balancer})
	return m, cloud.Refused(cloud.Explain("read the metrics", err))
}

// Logs implements target.Watcher.
func (w *watcher) Logs(ctx context.Context, after time.Time) ([]watch.Line, error) {
	lines, err := w.log.Read(ctx, after)
	return lines, w.logError(err)
}

// FollowLogs implements target.Watcher.
func (w *watcher) FollowLogs(ctx context.Context, after time.Time, each func([]watch.Line) error) error {
	return w.logError(w.log.Follow(ctx, after, each))
}

// logError is an error of a look at the log as people should read it.
func (w *watcher) logError(err error) error {
	if cloud.NotFound(err) {
		return &fail.Error{
			Class: fail.Refused, Cause: w.owner.App + " (" + w.owner.Env + ") has no log in " + w.clients.Region + ": it is not deployed there",
			Evidence: "there is no log group " + w.log.Group,
			Remedy:   "deploy it with: berth deploy; or name another environment with --env, or another region with --region", Err: err,
		}
	}
	return cloud.Refused(cloud.Explain("read the app's log", err))
}
