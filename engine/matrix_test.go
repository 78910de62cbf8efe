package engine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// slowPoll keeps the number of calls of a run small: what is cut is each call, not each look of a wait.
const slowPoll = 45 * time.Second

// newFullHarbor is an app that uses every resource kind, with its files in dir, in an account without a
// default VPC.
func newFullHarbor(t *testing.T, dir string) *harbor {
	t.Helper()
	h := newHarbor(t, sim.Options{NoDefaultVPC: true}, slowPoll)
	write(t, dir, "Dockerfile", dockerfile)
	write(t, dir, "server", "version 1")
	h.spec.Dir = dir
	h.spec.Network.Clustering = "dns"
	h.spec.Service.Instances = 2
	h.spec.Service.ReleaseCommand = "/server migrate"
	h.spec.Service.Autoscale = &spec.Autoscale{Max: 4, CPUPercent: 60}
	h.spec.Database = &spec.Database{Engine: "postgres", Class: "db.t4g.micro", StorageGB: 20, Snapshot: "none"}
	h.spec.Storage = []spec.Storage{{Path: "/app/uploads"}}
	h.spec.Uploads = &spec.Uploads{Store: "s3"}
	h.spec.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro"}
	return h
}

// scenario is a life of an app up to a run that is cut short, and that run.
type scenario struct {
	name   string
	app    func(t *testing.T, dir string) *harbor // nil: the one that uses every kind
	before func(h *harbor)
	run    engine.Request
	step   int    // one call of so many is cut; zero: each
	crowd  *crowd // that the run has to get through; nil: none
}

var scenarios = []scenario{
	{name: "first deployment", before: func(*harbor) {}},
	{name: "redeployment", before: func(h *harbor) {
		h.must(h.deploy())
		time.Sleep(time.Hour)
		write(h.t, h.spec.Dir, "server", "version 2")
	}},
	{name: "destroy", before: func(h *harbor) {
		h.must(h.deploy())
		time.Sleep(time.Hour)
	}, run: engine.Request{Destroy: true}},
}

// undisturbed plays a scenario to its end with nothing happening. It returns the account and the app as they
// were before the run, the number of the run's calls, and what is there behind it.
func (s scenario) undisturbed(t *testing.T) (before *harbor, calls int, inventory []string) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		if s.app == nil {
			s.app = newFullHarbor
		}
		h := s.app(t, dir)
		s.before(h)
		before = &harbor{account: h.account.Fork(sim.Options{}), spec: h.spec}
		from := len(h.account.Calls())
		h.must(h.apply(h.plan(s.run)))
		calls = len(h.account.Calls()) - from
		inventory = h.inventory()
	})
	return before, calls, inventory
}

// fork is the same app on a copy of the account, seen by a new process.
func (h *harbor) fork(t *testing.T, faults ...sim.Fault) *harbor {
	account := h.account.Fork(sim.Options{Region: "eu-west-2", Faults: faults})
	env := account.Environment()
	env.PollEvery = slowPoll
	return &harbor{
		t: t, account: account, spec: h.spec,
		engine: engine.Open(engine.Options{Environment: env, Builder: account.Builder()}),
	}
}

// inventory is everything in the account with its settings. The history of rollouts and the numbers of
// revisions tell how often something was tried, not what there is.
func (h *harbor) inventory() []string {
	time.Sleep(settles)
	var out []string
	for _, i := range h.account.Inventory() {
		out = append(out, given.ReplaceAllString(i.String()+" "+i.Detail, "$1$2$3"))
	}
	slices.Sort(out)
	return out
}

// given are names that ECS makes up for a gateway, and the hash of a task definition that holds one: another route is
// another name. So are the numbers of random values, which go by the order in which they were first seen.
var given = regexp.MustCompile(`(live-beats-)[0-9a-f]{12}\b|(ecs-gateway-tg-)[0-9a-f]+|(berth:spec":")[0-9a-f]+|(?:<header value )\d+`)

// tally counts what the matrix found.
type tally struct{ tried, converged, doubled, missing, leaked atomic.Int64 }

func (c *tally) String() string {
	return fmt.Sprintf("%d cuts tried, %d converged, %d doubled, %d missing, %d leaked",
		c.tried.Load(), c.converged.Load(), c.doubled.Load(), c.missing.Load(), c.leaked.Load())
}

// Every call of every run is cut: before it, after its effect, and by a death of the process. The same
// command run again always ends in the same account as if nothing had happened, and destroy then leaves
// nothing.
func TestCutMatrix(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			s.matrix(t)
		})
	}
}

