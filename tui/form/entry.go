package form

import (
	"errors"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"

	"berth/tui/theme"
	"berth/tui/widget"
)

// Entry is the form for a new entry of a table: its name, then its value. Both can be given at once as NAME=value.
type Entry struct {
	*Form
	name, value string
	width       int
}

// NewEntry makes an empty form; check says why a text of the form NAME=value cannot be.
func NewEntry(th *theme.Theme, check func(string) error) *Entry {
	e := &Entry{}
	name := func(s string) error {
		switch {
		case strings.TrimSpace(s) == "":
			return errors.New("a name is required; NAME=value sets both at once")
		case strings.Contains(s, "="):
			return check(s)
		}
		return check(s + "=x") // whatever the value is
	}
	value := func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("a value is needed")
		}
		return check(e.Value())
	}
	e.Form = New(th,
		huh.NewInput().Key("name").Title("name, or NAME=value").Prompt("  ").Inline(true).Value(&e.name).Validate(name),
		huh.NewInput().Key("value").Title("value              ").Prompt("  ").Inline(true).Value(&e.value).Validate(value))
	return e
}

// Key handles one key. A name with its value needs no second field.
func (e *Entry) Key(k tea.KeyMsg) {
	whole := e.at == 0 && k.Type == tea.KeyEnter && !k.Paste && strings.Contains(e.name, "=")
	if whole && e.state == Asking {
		if e.leave() {
			e.state = Done
		}
		return
	}
	e.Form.Key(k)
}

// Value is NAME=value as typed so far.
func (e *Entry) Value() string {
	if strings.Contains(e.name, "=") {
		return e.name
	}
	return e.name + "=" + e.value
}

// Lines is the form in a room.
func (e *Entry) Lines(width, height int) []string {
	if e.width != width {
		e.width = width
		e.SetWidth(width)
	}
	lines := e.Form.Lines()
	return widget.Fit(lines, width, min(height, len(lines)))
}
