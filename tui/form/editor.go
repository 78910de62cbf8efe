package form

import (
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"

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

// Text is an editor of one line of text.
type Text struct {
	*Form
	value string
}

// NewText makes an editor that starts with a value. Title may be empty; validate says why a text cannot be,
// and may be nil.
func NewText(th *theme.Theme, title, value string, validate func(string) error) *Text {
	t := &Text{value: value}
	in := huh.NewInput().Title(title).Prompt(th.Glyphs.Cursor + " ").Value(&t.value)
	if validate != nil {
		in.Validate(validate)
	}
	t.Form = New(th, in)
	return t
}

// Value is the text as typed so far.
func (t *Text) Value() string { return t.value }

// Lines is the editor in a room.
func (t *Text) Lines(width, height int) []string {
	t.SetWidth(width)
	lines := t.Form.Lines()
	return widget.Fit(lines, width, min(height, len(lines)))
}
