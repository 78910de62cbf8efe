package spec

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Said says whether somebody or something gave the key a value. For a table (env, image.args, storage) it
// says whether the table has any entry.
func (s *Spec) Said(name string) bool {
	if _, ok := s.Origins[name]; ok {
		return true
	}
	v, ok := s.Get(name)
	return ok && !zero(v)
}

// NoHTTP says whether the app answers no requests: its port was said to be 0.
func (s *Spec) NoHTTP() bool { return s.Service.Port == 0 && s.Said("service.port") }

// Get returns the value of a key: string, int, float64, bool, Duration, []string, map[string]string or
// []Storage or []Grant, or that of one table entry ("env.PHX_HOST", "storage[0].path"). It is not found when the
// key is unknown, or lies in a table or at an index that s does not have.
func (s *Spec) Get(name string) (any, bool) {
	k, ok := KeyOf(name)
	if !ok {
		return nil, false
	}
	p := k.at(s, false)
	if p == nil {
		return nil, false
	}
	if k.Name == name {
		return deref(p), true
	}
	entry, _ := k.entry(name)
	switch p := p.(type) {
	case *map[string]string:
		v, ok := (*p)[entry]
		return v, ok
	case *[]Storage:
		if i, ok := index(entry, len(*p)); ok {
			return (*p)[i].Path, true
		}
	case *[]Grant:
		if i, ok := index(entry, len(*p)); ok && strings.HasSuffix(entry, "].actions") {
			return (*p)[i].Actions, true
		} else if ok {
			return (*p)[i].Resources, true
		}
	}
	return nil, false
}

// index is the number at the start of an entry of Tables, such as "0].path".
func index(entry string, n int) (int, bool) {
	number, _, _ := strings.Cut(entry, "]")
	i, err := strconv.Atoi(number)
	return i, err == nil && i >= 0 && i < n
}

// Set gives a key a value unless a stronger origin has set it already, which is not an error. Numbers may
// come in any numeric type (as from JSON), durations as text; a table's entry is set by its own name
// ("env.PHX_HOST"), storage as a whole by a list of paths. It checks the type only; Validate does the rest.
func (s *Spec) Set(name string, value any, o Origin) error {
	k, ok := KeyOf(name)
	if !ok {
		return fmt.Errorf("set %s: berth.toml has no such key%s", name, didYouMean(name))
	}
	if old, ok := s.Origins[name]; ok && o.Kind.Weaker(old.Kind) {
		return nil
	}
	entry, isEntry := k.entry(name)
	if isEntry && k.Kind == Tables {
		return fmt.Errorf("set %s: set %s as a whole", name, k.Name)
	}
	if isEntry {
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("set %s: it must be a text", name)
		}
		m := k.at(s, true).(*map[string]string)
		if *m == nil {
			*m = map[string]string{}
		}
		(*m)[entry] = text
	} else if err := assign(k.at(s, true), value); err != nil {
		return fmt.Errorf("set %s: it must be %s: %w", name, k.Kind, err)
	}
	s.origin(name, o)
	return nil
}

// SetText is Set for a value that was typed: a flag, an answer. Lists are separated by commas, a command by
// spaces.
func (s *Spec) SetText(name, text string, o Origin) error {
	k, ok := KeyOf(name)
	if !ok {
		return fmt.Errorf("set %s: berth.toml has no such key%s", name, didYouMean(name))
	}
	var v any = text
	var err error
	switch {
	case k.Name != name: // one entry of a table
	case k.Kind == Whole:
		v, err = strconv.Atoi(strings.TrimSpace(text))
	case k.Kind == Number:
		v, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
	case k.Kind == Truth:
		v, err = strconv.ParseBool(strings.TrimSpace(text))
	case k.Kind == Command:
		if v, err = Words(text); err != nil {
			return fmt.Errorf("set %s: %w; close the quote", name, err)
		}
	case k.Kind == List, k.Name == "storage":
		v = splitList(text)
	case k.Kind == Tables:
		return fmt.Errorf("set %s: write it into %s", name, FileName)
	case k.Kind == Table:
		return fmt.Errorf("set %s: name one entry, such as %s.NAME", name, name)
	}
	if err != nil {
		return fmt.Errorf("set %s: %q is not %s, such as %s", name, text, strings.TrimSuffix(k.Kind.String(), " in quotes"), k.Example)
	}
	return s.Set(name, v, o)
}

