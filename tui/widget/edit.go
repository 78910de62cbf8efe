package widget

import (
	"github.com/charmbracelet/x/ansi"

	"berth/tui/theme"
)

// Edit is one line of text with the place where typing goes in. What is left out at an end has a mark there.
type Edit struct {
	Theme       *theme.Theme
	Left, Right string // of that place
}

// Render draws the line. The place is always seen, with what comes before it, and some of what comes after.
func (e Edit) Render(width, height int) string {
	if height < 1 || width < 4 {
		return ""
	}
	left, right, mark := Clean(e.Left), Clean(e.Right), e.Theme.Glyphs.Ellipsis
	room := width - 1 // of the caret
	if Width(left)+Width(right) > room {
		after := max(min(Width(right), room/3), room-Width(left))
		right = ansi.Truncate(right, after, mark)
		if over := Width(left) - (room - Width(right)); over > 0 {
			left = e.tail(left, room-Width(right))
		}
	}
	l := NewLine(e.Theme, width).Put(e.Theme.Strong, left).Put(e.Theme.Accent, e.Theme.Glyphs.Caret)
	return l.Put(e.Theme.Strong, right).String()
}

// tail is the end of s in at most so many columns, with the mark before it.
func (e Edit) tail(s string, width int) string {
	mark := e.Theme.Glyphs.Ellipsis
	for cut := Width(s) - width + Width(mark); ; cut++ { // a wide sign is left out as a whole
		if t := ansi.TruncateLeft(s, cut, mark); Width(t) <= width || cut > Width(s) {
			return t
		}
	}
}
