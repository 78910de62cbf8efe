package apimodel

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Check says what is wrong with a request for an operation, one sentence each; nothing when it keeps to the model. The
// service is named by its id, the body is all of the request's. The error is for a model that cannot be read.
func (m *Models) Check(serviceID, name string, r *http.Request, body []byte) ([]string, error) {
	s, err := m.of(serviceID)
	if err != nil {
		return nil, err
	}
	op, ok := s.Operations[name]
	if !ok {
		return []string{serviceID + " has no operation " + name}, nil
	}
	c := &check{s: s}
	if op.Input == nil {
		return nil, nil
	}
	in := s.Shapes[op.Input.Shape]
	value, err := s.decode(op, in, r, body)
	if err != nil {
		return []string{fmt.Sprintf("%s %s: %v", serviceID, name, err)}, nil
	}
	c.value(name, in, value)
	return c.wrong, nil
}

// check collects what is wrong with one request.
type check struct {
	s     *service
	wrong []string
}

func (c *check) say(path, format string, args ...any) {
	c.wrong = append(c.wrong, path+" "+fmt.Sprintf(format, args...))
}

// value checks a value that was decoded: map[string]any, []any, string, bool, or json.Number.
func (c *check) value(path string, sh *shape, v any) {
	switch sh.Type {
	case "structure":
		c.structure(path, sh, v)
	case "list":
		c.list(path, sh, v)
	case "map":
		c.mapping(path, sh, v)
	case "string":
		c.text(path, sh, v)
	case "integer", "long", "float", "double":
		c.number(path, sh, v)
	case "boolean":
		if s, ok := v.(string); ok && (s == "true" || s == "false") {
			return
		}
		if _, ok := v.(bool); !ok {
			c.say(path, "is %v, not a boolean", v)
		}
	}
}

func (c *check) structure(path string, sh *shape, v any) {
	fields, ok := v.(map[string]any)
	if !ok {
		if !sh.Document {
			c.say(path, "is %v, not a structure", v)
		}
		return
	}
	for _, name := range sh.Required {
		if _, ok := fields[name]; !ok {
			c.say(path, "lacks %s", name)
		}
	}
	if sh.Union && len(fields) != 1 {
		c.say(path, "is a union with %d members set", len(fields))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		m := sh.Members[name]
		if m == nil {
			c.say(path, "has no member %s", name)
			continue
		}
		c.value(path+"."+name, c.s.Shapes[m.Shape], fields[name])
	}
}

func (c *check) list(path string, sh *shape, v any) {
	all, ok := v.([]any)
	if !ok {
		c.say(path, "is %v, not a list", v)
		return
	}
	c.within(path, "items", sh, float64(len(all)))
	for i, item := range all {
		c.value(fmt.Sprintf("%s[%d]", path, i), c.s.Shapes[sh.Member.Shape], item)
	}
}

func (c *check) mapping(path string, sh *shape, v any) {
	all, ok := v.(map[string]any)
	if !ok {
		c.say(path, "is %v, not a map", v)
		return
	}
	c.within(path, "entries", sh, float64(len(all)))
	for _, k := range slices.Sorted(maps.Keys(all)) {
		c.value(path+" key", c.s.Shapes[sh.Key.Shape], k)
		c.value(path+"["+k+"]", c.s.Shapes[sh.Value.Shape], all[k])
	}
}

func (c *check) text(path string, sh *shape, v any) {
	s, ok := v.(string)
	if !ok {
		c.say(path, "is %v, not a string", v)
		return
	}
	if len(sh.Enum) > 0 && !slices.Contains(sh.Enum, s) {
		c.say(path, "is %q, none of %s", s, strings.Join(sh.Enum, ", "))
	}
	c.within(path, "characters", sh, float64(utf8.RuneCountInString(s)))
	if re := sh.pattern(); re != nil && !re.MatchString(s) {
		c.say(path, "is %q, which does not match %s", s, sh.Pattern)
	}
}

func (c *check) number(path string, sh *shape, v any) {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		c.say(path, "is %v, not a number", v)
		return
	}
	c.within(path, "", sh, f)
}

// within holds a length or a number against the shape's bounds.
func (c *check) within(path, unit string, sh *shape, n float64) {
	what := strings.TrimSpace(fmt.Sprintf("%v %s", n, unit))
	if sh.Min != nil && n < *sh.Min {
		c.say(path, "has %s, at least %v are wanted", what, *sh.Min)
	}
	if sh.Max != nil && n > *sh.Max {
		c.say(path, "has %s, %v are allowed", what, *sh.Max)
	}
}
