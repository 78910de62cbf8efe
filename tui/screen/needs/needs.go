// Package needs is the screen that asks what the app needs. Every question has an answer from the start, from
// the source tree or a default, says why it matters, and shows at once which services the answer rules out.
package needs

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare"
	"berth/compare/advise"
	"berth/engine/fail"
	"berth/tui/form"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// Screen is the needs screen.
type Screen struct {
	s             *screen.Session
	width, height int

	questions []Question
	cursor    int
	offset    int
	editor    form.Editor
	problem   string // of the question with the cursor
	news      string // what the last answer changed
	services  []compare.Service
	trouble   string // why the services cannot be judged
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, questions: All(), cursor: 1} }

// Enter judges anew: settings may have changed meanwhile.
func (n *Screen) Enter() tea.Cmd {
	n.judge()
	n.news = ""
	return nil
}

// Update handles a message.
func (n *Screen) Update(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if n.editor != nil {
		n.edit(k)
	} else {
		n.onKey(k)
	}
	n.offset = n.fields().Follow(n.listWidth(), n.listHeight())
	return nil
}

func (n *Screen) onKey(k tea.KeyMsg) {
	q := n.questions[n.cursor]
	switch k.String() {
	case "enter":
		if n.s.Spec().Region == "" {
			n.ask("region", "a region is needed: choose the one nearest to the users")
			return
		}
		n.s.Go(screen.Compare)
	case "esc":
		n.s.Back()
	case "up", "k":
		n.move(-1)
	case "down", "j":
		n.move(1)
	case "home":
		n.cursor = 1
	case "end":
		n.cursor = len(n.questions) - 1
	case " ", "e":
		if q.Kind == YesNo {
			n.toggle(q)
			return
		}
		n.open(q)
	case "y", "n":
		if q.Kind == YesNo && q.on(n.s.Draft) != (k.String() == "y") {
			n.toggle(q)
		}
	case "left", "right", "-", "+":
		n.step(q, k.String())
	case "u":
		before := n.services
		if label := n.s.Draft.Undo(); label != "" {
			n.problem = ""
			n.changed(before)
			n.news = tookBack(n.label(label), n.news)
		}
	}
}

func (n *Screen) move(by int) {
	n.cursor = n.fields().Move(n.cursor, by)
	n.problem, n.news = "", ""
}

// ask puts the cursor on a question that needs an answer, and says why.
func (n *Screen) ask(id, why string) {
	for i, q := range n.questions {
		if q.ID == id {
			n.cursor, n.problem = i, why
		}
	}
}

func (n *Screen) toggle(q Question) {
	value := "true"
	if q.on(n.s.Draft) {
		value = "false"
	}
	n.answer(q, value)
}

// step changes the answer by the arrow keys: numbers by one, yes and no in turn.
func (n *Screen) step(q Question, key string) {
	by := 1
	if key == "left" || key == "-" {
		by = -1
	}
	switch q.Kind {
	case YesNo:
		n.toggle(q)
	case Number:
		if q.ID == "instances" {
			n.answer(q, stepped(n.s.Spec().Service.Instances, by))
		}
	}
}

func (n *Screen) open(q Question) {
	value, _ := q.Value(n.s.Draft)
	if q.Kind == Region {
		n.editor = form.NewChoice(n.s.Theme, n.s.Regions(), value)
		return
	}
	n.editor = form.NewText(n.s.Theme, "", value, q.Check)
}

func (n *Screen) edit(k tea.KeyMsg) {
	n.editor.Key(k)
	switch n.editor.State() {
	case form.Done:
		value := n.editor.Value()
		n.editor = nil
		n.answer(n.questions[n.cursor], strings.TrimPrefix(value, "$"))
	case form.Cancelled:
		n.editor = nil
	}
}

func (n *Screen) answer(q Question, value string) {
	before := n.services
	n.problem = ""
	if err := q.Answer(n.s.Draft, value); err != nil {
		n.problem = err.Error()
		return
	}
	n.changed(before)
}

// changed judges anew and says what the answer did to the services.
func (n *Screen) changed(before []compare.Service) {
	n.judge()
	if n.trouble == "" {
		n.news = news(before, n.services)
	}
}

