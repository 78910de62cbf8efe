package spec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// set returns the text with table.leaf set to a TOML literal: in place when the key is there, else in the
// way its neighbours are written, else in a table of its own at the end.
func (d *document) set(table, leaf, lit string) []byte {
	name := table + "." + leaf
	if table == "" {
		name = leaf
	}
	if e := d.find(name); e != nil {
		return d.splice(e.value, d.untrue(e), lit)
	}
	if !bare(leaf) {
		leaf = quote(leaf)
	}
	if sibling := d.lastIn(table); sibling != nil {
		if sibling.inline {
			return d.splice(sibling.end, sibling.end, ", "+leaf+" = "+lit)
		}
		return d.after(sibling, dotted(table, sibling.parts-1)+leaf+" = "+lit)
	}
	if e := d.find(table); table != "" && e != nil && e.kind == unstable.InlineTable {
		return d.splice(e.value+1, e.value+1, " "+leaf+" = "+lit+" ")
	}
	for _, s := range d.sections[1:] {
		if s.name == table {
			return d.insertLine(s.end, leaf+" = "+lit)
		}
	}
	if table == "" {
		return d.insertLine(d.top(), leaf+" = "+lit)
	}
	return d.setInNewTable(table, leaf, lit)
}

// source is a comment that tidy writes of where a value was found.
var source = pattern(`^[ \t]*# (name of the folder|\S+:\d+\b.*)[ \t\r]*$`)

// untrue is where a value ends, with the comment behind it when that says where the value was found: another one was not.
func (d *document) untrue(e *entry) int {
	end := e.end
	if i := bytes.IndexByte(d.raw[end:], '\n'); i >= 0 {
		end += i
	} else {
		end = len(d.raw)
	}
	if e.inline || !source().Match(d.raw[e.end:end]) {
		return e.end
	}
	return end
}

// setInNewTable is set for a table that is nowhere yet. A table within one that is written inline or with
// dotted keys must be written like that, too.
func (d *document) setInNewTable(table, leaf, lit string) []byte {
	if i := strings.LastIndexByte(table, '.'); i >= 0 {
		parent, own := table[:i], table[i+1:]
		for j := len(d.entries) - 1; j >= 0; j-- {
			e := &d.entries[j]
			if e.inline && parentOf(e.name) == parent {
				return d.splice(e.end, e.end, fmt.Sprintf(", %s = { %s = %s }", own, leaf, lit))
			}
			if !e.inline && e.parts > 1 && parentOf(e.name) == parent {
				return d.after(e, dotted(parent, e.parts-1)+own+"."+leaf+" = "+lit)
			}
		}
	}
	var b bytes.Buffer
	b.Write(d.raw)
	if len(d.raw) > 0 && d.raw[len(d.raw)-1] != '\n' {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\n[%s]\n%s = %s\n", table, leaf, lit)
	return b.Bytes()
}

// remove returns the text without a key.
func (d *document) remove(name string) []byte {
	e := d.find(name)
	if e == nil {
		return d.raw
	}
	if !e.inline {
		return d.splice(d.lineStart(e.start), lineEnd(d.raw, e.end), "")
	}
	start, end := e.start, e.end
	before := bytes.TrimRight(d.raw[:start], " \t\r\n")
	after := bytes.TrimLeft(d.raw[end:], " \t\r\n")
	switch {
	case bytes.HasSuffix(before, []byte(",")):
		start = len(before) - 1
	case bytes.HasPrefix(after, []byte(",")):
		end = len(d.raw) - len(after) + 1
	}
	return d.splice(start, end, "")
}

// removeTable returns the text without a table and all that is in it. Comments stay.
func (d *document) removeTable(table string) []byte {
	if e := d.find(table); e != nil {
		return d.remove(table)
	}
	var cuts [][2]int
	for _, e := range d.entries {
		if parentOf(e.name) == table {
			cuts = append(cuts, [2]int{d.lineStart(e.start), lineEnd(d.raw, e.end)})
		}
	}
	for _, sec := range d.sections[1:] {
		if sec.name == table {
			cuts = append(cuts, [2]int{sec.line, sec.end})
		}
	}
	slices.SortFunc(cuts, func(a, b [2]int) int { return b[0] - a[0] })
	text := d.raw
	for _, c := range cuts {
		text = slices.Concat(text[:c[0]], text[c[1]:])
	}
	return text
}

// editStorage returns the text with these storage paths: those that are there are changed in place.
func editStorage(text []byte, table string, want []Storage) ([]byte, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("edit berth.toml: %w", err)
	}
	if e := d.find(table); e != nil { // written as a list of inline tables
		if len(want) == 0 {
			return d.remove(table), nil
		}
		items := make([]string, len(want))
		for i, s := range want {
			items[i] = "{ path = " + quote(s.Path) + " }"
		}
		return d.splice(e.value, e.end, "["+strings.Join(items, ", ")+"]"), nil
	}
	have := 0
	for _, s := range d.sections {
		if s.isArray && strings.HasPrefix(s.name, table+"[") {
			have++
		}
	}
	for i := have - 1; i >= 0; i-- { // from the end, so that the indexes before it stay
		name := fmt.Sprintf("%s[%d]", table, i)
		text, err = edit(text, func(d *document) []byte {
			if i >= len(want) {
				return d.removeTable(name)
			}
			return d.set(name, "path", quote(want[i].Path))
		})
		if err != nil {
			return nil, err
		}
	}
	for i := have; i < len(want); i++ {
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(slices.Clip(text), '\n')
		}
		text = append(slices.Clip(text), "\n[["+table+"]]\npath = "+quote(want[i].Path)+"\n"...)
	}
	return text, nil
}

