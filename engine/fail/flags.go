package fail

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Flags are those of a command line that say which app is meant and in which account, such as "--env staging". A command
// that a remedy names reaches the same app only with them.
type Flags []string

// command is a command of berth that is about an account, or berth without one.
var command = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\bberth (?:(?:secrets|database|ci) (?:set|list|unset|import|connect|github|gitlab)\b|` +
		`(?:apps|deploy|destroy|doctor|exec|logs|open|plan|policy|restart|rollback|run|status)\b)|\b[Rr]un berth\b(?: again\b)`)
})

// words end where a command ends in a sentence.
const endsCommand = ";,\n`()"

// In is a text whose commands have the flags, save those that they have already.
func (f Flags) In(text string) string {
	if len(f) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, m := range command().FindAllStringIndex(text, -1) {
		named, rest := text[m[0]:m[1]], text[m[1]:]
		if end := strings.IndexAny(rest, endsCommand); end >= 0 {
			rest = rest[:end]
		}
		b.WriteString(text[at:m[0]])
		bare, again := strings.CutSuffix(named, " again")
		b.WriteString(bare)
		for _, flag := range f {
			name, _, _ := strings.Cut(flag, " ")
			has := strings.Fields(rest)
			ofAll := bare == "berth apps" && (name == "--app" || name == "--id")
			if help := len(has) > 0 && has[0] == "--help"; help || ofAll || slices.Contains(has, name) {
				continue
			}
			b.WriteString(" " + flag)
		}
		if again {
			b.WriteString(" again")
		}
		at = m[1]
	}
	return b.String() + text[at:]
}

// With is the failure with the flags in the commands of its remedy. Nil stays nil.
func (f Flags) With(e *Error) *Error {
	if e == nil || len(f) == 0 {
		return e
	}
	c := *e
	c.Remedy = f.In(c.Remedy)
	return &c
}
