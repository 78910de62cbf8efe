package engine_test

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/graph"
	"berth/engine/sim"
)

// measured is one run in virtual time.
type measured struct {
	makespan time.Duration
	critical time.Duration
	path     []string
	oneByOne time.Duration // the same in a graph that waits for each resource before the next
	polls    float64       // looks per minute at what AWS works on
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
	m.oneByOne = oneByOne(h.t, p, r.Took())
	looks := 0
	for _, c := range h.account.Calls() {
		if !c.Mutating && !c.Start.Before(start.Add(20*time.Second)) {
			looks++
		}
	}
	m.polls = float64(looks) / (m.makespan - 20*time.Second).Minutes()
	return m
}

// oneByOne is how long the same resources take, each as long as it did, in a graph as general-purpose tools
// have it: nothing starts before what it needs is ready, the service waits for the load balancer, and the
// distribution is made last.
func oneByOne(t *testing.T, p *engine.Plan, took map[string]time.Duration) time.Duration {
	t.Helper()
	var g graph.Graph
	for _, r := range p.Resources {
		id := r.Info().ID
		g.Add(id)
		for _, n := range p.Resources.Needs(r) {
			g.Add(id, n.On.Info().ID)
		}
	}
	g.Add("service", "load-balancer")
	g.Add("distribution", "service")
	if slices.Contains(g.Needs("task-definition"), "distribution") { // it needs the host name: then not last
		return 0
	}
	if p.Destroy {
		g = *g.Reverse()
	}
	all := map[string]time.Duration{}
	for _, s := range p.Steps.List {
		all[s.On.Info().ID] += took[s.Name]
	}
	_, length, err := g.CriticalPath(func(id string) time.Duration { return all[id] })
	if err != nil {
		t.Fatal(err)
	}
	return length
}

// A deployment is as fast as the longest chain of things that need each other. What that chain takes is
// measured by the same run with a poller that looks all the time, so that it holds AWS's latencies and no
// waiting of ours; then the real poller is measured against it.
func TestMakespanIsTheCriticalPath(t *testing.T) {
	kinds := []string{"first deployment", "redeployment", "destroy"}
	lives := func(t *testing.T, every time.Duration) (ms []measured) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{}, every)
			h.spec.Env = nil
			h.account.SetFaults(fault(t, "slow=docker:15x")) // a build of a minute
			ms = append(ms, h.measure(h.plan(engine.Request{})))
			time.Sleep(time.Hour)
			write(t, h.spec.Dir, "server", "version 2")
			ms = append(ms, h.measure(h.plan(engine.Request{})))
			time.Sleep(time.Hour)
			ms = append(ms, h.measure(h.plan(engine.Request{Destroy: true})))
		})
		return ms
	}
	exact := lives(t, 20*time.Millisecond)
	// The poller spreads its looks at random; the median of five lives is what to expect.
	many := [][]measured{lives(t, 0), lives(t, 0), lives(t, 0), lives(t, 0), lives(t, 0)}
	real := make([]measured, len(kinds))
	for i := range kinds {
		slices.SortFunc(many, func(a, b []measured) int { return cmp.Compare(a[i].makespan, b[i].makespan) })
		real[i] = many[len(many)/2][i]
	}
	for i, kind := range kinds {
		ratio := float64(real[i].makespan) / float64(exact[i].critical)
		t.Logf("%-16s makespan %8s, critical path %8s, ratio %.3f, one by one %8s, %.0f polls a minute: %s", kind,
			real[i].makespan.Round(100*time.Millisecond), exact[i].critical.Round(100*time.Millisecond), ratio,
			exact[i].oneByOne.Round(100*time.Millisecond), real[i].polls, strings.Join(exact[i].path, " > "))
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

// A hundred redeployments in one process need no more memory than a few.
func TestMemoryStaysFlat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, slowPoll)
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		var early uint64
		for i := range 100 {
			write(t, h.spec.Dir, "server", strings.Repeat("x", i+1))
			h.must(h.deploy())
			if i == 30 {
				early = heap()
			}
		}
		late := heap()
		t.Logf("heap after 30 redeployments %d kB, after 100 %d kB", early/1024, late/1024)
		if late > early+early/4+2<<20 {
			t.Errorf("the heap grew from %d to %d bytes", early, late)
		}
	})
}
