package spec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// document is a berth.toml as text with the place of everything in it, for positions and for edits that
// leave the rest as it is.
type document struct {
	raw      []byte
	sections []section
	entries  []entry
}

// section is the top level or a [table] or [[table]] with what follows it.
type section struct {
	name       string // as in Key.Name, with the index of array tables: "service", "storage[0]"
	line, end  int    // byte offsets of the header's line and of the end of that line, both 0 for the top level
	parts      int    // how many parts the name has
	isArray    bool
	headerLine int // 1-based
	column     int
}

// entry is one "key = value".
type entry struct {
	name         string // full name, as in Key.Name and its entries
	kind         unstable.Kind
	elements     []unstable.Kind // of an array
	section      int             // index into sections
	parts        int             // how many parts the key has where it stands: 2 for "service.port = 1"
	inline       bool            // it stands within an inline table
	start, end   int             // byte range of "key = value"
	value        int             // byte offset at which the value starts; it ends at end
	line, column int             // of the key, 1-based
	valueColumn  int
	valueLine    int
}

// parseDocument reads raw, which must be valid TOML.
func parseDocument(raw []byte) (*document, error) {
	d := &document{raw: raw, sections: []section{{}}}
	var p unstable.Parser
	p.Reset(raw)
	count := map[string]int{} // of array tables
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			d.addSection(&p, e, count)
		case unstable.KeyValue:
			s := len(d.sections) - 1
			d.addEntry(&p, e, d.sections[s].name, s, false)
		default: // comments are not asked for, and nothing else stands by itself
		}
	}
	return d, p.Error()
}

func (d *document) addSection(p *unstable.Parser, e *unstable.Node, count map[string]int) {
	var name string
	var first *unstable.Node
	parts := 0
	it := e.Key()
	for it.Next() {
		if first == nil {
			first = it.Node()
		}
		name = join(name, string(it.Node().Data))
		if n := count[name]; n > 0 && !it.IsLast() {
			name += fmt.Sprintf("[%d]", n-1)
		}
		parts++
	}
	isArray := e.Kind == unstable.ArrayTable
	if isArray {
		count[name]++
		name += fmt.Sprintf("[%d]", count[name]-1)
	}
	pos := p.Shape(first.Raw).Start
	line := pos.Offset
	for line > 0 && d.raw[line-1] != '\n' {
		line--
	}
	d.sections = append(d.sections, section{
		name: name, line: line, end: lineEnd(d.raw, pos.Offset), parts: parts, isArray: isArray,
		headerLine: pos.Line, column: pos.Column,
	})
}

// addEntry adds e, or when it is an inline table what is in it, too. An array of inline tables adds what is
// in them, so that storage = [{ path = "/a" }] is found like [[storage]].
func (d *document) addEntry(p *unstable.Parser, e *unstable.Node, prefix string, sec int, inline bool) {
	name, parts := prefix, 0
	var first, last *unstable.Node
	it := e.Key()
	for it.Next() {
		if first == nil {
			first = it.Node()
		}
		last = it.Node()
		name = join(name, string(last.Data))
		parts++
	}
	start := int(e.Raw.Offset)
	end := start + int(e.Raw.Length)
	value := int(last.Raw.Offset + last.Raw.Length)
	for value < end && (d.raw[value] == ' ' || d.raw[value] == '\t' || d.raw[value] == '=') {
		value++
	}
	at, valueAt := p.Shape(first.Raw).Start, p.Shape(unstable.Range{Offset: uint32(value), Length: 1}).Start
	x := entry{
		name: name, kind: e.Value().Kind, section: sec, parts: parts, inline: inline,
		start: start, end: end, value: value, line: at.Line, column: at.Column,
		valueLine: valueAt.Line, valueColumn: valueAt.Column,
	}
	children := e.Value().Children()
	switch x.kind {
	case unstable.InlineTable:
		d.entries = append(d.entries, x)
		for children.Next() {
			if n := children.Node(); n.Kind == unstable.KeyValue {
				d.addEntry(p, n, name, sec, true)
			}
		}
	case unstable.Array:
		for children.Next() {
			x.elements = append(x.elements, children.Node().Kind)
		}
		d.entries = append(d.entries, x)
		d.addArrayTables(p, e.Value(), name, sec)
	default:
		d.entries = append(d.entries, x)
	}
}

func (d *document) addArrayTables(p *unstable.Parser, array *unstable.Node, name string, sec int) {
	i := 0
	elements := array.Children()
	for elements.Next() {
		n := elements.Node()
		if n.Kind == unstable.InlineTable {
			pairs := n.Children()
			for pairs.Next() {
				if kv := pairs.Node(); kv.Kind == unstable.KeyValue {
					d.addEntry(p, kv, fmt.Sprintf("%s[%d]", name, i), sec, true)
				}
			}
		}
		i++
	}
}

// find returns the entry with that name, or nil.
func (d *document) find(name string) *entry {
	for i := range d.entries {
		if d.entries[i].name == name {
			return &d.entries[i]
		}
	}
	return nil
}

// join appends a part to a dotted name, in quotes when it could not stand bare, but for the entries of a
// table of texts, whose names are free.
func join(name, part string) string {
	_, own := inEnvironment(name)
	if k, ok := KeyOf(own); !bare(part) && (!ok || k.Kind != Table) {
		part = strconv.Quote(part)
	}
	if name == "" {
		return part
	}
	return name + "." + part
}

// bare says whether a TOML key may stand without quotes.
func bare(key string) bool {
	return key != "" && strings.IndexFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}) < 0
}

// lineEnd returns the offset after the line end that follows offset at.
func lineEnd(raw []byte, at int) int {
	for at < len(raw) && raw[at] != '\n' {
		at++
	}
	return min(at+1, len(raw))
}
