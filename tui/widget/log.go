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
	Timed bool   // time and task stand at the beginning, for lines of one stream; how many are newer is said elsewhere
}

const (
	// streamWidth is the column of the stream's name: build, push, app, aws.
	streamWidth = 6
	// timeOfDay and taskWidth are the columns of a timed line; roomForTasks is from which width on tasks show.
	timeOfDay    = "15:04:05"
	taskWidth    = 9
	roomForTasks = 90
)

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
		lines = append(lines, p.line(&logs[i], width))
	}
	if hidden := len(logs) - end; hidden > 0 && !p.Timed {
		mark := fmt.Sprintf("  %s %d newer", p.Theme.Glyphs.Down, hidden+1)
		lines[len(lines)-1] = NewLine(p.Theme, width).Put(p.Theme.Quiet, mark).String()
	}
	return Join(lines)
}

func (p LogPane) line(log *view.Log, width int) string {
	l := NewLine(p.Theme, width)
	if !p.Timed {
		return l.Cell(p.Theme.Quiet, log.Stream, streamWidth).Put(p.Theme.Text, log.Text).String()
	}
	l.Put(p.Theme.Quiet, log.Time.Local().Format(timeOfDay)).Gap(1)
	if width >= roomForTasks {
		l.Cell(p.Theme.Quiet, log.Node, taskWidth-1).Gap(1)
	}
	return l.Put(p.Theme.Text, log.Text).String()
}

// found returns the newest n lines that hold Find.
func (p LogPane) found(n int) []view.Log {
	want := strings.ToLower(p.Find)
	var out []view.Log
	for i := len(p.Logs) - 1; i >= 0 && len(out) < n; i-- {
		if holds(&p.Logs[i], want) {
			out = append(out, p.Logs[i])
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func holds(l *view.Log, lower string) bool { return strings.Contains(strings.ToLower(l.Text), lower) }

// Shown is how many of the lines the pane would show.
func (p LogPane) Shown(logs []view.Log) int {
	n, want := 0, strings.ToLower(p.Find)
	for i := range logs {
		if holds(&logs[i], want) {
			n++
		}
	}
	return n
}

// MaxBack is how far a pane of that height can be scrolled back.
func (p LogPane) MaxBack(height int) int { return max(0, len(p.Logs)-height) }
