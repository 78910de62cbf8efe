package app

import (
	"fmt"
	"slices"
	"strings"

	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// margin is the blank columns at both sides.
const margin = 2

// tall is from how many rows on there is a blank line above the body.
const tall = 22

func (m *Model) tooSmall() bool { return m.width < MinWidth || m.height < MinHeight }

func (m *Model) inner() int { return m.width - 2*margin }

// top is how many lines stand above the body: header, way, rule, and a blank line where there is room.
func (m *Model) top() int {
	if m.height >= tall {
		return 4
	}
	return 3
}

// bottom is how many lines stand below the body: rule and footer.
const bottom = 2

func (m *Model) layout() {
	if m.width > 0 && !m.tooSmall() {
		m.current().SetSize(m.inner(), m.height-m.top()-bottom)
	}
}

// View draws the whole terminal.
func (m *Model) View() string {
	if m.width == 0 || m.height == 0 {
		return ""
	}
	th := m.s.Theme
	if m.tooSmall() {
		return m.finish(m.small(), 0)
	}
	rule := th.Quiet.Paint(strings.Repeat(th.Glyphs.Rule, m.inner()))
	lines := []string{m.header(), m.way(), rule}
	if m.top() > len(lines) {
		lines = append(lines, "")
	}
	room := m.height - m.top() - bottom
	body := widget.Fit(widget.Lines(m.body(room)), m.inner(), room)
	for len(body) < room {
		body = append(body, "")
	}
	lines = append(lines, body...)
	if m.leaving {
		lines = widget.Over(lines, m.question(), m.inner())
	}
	return m.finish(append(lines, rule, m.footer()), margin)
}

// finish indents the frame and is its last guard: no more lines and columns than the terminal has, and no sign
// that it cannot show.
func (m *Model) finish(lines []string, indent int) string {
	lines = widget.Fit(lines, m.width-indent, m.height)
	size, lead := 0, strings.Repeat(" ", indent)
	for _, l := range lines {
		size += indent + len(l) + 1
	}
	var b strings.Builder
	b.Grow(size)
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		if l != "" {
			b.WriteString(lead)
			b.WriteString(l)
		}
	}
	text := b.String()
	if m.s.Theme.ASCII {
		text = theme.ToASCII(text)
	}
	return text
}

func (m *Model) small() []string {
	text := fmt.Sprintf("berth needs %d columns and %d rows; this window has %d and %d. Enlarge it, or leave with Ctrl-C.",
		MinWidth, MinHeight, m.width, m.height)
	lines := widget.Wrap(text, m.width)
	if m.leaving {
		lines = append(lines, widget.Wrap("Leave? y or n", m.width)...)
	}
	return lines
}

func (m *Model) body(room int) string {
	if !m.help {
		return m.current().View()
	}
	lines := m.helpLines()
	m.helpOffset = widget.ClampOffset(m.helpOffset, len(lines), room)
	return widget.Static(m.s.Theme, lines, m.helpOffset, m.inner(), room)
}

// answered are the screens that are about the app as it is being answered. The others are about what runs.
var answered = []screen.Name{screen.Project{}.Name(), screen.Needs{}.Name(), screen.Compare{}.Name(), screen.Settings{}.Name(), screen.Review{}.Name()}

// header says what this is about: app and environment at the left, account and region at the right.
func (m *Model) header() string {
	th, s := m.s.Theme, m.s
	l := widget.NewLine(th, m.inner()).Put(th.Title, "berth")
	if s.Engine.Simulated() != "" {
		l.Gap(2).Put(th.Badge, " simulated ")
	}
	spec := s.Home()
	if slices.Contains(answered, m.Shown()) {
		spec = s.Spec()
	}
	right := spec.Region
	app := spec.App
	if app != "" && spec.EnvName != "" {
		app += " " + th.Glyphs.Dot + " " + spec.EnvName
	}
	const account = 12 + 2
	open := m.open()
	fits := l.Left() >= widget.Width(app)+widget.Width(right)+widget.Width(open)+account+8
	if fits && s.Identity != nil && s.Identity.Account != "" {
		right = strings.TrimPrefix(right+"  "+s.Identity.Account, "  ")
	}
	if app != "" {
		l.Gap(2).Cell(th.Text, app, min(widget.Width(app), l.Left()-widget.Width(right)-4))
	}
	if open != "" && l.Left() >= widget.Width(open)+widget.Width(right)+4 {
		l.Gap(2).Put(th.Warn, open)
	}
	return l.To(m.inner()-widget.Width(right)).Put(th.Quiet, right).String()
}

// open counts what is still to be settled before the app runs, on the way through the wizard.
func (m *Model) open() string {
	if at := m.step(); at <= 0 {
		return "" // the first step lists it
	}
	n := len(m.s.ToSettle())
	if x, ok := m.current().(screen.Counter); ok { // which knows of more
		n = x.ToSettle()
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d to settle", n)
}

// step is which step of the wizard is shown, -1 when it is none.
func (m *Model) step() int {
	if !m.first && m.stack[0] != screen.Steps[0] {
		return -1
	}
	return slices.Index(screen.Steps, m.Shown())
}

// way is the line that says where we are: the steps of the wizard, or the way from the overview.
func (m *Model) way() string {
	th := m.s.Theme
	if at := m.step(); at >= 0 {
		c := widget.Crumbs{Theme: th, At: at}
		for _, n := range screen.Steps {
			c.Steps = append(c.Steps, m.screens[n].Title())
		}
		return c.Render(m.inner(), 1)
	}
	l := widget.NewLine(th, m.inner())
	for i, n := range m.stack {
		if i > 0 {
			l.Put(th.Quiet, " "+th.Glyphs.Cursor+" ")
		}
		ink := th.Quiet
		if i == len(m.stack)-1 {
			ink = th.Title
		}
		l.Put(ink, m.screens[n].Title())
	}
	if sim := m.s.Engine.Simulated(); sim != "" && m.Shown() != (screen.Stories{}).Name() && l.Left() > widget.Width(sim)+4 {
		l.To(m.inner()-widget.Width(sim)).Put(th.Quiet, sim)
	}
	return l.String()
}

func (m *Model) footer() string {
	if m.leaving || m.help || m.typing() {
		return keys.Footer(m.s.Theme, m.keys(), m.inner())
	}
	own := m.everywhere()
	stay := own[:1]
	if m.s.Told() {
		stay = []keys.Key{m.otherStories(), own[0]}
	}
	return keys.Footer(m.s.Theme, m.keys(), m.inner(), stay...)
}
