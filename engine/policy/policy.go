// Package policy is the one form in which the engine writes and compares IAM policy documents: those of an app's roles,
// and those that say what somebody who deploys must be allowed. It stands alone.
package policy

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
)

// Version is the version of the policy language that all documents are in.
const Version = "2012-10-17"

// Document is an IAM policy.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows, or denies, actions on resources. Principal is in trust policies only, Resource in others only.
type Statement struct {
	Effect    string
	Principal map[string]string `json:",omitempty"`
	Action    Texts
	Resource  Texts     `json:",omitempty"`
	Condition Condition `json:",omitempty"`
}

// Condition is the condition of a statement: operator, key, values that are accepted.
type Condition map[string]map[string][]string

// Texts is a list that IAM takes as a plain text when there is one in it, which is shorter.
type Texts []string

// MarshalJSON writes the shorter form.
func (t Texts) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// UnmarshalJSON reads both forms.
func (t *Texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = Texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Allow is a statement that allows actions on resources.
func Allow(actions []string, resources ...string) Statement {
	return Statement{Effect: "Allow", Action: actions, Resource: resources}
}

// Of is the document of the statements.
func Of(statements ...Statement) *Document {
	return &Document{Version: Version, Statement: statements}
}

// Text is the document as AWS takes it.
func (d *Document) Text() string {
	b, err := json.Marshal(d)
	if err != nil {
		panic("marshal a policy of plain strings: " + err.Error()) // cannot happen
	}
	return string(b)
}

// Actions are all actions that the policy names, sorted.
func (d *Document) Actions() []string {
	set := map[string]bool{}
	for _, s := range d.Statement {
		for _, a := range s.Action {
			set[a] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// How many characters a policy may have: a managed one, and those written into a role together.
const (
	ManagedSize = 6144
	InlineSize  = 10240
)

// Size is the number of characters that IAM counts: all but white space.
func (d *Document) Size() int {
	return len(bytes.ReplaceAll([]byte(d.Text()), []byte(" "), nil))
}

// Same compares two policy documents by meaning: IAM answers URL-encoded, in any order of keys, and with lists of one
// element as plain strings.
func Same(a, b string) bool {
	return reflect.DeepEqual(canonical(a), canonical(b))
}

func canonical(doc string) any {
	doc = Plain(doc)
	var v any
	if json.Unmarshal([]byte(doc), &v) != nil {
		return doc
	}
	return unwrap(v)
}

// Plain is a document as IAM answers, without its encoding.
func Plain(doc string) string {
	if plain, err := url.PathUnescape(doc); err == nil {
		return plain
	}
	return doc
}

func unwrap(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) == 1 {
			return unwrap(v[0])
		}
		for i := range v {
			v[i] = unwrap(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = unwrap(v[k])
		}
	}
	return v
}
