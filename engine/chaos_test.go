package engine_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// chaosRuns is how many random deployments are tried: a hundred, or as many as BERTH_CHAOS says.
func chaosRuns() int {
	if n, err := strconv.Atoi(os.Getenv("BERTH_CHAOS")); err == nil {
		return n
	}
	return max(10, 100/raceFactor)
}

// Whatever the account does (calls refused for being too many, answers lost, reads that are behind, latencies
// at random), a deployment of any app ends within its deadlines in the account that it should end in, and a
// destroy leaves nothing.
func TestChaosConverges(t *testing.T) {
	var ok, again atomic.Int64
	work := make(chan uint64)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for seed := range work {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { chaos(t, seed, &ok, &again) })
			}
		})
	}
	runs := chaosRuns()
	for seed := range uint64(runs) { //nolint:gosec // small
		work <- seed
	}
	close(work)
	wg.Wait()
	t.Logf("%d random deployments, %d converged, %d of them by a second run", runs, ok.Load(), again.Load())
}

// randomSpec changes the app's settings at random.
func randomSpec(s *spec.Spec, seed uint64) {
	gen := rapid.Custom(func(t *rapid.T) spec.Spec {
		var r spec.Spec
		r.Service.Port = rapid.IntRange(1024, 65535).Draw(t, "port")
		r.Service.Instances = rapid.IntRange(1, 4).Draw(t, "instances")
		r.Network.WebSockets = rapid.Bool().Draw(t, "websockets")
		r.Network.HTTPS = rapid.SampledFrom([]string{"auto", "auto", "none"}).Draw(t, "https")
		r.Network.Clustering = rapid.SampledFrom([]string{"", "dns", "ecs-api"}).Draw(t, "clustering")
		r.Service.ReleaseCommand = rapid.SampledFrom([]string{"", "/server migrate"}).Draw(t, "release")
		if rapid.Bool().Draw(t, "host") {
			r.Env = map[string]string{"PHX_HOST": "${host}", "ARN": "${service_arn}"}
		}
		if rapid.Bool().Draw(t, "autoscale") {
			r.Service.Autoscale = &spec.Autoscale{Max: r.Service.Instances + 2, CPUPercent: 60}
		}
		return r
	})
	r := gen.Example(int(seed)) //nolint:gosec // small
	s.Service.Port, s.Service.Instances, s.Network = r.Service.Port, r.Service.Instances, r.Network
	s.Service.ReleaseCommand, s.Env, s.Service.Autoscale = r.Service.ReleaseCommand, r.Env, r.Service.Autoscale
}

func chaos(t *testing.T, seed uint64, ok, again *atomic.Int64) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{NoDefaultVPC: seed%2 == 0, Seed: seed}, slowPoll)
		randomSpec(h.spec, seed)
		write(t, h.spec.Dir, "Dockerfile", fmt.Sprintf("FROM scratch\nCOPY . /\nEXPOSE %d\nCMD [\"/server\"]\n", h.spec.Service.Port))
		h.account.SetFaults(fault(t, "throttle=0.3"), fault(t, "lost=0.05"), fault(t, "eventual"), fault(t, "jitter=0.6"))
		if seed%3 == 0 { // refused as it reads on the wire
			h.account.SetFaults(fault(t, "lost=0.05"), fault(t, "eventual"), fault(t, "jitter=0.6"))
			h.crowded(newCrowd(0.3, seed))
		}
		start := time.Now()
		res, events := h.tryDeploy()
		for tries := 1; res.Outcome != event.Succeeded && tries < 4; tries++ {
			again.Add(1)
			t.Logf("first run: %v", res.Err)
			res, events = h.tryDeploy()
		}
		h.must(res, events)
		if took := time.Since(start); took > 40*time.Minute {
			t.Errorf("took %s", took)
		}
		h.account.SetFaults()
		h.crowded(newCrowd(0, seed))
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("the plan still does %v", actions(p))
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
			return
		}
		ok.Add(1)
	})
}

// tryDeploy deploys; a plan that cannot be made counts as a failed run.
func (h *harbor) tryDeploy() (engine.Result, []event.Event) {
	h.t.Helper()
	p, err := h.engine.Plan(h.t.Context(), engine.Request{Spec: h.spec})
	if err != nil {
		h.t.Logf("plan: %v", err)
		return engine.Result{Outcome: event.Failed}, nil
	}
	return h.apply(p)
}
