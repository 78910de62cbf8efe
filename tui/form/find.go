package form

import (
	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/keys"
	"berth/tui/theme"
	"berth/tui/widget"
)

// Find is a text that lines are searched for.
type Find struct {
	Text string // empty: all lines
	Open bool   // it is being typed
	in   Input
}

// Begin opens it for a new text.
func (f *Find) Begin() { *f = Find{Open: true, in: NewInput("")} }

// On says that there is something to show of it.
func (f *Find) On() bool { return f.Open || f.Text != "" }

// Keys are the keys while it is open.
func (f *Find) Keys() []keys.Key {
	return []keys.Key{
		keys.Way("enter", "keep", func() { f.Open = false }),
		keys.Way("esc", "all lines", func() { *f = Find{} }),
	}
}

// Key takes a key while it is open.
func (f *Find) Key(k tea.KeyMsg) {
	if _, matched := keys.Press(f.Keys(), k); !matched {
		f.in.Key(k)
		f.Text = f.in.Value()
	}
}

// Put appends it to a line.
func (f *Find) Put(th *theme.Theme, l *widget.Line) {
	l.Put(th.Quiet, "find ")
	if !f.Open {
		l.Put(th.Strong, f.Text)
		return
	}
	edit := f.in.Edit(th)
	l.Put(th.Strong, edit.Left).Put(th.Accent, th.Glyphs.Caret).Put(th.Strong, edit.Right)
}
