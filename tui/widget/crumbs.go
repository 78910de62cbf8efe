package widget

import (
	"fmt"

	"berth/tui/theme"
)

// Crumbs is the way through the wizard: what is answered, where we are, what comes.
type Crumbs struct {
	Theme *theme.Theme
	Steps []string
	At    int // index of the current step
}

// Render draws the way in one line; when it is too long, only the current step has a name.
func (c Crumbs) Render(width, height int) string {
	if height < 1 || len(c.Steps) == 0 {
		return ""
	}
	need := 0
	for i, s := range c.Steps {
		need += 2 + Width(s)
		if i > 0 {
			need += crumbGap
		}
	}
	th, l := c.Theme, NewLine(c.Theme, width)
	gap := crumbGap
	if need > width {
		gap = 1
	}
	for i, s := range c.Steps {
		name := need <= width || i == c.At
		if i > 0 {
			l.Gap(gap)
		}
		glyph, sign, ink := th.Glyphs.Planned, th.Quiet, th.Quiet
		switch {
		case i < c.At:
			glyph, sign = th.Glyphs.Done, th.Good
		case i == c.At:
			glyph, sign, ink = th.Glyphs.Current, th.Accent, th.Title
		}
		l.Put(sign, glyph)
		if name {
			l.Gap(1).Put(ink, s)
		}
	}
	if need > width {
		l.Gap(2).Put(th.Quiet, fmt.Sprintf("%d of %d", c.At+1, len(c.Steps)))
	}
	return l.String()
}

const crumbGap = 3
