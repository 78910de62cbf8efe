package spec

import (
	"fmt"
	"slices"
)

// OriginKind is the kind of place a value came from.
type OriginKind string

// The kinds, weakest first: a stronger one replaces the value of a weaker one.
const (
	Default  OriginKind = "default"  // berth's own choice
	Detected OriginKind = "detected" // read from the source tree
	File     OriginKind = "file"     // berth.toml
	Answer   OriginKind = "answer"   // typed into the wizard
	Flag     OriginKind = "flag"     // the command line
)

var strengths = []OriginKind{Default, Detected, File, Answer, Flag}

// Weaker says whether a value of kind k gives way to one of kind other. Unknown kinds are the weakest.
func (k OriginKind) Weaker(other OriginKind) bool {
	return slices.Index(strengths, k) < slices.Index(strengths, other)
}

// Origin is where a value came from.
type Origin struct {
	Kind   OriginKind
	File   string // for Detected and File, relative to Spec.Dir
	Line   int    // 1-based, zero when unknown
	Column int    // 1-based, zero when unknown
	Text   string // for people: why, such as "EXPOSE 4000" or the flag's name
}

// Place is the file with line and column as far as they are known, such as "berth.toml:7:8".
func (o Origin) Place() string {
	switch {
	case o.File == "" || o.Line == 0:
		return o.File
	case o.Column == 0:
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", o.File, o.Line, o.Column)
	}
}

// String says in a few words where the value came from, such as "Dockerfile:12 EXPOSE 4000".
func (o Origin) String() string {
	place := o.Place()
	if o.Kind == File && o.Line > 0 {
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	}
	switch {
	case place != "" && o.Text != "":
		return place + " " + o.Text
	case place != "":
		return place
	case o.Text != "":
		return o.Text
	default:
		return string(o.Kind)
	}
}
