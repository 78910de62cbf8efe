package form

import (
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/theme"
	"berth/tui/widget"
)

// Input is one line of text that is typed. Bubbles' text input edits; the line is drawn here, because that one's
// cursor is not seen on a terminal without colours, and it scrolls without a mark.
type Input struct{ text textinput.Model }

// NewInput makes an input that holds a value, with the cursor behind it.
func NewInput(value string) Input {
	in := Input{text: textinput.New()}
	in.text.KeyMap.Paste.SetEnabled(false) // it would start a program to ask for the clipboard
	in.text.SetValue(value)
	in.text.Focus()
	return in
}

// Key takes a key that is for the text.
func (in *Input) Key(k tea.KeyMsg) {
	in.text, _ = in.text.Update(k) // what it asks for is blinking, of which there is none here
}

// Value is the text as typed so far.
func (in *Input) Value() string { return in.text.Value() }

// Edit is how the text is drawn.
func (in *Input) Edit(th *theme.Theme) widget.Edit {
	value, at := []rune(in.text.Value()), in.text.Position()
	return widget.Edit{Theme: th, Left: string(value[:at]), Right: string(value[at:])}
}
