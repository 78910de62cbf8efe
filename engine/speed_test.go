package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/sim"
)

// measured is one run in virtual time.
type measured struct {
	makespan time.Duration
	critical time.Duration
	path     []string
}

// measure carries the plan out and reads the makespan and the critical path off it.
func (h *harbor) measure(p *engine.Plan) measured {
	h.t.Helper()
	start := time.Now()
	r := h.engine.Apply(h.t.Context(), p)
	res, err := r.Wait(h.t.Context())
	if err != nil || res.Err != nil {
		h.t.Fatalf("run: %v %v", err, res.Err)
	}
	m := measured{makespan: time.Since(start)}
	m.path, m.critical = r.Critical()
	return m
}

// A deployment is as fast as the longest chain of things that need each other. What that chain takes is
// measured by the same run with a poller that looks all the time, so that it holds AWS's latencies and no
// waiting of ours; then the real poller is measured against it.
func TestMakespanIsTheCriticalPath(t *testing.T) {
	kinds := []string{"first deployment", "redeployment", "destroy"}
	lives := func(t *testing.T, every time.Duration) (ms []measured) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{}, every)
			ms = append(ms, h.measure(h.plan(engine.Request{})))
			time.Sleep(time.Hour)
			write(t, h.spec.Dir, "server", "version 2")
			ms = append(ms, h.measure(h.plan(engine.Request{})))
			time.Sleep(time.Hour)
			ms = append(ms, h.measure(h.plan(engine.Request{Destroy: true})))
		})
		return ms
	}
	exact, real := lives(t, 20*time.Millisecond), lives(t, 0)
	for i, kind := range kinds {
		ratio := float64(real[i].makespan) / float64(exact[i].critical)
		t.Logf("%-16s makespan %8s, critical path %8s, ratio %.3f: %s", kind, real[i].makespan.Round(100*time.Millisecond),
			exact[i].critical.Round(100*time.Millisecond), ratio, strings.Join(exact[i].path, " > "))
		if ratio > 1.03 {
			t.Errorf("%s takes %.3f times its critical path", kind, ratio)
		}
	}
}

// An unchanged app is planned in three round trips of parallel calls, whatever number of calls they are.
func TestUnchangedPlanTakesThreeRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		before, start := len(h.account.Calls()), time.Now()
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Fatal("the app changed")
		}
		calls := h.account.Calls()[before:]
		trip := calls[0].End.Sub(calls[0].Start)
		trips := float64(time.Since(start)) / float64(trip)
		t.Logf("unchanged plan: %d calls in %.0f round trips", len(calls), trips)
		if trips > 3 {
			for _, c := range calls {
				t.Logf("%s %s", c.Start.Format("05.000"), c.Action())
			}
			t.Errorf("%.1f round trips", trips)
		}
	})
}
