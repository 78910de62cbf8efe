package needs

import (
	"fmt"
	"strings"

	"berth/compare"
	"berth/compare/advise"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

const gutter = 4

// wide says that there is room for two columns.
func (n *Screen) wide() bool { return n.width >= 100 }

func (n *Screen) listWidth() int {
	if n.wide() {
		return (n.width - gutter) * 3 / 5
	}
	return n.width
}

func (n *Screen) listHeight() int {
	if n.wide() {
		return n.height
	}
	return n.height - n.asideHeight() - 1
}

func (n *Screen) asideHeight() int {
	if n.editor != nil && n.height < 14 {
		return 1 // the rest is for the editor
	}
	return max(4, min(9, n.height/3))
}

func (n *Screen) fields() widget.Fields {
	f := widget.Fields{Theme: n.s.Theme, Cursor: n.cursor, Offset: n.offset}
	for i, q := range n.questions {
		if q.ID == "" {
			f.Fields = append(f.Fields, widget.Field{Heading: q.Label})
			continue
		}
		_, show := q.Value(n.s.Draft)
		if cost := q.Cost(n.services); cost != "" {
			show += ", " + strings.TrimSuffix(cost, " a month")
		}
		o := q.origin(n.s.Draft)
		x := widget.Field{Label: q.Label, Value: show, From: screen.From(o), Place: screen.LineOf(o)}
		x.Unset = show == "no" || show == "none" || show == "no limit"
		if i == n.cursor {
			x.Problem = n.problem
			if n.folder {
				x.Below = append(x.Below, n.s.Theme.Quiet.Paint("    Which folder, such as /app/uploads? Empty names it later, esc takes the yes back."))
			}
			if n.editor != nil {
				for _, l := range n.editor.Lines(n.listWidth()-4, widget.EditorRows(n.listHeight())) {
					x.Below = append(x.Below, "    "+l)
				}
			}
		}
		f.Fields = append(f.Fields, x)
	}
	return f
}

// View draws the screen.
func (n *Screen) View() string {
	list := n.fields().Render(n.listWidth(), n.listHeight())
	if n.wide() {
		aside := n.aside(n.width-n.listWidth()-gutter, n.height)
		return widget.Beside(list, widget.Join(aside), n.listWidth(), gutter)
	}
	lines := widget.Lines(list)
	for len(lines) < n.listHeight() {
		lines = append(lines, "")
	}
	lines = append(lines, "")
	return widget.Join(append(lines, n.aside(n.width, n.asideHeight())...))
}

// aside explains the question with the cursor and what the services make of the answers.
func (n *Screen) aside(width, height int) []string {
	th, q := n.s.Theme, n.questions[n.cursor]
	if !n.wide() {
		return n.below(q, width, height)
	}
	lines := append([]string{th.Strong.Paint(q.Label)}, widget.Paragraph(th.Quiet, q.About(), width)...)
	if o := q.origin(n.s.Draft); screen.LineOf(o) != "" {
		lines = append(lines, widget.Paragraph(th.Quiet, "Found in "+screen.From(o), width)...)
	}
	if cost := q.Cost(n.services); cost != "" {
		lines = append(lines, widget.Paragraph(th.Quiet, "It costs "+cost+".", width)...)
	}
	if n.news != "" {
		lines = append(lines, widget.Brief(th, th.Accent, th.Glyphs.Arrow+" "+n.news, width, 4)...)
	}
	lines = append(lines, "", th.Strong.Paint("What that means"))
	return widget.Fit(append(lines, n.verdicts(width, height-len(lines), q)...), width, height)
}

// below is aside in a few lines: the question, what the last answer changed, and the verdicts.
func (n *Screen) below(q Question, width, height int) []string {
	th := n.s.Theme
	var verdicts, news []string
	switch {
	case height >= len(n.services)+3:
		verdicts = n.verdicts(width, height-3, q)
	case height > 1:
		verdicts = n.summary(width, height < 5)
	}
	if n.news != "" && height > 1 {
		news = widget.Brief(th, th.Accent, th.Glyphs.Arrow+" "+n.news, width, 1)
	}
	room := max(1, height-len(verdicts)-len(news))
	lines := widget.Brief(th, th.Quiet, q.About(), width, room)
	return widget.Fit(append(append(lines, news...), verdicts...), width, height)
}

// verdicts lists the services with what this question says about each, as much of it as there is room for.
func (n *Screen) verdicts(width, height int, q Question) []string {
	th := n.s.Theme
	if n.trouble != "" {
		return n.troubled(width, height)
	}
	name := min(20, width/2)
	for most := 6; ; most-- {
		var lines []string
		for _, s := range n.services {
			glyph, ink := screen.VerdictGlyph(th, s.Verdict)
			for i, text := range widget.Brief(th, th.Quiet, about(s, q.ID), width-name-3, most) {
				l := widget.NewLine(th, width)
				if i == 0 {
					l.Put(ink, glyph).Gap(1).Cell(th.Text, screen.ShortName(s.Name), name)
				}
				l.To(name + 3)
				lines = append(lines, l.Raw(text, widget.Width(text)).String())
			}
		}
		if len(lines) <= height || most == 1 {
			return lines
		}
	}
}

func (n *Screen) troubled(width, height int) []string {
	th := n.s.Theme
	return widget.Brief(th, th.Warn, "The services cannot be judged: "+n.trouble, width, max(1, height))
}

// about is what a service says to a requirement; when it says nothing, its verdict as a whole.
func about(s compare.Service, id string) string {
	for _, r := range s.Reasons {
		if r.Requirement == id && r.Verdict != advise.Fits {
			return r.Text
		}
	}
	for _, r := range s.Reasons {
		if r.Verdict == s.Verdict && s.Verdict != advise.Fits {
			return r.Text
		}
	}
	return screen.VerdictWord(s.Verdict)
}

// summary is the verdicts in one line each; tight is in two lines at most.
func (n *Screen) summary(width int, tight bool) []string {
	th := n.s.Theme
	if n.trouble != "" {
		return n.troubled(width, 2)
	}
	names := map[advise.Verdict][]string{}
	for _, s := range n.services {
		names[s.Verdict] = append(names[s.Verdict], screen.ShortName(s.Name))
	}
	fit, change := names[advise.Fits], names[advise.Changes]
	if tight && len(fit) > 0 && len(change) > 0 && len(names[advise.No]) > 0 {
		names[advise.Fits] = append(fit, fmt.Sprintf("%d more if the app changes", len(change)))
		delete(names, advise.Changes)
	}
	var lines []string
	for i, v := range []advise.Verdict{advise.Fits, advise.Changes, advise.No} {
		if len(names[v]) == 0 {
			continue
		}
		glyph, ink := screen.VerdictGlyph(th, v)
		word := []theme.Ink{th.Strong, th.Text, th.Quiet}[i]
		l := widget.NewLine(th, width).Put(ink, glyph).Gap(1).Cell(ink, screen.VerdictWord(v), 16)
		lines = append(lines, l.Put(word, strings.Join(names[v], ", ")).String())
	}
	return lines
}
