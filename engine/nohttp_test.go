package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/interview"
	"berth/engine/sim"
	"berth/engine/spec"
)

// newBot is an app that answers no HTTP.
func newBot(t *testing.T) *harbor {
	t.Helper()
	h := newHarbor(t, sim.Options{}, 0)
	s := &spec.Spec{App: "bot", EnvName: "production", Region: "eu-west-2", Dir: h.spec.Dir}
	must(t, s.Set("service.port", 0, spec.Origin{Kind: spec.File}))
	must(t, s.Complete(nil, nil))
	h.spec = s
	return h
}

// An app without HTTP has no load balancer, no distribution and no address; it costs what the comparison says, a version
// that crashes goes back, and it can get a port and lose it again.
func TestLifeWithoutHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newBot(t)
		if ps := h.spec.Validate(); len(ps) > 0 {
			t.Fatal(ps)
		}
		p := h.plan(engine.Request{})
		for _, id := range []string{"load-balancer", "target-group", "listener", "distribution", "endpoint", "lb-security-group"} {
			if slices.ContainsFunc(p.Changes, func(c engine.Change) bool { return c.ID == id }) {
				t.Errorf("the plan has %s", id)
			}
		}
		d := interview.Given(h.spec, nil)
		r, err := h.engine.Advisor(time.Now()).Compare(d.Requirements(), d.Usage())
		must(t, err)
		for _, s := range r.Services {
			if diff := s.Estimate.MonthlyUSD - p.MonthlyUSD; s.ID == "ecs-fargate" && (diff > 0.005 || diff < -0.005) {
				t.Errorf("the comparison says %.4f, the plan %.4f", s.Estimate.MonthlyUSD, p.MonthlyUSD)
			}
		}
		res, events := h.apply(p)
		h.must(res, events)
		if res.Endpoint != "" {
			t.Errorf("it has the address %q", res.Endpoint)
		}
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Fatalf("unchanged app: plan does %v", actions(p))
		}
		st, err := h.watch().Status(t.Context())
		must(t, err)
		if st.State != engine.Running || st.Endpoint != "" || !st.NoHTTP || st.Ended != nil {
			t.Errorf("the status says %s, at %q, ended %v", st.State, st.Endpoint, st.Ended)
		}
		compareGolden(t, planText(p))
		if diff := st.MonthlyUSD - p.MonthlyUSD; diff > 0.005 || diff < -0.005 {
			t.Errorf("the status costs %.4f, the plan %.4f", st.MonthlyUSD, p.MonthlyUSD)
		}

		time.Sleep(time.Hour)
		write(t, h.spec.Dir, "server", "version 2, which crashes")
		h.account.SetFaults(fault(t, "crash-task"))
		if res, _ := h.deploy(); res.Outcome != event.RolledBack || !strings.Contains(res.Err.Cause, "exited with code 1") {
			t.Errorf("a version that crashes ended %s: %v", res.Outcome, res.Err)
		}
		h.account.SetFaults()
		st, err = h.watch().Status(t.Context())
		must(t, err)
		if !st.NoHTTP || st.Ended == nil || st.Ended.ExitCode == nil || *st.Ended.ExitCode != 1 || st.State != engine.Running {
			t.Errorf("after the crash the status is %s, without HTTP %v, and the last task ended %+v", st.State, st.NoHTTP, st.Ended)
		}

		must(t, h.spec.Set("service.port", 4000, spec.Origin{Kind: spec.File}))
		h.must(h.deploy())
		must(t, h.spec.Set("service.port", 0, spec.Origin{Kind: spec.File}))
		h.must(h.deploy())
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("back without HTTP: plan does %v", actions(p))
		}
		for _, one := range h.left() {
			if strings.HasPrefix(one, "elb") || strings.HasPrefix(one, "cloudfront") {
				t.Errorf("left is %s", one)
			}
		}
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// planText is what a plan does and what it costs.
func planText(p *engine.Plan) string {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%-9s %s %s\n", c.Action, c.ID, c.Exposes)
	}
	for _, c := range p.Costs {
		fmt.Fprintf(&b, "%8.2f  %s\n", c.USD, c.Item)
	}
	fmt.Fprintf(&b, "%8.2f  a month, %.2f in any case\n", p.MonthlyUSD, p.AlwaysUSD)
	return b.String()
}
