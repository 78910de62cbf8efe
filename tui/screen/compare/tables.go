package compare

import (
	"fmt"
	"slices"

	"berth/compare"
	"berth/compare/advise"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// about computes what a view needs once for the comparison at hand: a frame must not compute anything.
func about[T any](c *Screen, key string, compute func() (T, error)) (T, bool) {
	if v, ok := c.known[key]; ok {
		t, ok := v.(T)
		return t, ok
	}
	v, err := compute()
	if err != nil {
		c.known[key] = err
		var none T
		return none, false
	}
	c.known[key] = v
	return v, true
}

func (c *Screen) months(id string) (compare.Months, bool) {
	return about(c, "months "+id, func() (compare.Months, error) {
		return c.s.Advisor.Months(id, c.result.Requirements, c.result.Usage)
	})
}

// rivals are the services that are worth a line in the chart: the one at the cursor, then the best others
// that could run the app and have a whole price.
func (c *Screen) rivals() []string {
	ids := []string{c.service().ID}
	for _, s := range c.result.Services {
		if len(ids) < 4 && s.Verdict != advise.No && len(s.Estimate.Missing()) == 0 && !slices.Contains(ids, s.ID) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// chartLines is the cost against the number of instances, as a chart and as numbers, with the points from
// which another service is cheaper.
func (c *Screen) chartLines(w int) []string {
	th := c.s.Theme
	ids := c.rivals()
	t, ok := about(c, "chart "+ids[0], func() (compare.CostTable, error) {
		all, err := c.s.Advisor.CostTables(ids, c.result.Requirements, c.result.Usage)
		if err != nil || len(all) == 0 {
			return compare.CostTable{}, err
		}
		return all[0], nil
	})
	if !ok {
		return []string{th.Quiet.Paint("There is no price to draw.")}
	}
	inks := []theme.Ink{th.Title, th.Good, th.Warn, th.Bad}
	ch := widget.Chart{Theme: th, Unit: t.Dimension}
	for _, v := range t.Values {
		ch.X = append(ch.X, fmt.Sprintf("%g", v))
	}
	for i, row := range t.Rows {
		ch.Series = append(ch.Series, widget.Series{Mark: string(rune('a' + i)), Values: row.USD, Ink: inks[i%len(inks)]})
	}
	room := c.detailHeight() - len(t.Rows) - len(t.Breaks) - 1
	var lines []string
	if room > 14 {
		lines = append(lines, th.Quiet.Paint("dollars a month, by "+t.Dimension))
		room--
	}
	lines = append(lines, widget.Lines(ch.Render(min(w, 76), max(7, min(14, room))))...)
	lines = append(lines, "")
	for i, row := range t.Rows {
		l := widget.NewLine(th, w).Put(inks[i%len(inks)], string(rune('a'+i))).Gap(1).Cell(th.Text, c.name(row.Service), 20)
		if !slices.ContainsFunc(row.USD, func(usd float64) bool { return usd >= 0 }) {
			lines = append(lines, l.Put(th.Quiet, "a part of its price is missing: see Cost").String())
			continue
		}
		for _, usd := range row.USD {
			text := "no price"
			if usd >= 0 {
				text = fmt.Sprintf("$%.0f", usd)
			}
			l.CellRight(th.Text, text, 9)
		}
		lines = append(lines, l.String())
	}
	for _, b := range t.Breaks {
		lines = append(lines, c.item(th.Glyphs.Arrow, th.Accent, fmt.Sprintf("%s is cheaper below %g %s, %s from there on ($%.2f)",
			c.name(b.Cheaper), b.At, t.Dimension, c.name(b.Then), b.USD), w)...)
	}
	return lines
}

func (c *Screen) name(id string) string {
	for _, s := range c.result.Services {
		if s.ID == id {
			return screen.ShortName(s.Name)
		}
	}
	return id
}

// regionLines is the regions of the service at the cursor, cheapest first.
func (c *Screen) regionLines(s *compare.Service, w int) []string {
	th := c.s.Theme
	lines := []string{c.title(s, w)}
	list, ok := about(c, "regions "+s.ID, func() ([]compare.RankedRegion, error) {
		return c.s.Advisor.RankRegions(s.ID, c.result.Requirements, c.result.Usage)
	})
	if !ok || len(list) == 0 {
		return append(lines, th.Quiet.Paint("Its regions are not known."))
	}
	top := 0.0
	for _, r := range list {
		top = max(top, r.MonthlyUSD)
	}
	for _, r := range list {
		ink, mark := th.Text, " "
		if r.Code == c.result.Region {
			ink, mark = th.Title, th.Glyphs.Cursor
		}
		usd := "no price"
		if r.Priced {
			usd = widget.USD(r.MonthlyUSD)
		}
		l := widget.NewLine(th, w).Put(th.Accent, mark).Gap(1).Cell(ink, r.Code, 15).Cell(th.Text, r.Name, 28)
		l.CellRight(ink, usd, costWidth).Gap(2)
		if r.Priced && top > 0 && l.Left() >= 14 {
			l.Raw(widget.Bar{Theme: th, Part: r.MonthlyUSD / top, Ink: th.Quiet}.Render(12, 1), 12).Gap(2)
		}
		if r.OptIn {
			l.Put(th.Quiet, "must be enabled first")
		}
		lines = append(lines, l.String())
	}
	return append(lines, "", th.Quiet.Paint("The region is chosen under Needs and Settings."))
}

// matrixLines is all needs against all services: as many services as there is room for, from the one at the
// cursor on when they are too many.
func (c *Screen) matrixLines(w int) []string {
	th, all := c.s.Theme, c.result.Services
	const label = 15
	cell := min(24, max(18, (w-label)/max(1, len(all))))
	fit := max(1, (w-label)/cell)
	from := max(0, min(c.cursor-fit/2, len(all)-fit))
	shown := all[from:min(len(all), from+fit)]
	head := widget.NewLine(th, w).Cell(th.Quiet, "", label)
	cost := widget.NewLine(th, w).Cell(th.Quiet, "a month", label)
	for i := range shown {
		ink, name := th.Text, screen.ShortName(shown[i].Name)
		if from+i == c.cursor {
			ink, name = th.Title, th.Glyphs.Cursor+" "+name
		}
		head.Cell(ink, name, cell-1).Gap(1)
		cost.Cell(ink, money(shown[i].Estimate), cell-1).Gap(1)
	}
	lines := []string{head.String()}
	for _, need := range c.needs() {
		l := widget.NewLine(th, w).Cell(th.Quiet, compare.RequirementName(need), label)
		for i := range shown {
			v, found := judged(&shown[i], need)
			if !found {
				l.Cell(th.Quiet, th.Glyphs.Dot, cell-1).Gap(1)
				continue
			}
			glyph, ink := screen.VerdictGlyph(th, v)
			l.Put(ink, glyph).Gap(1).Cell(ink, screen.VerdictWord(v), cell-3).Gap(1)
		}
		lines = append(lines, l.String())
	}
	lines = append(lines, cost.String())
	if hidden := len(all) - len(shown); hidden > 0 {
		l := widget.NewLine(th, w).Put(th.Quiet, fmt.Sprintf("%d more at the sides: up and down move there", hidden))
		lines = append(lines, l.String())
	}
	lines = append(lines, "", c.title(c.service(), w))
	for _, r := range c.service().Reasons {
		if r.Verdict != advise.Fits {
			lines = append(lines, c.reason(r, w)...)
		}
	}
	return lines
}

// needs are the requirements that any service was judged by, in the order of the reasons.
func (c *Screen) needs() []string {
	var out []string
	for _, s := range c.result.Services {
		for _, r := range s.Reasons {
			if !slices.Contains(out, r.Requirement) {
				out = append(out, r.Requirement)
			}
		}
	}
	return out
}

func judged(s *compare.Service, need string) (advise.Verdict, bool) {
	for _, r := range s.Reasons {
		if r.Requirement == need {
			return r.Verdict, true
		}
	}
	return "", false
}
