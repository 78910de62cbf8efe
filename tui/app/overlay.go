package app

import (
	"berth/tui/widget"
)

// everywhere are the keys that work on every screen.
var everywhere = []widget.Key{
	{Name: "?", Does: "help", Long: "this page"},
	{Name: "ctrl+c", Does: "leave", Long: "ask whether to leave; while something is being deployed: stop, then cancel, then leave"},
	{Name: "ctrl+z", Does: "suspend", Long: "back to the shell; fg comes back"},
}

// otherStories is the key that goes back to the tour of a demo.
var otherStories = widget.Key{Name: "ctrl+t", Does: "other stories", Long: "leave this story of the demo for another one"}

func (m *Model) helpLines() []string {
	th, w := m.s.Theme, m.inner()
	lines := []string{th.Strong.Paint(m.current().Title())}
	lines = append(lines, widget.Paragraph(th.Quiet, m.current().About(), w)...)
	lines = append(lines, "")
	keys := append(m.current().Keys()[:len(m.current().Keys()):len(m.current().Keys())], everywhere...)
	if m.s.Told() {
		keys = append(keys, otherStories)
	}
	lines = append(lines, widget.Lines(widget.KeyTable{Theme: th, Keys: keys}.Render(w, 1000))...)
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

func (m *Model) onHelpKey(key string) {
	switch key {
	case "?", "esc", "q", "enter":
		m.help = false
	case "up", "k":
		m.helpOffset--
	case "down", "j":
		m.helpOffset++
	case "pgup":
		m.helpOffset -= m.height / 2
	case "pgdown", " ":
		m.helpOffset += m.height / 2
	}
}

// question is the dialog that asks whether to leave.
func (m *Model) question() string {
	th := m.s.Theme
	body := []string{""}
	body = append(body, widget.Paragraph(th.Text, m.leavingText(), min(46, m.inner()-8))...)
	keys := widget.KeyLine{Theme: th, Keys: []widget.Key{{Name: "y", Does: "leave"}, {Name: "esc", Does: "stay"}}}
	return widget.Box{Theme: th, Title: "Leave berth?", Body: append(body, "", keys.Render(40, 1), "")}.Render(m.inner(), m.height-4)
}

func (m *Model) leavingText() string {
	switch {
	case m.s.Watching() != nil && m.s.Outcome.Outcome == "":
		return "The " + m.s.Watching().What + " goes on in the other terminal. berth shows it again when it is started in this folder."
	case m.s.Run != nil:
		return "What exists in AWS stays as it is. berth shows it again when it is started in this folder."
	default:
		return "Nothing was created and nothing was written. The answers given so far are not kept."
	}
}
