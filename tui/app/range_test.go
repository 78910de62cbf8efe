package app

import (
	"testing"
	"time"

	"berth/tui/screen"
)

// What an app that scales costs is told from the least to the most, wherever a sum of it stands.
func TestSumsOfWhatScalesAreRanges(t *testing.T) {
	e := deployed()
	e.plan.MonthlyUSD, e.plan.MostUSD, e.plan.Complete = 40, 95.5, true
	e.status.Sum = e.plan.Sum
	for i := range e.plan.Changes {
		e.plan.Changes[i].Action = "delete"
	}
	inBubble(t, e, func(d *harness) {
		d.sees("$40.00 to $95.50 a month")
		d.press("down", "down", "down", "b")
		d.pass(time.Second)
		d.sees("Roll back?", "$40.00 to $95.50 a month")
		d.press("esc", "d")
		d.pass(time.Second)
		d.expect(screen.Review{Destroy: true})
		d.sees("that cost $40.00 to $95.50 a month")
	})
}
