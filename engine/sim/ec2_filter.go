package sim

import (
	"path"
	"slices"
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// attributes gives the values that a resource has for a filter name; ok is false for a name that the
// resource does not know.
type attributes func(name string) (values []string, ok bool)

// matches says whether a resource passes all filters. A filter name that it does not know is an error.
func matches(filters []ec2types.Filter, t tagMap, attr attributes) (bool, error) {
	for _, f := range filters {
		name := str(f.Name)
		var have []string
		if key, isTag := strings.CutPrefix(name, "tag:"); isTag {
			if v, ok := t[key]; ok {
				have = []string{v}
			}
		} else if name == "tag-key" {
			have = t.keys()
		} else {
			var ok bool
			if have, ok = attr(name); !ok {
				return false, apiErr("InvalidParameterValue", "The filter '%s' is invalid", name)
			}
		}
		if !slices.ContainsFunc(f.Values, func(want string) bool {
			return slices.ContainsFunc(have, func(h string) bool {
				ok, err := path.Match(want, h)
				return h == want || err == nil && ok
			})
		}) {
			return false, nil
		}
	}
	return true, nil
}

// yes and no are how filters spell booleans.
func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// selectBy picks the items that are named by id (all, when no ids are given) and pass the filters. An id
// that is not there is an error with that code and message format (which gets the id).
func selectBy[T any](items []*T, ids []string, idOf func(*T) string, code, format string, keep func(*T) (bool, error)) ([]*T, error) {
	for _, id := range ids {
		if find(items, func(it *T) bool { return idOf(it) == id }) == nil {
			return nil, apiErr(code, format, id)
		}
	}
	var out []*T
	for _, it := range items {
		if len(ids) > 0 && !slices.Contains(ids, idOf(it)) {
			continue
		}
		ok, err := keep(it)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, it)
		}
	}
	return out, nil
}

// ec2Tags reads the tags for one resource type out of tag specifications.
func ec2Tags(specs []ec2types.TagSpecification) tagMap {
	var t tagMap
	for _, s := range specs {
		t = t.merge(tagsFrom(s.Tags, func(x ec2types.Tag) (*string, *string) { return x.Key, x.Value }))
	}
	return t
}

// toEC2 makes EC2 tags.
func (t tagMap) toEC2() []ec2types.Tag {
	return tagsTo(t, func(k, v *string) ec2types.Tag { return ec2types.Tag{Key: k, Value: v} })
}
