package apimodel

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// branch is a part of a form whose keys are paths, such as Filter.1.Value.2.
type branch struct {
	text string // of the path that ends here
	ends bool
	more map[string]*branch
}

// branches makes a tree of a form.
func branches(form url.Values) *branch {
	root := &branch{}
	for key, values := range form {
		at := root
		for _, part := range strings.Split(key, ".") {
			if at.more == nil {
				at.more = map[string]*branch{}
			}
			if at.more[part] == nil {
				at.more[part] = &branch{}
			}
			at = at.more[part]
		}
		at.text, at.ends = values[0], true
	}
	return root
}

// query reads forms, as the protocols query and ec2 have them.
type query struct {
	s   *service
	ec2 bool
}

func (q *query) value(sh *shape, m *member, b *branch) (any, error) {
	switch sh.Type {
	case "structure":
		return q.structure(sh, b)
	case "list":
		return q.list(sh, m, b)
	case "map":
		return q.mapping(sh, m, b)
	}
	if !b.ends || len(b.more) > 0 {
		return nil, fmt.Errorf("a %s holds %s", sh.Type, strings.Join(slices.Sorted(maps.Keys(b.more)), ", "))
	}
	return b.text, nil
}

func (q *query) structure(sh *shape, b *branch) (any, error) {
	out, left := map[string]any{}, maps.Clone(b.more)
	for name, m := range sh.Members {
		key := q.key(name, m)
		at := b.more[key]
		if at == nil {
			continue
		}
		delete(left, key)
		v, err := q.value(q.s.Shapes[m.Shape], m, at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	for key := range left {
		return nil, fmt.Errorf("there is no parameter %s", key)
	}
	return out, nil
}

// key is how a member is named in a form.
func (q *query) key(name string, m *member) string {
	if q.ec2 {
		key := cmp.Or(m.QueryName, m.LocationName, name)
		return strings.ToUpper(key[:1]) + key[1:]
	}
	if sh := q.s.Shapes[m.Shape]; sh.Type == "list" && sh.Flattened && sh.Member.LocationName != "" {
		return sh.Member.LocationName
	}
	return cmp.Or(m.LocationName, name)
}

func (q *query) list(sh *shape, m *member, b *branch) (any, error) {
	if b.ends && b.text == "" && len(b.more) == 0 {
		return []any{}, nil
	}
	if !q.ec2 && !sh.Flattened && !m.Flattened {
		key := cmp.Or(sh.Member.LocationName, "member")
		if b.more[key] == nil || len(b.more) != 1 {
			return nil, fmt.Errorf("a list has no %s", key)
		}
		b = b.more[key]
	}
	items, err := numbered(b)
	if err != nil {
		return nil, err
	}
	all := []any{}
	for _, item := range items {
		v, err := q.value(q.s.Shapes[sh.Member.Shape], sh.Member, item)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (q *query) mapping(sh *shape, m *member, b *branch) (any, error) {
	if !sh.Flattened && !m.Flattened {
		if b = b.more["entry"]; b == nil {
			return nil, fmt.Errorf("a map has no entry")
		}
	}
	items, err := numbered(b)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, item := range items {
		k, x := item.more[cmp.Or(sh.Key.LocationName, "key")], item.more[cmp.Or(sh.Value.LocationName, "value")]
		if k == nil || x == nil {
			return nil, fmt.Errorf("an entry lacks key or value")
		}
		v, err := q.value(q.s.Shapes[sh.Value.Shape], sh.Value, x)
		if err != nil {
			return nil, err
		}
		out[k.text] = v
	}
	return out, nil
}

// numbered gives the items of a list that is counted from 1 without a gap.
func numbered(b *branch) ([]*branch, error) {
	var all []*branch
	for i := range len(b.more) {
		item := b.more[strconv.Itoa(i+1)]
		if item == nil {
			return nil, fmt.Errorf("a list is numbered %s", strings.Join(slices.Sorted(maps.Keys(b.more)), ", "))
		}
		all = append(all, item)
	}
	return all, nil
}
