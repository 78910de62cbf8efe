package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// A secret that does not exist stops a deployment before anything is made, however fast AWS answers which question.
func TestAMissingSecretStopsBefore(t *testing.T) {
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarbor(t, sim.Options{Seed: seed}, 0)
			h.account.SetFaults(fault(t, "jitter=0.9"))
			h.spec.Secrets.FromSSM = []string{"SECRET_KEY_BASE"}
			res, _ := h.apply(h.plan(engine.Request{}))
			if res.Outcome != event.Refused || !strings.Contains(res.Err.Cause, "SECRET_KEY_BASE") || len(h.left()) > 0 {
				t.Errorf("seed %d: ended %s: %v; left %v", seed, res.Outcome, res.Err, h.left())
			}
		})
	}
}
