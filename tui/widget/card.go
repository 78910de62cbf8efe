package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"berth/engine/fail"
	"berth/tui/theme"
)

// Failure is the card that tells a failure: cause, evidence and remedy. The keys that go on from it stand in the
// footer.
type Failure struct {
	Theme *theme.Theme
	Error *fail.Error
}

const labelWidth = 9

// Lines is the card for a width, in full.
func (f Failure) Lines(width int) []string { return f.lines(width, 1<<20, true) }

// lines is the card with at most so many lines of evidence, with or without the link.
func (f Failure) lines(width, evidence int, doc bool) []string {
	th, e, room := f.Theme, f.Error, width-2
	sign, ink := th.Glyphs.Failed, th.Bad
	if e.Class == fail.Stopped {
		sign, ink = th.Glyphs.Skipped, th.Warn // as asked, not as a failure
	}
	var body []string
	for i, l := range Wrap(Sentence(e.Cause), room-2) {
		lead := "  "
		if i == 0 {
			lead = ink.Paint(sign) + " "
		}
		body = append(body, lead+th.Strong.Paint(l))
	}
	body = append(body, f.part("seen", e.Evidence, th.Quiet, room, evidence)...)
	body = append(body, f.part("do this", Sentence(e.Remedy), th.Text, room, 1<<20)...)
	if doc {
		body = append(body, f.part("more", e.Doc, th.Quiet, room, 1<<20)...)
	}
	edge := ink.Paint(th.Glyphs.Side) + " "
	for i, l := range body {
		body[i] = edge + l
	}
	return Fit(body, width, len(body))
}

// part is one labelled text of the card, with the label beside it, or above where there is little room.
func (f Failure) part(label, text string, ink theme.Ink, room, most int) []string {
	if text == "" || most <= 0 {
		return nil
	}
	out := []string{""}
	indent := labelWidth
	if room < 50 {
		indent = 0
		out = append(out, f.Theme.Quiet.Paint(label))
	}
	lines := Wrap(text, room-indent)
	if len(lines) > most { // the end of a log tells more than its beginning
		lines = lines[len(lines)-most:]
		lines[0] = f.Theme.Glyphs.Ellipsis + ansi.Truncate(strings.TrimLeft(lines[0], " "), room-indent-1, f.Theme.Glyphs.Ellipsis)
	}
	for i, l := range lines {
		lead := strings.Repeat(" ", indent)
		if i == 0 && indent > 0 {
			lead = f.Theme.Quiet.Paint(Pad(label, indent))
		}
		out = append(out, lead+ink.Paint(l))
	}
	return out
}

// Render draws the card. When there are too few rows the link goes first, then evidence as far as it must.
func (f Failure) Render(width, height int) string {
	lines := f.Lines(width)
	if len(lines) > height {
		lines = f.lines(width, 1<<20, false)
	}
	if over := len(lines) - height; over > 0 {
		seen := len(f.part("seen", f.Error.Evidence, f.Theme.Quiet, width-2, 1<<20)) - 1
		if width-2 < 50 {
			seen--
		}
		lines = f.lines(width, seen-over, false)
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
