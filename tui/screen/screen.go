// Package screen is what the screens share: the contract between a screen and the program around it, the places
// that one leads to from another, the session with everything that was found and answered, and the engine as the
// screens see it. The screens themselves lie below, one folder each.
package screen

import (
	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/keys"
)

// Screen is one screen. It owns the focus while it is shown. Its methods are called by the program only,
// one at a time; work that takes time goes into the commands that Enter and Update return.
type Screen interface {
	// Title is what the screen is called on the way to it, in one word.
	Title() string
	// About says in a sentence or two what the screen is for.
	About() string
	// Enter is called whenever the screen comes to the front: with the place that was gone to, or with nil when
	// one comes back to the screen from one behind it.
	Enter(at Place) tea.Cmd
	Update(msg tea.Msg) tea.Cmd
	// SetSize gives the screen its room; it is called before the first View and whenever the room changes.
	SetSize(width, height int)
	// View draws at most the lines and columns of the room.
	View() string
	// Keys are the keys of this moment, most needed first. They are pressed in Update: not every one is, while
	// text is typed.
	Keys() []keys.Key
}

// Busy is a screen on which something moves by itself just now: a spinner, a clock.
type Busy interface{ Busy() bool }

// Typing is a screen that may have a text field open, in which letters are text.
type Typing interface{ Typing() bool }

// Interrupter is a screen that has its own way to deal with Ctrl-C.
type Interrupter interface {
	// Interrupt says whether it dealt with it; if not, the program asks whether to leave.
	Interrupt() (bool, tea.Cmd)
}

// Holding is a screen that takes keys later: while it says so, keys are kept and then given to whatever is
// shown. A screen whose keys confirm something never holds: what is not seen is not confirmed.
type Holding interface{ Holding() bool }

// Leaver is a screen that wants to know when another one comes to the front.
type Leaver interface{ Leave() }

// Counter is a screen that knows better than Session.ToSettle how much is still to settle.
type Counter interface {
	ToSettle() int
}

// Entered is a screen that is opened by a key of another screen that need not know it.
type Entered interface {
	// Entry is that key, and the screen that has it.
	Entry() (from Name, key keys.Key)
}

// Tick makes everything that moves take its next step. Only a busy screen gets it.
type Tick struct{}
