package widget

import (
	"fmt"

	"berth/tui/theme"
)

// Scroll shows a window of many lines. Where lines are hidden, the first or last line of the window says how
// many. Line is asked only for the lines that are seen.
type Scroll struct {
	Theme  *theme.Theme
	Count  int
	Line   func(i, width int) string
	Offset int // first line of the window; brought into range by Render
}

// Render draws the window.
func (s Scroll) Render(width, height int) string {
	if height <= 0 {
		return ""
	}
	off := ClampOffset(s.Offset, s.Count, height)
	n := min(height, s.Count-off)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = s.Line(off+i, width)
	}
	if off > 0 {
		lines[0] = s.mark(s.Theme.Glyphs.Up, off+1, width)
	}
	if below := s.Count - off - n; below > 0 {
		lines[n-1] = s.mark(s.Theme.Glyphs.Down, below+1, width)
	}
	return Join(lines)
}

func (s Scroll) mark(glyph string, n, width int) string {
	return NewLine(s.Theme, width).Put(s.Theme.Quiet, fmt.Sprintf("  %s %d more", glyph, n)).String()
}

// ClampOffset brings a scroll offset into the range that count lines in height rows allow.
func ClampOffset(off, count, height int) int {
	return max(0, min(off, count-height))
}

// Follow moves a scroll offset as little as needed for the lines from first to last (inclusive) to be seen
// in height rows, beside the marks that Scroll may put into the first and last row.
func Follow(off, first, last, count, height int) int {
	off = ClampOffset(off, count, height)
	if count <= height {
		return 0
	}
	for range 2 { // a mark may appear by the first move
		bottom := off + height - 1
		if bottom < count-1 {
			bottom--
		}
		if last > bottom {
			off += last - bottom
		}
		top := off
		if off > 0 {
			top++
		}
		if first < top {
			off -= top - first
			if off == 1 {
				off = 0
			}
		}
		off = ClampOffset(off, count, height)
	}
	return off
}

// Static is Scroll over lines that are drawn already.
func Static(th *theme.Theme, lines []string, offset, width, height int) string {
	return Scroll{Theme: th, Count: len(lines), Offset: offset, Line: func(i, w int) string {
		return lines[i]
	}}.Render(width, height)
}
