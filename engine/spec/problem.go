package spec

import (
	"cmp"
	"fmt"
	"strings"

	"berth/engine/fail"
)

// Problem is one thing that is wrong with a value.
type Problem struct {
	Key  string // the value's key, such as "service.port" or "storage[0].path"
	File string // where the value stands, empty when it does not come from a file
	Line int    // 1-based, zero when unknown
	// Column is 1-based, zero when unknown.
	Column int
	From   string // where a value that is not from a file came from, such as "--port"; may be empty
	Text   string // what is wrong, a sentence without a final stop
	Want   string // what would be right; may be empty
}

// Where is the place of the value for people: "berth.toml:7:8", a flag's name, or "".
func (p Problem) Where() string {
	if p.File != "" {
		return Origin{File: p.File, Line: p.Line, Column: p.Column}.Place()
	}
	return p.From
}

// String is the whole problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	if w := p.Where(); w != "" {
		b.WriteString(w + ": ")
	}
	b.WriteString(p.Key + ": " + p.Text)
	if p.Want != "" {
		b.WriteString("; " + p.Want)
	}
	return b.String()
}

// Problems is a list of problems as an error, for errors.As.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// AsError makes a Usage fail.Error of problems, which it wraps as Problems. None give nil.
func AsError(problems []Problem) error {
	switch len(problems) {
	case 0:
		return nil
	case 1:
		p := problems[0]
		p.Want = ""
		f := &fail.Error{Class: fail.Usage, Cause: p.String(), Remedy: problems[0].Want}
		f.Err = wrapped{problems, cmp.Or(f.Remedy, "invalid value")}
		return f
	}
	what := "the settings have"
	for _, p := range problems {
		if p.File != "" {
			what = p.File + " has"
		}
	}
	return &fail.Error{
		Class: fail.Usage, Cause: fmt.Sprintf("%s %d mistakes", what, len(problems)),
		Evidence: Problems(problems).Error(), Err: Problems(problems),
	}
}

// wrapped is Problems behind a failure that has told them already; its text only adds the rest.
type wrapped struct {
	Problems
	text string
}

// Error implements error.
func (w wrapped) Error() string { return w.text }

// Unwrap gives the problems, each with its place.
func (w wrapped) Unwrap() error { return w.Problems }
