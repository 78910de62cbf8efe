package keys

import (
	"strings"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/bubbles/key"

	"berth/tui/theme"
	"berth/tui/widget"
)

// gap is the blank columns between two keys of a footer.
const gap = 3

// Footer is the keys of this moment in one line, and behind them those that always stay. What does not fit is left out
// from the right, with a mark.
func Footer(th *theme.Theme, all []Key, width int, stay ...Key) string {
	shown, last := bindings(th, all), bindings(th, stay)
	h := help.Model{Styles: th.Help, ShortSeparator: strings.Repeat(" ", gap)}
	left, fit := width, 0
	if len(last) > 0 {
		left -= 2
	}
	for _, b := range last {
		left -= wide(b) + gap
	}
	for i, b := range shown {
		need := wide(b)
		if i < len(shown)-1 {
			need += gap
		}
		if left -= need; left < 0 {
			break
		}
		fit++
	}
	if fit == len(shown) {
		return h.ShortHelpView(append(shown, last...))
	}
	text := th.Quiet.Paint(th.Glyphs.Ellipsis)
	if len(last) > 0 {
		text += " " + h.ShortHelpView(last)
	}
	if fit == 0 {
		return text
	}
	return h.ShortHelpView(shown[:fit]) + strings.Repeat(" ", gap) + text
}

// bindings are the bindings of the keys that are shown, in signs that the terminal has.
func bindings(th *theme.Theme, all []Key) []key.Binding {
	out := make([]key.Binding, 0, len(all)+1)
	for _, k := range all {
		if k.Enabled() && k.Help().Key != "" {
			k.SetHelp(spelled(th, k.Help().Key), k.Help().Desc)
			out = append(out, k.Binding)
		}
	}
	return out
}

func wide(b key.Binding) int { return widget.Width(b.Help().Key) + 1 + widget.Width(b.Help().Desc) }

// spelled writes the arrow keys in words where the terminal has no sign for them: "<>" and "^v" are other keys.
func spelled(th *theme.Theme, s string) string {
	if !th.ASCII {
		return s
	}
	return arrows.Replace(s)
}

var arrows = strings.NewReplacer("↑↓", "up/down", "←→", "left/right")

// Table is all keys of this moment with all that there is to say of them, for the help page. The full view of bubbles'
// help has columns and wraps nothing, so it cannot tell so much.
func Table(th *theme.Theme, all []Key, width int) []string {
	names := 0
	for _, k := range all {
		if k.Enabled() {
			names = max(names, widget.Width(spelled(th, k.Help().Key)))
		}
	}
	var lines []string
	for _, k := range all {
		if !k.Enabled() || k.Help().Key == "" {
			continue
		}
		does := k.Long
		if does == "" {
			does = k.Help().Desc
		}
		for i, text := range widget.Wrap(spelled(th, does), width-names-3) {
			l := widget.NewLine(th, width)
			if i == 0 {
				l.Put(th.Strong, spelled(th, k.Help().Key))
			}
			lines = append(lines, l.To(names+3).Put(th.Text, text).String())
		}
	}
	return lines
}
