package widget

import (
	"fmt"
	"strings"

	"berth/engine/view"
	"berth/tui/theme"
)

// LogPane shows the newest log lines, or older ones when scrolled back.
type LogPane struct {
	Theme *theme.Theme
	Logs  []view.Log
	Back  int    // how many lines the pane is scrolled back from the newest
	Find  string // only lines that hold this, in any case
}

// streamWidth is the column of the stream's name: build, push, app, aws.
const streamWidth = 6

// Render draws the pane.
func (p LogPane) Render(width, height int) string {
	if height <= 0 {
		return ""
	}
	logs := p.Logs
	if p.Find != "" {
		logs = p.found(p.Back + height)
	}
	if len(logs) == 0 {
		text := "no log lines yet"
		if p.Find != "" {
			text = fmt.Sprintf("no line holds %q", p.Find)
		}
		return NewLine(p.Theme, width).Put(p.Theme.Quiet, text).String()
	}
	end := max(min(height, len(logs)), len(logs)-p.Back)
	start := max(0, end-height)
	lines := make([]string, 0, end-start)
	for i := start; i < end; i++ {
		l := NewLine(p.Theme, width)
		l.Cell(p.Theme.Quiet, logs[i].Stream, streamWidth)
		lines = append(lines, l.Put(p.Theme.Text, logs[i].Text).String())
	}
	if hidden := len(logs) - end; hidden > 0 {
		mark := fmt.Sprintf("  %s %d newer", p.Theme.Glyphs.Down, hidden+1)
		lines[len(lines)-1] = NewLine(p.Theme, width).Put(p.Theme.Quiet, mark).String()
	}
	return Join(lines)
}

// found returns the newest n lines that hold Find.
func (p LogPane) found(n int) []view.Log {
	want := strings.ToLower(p.Find)
	var out []view.Log
	for i := len(p.Logs) - 1; i >= 0 && len(out) < n; i-- {
		if strings.Contains(strings.ToLower(p.Logs[i].Text), want) {
			out = append(out, p.Logs[i])
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// MaxBack is how far a pane of that height can be scrolled back.
func (p LogPane) MaxBack(height int) int { return max(0, len(p.Logs)-height) }
