package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
	"berth/engine/sim"
	"berth/engine/spec"
)

// TestProposedGateway deploys an app that redirects to https by itself behind the gateway that berth proposes, with the reason
// in the plan. Where it runs behind CloudFront already it stays there: whether it works is known by then.
func TestProposedGateway(t *testing.T) {
	why := spec.Origin{Kind: spec.Detected, File: "config/prod.exs", Line: 12, Text: "behind CloudFront the app would be told http, and break"}
	propose := func(h *harbor) {
		h.spec.Unset("network.https")
		must(h.t, h.spec.Set("network.https", "gateway", why))
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "force-ssl")}}, 0)
		propose(h)
		p := h.plan(engine.Request{})
		i := slices.IndexFunc(p.Changes, func(c plan.Change) bool { return c.ID == "gateway" })
		if i < 0 || !strings.Contains(p.Changes[i].Why, "told http") || !strings.Contains(p.Changes[i].Why, "config/prod.exs:12") {
			t.Fatalf("the plan does not say why: %v", p.Changes)
		}
		report, err := h.engine.Preflight(t.Context(), p)
		must(t, err)
		if text := strings.Join(report.Notes(), "\n"); !strings.Contains(text, "unverified") {
			t.Errorf("nobody is told that gateways are unverified: %s", text)
		}
		h.must(h.apply(p))
	})
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		res, events := h.deploy()
		h.must(res, events)
		propose(h)
		p := h.plan(engine.Request{})
		if got := actions(p); len(got) > 0 || p.Endpoint != res.Endpoint {
			t.Errorf("the app moves from %s to %q by %v, though nobody asked for that", res.Endpoint, p.Endpoint, got)
		}
		h.spec.Unset("network.https")
		must(t, h.spec.Set("network.https", "gateway", spec.Origin{Kind: spec.Answer}))
		if got := actions(h.plan(engine.Request{})); len(got) == 0 {
			t.Error("the app stays at CloudFront, though somebody asked for a gateway")
		}
	})
}

// The load balancer is asked over http and tells the app so. An app that redirects to https by itself is told of https
// in other ways; one that knows none of them loops, which is found although its health path does not redirect.
func TestTheAppIsToldOfHTTPS(t *testing.T) {
	for rule, loops := range map[string]bool{
		"force-ssl=X-Forwarded-Ssl": false, "force-ssl=X-Forwarded-Scheme": false, "force-ssl=CloudFront-Forwarded-Proto": false,
		"force-ssl": true,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, rule)}}, 0)
			h.spec.Service.HealthPath = "/healthz"
			res, events := h.deploy()
			if !loops {
				h.must(res, events)
				return
			}
			f := fail.From(res.Err)
			if res.Outcome != event.Failed || !strings.Contains(f.Cause, "in an endless loop") || !strings.Contains(f.Remedy, "force_ssl") {
				t.Errorf("%s: ended %s: %v", rule, res.Outcome, f)
			}
			t.Log(f.Cause, f.Evidence)
		})
	}
}
