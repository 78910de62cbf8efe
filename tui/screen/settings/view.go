package settings

import (
	"strings"

	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

const gutter = 4

func (t *Screen) wide() bool { return t.width >= 110 }

func (t *Screen) listWidth() int {
	if t.wide() {
		return (t.width - gutter) * 7 / 10
	}
	return t.width
}

// helpHeight is how many lines below the list explain the value at the cursor.
func (t *Screen) helpHeight() int {
	if t.wide() {
		return 0
	}
	if t.height < 14 {
		return 2
	}
	return 4
}

func (t *Screen) listHeight() int {
	height := t.height
	if !t.wide() {
		height -= t.helpHeight() + 1
	}
	if t.find.On() {
		height -= 2
	}
	return height
}

func (t *Screen) fields() widget.Fields {
	f := widget.Fields{Theme: t.s.Theme, Cursor: t.cursor, Offset: t.offset}
	s := t.s.Spec()
	for i, r := range t.rows {
		if r.Heading != "" {
			f.Fields = append(f.Fields, widget.Field{Heading: r.Heading})
			continue
		}
		if r.Folds != "" {
			f.Fields = append(f.Fields, widget.Field{Label: r.Label, Rest: r.Names})
			continue
		}
		_, show, unset := r.Value(s)
		o, _ := r.Origin(s)
		x := widget.Field{Label: r.Label, Value: show, Unset: unset, From: r.From(s), Place: screen.LineOf(o)}
		if p, bad := t.problem(r); bad {
			x.Problem = saying(p)
		}
		if i == t.cursor {
			if t.refused != "" {
				x.Problem = t.refused
			}
			if t.editor != nil {
				for _, l := range t.editor.Lines(t.listWidth()-4, widget.EditorRows(t.listHeight())) {
					x.Below = append(x.Below, "    "+l)
				}
			}
		}
		f.Fields = append(f.Fields, x)
	}
	return f
}

// View draws the screen.
func (t *Screen) View() string {
	if t.err != nil {
		return t.s.Card(t.err).Render(t.width, t.height)
	}
	list := t.list()
	if t.wide() {
		w := t.width - t.listWidth() - gutter
		return widget.Beside(list, widget.Join(t.help(w, t.height)), t.listWidth(), gutter)
	}
	lines := widget.Lines(list)
	for len(lines) < t.height-t.helpHeight() {
		lines = append(lines, "")
	}
	return widget.Join(append(lines, t.help(t.width, t.helpHeight())...))
}

// list is the list of values, below what is looked for.
func (t *Screen) list() string {
	if !t.find.On() {
		return t.fields().Render(t.listWidth(), t.listHeight())
	}
	l := widget.NewLine(t.s.Theme, t.listWidth())
	t.find.Put(t.s.Theme, l)
	head := []string{l.String(), ""}
	if len(t.rows) == 0 {
		return widget.Join(append(head, t.s.Theme.Quiet.Paint("nothing is called that")))
	}
	return widget.Join(append(head, widget.Lines(t.fields().Render(t.listWidth(), t.listHeight()))...))
}

// help explains the value at the cursor, as berth.toml has it.
func (t *Screen) help(width, height int) []string {
	th, r := t.s.Theme, t.row()
	var lines []string
	put := func(ink theme.Ink, text string, most int) {
		if room := height - len(lines); room > 0 && text != "" {
			lines = append(lines, widget.Brief(th, ink, text, width, min(most, room))...)
		}
	}
	if r.Name == "" {
		put(th.Warn, t.note, height)
		put(th.Quiet, r.Names, 4)
		return widget.Fit(lines, width, height)
	}
	doc := strings.ToUpper(r.Key.Doc[:1]) + r.Key.Doc[1:] + "."
	key := "In berth.toml: " + r.Key.Name + ", such as " + r.Key.Example
	const next = "berth.toml is written when you confirm the plan."
	if t.wide() {
		put(th.Warn, t.note, height)
		put(th.Strong, r.Label, 1)
		put(th.Text, doc, height)
		lines = append(lines, "")
		if o, ok := r.Origin(t.s.Spec()); ok && screen.LineOf(o) != "" {
			put(th.Quiet, "From "+screen.From(o), height)
			lines = append(lines, "")
		}
		put(th.Quiet, key, height)
		lines = append(lines, "")
		put(th.Quiet, next, height)
		return widget.Fit(lines, width, height)
	}
	put(th.Warn, t.note, 2)
	if height > 2 {
		put(th.Text, doc, 2)
		put(th.Quiet, key, 1)
	} else {
		put(th.Text, doc, 1)
	}
	put(th.Quiet, next, 1)
	return lines
}
