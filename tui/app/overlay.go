package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// keys are the keys of this moment: the program's own that are about what it shows, else the screen's.
func (m *Model) keys() []keys.Key {
	switch {
	case m.leaving:
		return []keys.Key{
			keys.Way("y", "leave", m.s.Quit, "y", "enter", "q", "ctrl+c"),
			keys.Way("esc", "stay", func() { m.leaving = false }, "esc", "n"),
			keys.Also(suspend, "ctrl+z"),
		}
	case m.help:
		room := m.height - m.top() - bottom
		return append(keys.Moves("scroll", m.scrollHelp, room),
			keys.Way("esc", "close", func() { m.help = false }, "?", "esc", "q", "enter"))
	}
	return m.current().Keys()
}

// everywhere are the keys that work on every screen.
func (m *Model) everywhere() []keys.Key {
	all := []keys.Key{
		keys.Way("?", "help", func() { m.help, m.helpOffset = true, 0 }).Say("this page"),
		keys.Way("ctrl+c", "leave", m.interrupt).
			Say("leave, after a question; during a deployment: stop, then cancel, then leave"),
		keys.Way("ctrl+z", "suspend", suspend).Say("suspend to the shell; fg resumes"),
	}
	if m.s.Told() {
		all = append(all, m.otherStories())
	}
	return all
}

func suspend() tea.Cmd { return tea.Suspend }

// otherStories is the key that goes back to the tour of a demo.
func (m *Model) otherStories() keys.Key {
	return keys.Act("berth demo --story", "ctrl+t", "other stories", func() { m.s.OtherStories() }).
		Say("leave this demo story and choose another")
}

func (m *Model) scrollHelp(by int) {
	room := m.height - m.top() - bottom
	m.helpOffset = widget.ClampOffset(m.helpOffset+by, len(m.helpLines()), room)
}

const wordWidth = 18

func (m *Model) helpLines() []string {
	th, w := m.s.Theme, m.inner()
	lines := []string{th.Strong.Paint(m.current().Title())}
	lines = append(lines, widget.Paragraph(th.Quiet, m.current().About(), w)...)
	lines = append(lines, "")
	all := append(slices.Clip(m.current().Keys()), m.everywhere()...)
	lines = append(lines, keys.Table(th, all, w)...)
	if used := screen.Words(ansi.Strip(m.current().View())); len(used) > 0 {
		lines = append(lines, "", th.Strong.Paint("Words on this screen"))
		for _, u := range used {
			for i, part := range widget.Wrap(u.Means, max(20, w-wordWidth)) {
				l := widget.NewLine(th, w)
				if i == 0 {
					l.Cell(th.Text, u.Term, wordWidth)
				}
				lines = append(lines, l.To(wordWidth).Put(th.Quiet, part).String())
			}
		}
	}
	if st := m.s.Story; st != nil {
		lines = append(lines, "", th.Strong.Paint(widget.Clean("This story: "+st.Title)))
		lines = append(lines, widget.Paragraph(th.Text, st.Happens, w)...)
		lines = append(lines, widget.Paragraph(th.Quiet, st.Press, w)...)
	}
	if sim := m.s.Engine.Simulated(); sim != "" {
		lines = append(lines, "")
		lines = append(lines, widget.Paragraph(th.Quiet, sim, w)...)
	}
	return lines
}

// question is the dialog that asks whether to leave.
func (m *Model) question() string {
	th := m.s.Theme
	body := []string{""}
	body = append(body, widget.Paragraph(th.Text, m.leavingText(), min(46, m.inner()-8))...)
	return widget.Box{Theme: th, Title: "Leave berth?", Body: append(body, "", keys.Footer(th, m.keys(), 40), "")}.Render(m.inner(), m.height-4)
}

func (m *Model) leavingText() string {
	switch {
	case m.s.Watching() != nil && m.s.Outcome.Outcome == "":
		return "The " + m.s.Watching().What + " continues in the other terminal. Start berth in this folder to see it again."
	case m.s.Run != nil:
		return "What exists in AWS stays as it is. Start berth in this folder to see it again."
	default:
		return "Nothing was created and nothing was written. Your answers so far are discarded."
	}
}