// lastIn returns the last key that stands directly in a table, or nil.
func (d *document) lastIn(table string) *entry {
	for i := len(d.entries) - 1; i >= 0; i-- {
		if e := &d.entries[i]; parentOf(e.name) == table {
			return e
		}
	}
	return nil
}

// parentOf is the table that a full name stands in. The names in a table of texts may have dots.
func parentOf(name string) string {
	env, own := inEnvironment(name)
	if k, ok := KeyOf(own); ok && k.Kind == Table && k.Name != own {
		return nameIn(env, k.Name)
	}
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)]
}

// dotted is the last n parts of a table's name with a dot behind, as in front of a dotted key.
func dotted(table string, n int) string {
	if n <= 0 {
		return ""
	}
	parts := strings.Split(table, ".")
	return strings.Join(parts[max(0, len(parts)-n):], ".") + "."
}

// after inserts a line after that of e, indented like it.
func (d *document) after(e *entry, line string) []byte {
	start := d.lineStart(e.start)
	return d.insertLine(lineEnd(d.raw, e.end), string(d.raw[start:e.start])+line)
}

// top is where a first key of the top level goes: after a comment block at the start of the file, when a
// blank line sets it apart.
func (d *document) top() int {
	at := 0
	for at < len(d.raw) {
		end := lineEnd(d.raw, at)
		line := bytes.TrimSpace(d.raw[at:end])
		switch {
		case len(line) == 0 && at > 0:
			return end
		case len(line) == 0 || line[0] != '#':
			return 0
		}
		at = end
	}
	return at
}

// insertLine inserts a line at the start of a line, or at the end of the text.
func (d *document) insertLine(at int, line string) []byte {
	ending := "\n"
	if bytes.Contains(d.raw, []byte("\r\n")) {
		ending = "\r\n"
	}
	if at > 0 && d.raw[at-1] != '\n' {
		line = ending + line
	}
	return d.splice(at, at, line+ending)
}

func (d *document) splice(start, end int, text string) []byte {
	return slices.Concat(d.raw[:start], []byte(text), d.raw[end:])
}

func (d *document) lineStart(at int) int { return bytes.LastIndexByte(d.raw[:at], '\n') + 1 }
