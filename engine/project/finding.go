package project

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"slices"

	"berth/engine/spec"
)

// Severity says how much a finding matters for the first deployment.
type Severity string

// The severities, the gravest first.
const (
	Must   Severity = "must"   // the app does not start, is not reached or loses data until it is answered
	Should Severity = "should" // the app runs, but not as well as it could
	Info   Severity = "info"   // what was read, and what follows from it
)

// Finding is one thing that was found, where, and what it means for the user.
type Finding struct {
	ID       string    `json:"id"` // such as "dockerfile-expose", "phoenix-liveview"; stays the same between versions
	Severity Severity  `json:"severity"`
	File     string    `json:"file"` // relative to Dir, with slashes; empty when it is about the whole tree
	Line     int       `json:"line"` // 1-based, zero when it is about the whole file
	Text     string    `json:"text"` // what stands there
	Means    string    `json:"means"`
	Key      string    `json:"key,omitempty"`      // the key of berth.toml that answers it, such as "service.command"
	Variable *Variable `json:"variable,omitempty"` // the environment variable that the app does not start without
	Diff     string    `json:"diff,omitempty"`     // the change of the user's own file that mends it, as a unified diff
	Breaks   string    `json:"breaks,omitempty"`   // the way visitors come by that the app does not bear, as network.https has it
}

// Open says whether a must is still unanswered by the settings: the variable has no value in them, the key is not
// said. One that no setting answers stays open. What is no must is never open.
func (x Finding) Open(s *spec.Spec) bool {
	switch {
	case x.Severity != Must:
		return false
	case x.Variable != nil:
		return !s.Gives(x.Variable.Name)
	case x.Breaks != "" && x.Key != "":
		return !s.Said(x.Key) && s.Network.HTTPS != byGateway
	case x.Key != "":
		return !s.Said(x.Key)
	default:
		return true
	}
}

// CloudFront is the way for visitors to come by which an app without a domain is told of http, as network.https has it.
const CloudFront = "cloudfront"

// byGateway is the way for visitors to come, as network.https has it, by which an app without a domain is told of https.
const byGateway = "gateway"

// Breaking is the first finding that says that the app does not bear a way for visitors to come, the gravest first.
func (f *Findings) Breaking(way string) (Finding, bool) {
	for _, severity := range []Severity{Must, Should, Info} {
		for _, x := range f.Findings {
			if x.Breaks == way && x.Severity == severity {
				return x, true
			}
		}
	}
	return Finding{}, false
}

// StopsBuild says whether a finding of CheckBuild is certain to end the build.
func (x Finding) StopsBuild() bool { return x.Severity == Must && (x.Key == "" || x.ID == noBase) }

// At is the place of a finding, such as Dockerfile:12; empty when it is about the whole tree.
func (x Finding) At() string {
	if x.Line > 0 {
		return fmt.Sprintf("%s:%d", x.File, x.Line)
	}
	return x.File
}

// Musts are the findings of severity Must, in the order in which they were found.
func (f *Findings) Musts() []Finding {
	var out []Finding
	for _, x := range f.Findings {
		if x.Severity == Must {
			out = append(out, x)
		}
	}
	return out
}

// Open are the musts that the settings do not answer.
func (f *Findings) Open(s *spec.Spec) []Finding {
	return slices.DeleteFunc(f.Musts(), func(x Finding) bool { return !x.Open(s) })
}

// Name is what a finding is about, in a word: its variable, else its place, else what stands there.
func (x Finding) Name() string {
	if x.Variable != nil {
		return x.Variable.Name
	}
	return cmp.Or(x.At(), x.Text)
}

// VariableKind says where the value of a variable comes from.
type VariableKind string

// The kinds of variables.
const (
	Secret    VariableKind = "secret"    // the user has it, and nobody else may read it
	Generated VariableKind = "generated" // any random text will do
	Platform  VariableKind = "platform"  // berth knows it, such as PORT
	Setting   VariableKind = "setting"   // the user has it, and everybody may read it
)

// Variable is an environment variable that the app does not start without.
type Variable struct {
	Name   string       `json:"name"`
	Kind   VariableKind `json:"kind"`
	Random *Random      `json:"random,omitempty"` // what a Generated one looks like
	Build  bool         `json:"build,omitempty"`  // it is read while the image is built, too
	// Database says that it is where the app finds its database, so that a database that berth makes answers it.
	Database bool `json:"database,omitempty"`
	// Part is the part of its database's address that it holds, where the app asks for the parts: host, port, name, user
	// or password.
	Part string `json:"part,omitempty"`
	// Cache says the same of a cache as Database does of a database.
	Cache bool `json:"cache,omitempty"`
}

// Secret says that nobody may read the value of the variable. No variable has no such value.
func (v *Variable) Secret() bool { return v != nil && (v.Kind == Secret || v.Kind == Generated) }

// Invent makes up a value, for a variable for which any random text of its form will do.
func (v *Variable) Invent() (string, error) {
	form := Random{Length: 64, Alphabet: alphanumeric}
	if v.Random != nil {
		form = *v.Random
	}
	return form.Text(rand.Reader)
}

// Random is the form of a random text.
type Random struct {
	Prefix   string `json:"prefix,omitempty"` // stands before the random characters, such as "base64:"
	Length   int    `json:"length"`           // characters after Prefix
	Alphabet string `json:"alphabet"`         // the characters they are chosen from
	Suffix   string `json:"suffix,omitempty"` // stands behind them
}

// form says in words which random texts will do, as what follows the name of a variable.
func (r Random) form() string {
	kind := "characters"
	switch r.Alphabet {
	case hexadecimal:
		kind = "hexadecimal digits"
	case base64Digits:
		kind = "characters of Base64"
	}
	if r.Prefix == "" && r.Suffix == "" {
		return fmt.Sprintf("for which any random text of %d %s will do", r.Length, kind)
	}
	form := fmt.Sprintf("which must be %d random %s", r.Length, kind)
	if r.Prefix != "" {
		form += " behind " + r.Prefix
	}
	if r.Suffix != "" {
		form += ", with " + r.Suffix + " at the end"
	}
	return form
}

// Alphabets of random texts.
const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	hexadecimal  = "0123456789abcdef"
	base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

// Text makes such a text of random bytes, as crypto/rand.Reader gives them.
func (r Random) Text(random io.Reader) (string, error) {
	text := []byte(r.Prefix)
	limit := 256 - 256%len(r.Alphabet) // what lies above would prefer the first characters
	for one := make([]byte, 1); len(text) < len(r.Prefix)+r.Length; {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", fmt.Errorf("make a random text: %w", err)
		}
		if int(one[0]) < limit {
			text = append(text, r.Alphabet[int(one[0])%len(r.Alphabet)])
		}
	}
	return string(text) + r.Suffix, nil
}
