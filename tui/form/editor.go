package form

import (
	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/keys"
	"berth/tui/theme"
	"berth/tui/widget"
)

// Editor changes one value: a line of text, a choice of many, or a form.
type Editor interface {
	// Key takes a key that is no key of the editor: text, mostly.
	Key(k tea.KeyMsg)
	State() State
	Value() string
	Lines(width, height int) []string
}

// EditorKeys are the keys while an editor is open, to be shown: the editor itself deals with them.
func EditorKeys() []keys.Key {
	return []keys.Key{keys.Shown("enter", "take it"), keys.Shown("esc", "leave it as it was")}
}

// Text is an editor of one line of text.
type Text struct {
	Input
	th       *theme.Theme
	validate func(string) error
	problem  string
	state    State
}

// NewText makes an editor that starts with a value; validate says why a text cannot be, and may be nil.
func NewText(th *theme.Theme, value string, validate func(string) error) *Text {
	return &Text{Input: NewInput(value), th: th, validate: validate}
}

// State says whether the editor is still asking.
func (t *Text) State() State { return t.state }

// Key handles one key. Enter takes the text only when it can be; else the editor stays open and says why not.
func (t *Text) Key(k tea.KeyMsg) {
	switch {
	case t.state != Asking:
	case k.Type == tea.KeyEnter && !k.Paste:
		if t.problem = why(t.validate, t.Value()); t.problem == "" {
			t.state = Done
		}
	case k.Type == tea.KeyEsc:
		t.state = Cancelled
	default:
		t.problem = ""
		t.Input.Key(k)
	}
}

func why(validate func(string) error, value string) string {
	if validate == nil {
		return ""
	}
	if err := validate(value); err != nil {
		return err.Error()
	}
	return ""
}

// Lines is the editor in a room.
func (t *Text) Lines(width, height int) []string {
	th := t.th
	lines := []string{th.Accent.Paint(th.Glyphs.Cursor) + " " + t.Edit(th).Render(width-2, 1)}
	lines = append(lines, problem(th, t.problem, width)...)
	return widget.Fit(lines, width, min(height, len(lines)))
}
