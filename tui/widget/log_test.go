package widget

import (
	"strings"
	"testing"
	"time"

	"berth/engine/view"
	"berth/tui/theme"
)

// A line of a megabyte costs a frame no more than any other.
func TestLogPaneOfAMegabyte(t *testing.T) {
	for _, line := range []string{strings.Repeat("x", 1<<20), strings.Repeat("é", 1<<19), strings.Repeat("\x1b[31m", 1<<18)} {
		p := LogPane{Theme: theme.New(theme.Options{}), Logs: []view.Log{{Stream: "build", Text: "before"}, {Stream: "build", Text: line}}}
		best := time.Hour
		for range 20 {
			start := time.Now()
			p.Render(120, 20)
			best = min(best, time.Since(start))
		}
		if best > time.Millisecond {
			t.Errorf("a frame with %q… takes %s", line[:5], best)
		}
	}
}
