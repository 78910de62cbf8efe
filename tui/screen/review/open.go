package review

import (
	"strings"

	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// One change of the plan with all there is to know of it.

// picking says that the keys that move select a change.
func (r *Screen) picking() bool {
	return !r.open && !r.details && !r.of.Destroy && r.plan != nil && r.count().changes() > 0
}

// pick moves the cursor through the changes, as they are listed.
func (r *Screen) pick(by int) {
	r.cursor = max(0, min(r.count().changes()-1, r.cursor+by))
	r.show()
}

// show scrolls to the change at the cursor.
func (r *Screen) show() {
	lines, first, last := r.listLines(r.leftWidth())
	r.offset = widget.Follow(r.offset, first, last, len(lines), r.listHeight())
}

// toggle opens the change at the cursor, or closes it.
func (r *Screen) toggle() {
	r.open = !r.open
	if r.offset = 0; !r.open {
		r.show()
	}
}

// picked is the change at the cursor; false when there is none.
func (r *Screen) picked() (screen.Change, bool) {
	at := r.cursor
	for _, g := range r.groups() {
		if at < len(g.changes) {
			return g.changes[at], true
		}
		at -= len(g.changes)
	}
	return screen.Change{}, false
}

const factWidth = 12

// openLines is all of the change at the cursor.
func (r *Screen) openLines(w int) []string {
	th := r.s.Theme
	c, ok := r.picked()
	if !ok {
		return nil
	}
	glyph, ink := r.look(c.Action)
	lines := []string{widget.NewLine(th, w).Put(ink, glyph).Gap(1).Put(th.Strong, widget.Title(c.ID)).String(), ""}
	fact := func(label, text string, ink theme.Ink) {
		if text == "" {
			return
		}
		for i, part := range widget.Wrap(text, w-factWidth) {
			l := widget.NewLine(th, w)
			if i == 0 {
				l.Put(th.Quiet, label)
			}
			lines = append(lines, l.To(factWidth).Put(ink, part).String())
		}
	}
	fact("why", c.Why, th.Text)
	if len(c.Diff) > 0 {
		lines = append(append(lines, fields(th, c.Diff, w)...), "")
	}
	fact("action", string(c.Action), th.Text)
	fact("name", c.Name, th.Text)
	fact("kind", c.Kind, th.Text)
	fact("public", c.Exposes, th.Warn)
	if c.Keeps != "" {
		fact("data", c.Keeps+" go with it", th.Bad)
	}
	if c.Usually > 0 {
		fact("takes", "usually "+widget.Roughly(c.Usually), th.Text)
	}
	fact("after", titles(c.Needs), th.Text)
	if c.MonthlyUSD != 0 || c.Unknown {
		fact("a month", costText(c.MonthlyUSD, c.Unknown), th.Text)
	}
	if costs := r.costsOf(c.ID, w); len(costs) > 0 {
		lines = append(append(lines, "", th.Strong.Paint("What it costs")), costs...)
	}
	return lines
}

// titles are the ids of resources for people.
func titles(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = widget.Title(id)
	}
	return strings.Join(names, ", ")
}

// fields are the fields that a change changes, old and new beside each other where there is room.
func fields(th *theme.Theme, diff []screen.FieldChange, w int) []string {
	label := 0
	for _, f := range diff {
		label = max(label, widget.Width(f.Field))
	}
	label = min(label, w/3)
	var lines []string
	for _, f := range diff {
		l := widget.NewLine(th, w).Gap(2).Cell(th.Text, f.Field, label).Gap(2)
		if text := fieldText(th, f); widget.Width(f.Old+f.New)+3 <= l.Left() && !strings.Contains(f.Old+f.New, "\n") {
			text = strings.TrimPrefix(text, f.Field+": ")
			lines = append(lines, l.Put(th.Strong, text).String())
			continue
		}
		lines = append(lines, l.String())
		lines = append(lines, sides(th, "-", th.Bad, f.Old, w)...)
		lines = append(lines, sides(th, "+", th.Good, f.New, w)...)
	}
	return lines
}

// sides is a long value, line by line, behind the sign of its side.
func sides(th *theme.Theme, sign string, ink theme.Ink, value string, w int) []string {
	var lines []string
	for part := range strings.SplitSeq(value, "\n") {
		for _, text := range widget.Wrap(part, w-6) {
			lines = append(lines, widget.NewLine(th, w).Gap(4).Put(ink, sign).Gap(1).Put(ink, text).String())
		}
	}
	return lines
}

// fieldText is the change of one field in words.
func fieldText(th *theme.Theme, f screen.FieldChange) string {
	switch {
	case f.Old == "":
		return f.Field + ": + " + f.New
	case f.New == "":
		return f.Field + ": - " + f.Old
	}
	return f.Field + ": " + f.Old + " " + th.Glyphs.Arrow + " " + f.New
}

// costsOf are the lines of the estimate that belong to one change.
func (r *Screen) costsOf(id string, w int) []string {
	t := newCostTable(r.s.Theme, w)
	var lines []string
	for _, c := range r.plan.Costs {
		if c.Node == id {
			lines = append(lines, t.cost(c))
		}
	}
	return lines
}
