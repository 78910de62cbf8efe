package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/event"
	"berth/engine/sim"
)

// A first rollout that failed is tried anew by the same command, also when nothing of the app has changed:
// what was wrong may have been elsewhere.
func TestDeployAgainAfterAFailedFirstRollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Faults: []sim.Fault{fault(t, "crash-task")}}, 0)
		if res, _ := h.deploy(); res.Outcome != event.Failed {
			t.Fatalf("ended %s", res.Outcome)
		}
		h.account.SetFaults()
		time.Sleep(10 * time.Minute) // until ECS has given the rollout up
		h.must(h.deploy())
	})
}
