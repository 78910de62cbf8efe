package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"berth/tui/theme"
)

// Field is one value that can be looked at and changed. A field without a Label is a heading.
type Field struct {
	Heading string
	Label   string
	Value   string
	Unset   bool   // there is no value; Value says what that means
	From    string // where the value came from
	Place   string // the file and line that From begins with, if it does
	Problem string // what is wrong with it
	Below   []string
	Rest    string // instead of a value and where it came from: what the label stands for
}

// Fields is a list of values in three columns: what, the value, where it came from. Below the field with the
// cursor there may be more, such as an editor.
type Fields struct {
	Theme  *theme.Theme
	Fields []Field
	Cursor int // index into Fields
	Offset int // first line that is shown; Follow keeps the cursor in view
}

// columns of a list that is width wide: label, value; the rest is where it came from.
func (f Fields) columns(width int) (label, value int) {
	for _, x := range f.Fields {
		label, value = max(label, Width(x.Label)), max(value, Width(x.Value))
	}
	return min(label, width*2/5), max(8, min(value, width*3/10, 32))
}

// Lines draws all fields, and tells which lines belong to the field with the cursor.
func (f Fields) Lines(width int) (lines []string, first, last int) {
	label, value := f.columns(width)
	for i, x := range f.Fields {
		if x.Label == "" {
			if i > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, NewLine(f.Theme, width).Put(f.Theme.Strong, x.Heading).String())
			continue
		}
		start := len(lines)
		row := f.line(x, i == f.Cursor, label, value, width)
		if i == f.Cursor {
			row = Selected(f.Theme, row, width)
		}
		lines = append(lines, row)
		if x.Problem != "" {
			for k, text := range Wrap(x.Problem, width-6) {
				l := NewLine(f.Theme, width).Gap(4)
				if k == 0 {
					l = NewLine(f.Theme, width).Gap(2).Put(f.Theme.Alarm, f.Theme.Glyphs.Failed).Gap(1)
				}
				lines = append(lines, l.Put(f.Theme.Bad, text).String())
			}
		}
		if i == f.Cursor {
			lines = append(lines, x.Below...)
			first, last = start, len(lines)-1
			if start == 1 {
				first = 0 // the heading above comes with it
			}
		}
	}
	return lines, first, last
}

func (f Fields) line(x Field, cursor bool, label, value, width int) string {
	th := f.Theme
	l := NewLine(th, width)
	ink, what := th.Text, th.Text
	if x.Unset {
		what = th.Quiet
	}
	if cursor {
		l.Put(th.Accent, th.Glyphs.Cursor)
		ink = th.Strong
		if !x.Unset {
			what = th.Title
		}
	}
	if x.Problem != "" {
		what = th.Bad
	}
	l.To(2).Cell(ink, x.Label, label).Gap(2)
	if x.Rest != "" {
		return l.Put(th.Quiet, x.Rest).String()
	}
	if room := width - l.used - value - 2; room < 8 || x.From == "" {
		return l.Put(what, x.Value).String()
	}
	l.Cell(what, x.Value, value).Gap(2)
	from := x.From
	if x.Place != "" && Width(x.Place) > l.Left() {
		from = TailOf(x.Place, l.Left(), th.Glyphs.Ellipsis)
	}
	return l.Put(th.Quiet, from).String()
}

// TailOf is the end of a path with as many of its folders as fit: of a place in a file the name and the line
// tell most.
func TailOf(path string, width int, ellipsis string) string {
	for tail := path; Width(path) > width; {
		_, rest, ok := strings.Cut(tail, "/")
		if !ok {
			break
		}
		if tail = rest; Width(ellipsis+"/"+tail) <= width {
			return ellipsis + "/" + tail
		}
	}
	if over := Width(path) - width; over > 0 {
		return ansi.TruncateLeft(path, over+Width(ellipsis), ellipsis)
	}
	return path
}

// Render draws the fields in a room, with the cursor's lines in view as far as Offset has them.
func (f Fields) Render(width, height int) string {
	lines, _, _ := f.Lines(width)
	return Static(f.Theme, lines, f.Offset, width, height)
}

// Follow is the offset at which the field with the cursor is in view.
func (f Fields) Follow(width, height int) int {
	lines, first, last := f.Lines(width)
	if last-first >= height-2 {
		last = first + max(0, height-3)
	}
	return Follow(f.Offset, first, last, len(lines), height)
}

// Move is the index of the field so many further, of those that can have the cursor, or of the last on the way.
func (f Fields) Move(at, by int) int {
	step := 1
	if by < 0 {
		step, by = -1, -by
	}
	for i := at + step; by > 0 && i >= 0 && i < len(f.Fields); i += step {
		if f.Fields[i].Label != "" {
			at = i
			by--
		}
	}
	return at
}

// EditorRows is how many lines an editor below a field may have in a room of that height, so that all of it is
// seen beside the field and the marks of what is hidden.
func EditorRows(height int) int { return max(1, min(8, height-3)) }