// Unset takes a value back, so that nothing is said about the key; Complete may then fill in the default.
// The name of an optional table (service.autoscale, database) takes all of it back, and so does its last key.
func (s *Spec) Unset(name string) {
	for _, t := range optional(s) {
		if t.table == name {
			t.drop(s)
		}
	}
	if process, ok := processOf(name); ok && name == processTable+"."+process {
		delete(s.Processes, process)
	}
	for key := range s.Origins {
		if key == name || strings.HasPrefix(key, name+".") || strings.HasPrefix(key, name+"[") {
			delete(s.Origins, key)
		}
	}
	k, ok := KeyOf(name)
	if !ok {
		return
	}
	p := k.at(s, false)
	if entry, ok := k.entry(name); ok {
		if m, isMap := p.(*map[string]string); isMap {
			delete(*m, entry)
		}
		return
	}
	clearValue(p)
	for _, t := range optional(s) {
		if own, _ := k.table(); own == t.table && !s.saysIn(t.table) {
			t.drop(s)
		}
	}
}

// saysIn says whether any key of a table is said.
func (s *Spec) saysIn(table string) bool {
	return slices.ContainsFunc(s.Keys(), func(k Key) bool {
		t, _ := k.table()
		return t == table && s.Said(k.Name)
	})
}

func (s *Spec) origin(name string, o Origin) {
	if s.Origins == nil {
		s.Origins = map[string]Origin{}
	}
	s.Origins[name] = o
}

func deref(p any) any {
	switch p := p.(type) {
	case *string:
		return *p
	case *int:
		return *p
	case *float64:
		return *p
	case *bool:
		return *p
	case *Duration:
		return *p
	case *[]string:
		return *p
	case *map[string]string:
		return *p
	case *[]Storage:
		return *p
	case *[]Grant:
		return *p
	default:
		panic(fmt.Sprintf("spec: key of type %T", p))
	}
}

func clearValue(p any) {
	switch p := p.(type) {
	case *string:
		*p = ""
	case *int:
		*p = 0
	case *float64:
		*p = 0
	case *bool:
		*p = false
	case *Duration:
		*p = 0
	case *[]string:
		*p = nil
	case *map[string]string:
		*p = nil
	case *[]Storage:
		*p = nil
	case *[]Grant:
		*p = nil
	}
}

func zero(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case int:
		return v == 0
	case float64:
		return v == 0
	case bool:
		return !v
	case Duration:
		return v == 0
	case []string:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	case []Storage:
		return len(v) == 0
	case []Grant:
		return len(v) == 0
	default:
		return true
	}
}

// assign puts value into what p points to, converting between the types that mean the same.
func assign(p, value any) error {
	mismatch := fmt.Errorf("not %v", value)
	switch p := p.(type) {
	case *string:
		v, ok := value.(string)
		if !ok {
			return mismatch
		}
		*p = v
	case *bool:
		v, ok := value.(bool)
		if !ok {
			return mismatch
		}
		*p = v
	case *int:
		f, ok := number(value)
		if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return mismatch
		}
		*p = int(f)
	case *float64:
		f, ok := number(value)
		if !ok {
			return mismatch
		}
		*p = f
	case *Duration:
		return assignSpan(p, value)
	case *[]string:
		v, ok := texts(value)
		if !ok {
			return mismatch
		}
		*p = v
	case *[]Grant:
		v, ok := value.([]Grant)
		if !ok {
			return mismatch
		}
		*p = v
	case *[]Storage:
		v, ok := texts(value)
		if !ok {
			return mismatch
		}
		*p = nil
		for _, path := range v {
			*p = append(*p, Storage{Path: path})
		}
	default:
		return fmt.Errorf("set its entries one by one")
	}
	return nil
}

func assignSpan(p *Duration, value any) error {
	switch v := value.(type) {
	case Duration:
		*p = v
	case time.Duration:
		*p = Duration(v)
	case string:
		return p.UnmarshalText([]byte(v))
	default:
		return fmt.Errorf(`%v is not a duration such as "30s"`, value)
	}
	return nil
}

func number(value any) (float64, bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	default:
		return 0, false
	}
}

func texts(value any) ([]string, bool) {
	switch v := value.(type) {
	case []string:
		return slices.Clone(v), true
	case []Storage:
		var out []string
		for _, s := range v {
			out = append(out, s.Path)
		}
		return out, true
	case []any:
		var out []string
		for _, e := range v {
			t, ok := e.(string)
			if !ok {
				return nil, false
			}
			out = append(out, t)
		}
		return out, true
	default:
		return nil, false
	}
}

func splitList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
