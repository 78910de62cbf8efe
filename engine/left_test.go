package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/compare/price"
	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/sim"
	"berth/engine/spec"
)

// bill prices what the account holds by itself: the sizes are those of the app of a harbor.
func (h *harbor) bill() float64 {
	h.t.Helper()
	b, err := price.Default().Bill("eu-west-2", price.DefaultUsage())
	must(h.t, err)
	for _, i := range h.account.Inventory() {
		switch i.Kind {
		case "elasticloadbalancing.LoadBalancer":
			b.LoadBalancer(2, "")
		case "cloudfront.Distribution":
			b.Distribution()
		case "ecr.Repository":
			b.Images()
		case "logs.LogGroup":
			b.Logs()
		case "ecs.Service":
			var svc struct{ Desired int }
			must(h.t, json.Unmarshal([]byte(i.Detail), &svc))
			b.Tasks(price.Tasks{Count: svc.Desired, VCPU: 0.25, MemoryGB: 0.5, Arch: "x86"})
		}
	}
	return b.Estimate().MonthlyUSD
}

var together = regexp.MustCompile(`about \$([0-9.]+) a month together`)

// card checks the card of a run that ended early against the account.
func (h *harbor) card(what string, res engine.Result, events []event.Event) {
	h.t.Helper()
	want, got := h.bill(), 0.0
	if m := together.FindStringSubmatch(res.Err.Evidence); m != nil {
		got, _ = strconv.ParseFloat(m[1], 64)
	}
	if !near(got, want) || !near(events[len(events)-1].MonthlyUSD, want) {
		h.t.Errorf("%s: the card says %.2f, the event %.2f, the account holds %.2f: %s", what, got, events[len(events)-1].MonthlyUSD, want, res.Err.Evidence)
	}
	if strings.Contains(res.Err.Evidence, "Dockerfile") || strings.Contains(res.Err.Evidence, "image.Build") {
		h.t.Errorf("%s: a file is no resource: %s", what, res.Err.Evidence)
	}
	if want > 0 && !strings.Contains(res.Err.Remedy, "berth destroy") && !strings.Contains(res.Err.Evidence, "goes on running") {
		h.t.Errorf("%s: nothing says how it goes away: %s", what, res.Err.Remedy)
	}
}

// Whenever a run ends early, its card says what there is and what that costs: the price of what the account holds.
func TestTheCardOfARunThatEndedEarly(t *testing.T) {
	early := func(name string, end func(h *harbor) (engine.Result, []event.Event)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				res, events := end(h)
				if res.Err == nil {
					t.Fatal("it did not end early")
				}
				h.card(name, res, events)
			})
		})
	}
	for _, after := range []time.Duration{1, 3, 8, 20, 45, 90, 170} {
		early(fmt.Sprintf("stopped after %d s", after), func(h *harbor) (engine.Result, []event.Event) { return h.stop(after*time.Second, 1) })
		early(fmt.Sprintf("cancelled after %d s", after), func(h *harbor) (engine.Result, []event.Event) { return h.stop(after*time.Second, 2) })
	}
	for _, rule := range []string{"deny=ecs:CreateService", "deny=cloudfront:CreateDistribution", "crash-task", "no-cloudfront", "no-elb"} {
		early(rule, func(h *harbor) (engine.Result, []event.Event) {
			h.account.SetFaults(fault(h.t, rule), fault(h.t, "deny=iam:SimulatePrincipalPolicy"))
			return h.deploy()
		})
	}
	early("a destroy that may not delete", func(h *harbor) (engine.Result, []event.Event) {
		h.must(h.deploy())
		h.account.SetFaults(fault(h.t, "deny=elasticloadbalancing:DeleteLoadBalancer"), fault(h.t, "deny=iam:SimulatePrincipalPolicy"))
		return h.apply(h.plan(engine.Request{Destroy: true}))
	})
	early("a second version that does not come up", func(h *harbor) (engine.Result, []event.Event) {
		h.must(h.deploy())
		write(h.t, h.spec.Dir, "server", "version 2")
		h.account.SetFaults(fault(h.t, "crash-task"))
		return h.deploy()
	})
}

