// Package form drives huh fields one key at a time, so that no answer is lost and nothing wedges.
//
// A huh form moves on by messages to itself: a second Enter that is read before such a message arrives skips
// a required field, and Shift+Tab on an invalid field leaves a form that takes no key. Here Enter, Tab,
// Shift+Tab and Esc never reach huh; the field is validated and left while the key is handled. Window sizes
// never reach it either: the caller sets the width, and gives the form the rows that it needs.
package form

import (
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"

	"berth/tui/theme"
	"berth/tui/widget"
)

// State is where a form stands.
type State int

// The states. A form that is Done or Cancelled takes no more keys; make a new one to ask again.
const (
	Asking State = iota
	Done
	Cancelled
)

// Form is one page of fields, of which one has the focus. Fields write their values through the pointers
// that they were made with while keys come in; whoever may cancel gives them copies.
type Form struct {
	th     *theme.Theme
	form   *huh.Form
	fields []huh.Field
	at     int
	state  State
	width  int
}

// New makes a form of fields. The first one has the focus.
func New(th *theme.Theme, fields ...huh.Field) *Form {
	f := &Form{th: th, fields: fields}
	f.form = huh.NewForm(huh.NewGroup(fields...)).
		WithKeyMap(keymap()).WithTheme(th.Huh).WithShowHelp(false).WithShowErrors(false).WithLayout(huh.LayoutStack)
	f.form.Init()
	f.fields[0].Focus()
	f.refresh()
	return f
}

// keymap is huh's own without what the program decides: quitting, and filtering, in which an Enter means
// something else.
func keymap() *huh.KeyMap {
	k := huh.NewDefaultKeyMap()
	k.Quit.SetEnabled(false)
	k.Select.Filter.SetEnabled(false)
	k.MultiSelect.Filter.SetEnabled(false)
	return k
}

// State says whether the form is still asking.
func (f *Form) State() State { return f.state }

// SetWidth gives the form its columns.
func (f *Form) SetWidth(w int) {
	f.width = w
	f.form.WithWidth(max(1, w-1)) // a huh select is one column wider than asked
	f.refresh()
}

// Key handles one key.
func (f *Form) Key(k tea.KeyMsg) {
	if f.state != Asking {
		return
	}
	switch k.Type {
	case tea.KeyEnter:
		if k.Paste {
			return
		}
		if f.leave() {
			f.forward()
		}
	case tea.KeyTab:
		if f.at < len(f.fields)-1 && f.leave() {
			f.forward()
		}
	case tea.KeyShiftTab:
		f.back()
	case tea.KeyEsc:
		f.state = Cancelled
	case tea.KeyCtrlC:
		// the program's own
	default:
		f.form.Update(k) // what it asks for is blinking, of which there is none here
	}
}

// leave validates the field with the focus. An invalid field keeps the focus, and Problem says why.
func (f *Form) leave() bool {
	field := f.fields[f.at]
	field.Blur()
	if field.Error() != nil {
		field.Focus()
		f.refresh()
		return false
	}
	return true
}

func (f *Form) forward() {
	if f.at < len(f.fields)-1 {
		f.form.NextField()
		f.at++
		f.refresh()
		return
	}
	for i, field := range f.fields { // one may have been left invalid backwards
		if field.Error() != nil {
			f.moveTo(i)
			return
		}
	}
	f.state = Done
}

func (f *Form) back() {
	if f.at > 0 {
		f.moveTo(f.at - 1)
	}
}

func (f *Form) moveTo(i int) {
	for f.at > i {
		f.form.PrevField()
		f.at--
	}
	f.refresh()
}

// refresh makes the form draw its fields anew: it does so only when a message comes.
func (f *Form) refresh() { f.form.Update(nil) }

// Problem is why the field with the focus cannot be left, or empty.
func (f *Form) Problem() string {
	if err := f.fields[f.at].Error(); err != nil {
		return err.Error()
	}
	return ""
}

// Focus is the key of the field with the focus, as given to it by its Key method.
func (f *Form) Focus() string { return f.fields[f.at].GetKey() }

// Lines are all fields, then the problem of the one with the focus, none wider than the width.
func (f *Form) Lines() []string {
	var lines []string
	for _, field := range f.fields {
		lines = append(lines, widget.Lines(field.View())...)
	}
	lines = widget.Fit(lines, f.width, len(lines))
	return append(lines, problem(f.th, f.Problem(), f.width)...)
}

// problem is why a field cannot be left, as lines.
func problem(th *theme.Theme, p string, width int) []string {
	if p == "" {
		return nil
	}
	var lines []string
	for i, l := range widget.Wrap(p, width-2) {
		lead := "  "
		if i == 0 {
			lead = th.Bad.Paint(th.Glyphs.Failed) + " "
		}
		lines = append(lines, lead+th.Bad.Paint(l))
	}
	return lines
}
