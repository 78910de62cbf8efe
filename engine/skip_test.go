package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/preflight"
	"berth/engine/sim"
)

// Organizations let people act in some regions only, over TLS, with MFA: who may deploy is not refused. What IAM cannot
// tell is no reason to stop.
func TestPreflightUnderTheRulesOfAnOrganization(t *testing.T) {
	for _, c := range []struct {
		guards []string
		state  preflight.State
		text   string
	}{
		{[]string{"guard=region", "guard=tls"}, preflight.OK, "permissions are granted, as far as IAM can see the organization's policies"},
		{[]string{"guard=mfa"}, preflight.Unknown, "a policy requires aws:MultiFactorAuthPresent"},
		{[]string{"guard=organization/ecs:CreateService"}, preflight.Unknown, "ecs:CreateService (a policy of the organization seems to forbid it)"},
		{[]string{"guard=boundary/iam:CreateRole"}, preflight.Unknown, "iam:CreateRole (the permissions boundary seems to forbid it)"},
		{[]string{"guard=mfa", "deny=ecs:CreateService"}, preflight.Unknown, "IAM cannot tell"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var faults []sim.Fault
			for _, g := range c.guards {
				faults = append(faults, fault(t, g))
			}
			h := newHarbor(t, sim.Options{Faults: faults}, 0)
			p := h.plan(engine.Request{})
			rep, err := h.engine.Preflight(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			got := rep.Get(preflight.PermissionsID)
			if got.State != c.state || !strings.Contains(got.Text, c.text) {
				t.Errorf("%v: %s: %s", c.guards, got.State, got.Text)
			}
			if f := rep.Refusal(); f != nil {
				t.Errorf("%v: refused: %v", c.guards, f)
			}
		})
	}
}

// Whoever knows better than the checks goes on, and the record of the run says so.
func TestSkipPreflight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "deny=ecs:CreateService")}}, 0)
		if res, _ := h.apply(h.plan(engine.Request{})); res.Outcome != event.Refused {
			t.Fatalf("got %s", res.Outcome)
		}
		h.account.SetFaults() // the checks were wrong
		p := h.plan(engine.Request{SkipPreflight: true})
		res, events := h.apply(p)
		h.must(res, events)
		if !slices.ContainsFunc(events, func(e event.Event) bool { return strings.Contains(e.Text, "were not checked, as requested") }) {
			t.Error("the record does not say it")
		}
	})
}