func (n *Screen) judge() {
	n.services, n.trouble = nil, ""
	r, err := n.s.Compare()
	if err != nil {
		n.trouble = fail.From(err).Cause
		return
	}
	n.services = r.Services
}

// news says in one sentence which service an answer ruled out or brought back.
func news(before, after []compare.Service) string {
	old := map[string]advise.Verdict{}
	for _, s := range before {
		old[s.ID] = s.Verdict
	}
	var out []string
	for _, s := range after {
		was, ok := old[s.ID]
		switch {
		case !ok || was == s.Verdict:
		case s.Verdict == advise.No:
			out = append(out, screen.ShortName(s.Name)+" drops out"+why(s, advise.No))
		case was == advise.No:
			out = append(out, screen.ShortName(s.Name)+" is possible again")
		case s.Verdict == advise.Changes:
			out = append(out, screen.ShortName(s.Name)+" needs changes"+why(s, advise.Changes))
		default:
			out = append(out, screen.ShortName(s.Name)+" fits now")
		}
	}
	return strings.Join(out, "; ")
}

func why(s compare.Service, v advise.Verdict) string {
	for _, r := range s.Reasons {
		if r.Verdict == v {
			return ": " + r.Text
		}
	}
	return ""
}

// label is how the question about an answer is called, whose id or key is given.
func (n *Screen) label(of string) string {
	for _, q := range n.questions {
		if q.ID != "" && (q.ID == of || q.key == of) {
			return q.Label
		}
	}
	return of
}

// tookBack says what an undo took back, and what that did to the services.
func tookBack(what, news string) string {
	if news == "" {
		return "Undone: " + what
	}
	return "Undone: " + what + "; " + news
}

// SetSize gives the screen its room.
func (n *Screen) SetSize(w, h int) {
	n.width, n.height = w, h
	if n.s.Draft != nil {
		n.offset = n.fields().Follow(n.listWidth(), n.listHeight())
	}
}

// Typing says that letters are text just now.
func (n *Screen) Typing() bool { return n.editor != nil }

// Keys are the keys of this moment.
func (n *Screen) Keys() []widget.Key {
	if n.editor != nil {
		return []widget.Key{{Name: "enter", Does: "take it"}, {Name: "esc", Does: "leave it as it was"}}
	}
	change := widget.Key{Name: "space", Does: "change", Long: "change the answer, as ←→ do"}
	return []widget.Key{
		{Name: "enter", Does: "continue", Long: "accept all answers and see which service fits"},
		change,
		{Name: "↑↓", Does: "move"},
		{Name: "u", Does: "undo", Long: "take the last answer back"},
		{Name: "esc", Does: "back"},
	}
}

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
		o := q.Origin(n.s.Draft, n.s.Findings)
		x := widget.Field{Label: q.Label, Value: show, From: screen.From(o), Place: screen.Place(o)}
		x.Unset = show == "no" || show == "none" || show == "no limit"
		if i == n.cursor {
			x.Problem = n.problem
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
	lines := append([]string{th.Strong.Paint(q.Label)}, widget.Paragraph(th.Quiet, q.Why, width)...)
	if o := q.Origin(n.s.Draft, n.s.Findings); screen.Place(o) != "" {
		lines = append(lines, widget.Paragraph(th.Quiet, "Found in "+screen.From(o), width)...)
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
	lines := widget.Brief(th, th.Quiet, q.Why, width, room)
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
		names[advise.Fits] = append(fit, fmt.Sprintf("%d more with changes", len(change)))
		delete(names, advise.Changes)
	}
	var lines []string
	for i, v := range []advise.Verdict{advise.Fits, advise.Changes, advise.No} {
		if len(names[v]) == 0 {
			continue
		}
		glyph, ink := screen.VerdictGlyph(th, v)
		word := []theme.Ink{th.Strong, th.Text, th.Quiet}[i]
		l := widget.NewLine(th, width).Put(ink, glyph).Gap(1).Cell(ink, screen.VerdictWord(v), 14)
		lines = append(lines, l.Put(word, strings.Join(names[v], ", ")).String())
	}
	return lines
}
