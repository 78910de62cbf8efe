// Package redact takes out of a text what nobody else may read: keys and passwords by their form, values that are
// known to be secret, and who and where somebody is. What is taken out leaves a mark, so that the text stays
// readable; it is for texts that people pass on, and no reason to let a secret into an event or a log.
package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Mark stands where a secret stood.
const Mark = "[redacted]"

// Redactor takes out what it was told, and what looks like a secret. Its zero value knows the forms only.
type Redactor struct {
	values []pair
}

type pair struct{ value, mark string }

// shortest is how long a value must be for its places to be told from other words.
const shortest = 6

// Hide has a value replaced by Mark, wherever it stands. One that is too short to be told from other text is left.
func (r *Redactor) Hide(value string) { r.Replace(value, Mark) }

// Replace has a value replaced by another text, such as a folder by ~.
func (r *Redactor) Replace(value, by string) {
	if len(strings.TrimSpace(value)) < shortest {
		return
	}
	r.values = append(r.values, pair{value, by})
	slices.SortStableFunc(r.values, func(a, b pair) int { return cmp.Compare(len(b.value), len(a.value)) }) // the longest first
}

// shape is what a kind of secret looks like, and what takes its place.
type shape struct {
	re *regexp.Regexp
	by string
}

// forms are the forms of secrets, each with what is left of it.
var forms = sync.OnceValue(func() []shape {
	return []shape{
		{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), Mark},
		{regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`), Mark},
		{regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk_(?:live|test)_\w{10,}|rk_live_\w{10,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,}|npm_\w{30,}|SG\.[\w-]{16,}\.[\w-]{16,})`), Mark},
		{regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}`), Mark},
		{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}`), "$1 " + Mark},
		{regexp.MustCompile(`(\b[a-z][a-z0-9+.-]*://[^\s:/@"']*):[^\s/"'@]+@`), "$1:" + Mark + "@"},
		{regexp.MustCompile(`(?i)((?:x-amz-(?:signature|security-token|credential))=)[^&\s"']+`), "$1" + Mark},
		{regexp.MustCompile(`(?i)(\b[\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|cookie)[\w-]*["']?\s*[:=]\s*["']?)([^\s"',;}{)\]]{6,})`), "$1" + Mark},
	}
})

// Text is a text without what was hidden and what looks like a secret.
func (r *Redactor) Text(text string) string {
	for _, p := range r.values {
		text = strings.ReplaceAll(text, p.value, p.mark)
	}
	for _, f := range forms() {
		text = f.re.ReplaceAllString(text, f.by)
	}
	return text
}

// names matches the names of variables that hold secrets.
var names = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)secret|token|passw|passphrase|_pass$|_pwd$|api_?key|access_?key|_key$|private|credential|salt|dsn$|cookie|(?:database|db|redis|mongo\w*|amqp)_?ur[il]$`)
})

// Named says whether the name of a variable says that its value is secret.
func Named(name string) bool { return names().MatchString(name) }

// Environment hides the values of the variables of an environment, NAME=VALUE, whose names say that they are secret.
func (r *Redactor) Environment(environ []string) {
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok && Named(name) {
			r.Hide(value)
		}
	}
}
