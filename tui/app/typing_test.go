package app

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/screen"
)

// Letters that arrive in one read, as over a slow line, come as one message of several runes. Each is a key of its
// own, also when one of them leads to another screen; a paste is none, and in a text field they are text.
func TestKeysThatArriveTogetherAreKeys(t *testing.T) {
	together := func(s string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s)} }
	e := deployed()
	inBubble(t, e, func(d *harness) {
		d.send(together("+++"))
		d.sees("2 of 2 instances → 5")
		d.send(together("--"))
		d.sees("2 of 2 instances → 3")
		paste := together("---")
		paste.Paste = true
		d.send(paste)
		d.sees("2 of 2 instances → 3")
		d.press("esc")
		d.send(together("l/room/7"))
		d.expect(screen.Logs{})
		d.sees("find room/7")
		d.press("esc", "esc")
		d.expect(screen.Overview{})
		d.press("ctrl+c")
		d.send(together("nl"))
		d.expect(screen.Logs{})
	})
}
