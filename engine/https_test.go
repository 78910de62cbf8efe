package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/sim"
)

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
