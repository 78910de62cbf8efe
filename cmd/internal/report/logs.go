package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"berth/engine"
)

// Log writes the lines of an app's log: time, task and text in columns, or one JSON object per line.
type Log struct {
	Out  io.Writer
	JSON bool
	Task string // only the lines of the task with that id; part of it suffices from the beginning
	// Process, unless it is nil, is the process whose lines alone are written; the app's own is "".
	Process *string
	Text    string // only the lines with that text

	Lines int // how many were written
}

// Write writes the lines that fit. It returns the error of the writer.
func (l *Log) Write(lines []engine.LogLine) error {
	for _, one := range lines {
		// A line carries the beginning of the id; the whole id fits it, too.
		fits := strings.HasPrefix(one.Task, l.Task) || one.Task != "" && strings.HasPrefix(l.Task, one.Task)
		if l.Process != nil && one.Process != *l.Process {
			continue
		}
		if !fits || !strings.Contains(one.Text, l.Text) {
			continue
		}
		l.Lines++
		if err := l.write(one); err != nil {
			return fmt.Errorf("write log line: %w", err)
		}
	}
	return nil
}

func (l *Log) write(one engine.LogLine) error {
	if l.JSON {
		return writeJSON(l.Out, one, "")
	}
	text := fmt.Sprintf("%s  %-8s  %s", one.Time.Local().Format("2006-01-02 15:04:05"), one.Who(), harmless(one.Text))
	_, err := fmt.Fprintln(l.Out, strings.TrimRight(text, " "))
	return err
}

// harmless is a text without what would steer a terminal: who may write to the log of an app must not be able to
// write to the screen of whoever reads it.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, ansi.Strip(text))
}
