package widget

import (
	"fmt"
	"strings"

	"berth/tui/theme"
)

// Series is one row of points of a chart. A value below zero is not drawn.
type Series struct {
	Mark   string // one sign
	Values []float64
	Ink    theme.Ink
}

// Chart draws dollars against a few steps of something.
type Chart struct {
	Theme  *theme.Theme
	Unit   string   // of the steps, such as instances
	X      []string // labels of the steps
	Series []Series
}

// axis is the columns of the labels at the left.
const axis = 8

// Render draws the chart: the lowest line is the labels of the steps.
func (c Chart) Render(width, height int) string {
	rows, top := height-2, 0.0
	for _, s := range c.Series {
		for _, v := range s.Values {
			top = max(top, v)
		}
	}
	if rows < 3 || len(c.X) == 0 || top <= 0 || width < axis+4*len(c.X) {
		return ""
	}
	step := (width - axis - Width(c.Unit) - 2) / len(c.X)
	if step < 3 {
		return ""
	}
	type point struct {
		mark string
		ink  theme.Ink
	}
	grid := make([]map[int]point, rows)
	for i := range grid {
		grid[i] = map[int]point{}
	}
	for _, s := range c.Series {
		for x, v := range s.Values {
			if v < 0 || x >= len(c.X) {
				continue
			}
			y := rows - 1 - int(v/top*float64(rows-1)+0.5)
			at := x*step + step/2
			for grid[y][at].mark != "" && at < (x+1)*step-1 {
				at++ // beside the one that stands there
			}
			grid[y][at] = point{s.Mark, s.Ink}
		}
	}
	th := c.Theme
	var lines []string
	for y := range grid {
		l := NewLine(th, width)
		label := ""
		if y == 0 || y == rows-1 || y == rows/2 {
			label = fmt.Sprintf("$%.0f", top*float64(rows-1-y)/float64(rows-1))
		}
		l.CellRight(th.Quiet, label, axis-2).Put(th.Quiet, " "+th.Glyphs.Side)
		for at := range step * len(c.X) {
			if p := grid[y][at]; p.mark != "" {
				l.To(axis+at).Put(p.ink, p.mark)
			}
		}
		lines = append(lines, l.String())
	}
	base := NewLine(th, width).To(axis-1).Put(th.Quiet, th.Glyphs.Corner+strings.Repeat(th.Glyphs.Rule, step*len(c.X)))
	labels := NewLine(th, width)
	for i, x := range c.X {
		labels.To(axis+i*step+step/2).Put(th.Quiet, x)
	}
	return Join(append(lines, base.String(), labels.Gap(2).Put(th.Quiet, c.Unit).String()))
}
