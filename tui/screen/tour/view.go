package tour

import (
	"berth/tui/theme"
	"berth/tui/widget"
)

// intro says where we are.
const intro = "This is a simulated AWS account. Nothing is created in AWS and nothing costs anything. " +
	"There is a sample app to deploy. Choose what happens:"

// brief is intro where there is little room.
const brief = "Simulated: nothing is created, nothing costs anything."

// wide is from how many columns on what is told of a story stands beside the list.
const wide = 100

// View draws the screen: the list of stories, and beside or below it what happens in the one with the cursor.
func (t *Screen) View() string {
	th, w, h := t.s.Theme, t.width, t.height
	lines := append(widget.Paragraph(th.Text, intro, w), "")
	if w >= wide {
		return widget.Join(append(lines, t.columns(h-len(lines))...))
	}
	room := t.mostDetail(w)
	if h-len(lines)-room-1 < 3 { // a small terminal: the list is needed more than the introduction
		lines = []string{widget.NewLine(th, w).Put(th.Text, brief).String()}
	}
	list := max(3, min(len(t.stories()), h-len(lines)-room-1))
	lines = append(lines, t.list(w, list)...)
	lines = append(lines, "")
	below := h - len(lines)
	lines = append(lines, widget.Lines(widget.Static(th, t.detail(w), 0, w, below))...)
	return widget.Join(lines)
}

func (t *Screen) columns(h int) []string {
	left := 0
	for _, s := range t.stories() {
		left = max(left, widget.Width(s.Title)+2)
	}
	left = min(left, t.width/2)
	list := t.list(left, h)
	detail := widget.Lines(widget.Static(t.s.Theme, t.detail(t.width-left-4), 0, t.width-left-4, h))
	var lines []string
	for i := range max(len(list), len(detail)) {
		l := widget.NewLine(t.s.Theme, t.width)
		if i < len(list) {
			l.Raw(list[i], widget.Width(list[i]))
		}
		if i < len(detail) && detail[i] != "" {
			l.To(left+4).Raw(detail[i], widget.Width(detail[i]))
		}
		lines = append(lines, l.String())
	}
	return lines
}

func (t *Screen) list(w, h int) []string {
	th, stories := t.s.Theme, t.stories()
	t.offset = widget.Follow(t.offset, t.cursor, t.cursor, len(stories), h)
	return widget.Lines(widget.Scroll{Theme: th, Count: len(stories), Offset: t.offset, Line: func(i, w int) string {
		l := widget.NewLine(th, w)
		if i != t.cursor {
			return l.Gap(2).Put(th.Text, stories[i].Title).String()
		}
		return widget.Selected(th, l.Put(th.Accent, th.Glyphs.Cursor+" ").Put(th.Title, stories[i].Title).String(), w)
	}}.Render(w, h))
}

const labelWidth = 9

// detail tells about the story with the cursor.
func (t *Screen) detail(w int) []string {
	th := t.s.Theme
	if t.err != nil {
		return t.s.Card(t.err).Lines(w)
	}
	if t.loading {
		g := th.Glyphs.Spinner
		return []string{th.Accent.Paint(g[t.s.Frame%len(g)]) + " " + th.Text.Paint("Getting ready"+th.Glyphs.Ellipsis)}
	}
	if t.cursor >= len(t.stories()) {
		return nil
	}
	s := t.stories()[t.cursor]
	return append(t.labelled(th.Text, "happens", s.Happens, w), t.labelled(th.Text, "press", s.Press, w)...)
}

func (t *Screen) labelled(ink theme.Ink, label, text string, w int) []string {
	var lines []string
	for i, part := range widget.Wrap(text, w-labelWidth) {
		l := widget.NewLine(t.s.Theme, w)
		if i == 0 {
			l.Put(t.s.Theme.Quiet, label)
		}
		lines = append(lines, l.To(labelWidth).Put(ink, part).String())
	}
	return lines
}

// mostDetail is how many lines the longest story takes, so that nothing jumps when the cursor moves.
func (t *Screen) mostDetail(w int) int {
	most := 0
	for _, s := range t.stories() {
		most = max(most, len(widget.Wrap(s.Happens, w-labelWidth))+len(widget.Wrap(s.Press, w-labelWidth)))
	}
	return most
}
