// Package compare is the screen that shows which AWS service fits, why, and what each costs a month.
package compare

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare"
	"berth/compare/advise"
	"berth/compare/price"
	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the comparison.
type Screen struct {
	s             *screen.Session
	width, height int

	result *compare.Result
	err    *fail.Error
	cursor int
	offset int // of the details
	lines  bool
	note   string
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, cursor: -1} }

// Enter judges anew: the answers may have changed. The cursor stays on the service that it was on.
func (c *Screen) Enter() tea.Cmd {
	at := c.s.Spec().Target
	if c.result != nil && c.cursor >= 0 && c.cursor < len(c.result.Services) {
		at = c.result.Services[c.cursor].ID
	}
	c.note, c.offset, c.err = "", 0, nil
	r, err := c.s.Compare()
	if err != nil {
		c.err, c.result = fail.From(err), nil
		return nil
	}
	c.result, c.cursor = r, 0
	for i, s := range r.Services {
		if s.ID == at {
			c.cursor = i
		}
	}
	return nil
}

// Update handles a message.
func (c *Screen) Update(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	switch k.String() {
	case "esc":
		c.s.Back()
	case "enter":
		c.choose()
	case "up", "k", "left", "h":
		c.move(-1)
	case "down", "j", "right", "l":
		c.move(1)
	case "c":
		c.lines, c.offset = !c.lines, 0
	case "pgup":
		c.scroll(-c.detailHeight() + 2)
	case "pgdown", " ":
		c.scroll(c.detailHeight() - 2)
	}
	return nil
}

func (c *Screen) move(by int) {
	if c.result == nil {
		return
	}
	c.cursor = max(0, min(len(c.result.Services)-1, c.cursor+by))
	c.note, c.offset = "", 0
}

func (c *Screen) scroll(by int) {
	c.offset = widget.ClampOffset(c.offset+by, len(c.details()), c.detailHeight())
}

// choose goes on with the service at the cursor, when berth can deploy to it.
func (c *Screen) choose() {
	if c.result == nil || c.cursor < 0 || len(c.result.Services) == 0 {
		return
	}
	s := c.result.Services[c.cursor]
	if !s.Deployable {
		c.note = fmt.Sprintf("berth explains %s but cannot deploy to it. Choose one that says deploys.", s.Name)
		return
	}
	if c.s.Spec().Target != s.ID {
		if err := c.s.Draft.Set("target", s.ID); err != nil {
			c.note = err.Error()
			return
		}
	}
	c.s.Go(screen.Settings)
}

// SetSize gives the screen its room.
func (c *Screen) SetSize(w, h int) {
	c.width, c.height = w, h
	c.scroll(0)
}

// Keys are the keys of this moment.
func (c *Screen) Keys() []widget.Key {
	if c.result == nil {
		return []widget.Key{{Name: "esc", Does: "back"}}
	}
	costs := widget.Key{Name: "c", Does: "cost lines", Long: "what the monthly cost is made of"}
	if c.lines {
		costs.Does, costs.Long = "reasons", "why the service fits or not"
	}
	return []widget.Key{
		{Name: "enter", Does: "choose", Long: "go on with the service at the cursor"},
		{Name: "↑↓", Does: "service"},
		costs,
		{Name: "space", Does: "scroll", Long: "scroll the reasons; pgup scrolls back"},
		{Name: "esc", Does: "back"},
	}
}

func (c *Screen) wide() bool { return c.width >= 110 }

func (c *Screen) listWidth() int {
	if c.wide() {
		return c.width * 9 / 20
	}
	return c.width
}

func (c *Screen) listHeight() int {
	if c.wide() || c.result == nil {
		return c.height
	}
	return max(3, min(len(c.result.Services)+2, c.height/2))
}

func (c *Screen) detailHeight() int {
	if c.wide() {
		return c.height
	}
	return c.height - c.listHeight() - 1
}

const gutter = 4

// View draws the screen.
func (c *Screen) View() string {
	if c.err != nil {
		return widget.Failure{Theme: c.s.Theme, Error: c.err}.Render(c.width, c.height)
	}
	if c.result == nil {
		return ""
	}
	list := c.list(c.listWidth(), c.listHeight())
	details := widget.Static(c.s.Theme, c.details(), c.offset, c.detailWidth(), c.detailHeight())
	if c.wide() {
		return widget.Beside(widget.Join(list), details, c.listWidth(), gutter)
	}
	for len(list) < c.listHeight() {
		list = append(list, "")
	}
	list = append(list, "")
	return widget.Join(append(list, widget.Lines(details)...))
}

func (c *Screen) detailWidth() int {
	if c.wide() {
		return c.width - c.listWidth() - gutter
	}
	return c.width
}

// list is the services, best first, with verdict and cost.
func (c *Screen) list(width, height int) []string {
	th, r := c.s.Theme, c.result
	name, top := 0, 0.0
	for _, s := range r.Services {
		name = max(name, widget.Width(s.Name))
		top = max(top, s.Estimate.MonthlyUSD)
	}
	name = min(name, width*2/5)
	head := widget.NewLine(th, width).Gap(4).Cell(th.Quiet, "service", name+2).Cell(th.Quiet, "verdict", verdictWidth)
	lines := []string{head.CellRight(th.Quiet, "a month", costWidth).String()}
	room := height - 2
	off := widget.Follow(0, c.cursor, c.cursor, len(r.Services), room)
	rows := widget.Scroll{Theme: th, Count: len(r.Services), Offset: off, Line: func(i, w int) string {
		return c.row(r.Services[i], i == c.cursor, name, top, w)
	}}.Render(width, room)
	lines = append(lines, widget.Lines(rows)...)
	if c.note != "" {
		lines = append(lines, widget.NewLine(th, width).Put(th.Warn, c.note).String())
	} else {
		lines = append(lines, widget.NewLine(th, width).Put(th.Quiet, c.basis()).String())
	}
	return lines
}

