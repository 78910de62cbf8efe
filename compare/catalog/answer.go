package catalog

import (
	"fmt"
	"strconv"
	"strings"
)

// Can is how far a service can do something.
type Can uint8

// The answers. The zero value is Unknown, so that a fact that is left out is a risk and never a yes.
const (
	Unknown Can = iota
	No
	Steps // after extra steps, which the note names
	Yes
)

var canWords = [...]string{"unknown", "no", "steps", "yes"}

// String is the word that stands in the catalogue.
func (c Can) String() string { return canWords[c] }

// Ability is whether a service can do something, with a note that completes the sentence.
type Ability struct {
	Can  Can
	Note string
}

// UnmarshalText reads "yes", "no", "steps" or "unknown", with a note behind a colon.
func (a *Ability) UnmarshalText(b []byte) error {
	word, note, _ := strings.Cut(string(b), ":")
	for i, w := range canWords {
		if word == w {
			*a = Ability{Can(i), strings.TrimSpace(note)}
			if a.Can == Steps && a.Note == "" {
				return fmt.Errorf("ability %q does not say which steps", b)
			}
			return nil
		}
	}
	return fmt.Errorf("ability %q is none of yes, steps, no, unknown", b)
}

// Limit is a limit in seconds. The zero value is unknown.
type Limit struct {
	Known   bool
	None    bool // known not to exist
	Seconds int
}

// UnmarshalText reads a number of seconds, "none" or "unknown".
func (l *Limit) UnmarshalText(b []byte) error {
	switch s := string(b); s {
	case "unknown":
		*l = Limit{}
	case "none":
		*l = Limit{Known: true, None: true}
	default:
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 {
			return fmt.Errorf("limit %q is none of a number of seconds, none, unknown", s)
		}
		*l = Limit{Known: true, Seconds: n}
	}
	return nil
}
