package review

import (
	"fmt"
	"strings"

	"berth/engine/event"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// detailLines are what a plan is made of beyond its resources: what the check noted, what is risky, what the
// monthly cost is the sum of, what is free. A check that refuses the plan comes first.
func (r *Screen) detailLines(w int) []string {
	th := r.s.Theme
	if r.plan == nil {
		return nil
	}
	var lines []string
	add := func(part []string) {
		if len(part) > 0 && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, part...)
	}
	if f := r.check.refusal; f != nil {
		if r.policy {
			return append([]string{th.Strong.Paint("A policy that allows what is missing, and no more"), ""},
				widget.Paragraph(th.Text, r.check.policy(), w)...)
		}
		add(r.card().Lines(w))
	}
	if r.check.report != nil && len(r.check.report.Notes()) > 0 {
		add(section(th, "Notes", r.check.report.Notes(), th.Warn, w))
	}
	add(r.gone(w))
	add(r.kept(w))
	if !r.of.Destroy {
		add(r.waits(w))
		add(r.costLines(w))
		add(r.reachable(w))
		add(r.free(w))
	}
	return widget.Fit(lines, w, len(lines))
}

// section is a heading with sentences below, each behind a dot.
func section(th *theme.Theme, heading string, texts []string, ink theme.Ink, w int) []string {
	lines := []string{th.Strong.Paint(heading)}
	for _, text := range texts {
		for i, l := range widget.Wrap(widget.Sentence(text), w-2) {
			line := widget.NewLine(th, w)
			if i == 0 {
				line.Put(ink, th.Glyphs.Dot)
			}
			lines = append(lines, line.To(2).Put(th.Text, l).String())
		}
	}
	return lines
}

// about tells of some changes.
func (r *Screen) about(heading string, ink theme.Ink, w int, tell func(screen.Change) string) []string {
	var texts []string
	for _, c := range r.plan.Changes {
		if text := tell(c); text != "" {
			texts = append(texts, widget.Title(c.ID)+": "+text)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return section(r.s.Theme, heading, texts, ink, w)
}

// gone tells what is deleted or replaced, with the data that goes with it. Of a destruction that is everything,
// so there only data counts.
func (r *Screen) gone(w int) []string {
	heading := "Deleted or replaced"
	if r.of.Destroy {
		heading = "Data that is lost"
	}
	return r.about(heading, r.s.Theme.Bad, w, func(c screen.Change) string {
		switch {
		case c.Keeps != "" && c.Action == event.Delete:
			return c.Keeps + " go with it"
		case r.of.Destroy:
			return ""
		case c.Action == event.Replace:
			return strings.TrimSuffix("replaced by a new one, "+c.Why, ", ")
		case c.Action == event.Delete:
			return strings.TrimSuffix("deleted, "+c.Why, ", ")
		}
		return ""
	})
}

// kept tells which data of people a destruction leaves.
func (r *Screen) kept(w int) []string {
	return r.about("Data that is kept", r.s.Theme.Good, w, func(c screen.Change) string {
		if c.Data == "" || c.Action != event.None {
			return ""
		}
		return c.Data
	})
}

func (r *Screen) reachable(w int) []string {
	return r.about("Reachable from the internet", r.s.Theme.Warn, w, func(c screen.Change) string { return c.Exposes })
}

// waits tells which records the app will wait for, which are set where its DNS is.
func (r *Screen) waits(w int) []string {
	var texts []string
	for _, x := range r.plan.Waiting.Left() {
		texts = append(texts, x.Type+" "+x.Name+" to "+x.Value)
	}
	if len(texts) == 0 {
		return nil
	}
	return section(r.s.Theme, "Records that you set yourself, afterwards", texts, r.s.Theme.Warn, w)
}

// free names what no price by the month comes with.
func (r *Screen) free(w int) []string {
	var names []string
	for _, c := range r.plan.Changes {
		made := c.Action == event.Create || c.Action == event.Replace
		if made && c.MonthlyUSD == 0 && !c.Unknown {
			names = append(names, widget.Title(c.ID))
		}
	}
	if len(names) == 0 {
		return nil
	}
	th := r.s.Theme
	return append([]string{th.Strong.Paint("No monthly cost")}, widget.Paragraph(th.Text, strings.Join(names, ", "), w)...)
}

// costLines is the estimate line by line: what is counted, how much of it, at which price; first what is billed
// in any case, then what comes with use.
func (r *Screen) costLines(w int) []string {
	th := r.s.Theme
	if len(r.plan.Costs) == 0 {
		return []string{th.Strong.Paint("Monthly cost"), th.Text.Paint("None of it has a monthly cost.")}
	}
	t := newCostTable(th, w)
	lines := []string{t.row(th.Quiet, "what is counted", "quantity", "unit price", "a month")}
	unsure := false
	for _, use := range []bool{false, true} {
		var part []string
		sum, unknown := 0.0, false
		for _, c := range r.plan.Costs {
			if c.Use == use {
				part = append(part, t.cost(c))
				sum, unknown, unsure = sum+c.USD, unknown || !c.Known, unsure || c.Unsure
			}
		}
		if len(part) > 0 {
			heading := map[bool]string{false: "In any case", true: "With " + r.plan.Usage.Kind()}[use]
			lines = append(lines, t.row(th.Strong, heading, "", "", costText(sum, unknown)))
			lines = append(lines, part...)
		}
	}
	if unsure {
		lines = append(lines, widget.Paragraph(th.Warn, "Some of these prices are not verified; berth plan says which.", w)...)
	}
	return lines
}

// costTable lays the lines of an estimate out. Columns that are 0 wide are left out.
type costTable struct {
	th                *theme.Theme
	w, quantity, unit int
}

func newCostTable(th *theme.Theme, w int) costTable {
	t := costTable{th: th, w: w, unit: 23, quantity: 11}
	switch {
	case w < 44:
		t.unit, t.quantity = 0, 0
	case w < 72:
		t.unit = 0
	}
	return t
}

func (t costTable) cost(c screen.Cost) string {
	usd, price := widget.USD(c.USD), fmt.Sprintf("x $%.6g", c.UnitUSD)
	if !c.Known {
		usd, price = costText(c.USD, true), "no price here"
	}
	return t.row(t.th.Text, "  "+c.Item, fmt.Sprintf("%.6g", c.Quantity), price+", "+c.AsOf, usd)
}

func (t costTable) row(ink theme.Ink, what, quantity, price, usd string) string {
	l := widget.NewLine(t.th, t.w).Cell(ink, what, t.w-costWidth-t.quantity-t.unit-1)
	if t.quantity > 0 {
		l.CellRight(t.th.Quiet, quantity, t.quantity)
	}
	if t.unit > 0 {
		l.Gap(1).Cell(t.th.Quiet, price, t.unit-1)
	}
	return l.To(t.w-costWidth).CellRight(ink, usd, costWidth).String()
}
