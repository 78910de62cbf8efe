package form

import (
	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/theme"
	"berth/tui/widget"
)

// Find is a text that lines are searched for.
type Find struct {
	Text string // empty: all lines
	Open bool   // it is being typed
}

// Begin opens it for a new text.
func (f *Find) Begin() { *f = Find{Open: true} }

// On says that there is something to show of it.
func (f *Find) On() bool { return f.Open || f.Text != "" }

// Key takes a key while it is open: Enter keeps the text, Esc drops it.
func (f *Find) Key(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyEnter:
		f.Open = false
	case tea.KeyEsc:
		*f = Find{}
	case tea.KeyBackspace:
		if r := []rune(f.Text); len(r) > 0 {
			f.Text = string(r[:len(r)-1])
		}
	case tea.KeyRunes, tea.KeySpace:
		f.Text += widget.Clean(string(k.Runes))
	}
}

// Keys are the keys while it is open.
func (f *Find) Keys() []widget.Key {
	return []widget.Key{{Name: "enter", Does: "keep"}, {Name: "esc", Does: "all lines"}}
}

// Put appends it to a line.
func (f *Find) Put(th *theme.Theme, l *widget.Line) {
	l.Put(th.Quiet, "find ").Put(th.Strong, f.Text)
	if f.Open {
		l.Put(th.Accent, th.Glyphs.Caret)
	}
}