// matrix cuts each call of the scenario's run.
func (s scenario) matrix(t *testing.T) {
	t.Helper()
	before, calls, want := s.undisturbed(t)
	var count tally
	work := make(chan [2]int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for w := range work {
				s.cut(t, before, w[0], w[1], want, &count)
			}
		})
	}
	for _, c := range cutsOf(calls, s.step) {
		work <- c
	}
	close(work)
	wg.Wait()
	t.Logf("%s: %d calls, %s", s.name, calls, &count)
}

// sample cuts one call of so many, one way after the other; with the race detector fewer.
func (s scenario) sample(t *testing.T, step int) {
	t.Helper()
	step *= raceStep
	before, calls, want := s.undisturbed(t)
	var count tally
	for n := 1; n <= calls; n += step {
		s.cut(t, before, n, n/step%len(cuts), want, &count)
	}
	t.Logf("%d calls, %s", calls, &count)
}

// cuts are the ways to cut a run short at call n. After a kill another process goes on, which destroys the
// app in the end; the account being the same each time, once for each call is enough.
var cuts = []struct {
	name, fault string
	kill        bool
}{
	{"before", "cut=%d", false}, {"after", "cut-after=%d", false}, {"kill", "cut-after=%d", true},
}

// cutsOf are the cuts of a run of so many calls, each as call and way: one call of so many in every way, and with the
// race detector a sample, one way after the other.
func cutsOf(calls, step int) (all [][2]int) {
	step = max(step, raceFactor)
	for n := 1; n <= calls; n += step {
		if raceFactor > 1 {
			all = append(all, [2]int{n, n / step % len(cuts)})
			continue
		}
		for how := range cuts {
			all = append(all, [2]int{n, how})
		}
	}
	return all
}

// cut plays the scenario with its run cut at call n, runs the same again, and compares.
func (s scenario) cut(t *testing.T, before *harbor, n, how int, want []string, count *tally) {
	c := cuts[how]
	t.Run(fmt.Sprintf("%s-%d", c.name, n), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := before.fork(t, fault(t, fmt.Sprintf(c.fault, n)))
			if s.crowd != nil {
				h.crowded(s.crowd)
			}
			s.runOnce(h)
			if c.kill {
				h = h.fork(t)
			}
			if c.kill && s.crowd != nil {
				h.crowded(s.crowd)
			}
			h.account.SetFaults()
			count.tried.Add(1)
			s.through(h, s.run)
			h.compare(want, count)
			if c.kill && !s.run.Destroy {
				s.through(h, engine.Request{Destroy: true})
			}
			left := slices.DeleteFunc(h.left(), func(l string) bool { // what others have, and the secrets of people
				return strings.HasPrefix(l, "route53.HostedZone") || strings.HasSuffix(l, "/SECRET_KEY_BASE")
			})
			if len(left) > 0 && (c.kill || s.run.Destroy) {
				count.leaked.Add(1)
				t.Errorf("destroy leaves %v", left)
			}
		})
	})
}

// through makes a run that must succeed. In a crowd one call in thousands is refused as often as it is tried, and then the
// same run once more goes on.
func (s scenario) through(h *harbor, r engine.Request) {
	h.t.Helper()
	r.Spec = h.spec
	for tries := 0; s.crowd != nil && tries < 3; tries++ {
		p, err := h.engine.Plan(h.t.Context(), r)
		if err == nil {
			var res engine.Result
			if res, _ = h.apply(p); res.Err == nil {
				return
			}
			err = res.Err
		}
		if !cloud.Throttled(err) {
			h.t.Fatalf("ended by something else than the crowd: %v", err)
		}
		h.t.Logf("once more: %v", err)
	}
	h.must(h.apply(h.plan(r)))
}

// runOnce makes the run that is cut; whatever it says is fine, except that it worked without the calls.
func (s scenario) runOnce(h *harbor) {
	r := s.run
	r.Spec = h.spec
	p, err := h.engine.Plan(h.t.Context(), r)
	if err != nil {
		return
	}
	if res, _ := h.apply(p); res.Outcome == event.Refused && !strings.Contains(res.Err.Error(), "cut") {
		h.t.Errorf("refused: %v", res.Err)
	}
}

// compare fails the test when the account is another than wanted.
func (h *harbor) compare(want []string, count *tally) {
	h.t.Helper()
	got := h.inventory()
	diff := cmp.Diff(want, got)
	if diff == "" {
		count.converged.Add(1)
		return
	}
	if len(got) > len(want) {
		count.doubled.Add(1)
	}
	if len(got) < len(want) {
		count.missing.Add(1)
	}
	h.t.Errorf("another account than without the cut (-want +got):\n%s", diff)
}