// stop asks a first deployment to stop, once or more often.
func (h *harbor) stop(after time.Duration, times int) (engine.Result, []event.Event) {
	h.t.Helper()
	run := h.engine.Apply(h.t.Context(), h.plan(engine.Request{}))
	time.Sleep(after)
	for range times {
		run.Stop()
	}
	res, err := run.Wait(h.t.Context())
	must(h.t, err)
	events, err := run.Events().Next(h.t.Context())
	must(h.t, err)
	return res, events
}

// Whatever ends a run, at whatever moment and however many tasks there are, the card's sum is the price of what the account
// holds. The courses are random, each from a seed that a failure names.
func TestTheCardOfAnyRunThatEndedEarly(t *testing.T) {
	denies := []string{
		"ecs:CreateService", "ecs:RegisterTaskDefinition", "cloudfront:CreateDistribution", "elasticloadbalancing:CreateListener",
		"logs:CreateLogGroup", "iam:CreateRole", "ecr:CreateRepository",
	}
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 10))
				h := newHarbor(t, sim.Options{}, 0)
				h.spec.Service.Instances = 1 + rnd.IntN(3)
				if rnd.IntN(3) == 0 {
					h.account.SetFaults(fault(t, "deny="+denies[rnd.IntN(len(denies))]), fault(t, "deny=iam:SimulatePrincipalPolicy"))
				}
				res, events := h.stop(time.Duration(rnd.IntN(240_000))*time.Millisecond, 1+rnd.IntN(2))
				if res.Err != nil {
					h.card("a random course", res, events)
				}
			})
		})
	}
}

// A build that fails while other resources are being made stops them at once, and its card says what is there and what that
// costs an hour; whatever AWS is at by then.
func TestABuildThatFailsStopsTheRest(t *testing.T) {
	for name, with := range map[string]func(*spec.Spec){
		"plain": func(*spec.Spec) {},
		"all that takes long": func(s *spec.Spec) {
			s.Database = &spec.Database{Engine: "postgres", Class: "db.t4g.micro", StorageGB: 20}
			s.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro"}
			s.Storage = []spec.Storage{{Path: "/data"}}
			s.Network.Tasks, s.Network.Front = "private", "private"
		},
	} {
		t.Run(name, func(t *testing.T) { brokenBuild(t, with) })
	}
}

func brokenBuild(t *testing.T, with func(*spec.Spec)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		with(h.spec)
		must(t, h.spec.Complete(nil, nil))
		h.engine = engine.Open(engine.Options{Environment: h.account.Environment(), Builder: brokenBuilder{h.account.Builder()}})
		res, events := h.deploy()
		if res.Err == nil {
			t.Fatal("the build went well")
		}
		var failed time.Time
		for _, e := range events {
			switch {
			case e.Type == event.NodeFailed && failed.IsZero():
				failed = e.Time
			case e.Type == event.NodeStarted && !failed.IsZero() && e.Time.After(failed):
				t.Errorf("%s begins %s after the build failed", e.Node, e.Time.Sub(failed))
			}
		}
		if end := events[len(events)-1].Time.Sub(failed); failed.IsZero() || end > 30*time.Second {
			t.Errorf("it ends %s after the build failed", end)
		}
		if !strings.Contains(res.Err.Evidence, "an hour") || !strings.Contains(res.Err.Evidence, "the load balancer") {
			t.Errorf("the card: %s", res.Err.Evidence)
		}
	})
}

// brokenBuilder fails each build after a while.
type brokenBuilder struct{ image.Builder }

func (brokenBuilder) Build(context.Context, image.Source, image.Reporter) (image.Image, error) {
	time.Sleep(25 * time.Second)
	return nil, &fail.Error{Class: fail.Failed, Cause: "the image build failed at step 2 of 3, RUN make"}
}
