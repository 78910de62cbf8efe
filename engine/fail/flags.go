package fail

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Flags are those of a command line, each as it is typed, such as "--env staging".
type Flags struct {
	// Same say which app is meant and in which account. A command that a remedy names reaches the same app only with them.
	Same []string
	// Verb is the command that was given, such as "berth deploy", and Own its other flags: what it is to do, which the same
	// command has to be told again.
	Verb string
	Own  []string
}

// none says that there is nothing to repeat.
func (f Flags) none() bool { return len(f.Same)+len(f.Own) == 0 }

// command is a command of berth that is about an account, or berth without one.
var command = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\bberth (?:(?:secrets|database|ci) (?:set|list|unset|import|connect|github|gitlab)\b|` +
		`(?:apps|deploy|destroy|doctor|exec|inspect|logs|open|plan|policy|restart|rollback|run|status)\b)|\b[Rr]un berth\b(?: again\b)`)
})

// ends is where a command ends in a sentence: not at a comma inside of a value.
var ends = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("[;,](?:\\s|$)|[\n`()]") })

// In is a text whose commands have the flags, save those that they have already.
func (f Flags) In(text string) string {
	if f.none() {
		return text
	}
	var b strings.Builder
	at := 0
	for _, m := range command().FindAllStringIndex(text, -1) {
		named, rest := text[m[0]:m[1]], text[m[1]:]
		if end := ends().FindStringIndex(rest); end != nil {
			rest = rest[:end[0]]
		}
		b.WriteString(text[at:m[0]])
		bare, again := strings.CutSuffix(named, " again")
		b.WriteString(bare)
		for _, flag := range f.missing(bare, strings.Fields(rest)) {
			b.WriteString(" " + flag)
		}
		if again {
			b.WriteString(" again")
		}
		at = m[1]
	}
	return b.String() + text[at:]
}

// missing are the flags that a command in a text lacks, which has those words.
func (f Flags) missing(command string, has []string) (all []string) {
	if len(has) > 0 && has[0] == "--help" {
		return nil
	}
	// What was to be done to this app says nothing about another one.
	if (command == f.Verb || strings.HasPrefix(command, f.Verb+" ")) && !slices.Contains(has, "--app") {
		for _, flag := range f.Own {
			if name := nameOf(flag); !slices.Contains(has, name) && !slices.Contains(has, opposite[name]) {
				all = append(all, flag)
			}
		}
	}
	for _, flag := range f.Same {
		name := nameOf(flag)
		ofAll := (command == "berth apps" || command == "berth inspect") && (name == "--app" || name == "--id")
		if !ofAll && !slices.Contains(has, name) {
			all = append(all, flag)
		}
	}
	return all
}

// opposite are the flags that contradict each other: what a remedy says counts.
var opposite = map[string]string{"--move": "--keep-both", "--keep-both": "--move"}

// nameOf is the name of a flag with its dashes.
func nameOf(flag string) string {
	if end := strings.IndexAny(flag, " ="); end >= 0 {
		return flag[:end]
	}
	return flag
}

// With is the failure with the flags in the commands of its remedy. Nil stays nil.
func (f Flags) With(e *Error) *Error {
	if e == nil || f.none() {
		return e
	}
	c := *e
	c.Remedy = f.In(c.Remedy)
	return &c
}
