package app

import (
	"testing"
	"time"

	"berth/engine/fail"
)

// The commands of the result lead back to the same app in the same account, and to the same one on AWS, in full.
func TestWhatIsNextReachesTheSameApp(t *testing.T) {
	simulate := simulated()
	simulate.status = fresh().status
	for name, c := range map[string]struct {
		engine *fakeEngine
		same   []string
		sees   []string
	}{
		"simulated": {simulate, []string{"-C ../shop", "--simulate", "--sim-state /tmp/moves"}, []string{
			"  berth -C ../shop --simulate --sim-state /tmp/moves\n      come back: status, redeploy, settings, destroy\n", "  berth -C ../shop    the same on AWS",
		}},
		"on AWS": {fresh(), []string{"-C ../shop"}, []string{
			"  berth -C ../shop    come back", "  berth deploy -C ../shop --yes\n      redeploy", "  berth status -C ../shop\n      what runs", "  berth destroy -C ../shop\n      delete all",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, c.engine, func(d *harness) {
				d.s.Flags = fail.Flags{Same: c.same}
				d.press(toReview...)
				d.press("y")
				d.pass(10 * time.Minute)
				d.sees(c.sees...)
			})
		})
	}
}
