package keys

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/theme"
	"berth/tui/widget"
)

func press(t *testing.T, all []Key, pressed tea.KeyMsg) bool {
	t.Helper()
	_, matched := Press(all, pressed)
	return matched
}

func letter(r rune) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}} }

func TestTheFirstKeyThatMatchesIsPressed(t *testing.T) {
	at := 0
	moved := func(by int) { at += by }
	paused := false
	all := append([]Key{
		Way("x", "off", func() { t.Error("a key that is disabled was pressed") }).When(false),
		Way("space", "pause", func() { paused = true }, " "),
	}, Moves("scroll", moved, 12)...)
	for _, step := range []struct {
		pressed tea.KeyMsg
		matched bool
		at      int
	}{
		{letter('x'), false, 0},
		{tea.KeyMsg{Type: tea.KeyDown}, true, 1},
		{letter('k'), true, 0},
		{tea.KeyMsg{Type: tea.KeyPgDown}, true, 10},
		{tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}, true, 10},
		{tea.KeyMsg{Type: tea.KeyPgUp}, true, 0},
		{tea.KeyMsg{Type: tea.KeyEnd}, true, far},
		{tea.KeyMsg{Type: tea.KeyHome}, true, 0},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("k"), Paste: true}, false, 0}, // text, no key
	} {
		if matched := press(t, all, step.pressed); matched != step.matched || at != step.at {
			t.Errorf("%s: matched %v, at %d, want %v, %d", step.pressed, matched, at, step.matched, step.at)
		}
	}
	if !paused {
		t.Error("what comes first does not count first")
	}
}

func TestTheFooterKeepsItsLastKey(t *testing.T) {
	th := theme.New(theme.Options{Plain: true})
	nothing := func() {}
	all := []Key{
		Way("enter", "continue", nothing), Way("x", "never", nothing).When(false), Also(nothing, "j"),
		Way("↑↓", "move", nothing, "up"), Way("u", "undo", nothing),
	}
	for width, want := range map[int]string{
		60: "enter continue   ↑↓ move   u undo   ? help",
		40: "enter continue   ↑↓ move   … ? help",
		20: "… ? help",
	} {
		if got := Footer(th, all, width, Way("?", "help", nothing)); got != want || widget.Width(got) > width {
			t.Errorf("in %d columns: %q", width, got)
		}
	}
	ascii := Footer(theme.New(theme.Options{Plain: true, ASCII: true}), all, 60)
	if !strings.Contains(ascii, "up/down move") {
		t.Errorf("no words for arrows: %q", ascii)
	}
}

func TestTheTableSaysAllOfAKey(t *testing.T) {
	th := theme.New(theme.Options{Plain: true})
	lines := Table(th, []Key{
		Way("enter", "go", func() {}).Say("a sentence that is longer than the room that there is for it"),
		Way("x", "never", func() {}).When(false), Way("q", "leave", func() {}),
	}, 40)
	text := strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
	if want := "enter a sentence that is longer than the room that there is for it q leave"; text != want {
		t.Errorf("%q", text)
	}
	for _, l := range lines {
		if widget.Width(l) > 40 {
			t.Errorf("%d columns: %q", widget.Width(l), l)
		}
	}
}
