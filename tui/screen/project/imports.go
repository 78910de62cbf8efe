package project

import (
	"fmt"

	"berth/tui/keys"
	"berth/tui/widget"
)

// moved says that files of other platforms are there, of which something is taken over.
func (p *Screen) moved() bool {
	return p.s.Findings != nil && len(p.s.Findings.Imports) > 0 && p.loading == ""
}

// importKeys open and close the table of what is taken over from other platforms.
func (p *Screen) importKeys() []keys.Key {
	if !p.moved() {
		return nil
	}
	name := "what moves over"
	if p.imports {
		name = "findings"
	}
	return []keys.Key{keys.Act("berth inspect", "m", name, p.turn).Say("show what is taken over from other platforms' files, and what is not")}
}

func (p *Screen) turn() { p.imports, p.offset = !p.imports, 0 }

// table is what is taken over, a line each: where it stands, what stands there and what becomes of it.
func (p *Screen) table(w int) []string {
	th := p.s.Theme
	place, text := 5, 19
	for _, x := range p.s.Findings.Imports {
		place, text = max(place, widget.Width(x.Place())), max(text, widget.Width(x.Text))
	}
	place = min(place, w/4)
	text = min(text, (w-place)*2/5)
	lost := 0
	var lines []string
	for _, x := range p.s.Findings.Imports {
		l := widget.NewLine(th, w)
		where := x.Place()
		if widget.Width(where) > place {
			where = widget.TailOf(where, place, th.Glyphs.Ellipsis)
		}
		l.Cell(th.Quiet, where, place).Gap(2).Cell(th.Text, x.Text, text).Gap(2)
		if x.Lost() {
			lost++
			l.Put(th.Quiet, "no counterpart: "+x.Value)
		} else {
			l.Put(th.Text, x.Key+" = "+x.Value)
		}
		lines = append(lines, l.String())
	}
	head := fmt.Sprintf("%d lines of other platforms become settings; nothing is written before you confirm a plan", len(lines)-lost)
	if lost > 0 {
		head = fmt.Sprintf("%d lines of other platforms become settings, %d have no counterpart; nothing is written before you confirm a plan", len(lines)-lost, lost)
	}
	return append([]string{widget.NewLine(th, w).Put(th.Strong, head).String(), ""}, lines...)
}

// scroll moves the table.
func (p *Screen) scroll(by int) {
	most := len(p.table(p.width)) - p.tableHeight()
	p.offset = max(0, min(p.offset+by, most))
}

func (p *Screen) tableHeight() int { return max(1, p.height-len(p.top())-len(p.bottom())) }
