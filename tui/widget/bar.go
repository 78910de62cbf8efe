package widget

import (
	"math"
	"strings"

	"berth/tui/theme"
)

// Bar is a measure from empty to full.
type Bar struct {
	Theme *theme.Theme
	Part  float64 // 0 to 1
	Ink   theme.Ink
}

// Render draws the bar, one line.
func (b Bar) Render(width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	part := b.Part
	if math.IsNaN(part) {
		part = 0
	}
	full := int(math.Round(max(0, min(1, part)) * float64(width)))
	if full == 0 && part > 0 {
		full = 1
	}
	g := b.Theme.Glyphs
	var line strings.Builder
	line.Grow(width*len(g.Bar) + 32) // and the inks
	b.Ink.Repeat(&line, g.Bar, full)
	b.Theme.Quiet.Repeat(&line, g.Track, width-full)
	return line.String()
}

// Spark is a series as one line of small columns, newest at the right, scaled to its own largest value.
type Spark struct {
	Theme  *theme.Theme
	Values []float64
	Max    float64 // what a full column stands for; zero: the largest value
	Ink    theme.Ink
}

// Render draws as many of the newest values as there are columns.
func (s Spark) Render(width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	values := s.Values[max(0, len(s.Values)-width):]
	top := s.Max
	for _, v := range values {
		if s.Max == 0 && v > top {
			top = v
		}
	}
	levels := s.Theme.Glyphs.Levels
	var b strings.Builder
	for _, v := range values {
		i := 0
		if top > 0 && v > 0 { // not so for what is not a number: there is none
			part := min(1, v/top)
			if math.IsNaN(part) {
				part = 1 // both are without end
			}
			i = 1 + int(part*float64(len(levels)-2)+0.5)
		}
		b.WriteString(levels[min(i, len(levels)-1)])
	}
	return s.Ink.Paint(b.String())
}
