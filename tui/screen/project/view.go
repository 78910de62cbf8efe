package project

import (
	"strings"

	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

const gutter = 4

// wide says that there is room for two columns.
func (p *Screen) wide() bool { return p.width >= 100 }

func (p *Screen) listWidth() int {
	if p.wide() {
		return (p.width - gutter) * 3 / 5
	}
	return p.width
}

// listHeight is the rows of the findings.
func (p *Screen) listHeight() int {
	h := p.height - len(p.top()) - len(p.bottom())
	if !p.wide() && len(p.found) > 0 {
		h -= p.asideHeight() + 1
	}
	return max(1, h)
}

func (p *Screen) asideHeight() int { return max(3, min(8, p.height/3)) }

func (p *Screen) follow() {
	if p.width == 0 {
		return
	}
	lines, first, last := p.lines(p.listWidth())
	p.offset = widget.Follow(p.offset, first, last, len(lines), p.listHeight())
}

// View draws the screen.
func (p *Screen) View() string {
	th := p.s.Theme
	top, bottom := p.top(), p.bottom()
	if p.imports && p.moved() {
		return widget.Join(append(append(top, widget.Lines(widget.Static(th, p.table(p.width), p.offset, p.width, p.tableHeight()))...), bottom...))
	}
	if len(p.found) == 0 {
		return widget.Join(append(top, bottom...))
	}
	w, h := p.listWidth(), p.listHeight()
	all, _, _ := p.lines(w)
	list := widget.Static(th, all, p.offset, w, h)
	if p.wide() {
		aside := widget.Join(p.aside(p.width-w-gutter, h))
		list = widget.Beside(list, aside, w, gutter)
	}
	lines := append(top, widget.Lines(list)...)
	for len(lines) < len(top)+h {
		lines = append(lines, "")
	}
	if !p.wide() {
		lines = append(append(lines, ""), p.aside(p.width, p.asideHeight())...)
	}
	return widget.Join(append(lines, bottom...))
}

// top is what stands above the findings.
func (p *Screen) top() []string {
	lines := []string{p.heading(), p.offer()}
	if p.err != nil {
		lines = append(lines, p.s.Card(p.err).Lines(p.width)...)
		lines = append(lines, "")
	}
	if p.s.Findings != nil && len(p.found) == 0 {
		lines = append(lines, widget.Paragraph(p.s.Theme.Quiet, "Nothing was found beyond its Dockerfile.", p.width)...)
	}
	return lines
}

// bottom is what stands below them: what goes on, or why it is not known what runs.
func (p *Screen) bottom() []string {
	th := p.s.Theme
	switch {
	case p.loading != "":
		g := th.Glyphs.Spinner
		line := th.Accent.Paint(g[p.s.Frame%len(g)]) + " " + th.Text.Paint(p.loading+th.Glyphs.Ellipsis)
		if p.s.Findings == nil {
			return []string{line}
		}
		return []string{"", line}
	case p.note != "":
		return append([]string{""}, widget.Paragraph(th.Warn, p.note, p.width)...)
	}
	return nil
}

// lines lists the findings under their headings, and tells which lines belong to the one with the cursor.
func (p *Screen) lines(w int) (lines []string, first, last int) {
	th := p.s.Theme
	place := 0
	for _, f := range p.found {
		place = max(place, widget.Width(screen.Where(f)))
	}
	place = min(place, w*3/10)
	grave := len(p.found) > 0 && weight(p.found[0]) < len(weights)-1 // else the heading says nothing
	for i, f := range p.found {
		if grave && (i == 0 || weight(p.found[i-1]) != weight(f)) {
			if i > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, th.Strong.Paint(weights[weight(f)].heading))
		}
		line := p.row(f, i == p.cursor, place, w)
		if i != p.cursor {
			lines = append(lines, line)
			continue
		}
		if first = len(lines); first == 1 {
			first = 0 // with its heading
		}
		lines = append(lines, widget.Selected(th, line, w))
		if p.editor != nil {
			for _, l := range p.editor.Lines(w-4, 3) {
				lines = append(lines, "    "+l)
			}
		}
		last = len(lines) - 1
	}
	return lines, first, last
}

func (p *Screen) row(f screen.Finding, cursor bool, place, w int) string {
	th := p.s.Theme
	l := widget.NewLine(th, w)
	if cursor {
		l.Put(th.Accent, th.Glyphs.Cursor)
	}
	sign, ink, text := p.sign(f)
	l.To(2).Put(ink, sign).To(4)
	where := screen.Where(f)
	if widget.Width(where) > place {
		where = widget.TailOf(where, place, th.Glyphs.Ellipsis)
	}
	l.Cell(th.Quiet, where, place).Gap(2)
	if weight(f) == len(weights)-1 && f.Text != "" { // of a fact it counts what was found, else what that means
		return l.Put(text, f.Text).Gap(2).Put(th.Quiet, f.Means).String()
	}
	return l.Put(text, f.Means).String()
}

// sign is how a finding weighs: its glyph with the ink, and the ink of what it means.
func (p *Screen) sign(f screen.Finding) (glyph string, ink, text theme.Ink) {
	th := p.s.Theme
	switch {
	case screen.Must(f) && p.s.Open(f):
		return th.Glyphs.Off, th.Warn, th.Strong
	case screen.Must(f):
		return th.Glyphs.Done, th.Good, th.Text
	case f.Severity == "should":
		return th.Glyphs.Dot, th.Warn, th.Text
	}
	return "", th.Text, th.Text
}

// aside tells all of the finding with the cursor.
func (p *Screen) aside(w, h int) []string {
	th := p.s.Theme
	f, ok := p.at()
	if !ok {
		return nil
	}
	lines := []string{widget.NewLine(th, w).Put(th.Strong, f.Text).String()}
	if where := screen.Where(f); p.wide() && where != "" {
		lines = append(lines, widget.NewLine(th, w).Put(th.Quiet, where).String())
	}
	state := p.state(f)
	room := h - len(lines)
	if state != "" {
		room--
	}
	ink := th.Text
	if !p.wide() {
		ink = th.Quiet
	}
	lines = append(lines, widget.Brief(th, ink, widget.Sentence(f.Means)+".", w, max(1, room))...)
	if state != "" {
		lines = append(lines, widget.NewLine(th, w).Put(th.Accent, state).String())
	}
	if diff := strings.TrimRight(f.Diff, "\n"); diff != "" && len(lines)+2 < h {
		lines = append(lines, "", th.Strong.Paint("A change that settles it"))
		lines = append(lines, p.diff(diff, w)...)
	}
	return widget.Fit(lines, w, h)
}

// diff is a unified diff with its lines in the inks of what they do.
func (p *Screen) diff(diff string, w int) []string {
	th := p.s.Theme
	var lines []string
	for line := range strings.SplitSeq(diff, "\n") {
		ink := th.Quiet
		switch {
		case strings.HasPrefix(line, "+"):
			ink = th.Good
		case strings.HasPrefix(line, "-"):
			ink = th.Bad
		}
		lines = append(lines, widget.NewLine(th, w).Put(ink, line).String())
	}
	return lines
}

// state says how a must stands.
func (p *Screen) state(f screen.Finding) string {
	switch {
	case !screen.Must(f) || p.s.Draft == nil:
		return ""
	case !f.Open(p.s.Spec()):
		return "Settled by the settings."
	case p.s.Ticked(f):
		return "Ticked off."
	case f.Variable != nil || f.Key != "":
		return "Open: a answers it, space ticks it off."
	}
	return "Open: space ticks it off once it is done."
}
