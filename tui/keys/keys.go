// Package keys is what keys do on the screens. A key is declared once, where the screen says which keys there are at
// the moment: the binding matches what is pressed, names itself in the footer and on the help page, does what it is
// for, and can be disabled.
package keys

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// Key is something that a key does just now.
type Key struct {
	key.Binding
	Long string // more of it, for the help page; empty: the help of the binding is enough
	// Verb does the same without a screen, as the table in README.md has it, such as "berth rollback". It is empty for
	// a key that only leads through the screens.
	Verb string
	do   func() tea.Cmd
}

// doing is what a key can do. A function that returns nothing starts no work.
type doing interface{ func() | func() tea.Cmd }

// Way is a key that only leads through the screens: it does nothing that would have to be there without them. It is
// shown as help, and matches that, unless it is told what to match.
func Way[F doing](help, does string, do F, match ...string) Key {
	return Act("", help, does, do, match...)
}

// Act is a key that does what a verb does without a screen.
func Act[F doing](verb, help, does string, do F, match ...string) Key {
	if len(match) == 0 {
		match = []string{help}
	}
	k := Key{Binding: key.NewBinding(key.WithKeys(match...), key.WithHelp(help, does)), Verb: verb}
	switch f := any(do).(type) {
	case func():
		k.do = func() tea.Cmd { f(); return nil }
	case func() tea.Cmd:
		k.do = f
	}
	return k
}

// Also is the part of a key that is shown elsewhere: the other direction of ↑↓, a second name.
func Also[F doing](do F, match ...string) Key { return Act("", "", "", do, match...) }

// Shown is a key that is dealt with elsewhere.
func Shown(help, does string) Key { return Way(help, does, func() {}, "") }

// Say adds what the help page says of the key.
func (k Key) Say(long string) Key {
	k.Long = long
	return k
}

// By says what does the same without a screen.
func (k Key) By(verb string) Key {
	k.Verb = verb
	return k
}

// When disables the key where it is of no use: it is neither shown nor does it anything.
func (k Key) When(useful bool) Key {
	k.SetEnabled(useful)
	return k
}

// Hide leaves the key out of footer and help page where what it does is of no use, without disabling it.
func (k Key) Hide(hidden bool) Key {
	if hidden {
		k.SetHelp("", "")
	}
	return k
}

// Press does what the first key that matches is for, and says whether one does.
func Press(all []Key, pressed tea.KeyMsg) (cmd tea.Cmd, matched bool) {
	for _, k := range all {
		if key.Matches(pressed, k.Binding) {
			return k.do(), true
		}
	}
	return nil, false
}

// far is further than anything is long.
const far = 1 << 20

// Moves are the keys that move through lines or rows that seen of are seen at a time, alike everywhere: by one, by a
// page, and to both ends. By is told how far, towards the beginning by less than zero. Of keys that two in a list
// match the first counts, so what means something else on a screen comes before these.
func Moves(does string, by func(int), seen int) []Key {
	return append(Steps(does, by), Pages(by, seen)...)
}

// Steps are the keys that move by one.
func Steps(does string, by func(int)) []Key {
	return []Key{
		Way("↑↓", does, func() { by(-1) }, "up", "k").Say(does + "; pgup and pgdown by a page, home and end to both ends"),
		Also(func() { by(1) }, "down", "j"),
	}
}

// Pages are the keys that move by a page and to both ends.
func Pages(by func(int), seen int) []Key {
	return []Key{
		Also(func() { by(-Page(seen)) }, "pgup"),
		Also(func() { by(Page(seen)) }, "pgdown", " "),
		Also(func() { by(-far) }, "home"),
		Also(func() { by(far) }, "end"),
	}
}

// Page is how far a page moves through so many lines: some of those that were seen are seen still.
func Page(seen int) int { return max(1, seen-2) }
