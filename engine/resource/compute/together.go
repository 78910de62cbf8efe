package compute

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
)

// Together are the services of one app, which take a new version over together: when it fails in one of them, the others
// go back, too. A nil *Together is that of a service that is alone.
type Together struct {
	Services []*Service

	mu    sync.RWMutex // held for reading while a service is changed
	first *Service     // whose rollout failed first; nil as long as none did
	back  bool         // some service went back to the version before
}

// begin is called before a service is changed, and done after it. It fails once the version has failed elsewhere.
func (g *Together) begin(v *Service) (done func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	g.mu.RLock()
	if g.first != nil && g.first != v {
		defer g.mu.RUnlock()
		return nil, g.because()
	}
	return g.mu.RUnlock, nil
}

// because is the failure of a service whose own version was well.
func (g *Together) because() *fail.Error {
	class, cause := fail.Failed, "the new version failed in "+g.first.Info().Label
	if g.back {
		class, cause = fail.RolledBack, cause+", so this one was rolled back, too"
	}
	return &fail.Error{Class: class, Cause: cause, Remedy: "fix what failed there and deploy again"}
}

// verdict is the failure of a service whose version failed elsewhere, nil when it did not.
func (g *Together) verdict(v *Service) *fail.Error {
	if g == nil {
		return nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.first == nil || g.first == v {
		return nil
	}
	return g.because()
}

// others are the services beside v.
func (g *Together) others(v *Service) (all []*Service) {
	if g == nil {
		return nil
	}
	for _, one := range g.Services {
		if one != v {
			all = append(all, one)
		}
	}
	return all
}

// failed is called with the failure of a rollout. It takes all other services back to what they ran before this run, waits
// until they do, and returns the failure of all of them. Where none ran anything before, all stays as it is.
func (g *Together) failed(ctx context.Context, s *resource.Scope, v *Service, f *fail.Error) error {
	if g == nil {
		return f
	}
	g.mu.Lock()
	if g.first != nil {
		defer g.mu.Unlock()
		return f
	}
	g.first, g.back = v, f.Class == fail.RolledBack
	var changed []*Service
	for _, p := range g.others(v) {
		if p.touched && p.served && p.before != "" && p.before != p.TaskDefinition.ARN {
			changed, g.back = append(changed, p), true
		}
	}
	g.mu.Unlock()
	told := *f
	for _, p := range changed {
		s.Notice("berth", fmt.Sprintf("rolling %s back to %s, too", p.Info().Label, shortARN(p.before)))
		if err := p.goBack(ctx, s); err != nil {
			told.Class = fail.Failed
			told.Evidence += fmt.Sprintf("\n%s did not roll back to %s: %v", p.Info().Label, shortARN(p.before), err)
			return &told
		}
	}
	if len(changed) > 0 {
		told.Class = fail.RolledBack
	}
	return &told
}

// goBack has the service run what it ran before this run, and waits for it.
func (v *Service) goBack(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, ecsSettling, func(ctx context.Context) error {
		_, err := s.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
			Cluster: aws.String(v.Cluster.Name()), Service: aws.String(v.Name()), TaskDefinition: &v.before,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("update service: %w", err)
	}
	w := cloud.Wait{For: v.Info().Label + " to roll back", Every: rolloutEvery, Deadline: rolloutTimeout}
	return s.Poll(ctx, w, time.Minute, func(ctx context.Context) (bool, string, error) {
		svc, err := v.describe(ctx, s)
		if err != nil || svc == nil {
			return false, "", err
		}
		p := primary(svc)
		if p == nil || aws.ToString(p.TaskDefinition) != v.before {
			return false, "", nil
		}
		if p.RolloutState == ecstypes.DeploymentRolloutStateFailed {
			return false, "", fmt.Errorf("it did not become healthy: %s", aws.ToString(p.RolloutStateReason))
		}
		return p.RolloutState == ecstypes.DeploymentRolloutStateCompleted, fmt.Sprintf("%d of %d running", p.RunningCount, p.DesiredCount), nil
	})
}
