package spec

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain are keys whose defaults nobody wants to read about: they are written only when they differ.
var plain = map[string]bool{
	"image.context": true, "service.start_timeout": true, "service.init": true, "service.ephemeral_gb": true, "service.log_days": true,
	"service.health.interval": true, "service.health.timeout": true, "service.health.unhealthy": true, "service.health.codes": true,
	"network.https": true, "network.tasks": true, "network.front": true,
}

// tidy is a whole new berth.toml for s.
func (s *Spec) tidy() []byte {
	var b strings.Builder
	b.WriteString("# How this app runs on AWS. berth reads this file and keeps your changes and comments.\n\n")
	tables := map[string][]string{} // lines by table
	var order []string
	for _, k := range s.Keys() {
		table, leaf := k.table()
		var lines []string
		switch {
		case k.Name == "storage":
			continue
		case k.Kind == Table:
			table = k.Name
			m := *k.at(s, false).(*map[string]string)
			for _, n := range slices.Sorted(maps.Keys(m)) {
				lines = append(lines, s.line(k.Name+"."+n, n, literal(m[n]), ""))
			}
		default:
			if v, ok := s.Get(k.Name); ok && s.tidies(k, v) {
				lines = append(lines, s.line(k.Name, leaf, literal(v), k.Doc))
			}
		}
		if len(lines) > 0 && !slices.Contains(order, table) {
			order = append(order, table)
		}
		tables[table] = append(tables[table], lines...)
	}
	for _, table := range order {
		if table != "" {
			fmt.Fprintf(&b, "\n[%s]\n", table)
		}
		b.WriteString(strings.Join(align(tables[table]), "\n") + "\n")
	}
	for _, st := range s.Storage {
		fmt.Fprintf(&b, "\n[[storage]]\npath = %s\n", quote(st.Path))
	}
	return []byte(b.String())
}

// tidies says whether a new file has the value of k.
func (s *Spec) tidies(k Key, v any) bool {
	o := s.Origins[k.Name]
	switch {
	case k.Name == "image.ref" && o.Kind == Flag:
		return false
	case o.Kind == Default && plain[k.Name]:
		return false
	}
	return !zero(v) || k.Kind == Whole && s.Said(k.Name) || k.Kind == Truth && s.Said(k.Name)
}

// line is a key with its value and, after a tab that align replaces, where it came from or what it is.
func (s *Spec) line(name, leaf, lit, doc string) string {
	if !bare(leaf) {
		leaf = quote(leaf)
	}
	comment := doc
	if o := s.Origins[name]; o.Kind == Detected {
		comment = o.String()
	}
	comment = oneLine(comment)
	if comment != "" {
		comment = "\t# " + comment
	}
	return leaf + " = " + lit + comment
}

// align puts the comments of a table's lines into one column, unless that is far to the right.
func align(lines []string) []string {
	width := 0
	for _, l := range lines {
		code, _, ok := strings.Cut(l, "\t# ")
		if n := utf8.RuneCountInString(code); ok && n <= 40 {
			width = max(width, n)
		}
	}
	for i, l := range lines {
		if code, comment, ok := strings.Cut(l, "\t# "); ok {
			lines[i] = fmt.Sprintf("%-*s  # %s", width, code, comment)
		}
	}
	return lines
}

// oneLine makes any text fit for a comment: no control characters, not endless.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > 100 {
		text = string(r[:99]) + "…"
	}
	return strings.TrimSpace(text)
}

// literal is a value in TOML.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case Duration:
		return quote(v.String())
	case float64:
		return vcpus(v)
	case []Grant:
		items := make([]string, len(v))
		for i, g := range v {
			items[i] = "{ actions = " + literal(g.Actions) + ", resources = " + literal(g.Resources) + " }"
		}
		return "[" + strings.Join(items, ", ") + "]"
	case []string:
		items := make([]string, len(v))
		for i, e := range v {
			items[i] = quote(e)
		}
		return "[" + strings.Join(items, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// quote is a TOML basic string. Bytes that are not UTF-8, which TOML cannot have, become U+FFFD.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			b.WriteString(`\u` + fmt.Sprintf("%04s", strconv.FormatInt(int64(r), 16)))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
