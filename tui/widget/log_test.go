package widget

import (
	"strings"
	"testing"
	"time"

	"berth/engine/view"
	"berth/tui/theme"
)

// A line of a megabyte costs a frame about as much as one that just fills the pane.
func TestLogPaneOfAMegabyte(t *testing.T) {
	frame := func(line string) time.Duration {
		p := LogPane{Theme: theme.New(theme.Options{}), Logs: []view.Log{{Stream: "build", Text: "before"}, {Stream: "build", Text: line}}}
		best := time.Hour
		for range 30 {
			start := time.Now()
			p.Render(120, 20)
			best = min(best, time.Since(start))
		}
		return best
	}
	for _, unit := range []string{"x", "é", "\x1b[31m"} {
		usual, long := frame(strings.Repeat(unit, 2000)), frame(strings.Repeat(unit, 1<<20/len(unit)))
		if long > 20*usual {
			t.Errorf("a frame with a megabyte of %q takes %s, one with 2000 of them %s", unit, long, usual)
		}
	}
}