const (
	verdictWidth = 14
	costWidth    = 10
)

func (c *Screen) row(s compare.Service, cursor bool, name int, top float64, width int) string {
	th := c.s.Theme
	l := widget.NewLine(th, width)
	ink := th.Text
	if cursor {
		l.Put(th.Accent, th.Glyphs.Cursor)
		ink = th.Title
	}
	if s.Verdict == advise.No && !cursor {
		ink = th.Quiet
	}
	glyph, sign := screen.VerdictGlyph(th, s.Verdict)
	l.To(2).Put(sign, glyph).Gap(1).Cell(ink, s.Name, name).Gap(2)
	l.Cell(sign, screen.VerdictWord(s.Verdict), verdictWidth)
	l.CellRight(ink, cost(s.Estimate), costWidth)
	if room := l.Left() - 12; room >= 6 && top > 0 && s.Estimate.MonthlyUSD > 0 {
		barInk := th.Quiet
		if cursor {
			barInk = th.Accent
		}
		bar := min(room, 24)
		l.Gap(2).Raw(widget.Bar{Theme: th, Part: s.Estimate.MonthlyUSD / top, Ink: barInk}.Render(bar, 1), bar)
	}
	if s.Deployable && l.Left() >= 10 {
		l.Gap(2).Put(th.Accent, "deploys")
	}
	return l.String()
}

// cost is an estimate in one cell: a plus says that there is more, whose price is not known.
func cost(e price.Estimate) string {
	switch {
	case e.Complete:
		return widget.USD(e.MonthlyUSD)
	case e.MonthlyUSD > 0:
		return widget.USD(e.MonthlyUSD) + "+"
	default:
		return "unknown"
	}
}

// basis says what the costs stand for.
func (c *Screen) basis() string {
	u := c.result.Usage
	return fmt.Sprintf("%s of %g vCPU, %g GB in %s, 730 hours",
		widget.Count(u.Instances, "instance"), u.VCPU, u.MemoryGB, c.result.Region)
}

// details is what there is to say about the service at the cursor.
func (c *Screen) details() []string {
	if c.result == nil || c.cursor < 0 || c.cursor >= len(c.result.Services) {
		return nil
	}
	s := c.result.Services[c.cursor]
	th, w := c.s.Theme, c.detailWidth()
	l := widget.NewLine(th, w).Put(th.Strong, s.Name)
	if !s.OpenToNewAccounts {
		l.Gap(2).Put(th.Warn, "closed to new accounts")
	}
	if s.ID == c.result.Recommended {
		l.Gap(2).Put(th.Good, "recommended")
	}
	lines := []string{l.String()}
	if c.lines {
		return append(lines, c.costLines(s.Estimate, w)...)
	}
	if len(s.Reasons) == 0 {
		lines = append(lines, th.Quiet.Paint("Nothing that the app needs stands against it."))
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
			for i, part := range widget.Wrap(text, w-2) {
				lead := "  "
				if i == 0 {
					lead = th.Accent.Paint(th.Glyphs.Arrow) + " "
				}
				lines = append(lines, lead+th.Text.Paint(part))
			}
		}
	}
	return lines
}

func (c *Screen) reason(r advise.Reason, w int) []string {
	th := c.s.Theme
	glyph, ink := screen.VerdictGlyph(th, r.Verdict)
	var lines []string
	for i, part := range widget.Wrap(r.Text, w-2) {
		lead := "  "
		if i == 0 {
			lead = ink.Paint(glyph) + " "
		}
		lines = append(lines, lead+th.Text.Paint(part))
	}
	if r.Source == "" {
		return lines
	}
	source := r.Source
	if r.AsOf != "" {
		source += ", " + r.AsOf
	}
	if r.Confidence != "" && r.Confidence != "high" {
		source += ", " + r.Confidence + " confidence"
	}
	return append(lines, widget.NewLine(th, w).Gap(2).Put(th.Quiet, source).String())
}

func (c *Screen) costLines(e price.Estimate, w int) []string {
	th := c.s.Theme
	var lines []string
	for _, x := range e.Lines {
		l := widget.NewLine(th, w).Cell(th.Text, x.Item, max(10, w-26)).Gap(2)
		usd := widget.USD(x.USD)
		if !x.Known {
			usd = "no price"
		}
		lines = append(lines, l.CellRight(th.Text, usd, costWidth).Gap(2).Put(th.Quiet, x.AsOf).String())
	}
	l := widget.NewLine(th, w).Cell(th.Strong, "together", max(10, w-26)).Gap(2).CellRight(th.Strong, cost(e), costWidth)
	lines = append(lines, l.String())
	if !e.Complete {
		lines = append(lines, widget.Paragraph(th.Warn, "Some prices of this region are not known; the sum is the least it costs.", w)...)
	}
	if e.PricesAsOf != "" {
		lines = append(lines, th.Quiet.Paint("oldest price "+e.PricesAsOf))
	}
	return widget.Fit(lines, w, len(lines))
}
