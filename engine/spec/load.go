package spec

import (
	"bytes"
	"cmp"
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

// Load reads dir/berth.toml as it is for an environment, "" for the default one. Without a file it returns a
// Spec that says nothing. Text that is not TOML, unknown keys and values of the wrong type are a Usage fail.Error
// that wraps Problems, also in the tables of other environments; whether the values make sense is for Validate.
func Load(dir, env string) (*Spec, error) {
	env = cmp.Or(env, DefaultEnv)
	name := filepath.Join(dir, FileName)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // to read a pipe would wait for a writer
		return nil, &fail.Error{Class: fail.Usage, Cause: "berth.toml cannot be read", Evidence: "it is not a regular file"}
	}
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Spec{Dir: dir, EnvName: env}, nil
	}
	if err != nil {
		return nil, &fail.Error{Class: fail.Usage, Cause: "berth.toml cannot be read", Evidence: err.Error(), Err: err}
	}
	s, err := Parse(raw, env)
	if err != nil {
		return nil, err
	}
	s.Dir = dir
	return s, nil
}

// Parse is Load for a text that is in memory already.
func Parse(raw []byte, env string) (*Spec, error) {
	if len(raw) > maxFile {
		return nil, fail.Usagef("berth.toml is %d KiB large; that cannot be right", len(raw)>>10)
	}
	raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
	values := map[string]any{}
	if err := toml.Unmarshal(raw, &values); err != nil {
		return nil, syntaxError(err)
	}
	doc, err := parseDocument(raw)
	if err != nil {
		return nil, syntaxError(err)
	}
	if problems := doc.check(); len(problems) > 0 {
		return nil, AsError(problems)
	}
	s := &Spec{EnvName: cmp.Or(env, DefaultEnv), Origins: map[string]Origin{}}
	flat := map[string]any{}
	flatten(flat, "", values)
	problems := s.take(doc, flat, "")
	if env := s.EnvName; doc.has(env) {
		problems = append(problems, s.take(doc, flat, env)...)
	}
	if len(problems) > 0 {
		return nil, AsError(problems)
	}
	return s, nil
}

// flatten gives all values of a document by their full names.
func flatten(into map[string]any, prefix string, table map[string]any) {
	for part, v := range table {
		name := join(prefix, part)
		into[name] = v
		switch v := v.(type) {
		case map[string]any:
			flatten(into, name, v)
		case []any:
			for i, e := range v {
				if t, ok := e.(map[string]any); ok {
					flatten(into, fmt.Sprintf("%s[%d]", name, i), t)
				}
			}
		}
	}
}

// has says whether the document has anything for one environment only.
func (d *document) has(env string) bool {
	for _, e := range d.entries {
		if own, _ := inEnvironment(e.name); own == env {
			return true
		}
	}
	for _, sec := range d.sections {
		if own, _ := inEnvironment(sec.name); own == env {
			return true
		}
	}
	return false
}

// take sets what the document says for an environment, "" for all of them. The document has been checked; what
// can still be wrong is the text of a duration.
func (s *Spec) take(doc *document, flat map[string]any, env string) []Problem {
	var problems []Problem
	for _, sec := range doc.sections {
		own, name := inEnvironment(sec.name)
		if process, ok := processOf(name); ok && own == env {
			s.process(process, true)
		}
	}
	taken := map[string]bool{}
	for _, e := range doc.entries {
		own, name := inEnvironment(e.name)
		k, known := KeyOf(name)
		if own != env || !known || k.Kind == Table && k.Name == name {
			continue // the entries of a table have origins of their own
		}
		if k.Kind == Tables && !taken[k.Name] {
			taken[k.Name] = true
			s.Unset(k.Name)
			if err := decodeTables(k.at(s, true), flat[nameIn(env, k.Name)]); err != nil {
				problems = append(problems, e.problem(name, err.Error(), "such as "+k.Example))
			}
		}
		if k.Kind != Tables {
			if p := s.takeOne(e, k, name, flat[e.name]); p != nil {
				problems = append(problems, *p)
			}
		}
		s.Origins[name] = Origin{Kind: File, File: FileName, Line: e.valueLine, Column: e.valueColumn}
	}
	return problems
}

// takeOne sets the value of an entry of the document.
func (s *Spec) takeOne(e entry, k Key, name string, value any) *Problem {
	if k.Kind == Table {
		m := k.at(s, true).(*map[string]string)
		if *m == nil {
			*m = map[string]string{}
		}
		leaf, _ := k.entry(name)
		(*m)[leaf], _ = value.(string)
		return nil
	}
	if err := assign(k.at(s, true), value); err != nil {
		p := e.problem(name, err.Error(), "such as "+k.Example)
		return &p
	}
	return nil
}

