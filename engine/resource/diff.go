package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"berth/engine/event"
)

// Diff is what has to be done to a resource and why. A zero Action means that the resource is no part of
// the plan at all.
type Diff struct {
	Action event.Action
	Why    string
	// Fields are what an update or a replacement changes. It has at least one for each of those.
	Fields []FieldChange
}

// FieldChange is one setting that changes. Old and New are texts for people, empty where the setting is not there.
// They never hold the value of a secret.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// String is the change as one line: "memory: 512 -> 1024".
func (f FieldChange) String() string {
	switch {
	case f.Old == "":
		return f.Field + ": + " + f.New
	case f.New == "":
		return f.Field + ": - " + f.Old
	}
	return f.Field + ": " + f.Old + " -> " + f.New
}

// NotYet stands for a value that AWS gives when the change is made.
const NotYet = "(known after apply)"

// Hidden stands for a value that is a secret, or may be one.
const Hidden = "(hidden)"

// Field is the change of one setting. What is wanted and not known yet is told as NotYet.
func Field(name string, old, wanted any) FieldChange {
	return FieldChange{Field: name, Old: fmt.Sprint(old), New: fmt.Sprint(wanted)}
}

// None is that nothing is to be done.
func None() Diff { return Diff{Action: event.None} }

// Absent is that the resource does not exist yet.
func Absent() Diff { return Diff{Action: event.Create, Why: "does not exist yet"} }

// Fixed is the difference of a resource that never changes once it exists.
func Fixed(exists bool) Diff {
	if exists {
		return None()
	}
	return Absent()
}

// Changed is an update for one reason.
func Changed(why string, fields ...FieldChange) Diff {
	return Diff{Action: event.Update, Why: why, Fields: fields}
}

// Replaced is a replacement: the resource gets another identity.
func Replaced(why string, fields ...FieldChange) Diff {
	return Diff{Action: event.Replace, Why: why, Fields: fields}
}

// Unwanted is the diff of a resource that the app did without, or does by now.
func Unwanted(r Resource) Diff {
	if !r.Exists() {
		return Diff{}
	}
	return Diff{Action: event.Delete, Why: "is no longer needed"}
}

// Drift collects what differs between what is wanted and what was observed. The zero Drift is that nothing does.
type Drift struct {
	whys   []string
	fields []FieldChange
}

// Add notes a difference: why it matters, and the fields that it is in.
func (d *Drift) Add(why string, fields ...FieldChange) {
	d.whys = append(d.whys, why)
	d.fields = append(d.fields, fields...)
}

// Diff is an update with all that was noted, or None.
func (d *Drift) Diff() Diff {
	if len(d.whys) == 0 {
		return None()
	}
	return Changed(strings.Join(d.whys, ", "), d.fields...)
}

// SameSet says whether two lists hold the same, in whatever order.
func SameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Subset says whether all holds each of some.
func Subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// Listed is a list as the text of a field. An empty entry is one that AWS gives later.
func Listed(all []string) string {
	var texts []string
	for _, s := range all {
		texts = append(texts, cmp.Or(s, NotYet))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
