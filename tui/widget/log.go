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
	// Paused says that newer lines do not move the pane: Back grows with them.
	Paused bool
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
	if p.Paused && height > 1 {
		return p.pane(width, height-1) + "\n" + p.pause(width)
	}
	return p.pane(width, height)
}

// pause is the line that says that the pane stands still, and what it misses.
func (p LogPane) pause(width int) string {
	l := NewLine(p.Theme, width).Put(p.Theme.Warn, "paused")
	if p.Back > 0 {
		l.Put(p.Theme.Quiet, fmt.Sprintf(", %s", Count(p.Back, "newer line")))
	}
	return l.String()
}

// pane is the lines themselves.
func (p LogPane) pane(width, height int) string {
	logs := p.Logs
	if p.Find != "" {
		logs = p.found(p.Back + height)
	}
	if len(logs) == 0 {
		text := "no log lines yet"
		if p.Find != "" {
			text = fmt.Sprintf("no line contains %q", p.Find)
		}
		return NewLine(p.Theme, width).Put(p.Theme.Quiet, text).String()
	}
	end := max(min(height, len(logs)), len(logs)-p.Back)
	start := max(0, end-height)
	lines := make([]string, 0, end-start)
	for i := start; i < end; i++ {
		lines = append(lines, p.line(&logs[i], width))
	}
	if hidden := len(logs) - end; hidden > 0 && !p.Timed && !p.Paused {
		mark := fmt.Sprintf("  %s %d newer", p.Theme.Glyphs.Down, hidden+1)
		lines[len(lines)-1] = NewLine(p.Theme, width).Put(p.Theme.Quiet, mark).String()
	}
	return Join(lines)
}

func (p LogPane) line(log *view.Log, width int) string {
	l := NewLine(p.Theme, width)
	text := head(log.Text, width)
	if !p.Timed {
		return l.Cell(p.Theme.Quiet, log.Stream, streamWidth).Put(p.Theme.Text, text).String()
	}
	l.Put(p.Theme.Quiet, log.Time.Local().Format(timeOfDay)).Gap(1)
	if width >= roomForTasks {
		l.Cell(p.Theme.Quiet, log.Node, taskWidth-1).Gap(1)
	}
	return l.Put(p.Theme.Text, text).String()
}

// head is as much of a text as can matter for a line: one of a megabyte is looked through at each frame else.
func head(text string, width int) string {
	const perColumn = 16 // bytes, with room for what takes no column
	if most := perColumn * (width + 1); len(text) > most {
		return strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// Holds says whether a log line holds a text, in any case. Every line holds the empty text.
func Holds(line, text string) bool {
	return text == "" || strings.Contains(strings.ToLower(line), strings.ToLower(text))
}

// found returns the newest n lines that hold Find.
func (p LogPane) found(n int) []view.Log {
	var out []view.Log
	for i := len(p.Logs) - 1; i >= 0 && len(out) < n; i-- {
		if Holds(p.Logs[i].Text, p.Find) {
			out = append(out, p.Logs[i])
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// Shown is how many of the lines the pane would show.
func (p LogPane) Shown(logs []view.Log) int {
	n := 0
	for i := range logs {
		if Holds(logs[i].Text, p.Find) {
			n++
		}
	}
	return n
}

// MaxBack is how far a pane of that height can be scrolled back.
func (p LogPane) MaxBack(height int) int {
	n := len(p.Logs)
	if p.Find != "" {
		n = p.Shown(p.Logs)
	}
	return max(0, n-height)
}
