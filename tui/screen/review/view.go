package review

import (
	"fmt"

	"berth/compare/price"
	"berth/engine/event"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// View draws the screen.
func (r *Screen) View() string {
	th := r.s.Theme
	switch {
	case r.loading != "":
		l := widget.NewLine(th, r.width).Put(th.Accent, r.spinner()).Gap(1)
		lines := []string{l.Put(th.Text, r.loading+th.Glyphs.Ellipsis).String(), ""}
		if !r.of.Destroy {
			lines = append(lines, widget.Paragraph(th.Quiet, "Every resource is looked up by its name before anything is planned. Nothing is created yet.", r.width)...)
		}
		return widget.Join(widget.Fit(lines, r.width, r.height))
	case r.err != nil:
		return r.s.Card(r.err).Render(r.width, r.height)
	case r.plan == nil:
		return ""
	}
	height := r.listHeight()
	list := r.list(height)
	for len(list) < height+1 {
		list = append(list, "")
	}
	lines := append(list, r.summary()...)
	if len(r.doubts) > 0 {
		return r.s.Despite(lines, r.question(), r.doubts, r.Keys(), r.width, r.height)
	}
	return widget.Join(lines)
}

// question is what a second yes is asked for.
func (r *Screen) question() string {
	switch {
	case r.plan.Unsaid() == nil:
		return "Deploy anyway?"
	case r.plan.Movable():
		return "Move it, keep both, or stop?"
	}
	return "Keep both, or stop?"
}

// list is what exists, or what the plan is made of; both beside each other where there is room.
func (r *Screen) list(height int) []string {
	th := r.s.Theme
	if !r.wide() || r.open {
		return widget.Lines(widget.Static(th, r.scrolled(), r.offset, r.width, height))
	}
	left, right := r.offset, 0
	if r.details {
		left, right = 0, r.offset
	}
	list, _, _ := r.listLines(r.leftWidth())
	return widget.Lines(widget.Beside(
		widget.Static(th, list, left, r.leftWidth(), height),
		widget.Static(th, r.detailLines(r.rightWidth()), right, r.rightWidth(), height), r.leftWidth(), gutter))
}

// tally counts a plan.
type tally struct{ create, update, replace, remove, none int }

func (t tally) changes() int { return t.create + t.update + t.replace + t.remove }

func (r *Screen) count() tally {
	var t tally
	if r.plan == nil {
		return t
	}
	for _, c := range r.plan.Changes {
		switch c.Action {
		case event.Create:
			t.create++
		case event.Update:
			t.update++
		case event.Replace:
			t.replace++
		case event.Delete:
			t.remove++
		default:
			t.none++
		}
	}
	return t
}

// group is what stands under one heading.
type group struct {
	name    string
	changes []screen.Change
	none    int
	usd     float64
	unknown bool
}

func (r *Screen) groups() []*group {
	var order []*group
	byName := map[string]*group{}
	for _, c := range r.plan.Changes {
		g := byName[c.Group]
		if g == nil {
			g = &group{name: c.Group}
			byName[c.Group] = g
			order = append(order, g)
		}
		g.usd += c.MonthlyUSD
		g.unknown = g.unknown || c.Unknown
		if c.Action == event.None {
			g.none++
			continue
		}
		g.changes = append(g.changes, c)
	}
	return order
}

const costWidth = 10

// listLines is the list of what will exist, under its headings, with the cost of each at the right; before it what is
// still to settle. It tells which lines are shown with the change at the cursor.
func (r *Screen) listLines(w int) (lines []string, first, last int) {
	if r.plan == nil {
		return nil, 0, 0
	}
	th := r.s.Theme
	lines = r.openMusts(w)
	groups, at := r.groups(), 0
	for i, g := range groups {
		if i > 0 && len(g.changes)+len(groups[i-1].changes) > 0 { // headings without changes stand together
			lines = append(lines, "")
		}
		l := widget.NewLine(th, w).Put(th.Strong, widget.Title(g.name))
		if g.none > 0 {
			l.Gap(2).Put(th.Quiet, fmt.Sprintf("%d unchanged", g.none))
		}
		l.To(w-costWidth).CellRight(th.Strong, costText(g.usd, g.unknown), costWidth)
		heading := len(lines)
		lines = append(lines, l.String())
		for k, c := range g.changes {
			line := r.change(c, w, at == r.cursor && r.picking())
			if at == r.cursor {
				if first, last = len(lines), len(lines); k == 0 {
					first = heading
				}
				if at == 0 {
					first = 0
				}
				if r.picking() {
					line = widget.Selected(th, line, w)
				}
			}
			lines = append(lines, line)
			at++
		}
	}
	return lines, first, last
}

// against is what speaks against the plan.
func (r *Screen) against() []string {
	if r.plan == nil || !r.deploys() {
		return nil
	}
	return r.s.Doubts(r.plan)
}

// ToSettle is how much of that there is, which the header counts.
func (r *Screen) ToSettle() int {
	if r.plan == nil {
		return len(r.s.ToSettle())
	}
	return len(r.against())
}

// openMusts repeats what is still to settle, unless the user goes ahead all the same.
func (r *Screen) openMusts(w int) []string {
	th := r.s.Theme
	doubts := r.against()
	if len(doubts) == 0 {
		return nil
	}
	lines := []string{th.Strong.Paint("To settle before the app runs")}
	for _, d := range doubts {
		l := widget.NewLine(th, w).Gap(2).Put(th.Warn, th.Glyphs.Off).Gap(1)
		lines = append(lines, l.Put(th.Text, widget.Sentence(d)).String())
	}
	return append(lines, "")
}

func (r *Screen) change(c screen.Change, w int, cursor bool) string {
	th := r.s.Theme
	glyph, ink := r.look(c.Action)
	l := widget.NewLine(th, w)
	title, name := max(18, min(28, w*3/10)), th.Text
	if cursor {
		l.Put(th.Accent, th.Glyphs.Cursor)
		name = th.Title
	}
	l.To(2).Put(ink, glyph).Gap(1)
	l.Cell(name, widget.Title(c.ID), title).Gap(1)
	why := c.Why
	switch {
	case c.Keeps != "":
		why = c.Keeps + " go with it"
	case c.Ends != "":
		why = c.Ends
	case c.Action == event.Create, why == "":
		why = c.Name // that it does not exist yet is what creating means
	case len(c.Diff) == 1 && c.Action != event.Delete && widget.Width(fieldText(th, c.Diff[0])) <= l.Left()-costWidth-1:
		why = fieldText(th, c.Diff[0]) // the whole of what changes, where it fits
	}
	end := w - costWidth - 1
	if c.Exposes != "" {
		l.Put(th.Warn, "public").Gap(2)
	}
	l.Cell(th.Quiet, why, end-(w-l.Left())).To(end).Gap(1)
	cost := ""
	if c.MonthlyUSD != 0 || c.Unknown {
		cost = costText(c.MonthlyUSD, c.Unknown)
	}
	return l.CellRight(th.Text, cost, costWidth).String()
}

// rangeText is what a plan's resources cost together, but for what is kept of them: from the least to the most, where
// the scaling decides.
func rangeText(p *screen.Plan, kept float64) string {
	text := costText(p.MonthlyUSD-kept, !p.Complete)
	if p.MostUSD > p.MonthlyUSD {
		text += " to " + costText(p.MostUSD-kept, !p.Complete)
	}
	return text
}

func costText(usd float64, unknown bool) string {
	switch {
	case unknown && usd == 0:
		return "unknown"
	case unknown:
		return widget.USD(usd) + "+"
	case usd == 0:
		return "free"
	default:
		return widget.USD(usd)
	}
}

func (r *Screen) look(a event.Action) (string, theme.Ink) {
	th, g := r.s.Theme, r.s.Theme.Glyphs
	switch a {
	case event.Create:
		return g.Create, th.Good
	case event.Update:
		return g.Update, th.Warn
	case event.Replace:
		return g.Replace, th.Warn
	case event.Delete:
		return g.Delete, th.Bad
	default:
		return g.Skipped, th.Quiet
	}
}

// summary says what will happen, where, for how much, whether anything stands in the way, and what confirms it.
func (r *Screen) summary() []string {
	th, w, p := r.s.Theme, r.width, r.plan
	if p == nil {
		return nil
	}
	t := r.count()
	first := widget.NewLine(th, w)
	if t.changes() == 0 {
		first.Put(th.Good, th.Glyphs.Done).Gap(1)
		if r.of.Destroy {
			first.Put(th.Strong, "There is nothing to destroy.")
		} else {
			first.Put(th.Strong, "Nothing would change: AWS matches the settings.")
		}
		return []string{first.String(), r.where(w, ""), r.hash(w)}
	}
	if r.of.Rollback != "" {
		first.Put(th.Strong, "Back to "+p.Revision+": ")
	}
	if r.of.Restart {
		first.Put(th.Strong, "New tasks, the same version: ")
	}
	first.Put(th.Strong, say(t))
	if r.of.Destroy {
		first.Put(th.Strong, fmt.Sprintf(" that cost %s a month", rangeText(p, p.KeptUSD)))
		if _, kept := p.Data(); len(kept) > 0 {
			first.Put(th.Good, fmt.Sprintf(", keep the data for %s", widget.USD(p.KeptUSD)))
		}
		ask := widget.NewLine(th, w).Put(th.Text, "Type ").Put(th.Strong, p.App).Put(th.Text, " to destroy it: ")
		name := r.name.Edit(th)
		ask.Put(th.Title, name.Left).Put(th.Accent, th.Glyphs.Caret).Put(th.Title, name.Right)
		if r.note != "" {
			ask.Gap(2).Put(th.Warn, r.note)
		}
		return []string{first.String(), r.where(w, ""), r.checkLine(w), ask.String(), r.hash(w)}
	}
	first.To(w-28).CellRight(th.Title, rangeText(p, 0)+" a month", 28)
	lines := []string{first.String()}
	if split := r.split(w); split == "" || widget.Width(split)+widget.Width(r.where(w, ""))+3 <= w {
		lines = append(lines, r.where(w, split))
	} else {
		lines = append(lines, widget.NewLine(th, w).CellRight(th.Quiet, split, w).String(), r.where(w, ""))
	}
	lines = append(lines, r.checkLine(w))
	if n := len(p.Waiting.Left()); n > 0 && !r.short() {
		lines = append(lines, widget.NewLine(th, w).Put(th.Warn, th.Glyphs.Waiting+" Then "+widget.Count(n, "DNS record")+" to set yourself; c shows them").String())
	}
	switch {
	case r.note != "":
		lines = append(lines, widget.NewLine(th, w).Put(th.Warn, r.note).String())
	case !r.short():
		lines = append(lines, r.hash(w))
	}
	return lines
}

// short says that there is little height, so that the list gets what it can.
func (r *Screen) short() bool { return r.height < 14 }

func (r *Screen) shortHash() string { return r.plan.Hash[:min(12, len(r.plan.Hash))] }

// split says by how much the monthly sum changes, which part of it is billed in any case, and which comes with use.
func (r *Screen) split(w int) string {
	p := r.plan
	change := p.CostChange()
	always, use := price.Split(p.MonthlyUSD, p.AlwaysUSD)
	if use == 0 || always == 0 {
		return change
	}
	parts := fmt.Sprintf("%s in any case, %s with %s", widget.USD(always), widget.USD(use), p.Usage.Kind())
	switch {
	case change == "":
		return parts
	case widget.Width(change+"; "+parts) > w:
		return change
	}
	return change + "; " + parts
}

// say is a tally in words.
func say(t tally) string {
	text := ""
	add := func(n int, verb string) {
		if n == 0 {
			return
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%s %d", verb, n)
	}
	add(t.create, "create")
	add(t.update, "update")
	add(t.replace, "replace")
	add(t.remove, "delete")
	n := t.changes()
	text += map[bool]string{true: " resource", false: " resources"}[n == 1]
	return widget.Title(text)
}

// where says in which account and how long, with split at the right.
func (r *Screen) where(w int, split string) string {
	th, p := r.s.Theme, r.plan
	l := widget.NewLine(th, w)
	if t := r.count(); !r.of.Destroy && t.remove+t.replace > 0 {
		l.Put(th.Warn, fmt.Sprintf("%s deleted or replaced, ", widget.Count(t.remove+t.replace, "resource")))
	}
	l.Put(th.Quiet, fmt.Sprintf("in %s of account %s", p.Region, p.Account))
	if p.Usually > 0 {
		l.Put(th.Quiet, ", usually "+widget.Roughly(p.Usually))
	}
	if split != "" {
		l.CellRight(th.Quiet, split, l.Left())
	}
	return l.String()
}

func (r *Screen) hash(w int) string {
	th, p := r.s.Theme, r.plan
	l := widget.NewLine(th, w).Put(th.Quiet, "plan "+r.shortHash())
	if dated := price.Dated(p.PricesAsOf, p.PricesOld); dated != "" {
		l.Put(th.Quiet, ", "+dated)
	}
	if !p.Complete {
		l.Put(th.Warn, ", some prices are not known")
	}
	return l.String()
}
