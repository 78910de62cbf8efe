package compare

import (
	"strings"

	"berth/compare"
	"berth/compare/advise"
	"berth/compare/price"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

const gutter = 4

// wide says that services and details stand side by side.
func (c *Screen) wide() bool { return c.width >= 112 && c.tab != matrix }

func (c *Screen) listWidth() int {
	if c.wide() {
		return c.width * 9 / 20
	}
	return c.width
}

// listHeight is the rows of the services with the two lines around them.
func (c *Screen) listHeight() int {
	switch {
	case c.result == nil || c.wide():
		return c.height
	case c.tab == matrix:
		return 1
	}
	return max(4, min(len(c.result.Services)+2, c.height/2))
}

func (c *Screen) detailWidth() int {
	if c.wide() {
		return c.width - c.listWidth() - gutter
	}
	return c.width
}

// detailHeight is the rows of the details below the line with the views.
func (c *Screen) detailHeight() int {
	if c.wide() {
		return max(1, c.height-1)
	}
	return max(1, c.height-c.listHeight()-2)
}

// View draws the screen.
func (c *Screen) View() string {
	if len(c.doubts) > 0 {
		return c.s.Despite(widget.Lines(c.view()), "Choose "+screen.ShortName(c.service().Name)+" anyway?", c.doubts, c.Keys(), c.width, c.height)
	}
	return c.view()
}

func (c *Screen) view() string {
	if c.err != nil {
		return c.s.Card(c.err).Render(c.width, c.height)
	}
	if c.result == nil || len(c.result.Services) == 0 {
		return ""
	}
	list := c.list(c.listWidth(), c.listHeight())
	w := c.detailWidth()
	details := c.views(w) + "\n" + widget.Static(c.s.Theme, c.details(), c.offset, w, c.detailHeight())
	if c.wide() {
		return widget.Beside(widget.Join(list), details, c.listWidth(), gutter)
	}
	for len(list) < c.listHeight() {
		list = append(list, "")
	}
	list = append(list, "")
	return widget.Join(append(list, widget.Lines(details)...))
}

// views is the line that names the views, with the one that is shown.
func (c *Screen) views(width int) string {
	th := c.s.Theme
	l := widget.NewLine(th, width)
	for i, name := range tabNames {
		ink := th.Quiet
		if tab(i) == c.tab {
			ink = th.Title
		}
		l.Put(th.Quiet, jumps[i]).Gap(1).Put(ink, name).Gap(2)
	}
	return l.String()
}

// list is the services, best first, with verdict and cost, and below them what the costs stand for.
func (c *Screen) list(width, height int) []string {
	th, r := c.s.Theme, c.result
	foot := widget.NewLine(th, width)
	switch {
	case c.note != "" && c.good:
		foot.Put(th.Good, c.note)
	case c.note != "":
		foot.Put(th.Warn, c.note)
	default:
		what := "for " + compare.UsageText(r.Usage)
		if in := " in " + r.Region; widget.Width(what+in) <= width { // the header has it, too
			what += in
		}
		if not := r.NotCounted(); not != "" { // what a sum lacks is worth more than what it is for
			foot.Put(th.Warn, not)
			break
		}
		foot.Put(th.Quiet, what)
	}
	if height < 3 {
		return []string{foot.String()}
	}
	name, top := 0, 0.0
	for _, s := range r.Services {
		name = max(name, widget.Width(screen.ShortName(s.Name)))
		top = max(top, s.Estimate.MonthlyUSD)
	}
	name = min(name, width*2/5)
	head := widget.NewLine(th, width).Gap(4).Cell(th.Quiet, "service", name+2).Cell(th.Quiet, "verdict", verdictWidth)
	head.CellRight(th.Quiet, "a month", costWidth-markWidth)
	if r.Scales() {
		head.Gap(markWidth).CellRight(th.Quiet, "at most", mostWidth)
	}
	if text := c.marks(); widget.Width(text)+markWidth+2 <= head.Left() {
		head.Gap(markWidth+2).Put(th.Quiet, text)
	}
	lines := []string{head.String()}
	room := height - 2
	off := widget.Follow(0, c.cursor, c.cursor, len(r.Services), room)
	rows := widget.Scroll{Theme: th, Count: len(r.Services), Offset: off, Line: func(i, w int) string {
		row := c.row(&r.Services[i], i == c.cursor, name, top, w)
		if i == c.cursor {
			return widget.Selected(th, row, w)
		}
		return row
	}}.Render(width, room)
	lines = append(lines, widget.Lines(rows)...)
	if c.wide() && c.note == "" { // below it is room enough
		lines = append(lines, widget.Paragraph(th.Quiet, "for "+compare.UsageText(r.Usage)+" in "+r.Region, width)...)
		if not := r.NotCounted(); not != "" {
			lines = append(lines, widget.Paragraph(th.Warn, not, width)...)
		}
		return lines
	}
	return append(lines, foot.String())
}

// marks says in few words what the marks behind the amounts of the list mean. The view of the cost says more.
func (c *Screen) marks() string {
	all := ""
	for i := range c.result.Services {
		if m := money(c.result.Services[i].Estimate); strings.HasPrefix(m, "$") {
			all += m
		}
	}
	var out []string
	for _, m := range [][2]string{
		{compare.MarkUnverified, "not verified"}, {compare.MarkMissing, "at least"},
	} {
		if strings.Contains(all, m[0]) {
			out = append(out, m[0]+" "+m[1])
		}
	}
	return strings.Join(out, "  ")
}

const (
	verdictWidth = 16
	costWidth    = 12
	markWidth    = 3 // of the marks behind an amount
	mostWidth    = 9 // of what it costs with as many instances as the scaling may start
)

func (c *Screen) row(s *compare.Service, cursor bool, name int, top float64, width int) string {
	th := c.s.Theme
	l := widget.NewLine(th, width)
	ink := th.Text
	if s.Verdict == advise.No {
		ink = th.Quiet
	}
	if cursor {
		l.Put(th.Accent, th.Glyphs.Cursor)
		ink = th.Title
	}
	glyph, sign := screen.VerdictGlyph(th, s.Verdict)
	l.To(2).Put(sign, glyph).Gap(1).Cell(ink, screen.ShortName(s.Name), name).Gap(2)
	l.Cell(sign, screen.VerdictWord(s.Verdict), verdictWidth)
	amount(l, ink, s.Estimate)
	if c.result.Scales() {
		l.CellRight(ink, atMost(s.Estimate), mostWidth)
	}
	const deploys = 10
	if room := l.Left() - deploys - 2; room >= 6 && top > 0 && s.Estimate.MonthlyUSD > 0 {
		barInk := th.Quiet
		if cursor {
			barInk = th.Accent
		}
		bar := min(room, 30)
		l.Gap(2).Raw(widget.Bar{Theme: th, Part: s.Estimate.MonthlyUSD / top, Ink: barInk}.Render(bar, 1), bar)
	} else if room >= 6 {
		l.Gap(2 + min(room, 30))
	}
	if s.Deployable && l.Left() >= deploys {
		l.Gap(2).Put(th.Accent, "deploys")
	}
	return l.String()
}

// amount puts an estimate into a cell of costWidth, digits under digits, marks behind them.
func amount(l *widget.Line, ink theme.Ink, e price.Estimate) {
	text := money(e)
	number := strings.TrimRight(text, compare.MarkUnverified+compare.MarkMissing)
	l.CellRight(ink, number, costWidth-markWidth).Cell(ink, text[len(number):], markWidth)
}

// atMost is what it costs with as many instances as the scaling may start, empty where nothing scales.
func atMost(e price.Estimate) string {
	if compare.Most(e) == "" {
		return ""
	}
	return widget.USD(e.MostUSD)
}

// money is an estimate in one cell, with the marks of unverified and missing prices.
func money(e price.Estimate) string {
	text := compare.Money(e)
	if text == compare.MarkMissing {
		return "no price"
	}
	return "$" + text
}

// details is what there is to say in the view that is shown.
func (c *Screen) details() []string {
	if c.result == nil || c.cursor < 0 || c.cursor >= len(c.result.Services) {
		return nil
	}
	w, s := c.detailWidth(), c.service()
	var lines []string
	switch c.tab {
	case costs:
		lines = c.costLines(s, w)
	case chart:
		lines = c.chartLines(w)
	case regions:
		lines = c.regionLines(s, w)
	case matrix:
		lines = c.matrixLines(w)
	default:
		lines = c.reasonLines(s, w)
	}
	return widget.Fit(lines, w, len(lines))
}

// title names the service that the details are about, with what to know about it.
func (c *Screen) title(s *compare.Service, w int) string {
	th := c.s.Theme
	l := widget.NewLine(th, w).Put(th.Strong, s.Name)
	if s.ID == c.result.Recommended {
		l.Gap(2).Put(th.Good, "recommended")
	}
	if !s.OpenToNewAccounts {
		l.Gap(2).Put(th.Warn, "closed to new accounts")
	}
	if !s.Deployable {
		l.Gap(2).Put(th.Quiet, "compared only")
	}
	return l.String()
}

func (c *Screen) reasonLines(s *compare.Service, w int) []string {
	th := c.s.Theme
	lines := []string{c.title(s, w)}
	if len(s.Reasons) == 0 {
		lines = append(lines, th.Quiet.Paint("It meets everything the app needs."))
	}
	for _, v := range []advise.Verdict{advise.No, advise.Changes, advise.Fits} {
		for _, r := range s.Reasons {
			if r.Verdict == v {
				lines = append(lines, c.reason(r, w)...)
			}
		}
	}
	if len(s.WouldChange) > 0 {
		lines = append(lines, "", th.Strong.Paint("What would change that"))
		for _, text := range s.WouldChange {
			lines = append(lines, c.item(th.Glyphs.Arrow, th.Accent, text, w)...)
		}
	}
	return lines
}

// item is a wrapped text behind a sign.
func (c *Screen) item(glyph string, ink theme.Ink, text string, w int) []string {
	var lines []string
	for i, part := range widget.Wrap(text, w-2) {
		lead := "  "
		if i == 0 {
			lead = ink.Paint(glyph) + " "
		}
		lines = append(lines, lead+c.s.Theme.Text.Paint(part))
	}
	return lines
}

func (c *Screen) reason(r advise.Reason, w int) []string {
	th := c.s.Theme
	glyph, ink := screen.VerdictGlyph(th, r.Verdict)
	lines := c.item(glyph, ink, compare.RequirementName(r.Requirement)+": "+r.Text, w)
	l := widget.NewLine(th, w).Gap(2)
	when := dated(r)
	if room := w - 2 - widget.Width(when); r.Source != "" && room > 10 {
		l.Cell(th.Quiet, r.Source, min(widget.Width(widget.Clean(r.Source)), room))
	} else {
		when = strings.TrimPrefix(when, ", ")
	}
	if l.Put(th.Quiet, when); r.Source+when != "" {
		lines = append(lines, l.String())
	}
	return lines
}

// dated is when a reason's fact was read, and how sure it is when it is not. It stays when the source is cut.
func dated(r advise.Reason) string {
	out := ""
	if r.AsOf != "" {
		out = ", " + r.AsOf
	}
	if r.Confidence != "" && r.Confidence != "high" {
		out += ", " + r.Confidence + " confidence"
	}
	return out
}

func (c *Screen) costLines(s *compare.Service, w int) []string {
	th, e := c.s.Theme, s.Estimate
	item := max(10, min(70, w-costWidth-14))
	lines := []string{c.title(s, w)}
	for _, x := range e.Lines {
		l := widget.NewLine(th, w).Cell(th.Text, x.Item, item).Gap(1)
		amount(l, th.Text, price.Estimate{MonthlyUSD: x.USD, Lines: []price.Line{x}})
		lines = append(lines, l.Gap(1).Put(th.Quiet, x.AsOf).String())
	}
	l := widget.NewLine(th, w).Cell(th.Strong, "a month", item).Gap(1)
	amount(l, th.Strong, e)
	lines = append(lines, l.String())
	if most := atMost(e); most != "" {
		l := widget.NewLine(th, w).Cell(th.Text, "with as many instances as the scaling may start", item).Gap(1)
		lines = append(lines, l.CellRight(th.Text, most, costWidth-markWidth).String())
	}
	if parts := compare.Parts(e, c.result.Usage); parts != "" {
		lines = append(lines, th.Quiet.Paint("of it "+parts))
	}
	if m, ok := c.months(s.ID); ok {
		lines = append(lines, "", th.Strong.Paint("A low, a typical and a busy month"))
		top := max(m.Low.MonthlyUSD, m.Typical.MonthlyUSD, m.Busy.MonthlyUSD)
		for _, x := range []struct {
			name, means string
			e           price.Estimate
		}{
			{"low", "a third of the traffic", m.Low},
			{"typical", "as it is set", m.Typical},
			{"busy", "three times the traffic on twice the instances", m.Busy},
		} {
			l := widget.NewLine(th, w).Cell(th.Text, x.name, 8)
			amount(l, th.Text, x.e)
			l.Gap(1)
			if top > 0 {
				l.Raw(widget.Bar{Theme: th, Part: x.e.MonthlyUSD / top, Ink: th.Accent}.Render(20, 1), 20).Gap(2)
			}
			lines = append(lines, l.Put(th.Quiet, x.means).String())
		}
	}
	return append(lines, c.legend(e)...)
}

// legend says how old the prices are and what the marks behind amounts mean.
func (c *Screen) legend(e price.Estimate) []string {
	th := c.s.Theme
	out := []string{""}
	if dated := price.Dated(e.PricesAsOf, e.Old); dated != "" {
		out = append(out, th.Quiet.Paint(dated+", confidence "+e.Confidence))
	}
	text := compare.Money(e)
	for _, l := range e.Lines {
		text += compare.LineMoney(l)
	}
	for _, m := range [][2]string{
		{compare.MarkUnverified, "a price is not verified"},
		{compare.MarkMissing, "a price is missing here, so it costs at least this"},
	} {
		if strings.Contains(text, m[0]) {
			out = append(out, th.Warn.Paint(m[0]+" "+m[1]))
		}
	}
	return out
}
