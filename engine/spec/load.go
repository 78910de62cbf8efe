package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"berth/engine/fail"
)

// maxFile is how large a berth.toml may be, in bytes.
const maxFile = 256 << 10

const byteOrderMark = "\xef\xbb\xbf"

// Exists says whether dir has a berth.toml.
func Exists(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, FileName))
	return err == nil && !info.IsDir()
}

// Load reads dir/berth.toml. Without one it returns a Spec that says nothing. Text that is not TOML, unknown
// keys and values of the wrong type are a Usage fail.Error that wraps Problems; whether the values make
// sense is for Validate.
func Load(dir string) (*Spec, error) {
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return &Spec{Dir: dir, EnvName: DefaultEnv}, nil
	}
	if err != nil {
		return nil, &fail.Error{Class: fail.Usage, Cause: "berth.toml cannot be read", Evidence: err.Error(), Err: err}
	}
	s, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	s.Dir = dir
	return s, nil
}

// Parse is Load for a text that is in memory already.
func Parse(raw []byte) (*Spec, error) {
	if len(raw) > maxFile {
		return nil, fail.Usagef("berth.toml is %d KiB large; that cannot be right", len(raw)>>10)
	}
	raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
	var any map[string]any
	if err := toml.Unmarshal(raw, &any); err != nil {
		return nil, syntaxError(err)
	}
	doc, err := parseDocument(raw)
	if err != nil {
		return nil, syntaxError(err)
	}
	if problems := doc.check(); len(problems) > 0 {
		return nil, AsError(problems)
	}
	s := &Spec{EnvName: DefaultEnv, Origins: map[string]Origin{}}
	if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(s); err != nil {
		return nil, syntaxError(err)
	}
	for _, e := range doc.entries {
		k, _ := KeyOf(e.name)
		if k.Kind == Table && k.Name == e.name {
			continue // its entries have origins of their own
		}
		s.Origins[e.name] = Origin{Kind: File, File: FileName, Line: e.valueLine, Column: e.valueColumn}
	}
	return s, nil
}

// syntaxError makes the error for a text that go-toml refuses.
func syntaxError(err error) error {
	f := &fail.Error{
		Class: fail.Usage, Cause: "berth.toml is not valid TOML", Evidence: err.Error(), Err: err,
		Remedy: "mend that line of berth.toml, or delete the file and let berth write a new one",
	}
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		err = &strict.Errors[0]
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, column := decode.Position()
		f.Cause = fmt.Sprintf("%s:%d:%d: %s", FileName, line, column, strings.TrimPrefix(decode.Error(), "toml: "))
		f.Evidence = decode.String()
	}
	return f
}

// check finds unknown tables and keys and values of the wrong type.
func (d *document) check() []Problem {
	var problems []Problem
	bad := map[int]bool{} // sections whose entries make no sense
	for i, sec := range d.sections[1:] {
		if p := checkSection(sec); p != nil {
			bad[i+1] = true
			problems = append(problems, *p)
		}
	}
	for _, e := range d.entries {
		if bad[e.section] {
			continue
		}
		if p := e.check(); p != nil {
			problems = append(problems, *p)
		}
	}
	return problems
}

func checkSection(sec section) *Problem {
	p := &Problem{Key: sec.name, File: FileName, Line: sec.headerLine, Column: sec.column}
	bareName, isArray := sec.name, sec.isArray
	if i := strings.LastIndexByte(sec.name, '['); isArray && i >= 0 {
		bareName = sec.name[:i]
	}
	k, isKey := KeyOf(bareName)
	isKey = isKey && k.Name == bareName
	switch {
	case isKey && k.Kind == Paths && !isArray:
		p.Text, p.Want = "it can be there several times", "write [["+bareName+"]]"
	case isKey && k.Kind == Paths:
		return nil
	case isKey && k.Kind != Table:
		p.Text, p.Want = "it is no table", "write "+bareName+" = "+k.Example
	case tableNames()[bareName] && isArray:
		p.Text, p.Want = "it can be there only once", "write ["+bareName+"]"
	case tableNames()[bareName]:
		return nil
	default:
		p.Text = "berth.toml has no such table"
		var names []string
		for n := range tableNames() {
			names = append(names, n)
		}
		if n := Nearest(bareName, names); n != "" {
			p.Want = "did you mean [" + n + "]?"
		}
	}
	return p
}

// tableNames are the names that may stand in [ ].
func tableNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range keys {
		t, _ := k.table()
		names[t] = t != ""
		if k.Kind == Table || k.Kind == Paths {
			names[k.Name] = true
		}
	}
	return names
}

func (e *entry) check() *Problem {
	p := &Problem{Key: e.name, File: FileName, Line: e.line, Column: e.column}
	k, ok := KeyOf(e.name)
	if !ok {
		if e.kind == unstable.InlineTable && tableNames()[e.name] {
			return nil
		}
		p.Text, p.Want = "berth.toml has no such key", keysBeside(e.name)
		if n := nearestKey(e.name); n != "" {
			p.Want = "did you mean " + n + "?"
			near, _ := KeyOf(n)
			if t, leaf := near.table(); t != "" && strings.HasSuffix("."+e.name, "."+leaf) {
				p.Want = "did you mean " + leaf + " under [" + t + "]?"
			}
		}
		return p
	}
	if e.fits(k) {
		return nil
	}
	p.Line, p.Column = e.valueLine, e.valueColumn
	p.Text = "it must be " + k.Kind.String() + ", not " + kindName(e.kind)
	p.Want = "such as " + k.Example
	if e.name != k.Name {
		p.Text, p.Want = "it must be a text in quotes, not "+kindName(e.kind), "write it in quotes"
	}
	return p
}

// keysBeside lists the keys of the table that a name stands in.
func keysBeside(name string) string {
	table, _ := Key{Name: name}.table()
	var leaves []string
	for _, k := range keys {
		if t, leaf := k.table(); t == table {
			leaves = append(leaves, leaf)
		}
	}
	if len(leaves) == 0 {
		return ""
	}
	if table == "" {
		return "at the top there are " + strings.Join(leaves, ", ")
	}
	return "in [" + table + "] there are " + strings.Join(leaves, ", ")
}

// fits says whether the value in the file is of the kind that the key wants.
func (e *entry) fits(k Key) bool {
	if e.name != k.Name {
		return e.kind == unstable.String
	}
	all := func(want unstable.Kind) bool {
		for _, got := range e.elements {
			if got != want {
				return false
			}
		}
		return e.kind == unstable.Array
	}
	switch k.Kind {
	case Whole:
		return e.kind == unstable.Integer
	case Number:
		return e.kind == unstable.Integer || e.kind == unstable.Float
	case Truth:
		return e.kind == unstable.Bool
	case List:
		return all(unstable.String)
	case Table:
		return e.kind == unstable.InlineTable
	case Paths:
		return all(unstable.InlineTable)
	default:
		return e.kind == unstable.String
	}
}

func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a text"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer:
		return "a whole number"
	case unstable.Float:
		return "a number with a fraction"
	case unstable.Array:
		return "a list of something else"
	case unstable.InlineTable:
		return "a table"
	default:
		return "a date or time"
	}
}
