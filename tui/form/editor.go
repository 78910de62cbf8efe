package form

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/x/ansi"

	"berth/tui/theme"
	"berth/tui/widget"
)

// Editor changes one value: a line of text, or a choice of many.
type Editor interface {
	Key(k tea.KeyMsg)
	State() State
	Value() string
	Lines(width, height int) []string
}

// Text is an editor of one line of text. huh edits; the line is drawn here, because huh scrolls it without a
// mark, and its cursor is not seen on a terminal without colours.
type Text struct {
	*Form
	title string
	value string
}

// here stands before the sign at the cursor in what huh draws; no text has it.
const here = "\uFDD0"

// uncut is so wide that huh leaves nothing of a text out.
const uncut = 4096

// NewText makes an editor that starts with a value. Title may be empty; validate says why a text cannot be,
// and may be nil.
func NewText(th *theme.Theme, title, value string, validate func(string) error) *Text {
	t := &Text{title: title, value: value}
	marked := *th.Huh
	marked.Focused.TextInput.Cursor = marked.Focused.TextInput.Cursor.Transform(func(s string) string { return here + s })
	in := huh.NewInput().Prompt("").Value(&t.value)
	in.WithTheme(&marked) // the first theme stays
	if validate != nil {
		in.Validate(validate)
	}
	t.Form = New(th, in)
	t.SetWidth(uncut)
	return t
}

// Value is the text as typed so far.
func (t *Text) Value() string { return t.value }

// Lines is the editor in a room.
func (t *Text) Lines(width, height int) []string {
	th := t.th
	var lines []string
	if t.title != "" {
		lines = append(lines, widget.NewLine(th, width).Put(th.Strong, t.title).String())
	}
	left, right := t.split()
	line := widget.Edit{Theme: th, Left: left, Right: right}.Render(width-2, 1)
	lines = append(lines, th.Accent.Paint(th.Glyphs.Cursor)+" "+line)
	lines = append(lines, t.problem(width)...)
	return widget.Fit(lines, width, min(height, len(lines)))
}

// split is the text before and after the cursor.
func (t *Text) split() (left, right string) {
	left, _, _ = strings.Cut(ansi.Strip(t.fields[0].View()), here)
	if rest, ok := strings.CutPrefix(t.value, left); ok {
		return left, rest
	}
	return t.value, ""
}
