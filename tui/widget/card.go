package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"berth/engine/fail"
	"berth/tui/theme"
)

// Failure is the card that tells a failure: cause, evidence, remedy and the keys that go on from there.
type Failure struct {
	Theme *theme.Theme
	Error *fail.Error
	Keys  []Key // what can be done, such as r "try again"
}

// Lines is the card for a width, in full.
func (f Failure) Lines(width int) []string {
	th := f.Theme
	room := width - 2
	edge := th.Bad.Paint(th.Glyphs.Side) + " "
	var body []string
	for i, l := range Wrap(f.Error.Cause, room-2) {
		lead := "  "
		if i == 0 {
			lead = th.Bad.Paint(th.Glyphs.Failed) + " "
		}
		body = append(body, lead+th.Strong.Paint(l))
	}
	add := func(label, text string, ink theme.Ink) {
		if text == "" {
			return
		}
		body = append(body, "")
		if room < 50 {
			body = append(body, th.Quiet.Paint(label))
			body = append(body, Paragraph(ink, text, room)...)
			return
		}
		for i, l := range Wrap(text, room-labelWidth) {
			lead := Pad("", labelWidth)
			if i == 0 {
				lead = th.Quiet.Paint(Pad(label, labelWidth))
			}
			body = append(body, lead+ink.Paint(l))
		}
	}
	add("seen", f.Error.Evidence, th.Quiet)
	add("do this", f.Error.Remedy, th.Text)
	add("more", f.Error.Doc, th.Quiet)
	if len(f.Keys) > 0 {
		body = append(body, "")
		body = append(body, KeyLine{Theme: th, Keys: f.Keys}.Render(room, 1))
	}
	for i, l := range body {
		body[i] = edge + l
	}
	return Fit(body, width, len(body))
}

const labelWidth = 9

// Render draws the card. When there are too few rows the evidence is the first to go, then the end.
func (f Failure) Render(width, height int) string {
	lines := f.Lines(width)
	if len(lines) > height && f.Error.Evidence != "" {
		short := f
		e := *f.Error
		e.Evidence, e.Doc = "", ""
		short.Error = &e
		lines = short.Lines(width)
	}
	if len(lines) > height && height > 1 {
		cut := append([]string(nil), lines[:height-1]...)
		return Join(append(cut, lines[len(lines)-1])) // the keys stay
	}
	return Join(Fit(lines, width, height))
}

// Box is a dialog: lines inside a thin frame.
type Box struct {
	Theme *theme.Theme
	Title string
	Body  []string // rendered lines, at most width-4 columns wide
}

// Render draws the box as large as its body needs, at most width x height.
func (b Box) Render(width, height int) string {
	th, g := b.Theme, b.Theme.Glyphs
	inner := Width(b.Title) + 2
	for _, l := range b.Body {
		inner = max(inner, Width(l))
	}
	inner = min(inner, width-4)
	if inner < 1 || height < 3 {
		return ""
	}
	body := Fit(append([]string(nil), b.Body...), inner, height-2)
	top := NewLine(th, inner+4).Put(th.Accent, g.TopLeft+g.Rule).Gap(1).Put(th.Strong, b.Title)
	top.Gap(1)
	top.Put(th.Accent, strings.Repeat(g.Rule, max(0, top.Left()-1))+g.TopRight)
	lines := []string{top.String()}
	side := th.Accent.Paint(g.Side)
	for _, l := range body {
		lines = append(lines, side+" "+Pad(l, inner)+" "+side)
	}
	return Join(append(lines, th.Accent.Paint(g.BottomLeft+strings.Repeat(g.Rule, inner+2)+g.BottomRight)))
}

// Over lays a rendered part over the middle of a frame of rendered lines, which stays visible around it.
func Over(frame []string, part string, width int) []string {
	lines := Lines(part)
	top := max(0, (len(frame)-len(lines))/2)
	wide := 0
	for _, l := range lines {
		wide = max(wide, Width(l))
	}
	left := max(0, (width-wide)/2)
	out := append([]string(nil), frame...)
	for i, l := range lines {
		if top+i >= len(out) {
			break
		}
		under := out[top+i]
		out[top+i] = Pad(ansi.Truncate(under, left, ""), left) + Pad(l, wide) + ansi.TruncateLeft(under, left+wide, "")
	}
	return out
}
