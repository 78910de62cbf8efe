package app

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/screen"
)

// size makes the terminal as small or large as that.
func (d *harness) size(w, h int) { d.send(tea.WindowSizeMsg{Width: w, Height: h}) }

// TestTheListOfAnEditorShowsItsCursor opens the long list of regions on the smallest terminal: the line with
// the cursor and its neighbours have to be in view, wherever it goes.
func TestTheListOfAnEditorShowsItsCursor(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		cursor := func() string {
			for _, l := range strings.Split(d.view(), "\n") {
				if l = strings.TrimSpace(l); strings.HasPrefix(l, "› ") && strings.Contains(l, "(") {
					return l
				}
			}
			t.Fatalf("no region with the cursor in:\n%s", d.view())
			return ""
		}
		walk := func() {
			d.press("space")
			was := cursor()
			for range 40 {
				d.press("up")
				cursor()
			}
			for range 60 {
				d.press("down")
			}
			if now := cursor(); now == was {
				t.Errorf("the cursor stays at %q", now)
			}
			d.press("esc")
		}
		d.size(60, 16)
		d.press("enter")
		d.expect(screen.Needs{})
		d.press("down", "down", "down", "down")
		walk()
		d.press("enter", "enter")
		d.expect(screen.Settings{})
		d.press("down")
		walk()
	})
}

// TestALongTextShowsItsEnd types more than there is room for: what was typed last is seen, and a mark says that
// there is more at the left.
func TestALongTextShowsItsEnd(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.size(60, 16)
		d.press("enter")
		d.expect(screen.Needs{})
		for range 9 {
			d.press("down")
		}
		d.press("space", "ctrl+u", "日本語🎉 /app/bin/migrate --with a very long list of words that does not end")
		d.sees("does not end")
		d.sees("› …")
		d.press("home")
		d.sees("› ▏日本語🎉 /app", "…")
	})
}

// TestWhatIsScaledIsSeen scrolls the overview down before scaling: the number that is chosen is shown, and so
// is an answer to a key.
func TestWhatIsScaledIsSeen(t *testing.T) {
	inBubble(t, deployed(), func(d *harness) {
		d.size(60, 16)
		d.press("pgdown", "pgdown", "+")
		d.sees("→ 3")
		d.press("esc", "pgdown", "pgdown", "down", "b")
		d.sees("The same revision runs now.")
	})
}

// TestAnUndoSaysWhatItTookBack takes back an answer that is out of view.
func TestAnUndoSaysWhatItTookBack(t *testing.T) {
	inBubble(t, fresh(), func(d *harness) {
		d.size(60, 16)
		d.press("enter", "space")
		d.sees("no", "your answer")
		d.press("end", "u")
		d.sees("Undone: WebSockets")
	})
}
