package resource

import (
	"encoding/json"
	"net/url"
	"reflect"
)

// policy is an IAM policy document.
type policy struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

// statement is one statement of a policy document. Empty fields are left out.
type statement struct {
	Effect    string                       `json:"Effect"`
	Principal map[string]string            `json:"Principal,omitempty"`
	Action    []string                     `json:"Action"`
	Resource  []string                     `json:"Resource,omitempty"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

func allow(actions []string, resources ...string) statement {
	return statement{Effect: "Allow", Action: actions, Resource: resources}
}

func document(statements ...statement) string {
	b, err := json.Marshal(policy{Version: "2012-10-17", Statement: statements})
	if err != nil {
		panic("marshal a policy of plain strings: " + err.Error()) // cannot happen
	}
	return string(b)
}

// samePolicy compares two policy documents by meaning: IAM answers URL-encoded, in any order of keys, and
// with lists of one element as plain strings.
func samePolicy(a, b string) bool {
	return reflect.DeepEqual(canonical(a), canonical(b))
}

func canonical(doc string) any {
	if plain, err := url.PathUnescape(doc); err == nil {
		doc = plain
	}
	var v any
	if json.Unmarshal([]byte(doc), &v) != nil {
		return doc
	}
	return unwrap(v)
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
