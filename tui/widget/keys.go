package widget

import (
	"strings"

	"berth/tui/theme"
)

// Key is a key that does something just now, with the word for it.
type Key struct {
	Name string // as people call it: enter, esc, space, ↑↓, r
	Does string
	// Long says more, for the help page. Empty means that Does is enough.
	Long string
}

// KeyLine is the footer: the keys of this moment in one line. What does not fit is left out from the right,
// with a mark; the last key (help) always stays.
type KeyLine struct {
	Theme *theme.Theme
	Keys  []Key
}

const keyGap = 3

// Render draws the line.
func (k KeyLine) Render(width, height int) string {
	if height < 1 || len(k.Keys) == 0 {
		return ""
	}
	keys := make([]Key, len(k.Keys))
	for i, key := range k.Keys {
		key.Name = spelled(k.Theme, key.Name)
		keys[i] = key
	}
	last := keys[len(keys)-1]
	l := NewLine(k.Theme, width)
	reserve := keyWidth(last) + keyGap + 2
	for i, key := range keys[:len(keys)-1] {
		need := keyWidth(key)
		if i < len(keys)-2 {
			need += keyGap
		}
		if l.Left()-need < reserve {
			l.Put(k.Theme.Quiet, k.Theme.Glyphs.Ellipsis).Gap(1)
			break
		}
		k.put(l, key)
		l.Gap(keyGap)
	}
	k.put(l, last)
	return l.String()
}

// spelled writes the arrow keys in words where the terminal has no sign for them: "<>" and "^v" are other keys.
func spelled(th *theme.Theme, s string) string {
	if !th.ASCII {
		return s
	}
	return strings.NewReplacer("↑↓", "up/down", "←→", "left/right").Replace(s)
}

func (k KeyLine) put(l *Line, key Key) {
	l.Put(k.Theme.Strong, key.Name).Gap(1).Put(k.Theme.Quiet, key.Does)
}

func keyWidth(k Key) int { return Width(k.Name) + 1 + Width(k.Does) }

// KeyTable is all keys, one a line, for the help page.
type KeyTable struct {
	Theme *theme.Theme
	Keys  []Key
}

// Render draws the table.
func (k KeyTable) Render(width, height int) string {
	names := 0
	for _, key := range k.Keys {
		names = max(names, Width(spelled(k.Theme, key.Name)))
	}
	var lines []string
	for _, key := range k.Keys {
		does := key.Long
		if does == "" {
			does = key.Does
		}
		for i, text := range Wrap(spelled(k.Theme, does), width-names-3) {
			l := NewLine(k.Theme, width)
			if i == 0 {
				l.Put(k.Theme.Strong, spelled(k.Theme, key.Name))
			}
			lines = append(lines, l.To(names+3).Put(k.Theme.Text, text).String())
		}
	}
	return Join(Fit(lines, width, height))
}