// decodeTables puts a list of tables into what p points to.
func decodeTables(p, value any) error {
	text, err := toml.Marshal(map[string]any{"v": value})
	if err != nil {
		return fmt.Errorf("read a list of tables: %w", err)
	}
	switch p := p.(type) {
	case *[]Storage:
		var x struct {
			V []Storage `toml:"v"`
		}
		err = toml.Unmarshal(text, &x)
		*p = x.V
	case *[]Grant:
		var x struct {
			V []Grant `toml:"v"`
		}
		err = toml.Unmarshal(text, &x)
		*p = x.V
	default:
		panic(fmt.Sprintf("spec: tables of type %T", p))
	}
	if err != nil {
		return fmt.Errorf("read a list of tables: %w", err)
	}
	return nil
}

// nameIn is the name of a key as the file has it for an environment, "" for all of them.
func nameIn(env, name string) string {
	switch {
	case env == "":
		return name
	case name == "":
		return environmentTable + "." + env
	default:
		return environmentTable + "." + env + "." + name
	}
}

// problem is one with the value of the entry.
func (e *entry) problem(name, text, want string) Problem {
	return Problem{Key: name, File: FileName, Line: e.valueLine, Column: e.valueColumn, Text: text, Want: want}
}

// syntaxError makes the error for a text that go-toml refuses.
func syntaxError(err error) error {
	f := &fail.Error{
		Class: fail.Usage, Cause: "berth.toml is not valid TOML", Evidence: err.Error(), Err: err,
		Remedy: "fix that line of berth.toml, or delete the file and let berth write a new one",
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
	env, bareName := inEnvironment(sec.name)
	isArray := sec.isArray
	if i := strings.LastIndexByte(bareName, '['); isArray && i >= 0 {
		bareName = bareName[:i]
	}
	if env != "" {
		if err := CheckName(env); err != nil {
			p.Text, p.Want = fmt.Sprintf("%q cannot be the name of an environment: %v", env, err), "choose another name"
			return p
		}
		if bareName == "" && !isArray {
			return nil
		}
	}
	k, isKey := KeyOf(bareName)
	isKey = isKey && k.Name == bareName
	switch {
	case isKey && k.Kind == Tables && !isArray:
		p.Text, p.Want = "it can be there several times", "write [["+bareName+"]]"
	case isKey && k.Kind == Tables:
		return nil
	case isKey && k.Kind != Table:
		p.Text, p.Want = "it is not a table", "write "+bareName+" = "+k.Example
	case env != "" && strings.HasPrefix(bareName, environmentTable):
		p.Text, p.Want = "an environment cannot have environments", "write ["+bareName+"]"
	case isTable(bareName) && isArray:
		p.Text, p.Want = "it can be there only once", "write ["+bareName+"]"
	case isTable(bareName):
		return nil
	default:
		p.Text = "berth.toml has no such table"
		if n := Nearest(bareName, tableNames()); n != "" {
			p.Want = "did you mean [" + nameIn(env, n) + "]?"
		}
	}
	return p
}

func (e *entry) check() *Problem {
	p := &Problem{Key: e.name, File: FileName, Line: e.line, Column: e.column}
	env, name := inEnvironment(e.name)
	if env != "" && name == "" && e.kind == unstable.InlineTable {
		return nil
	}
	k, ok := KeyOf(name)
	if !ok {
		if e.kind == unstable.InlineTable && isTable(name) {
			return nil
		}
		p.Text, p.Want = "berth.toml has no such key", keysBeside(name)
		if n := nearestKey(name); n != "" {
			p.Want = "did you mean " + n + "?"
			near, _ := KeyOf(n)
			if t, leaf := near.table(); t != "" && strings.HasSuffix("."+name, "."+leaf) {
				p.Want = "did you mean " + leaf + " under [" + nameIn(env, t) + "]?"
			}
		}
		return p
	}
	kind := k.kindOf(name)
	if e.fits(kind) {
		return nil
	}
	p.Line, p.Column = e.valueLine, e.valueColumn
	p.Text = "it must be " + kind.String() + ", not " + kindName(e.kind)
	p.Want = "such as " + k.Example
	if name != k.Name && kind == Text {
		p.Want = "write it in quotes"
	}
	return p
}

// keysBeside lists the keys of the table that a name stands in.
func keysBeside(name string) string {
	table, _ := Key{Name: name}.table()
	list := keys
	if process, ok := processOf(name); ok {
		list = processKeys(process)
	}
	var leaves []string
	for _, k := range list {
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

// fits says whether the value in the file is of a kind.
func (e *entry) fits(kind Kind) bool {
	all := func(want unstable.Kind) bool {
		for _, got := range e.elements {
			if got != want {
				return false
			}
		}
		return e.kind == unstable.Array
	}
	switch kind {
	case Whole:
		return e.kind == unstable.Integer
	case Number:
		return e.kind == unstable.Integer || e.kind == unstable.Float
	case Truth:
		return e.kind == unstable.Bool
	case List, Command:
		return all(unstable.String)
	case Table:
		return e.kind == unstable.InlineTable
	case Tables:
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
