package app

import (
	"strings"
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

// The key that opens a list opens it, and is not the first letter that is searched for.
func TestTheKeyThatOpensDoesNotType(t *testing.T) {
	for name, way := range map[string][]string{"needs": {"enter"}, "settings": {"enter", "enter", "enter"}} {
		for _, key := range []string{"space", "e"} {
			t.Run(name+" "+key, func(t *testing.T) {
				inBubble(t, fresh(), func(d *harness) {
					d.press(way...)
					for range 30 {
						if v := d.view(); strings.Contains(at(v), "egion") {
							break
						}
						d.press("down")
					}
					d.press(key)
					d.sees("type a part of the name")
				})
			})
		}
	}
}

// at is the line that the cursor is at.
func at(view string) string {
	for _, l := range strings.Split(view, "\n") {
		if strings.Contains(l, "›") {
			return l
		}
	}
	return ""
}
