package spec

import (
	"maps"
	"slices"
	"strings"
)

// Kind is the kind of value that a key has.
type Kind int

// The kinds. A Table holds text by name, Tables are any number of tables with the same fields.
const (
	Text Kind = iota
	Whole
	Number
	Truth
	Span    // a duration, such as "30s"
	List    // of texts
	Command // words of a command line
	Table
	Tables
)

// String says what a value of the kind is, with an article.
func (k Kind) String() string {
	return [...]string{
		"a text in quotes", "a whole number", "a number", "true or false", `a duration in quotes`,
		"a list of texts", "a list of texts", "a table of texts", "a list of tables",
	}[k]
}

// Key is one value of berth.toml.
type Key struct {
	Name    string // dotted path, such as "service.port"
	Kind    Kind
	Flag    string // command line flag that sets it, such as "--port"; empty when there is none
	Doc     string // what it is, in a few words
	Example string // a good value as berth.toml has it

	// at returns a pointer to the value in s. It returns nil when the value lies in an optional table that
	// s does not have, unless grow asks for that table.
	at func(s *Spec, grow bool) any

	Choices []string // of a Text, when it can only be one of a few
	Fields  []Field  // of Tables
}

// Field is a value that each of the tables of a key has.
type Field struct {
	Name string
	Kind Kind // Text or List
}

// processTable and environmentTable hold tables by name: programs beside the service, and what differs in an
// environment.
const (
	processTable     = "processes"
	environmentTable = "environments"
)

// Keys returns all keys in the order of a tidy berth.toml. Those of a process are given for one that is called
// NAME.
func Keys() []Key { return append(slices.Clone(keys), processKeys("NAME")...) }

// Keys returns the keys that s can have a value for: all, with those of the processes that it has.
func (s *Spec) Keys() []Key {
	all := slices.Clone(keys)
	for _, name := range slices.Sorted(maps.Keys(s.Processes)) {
		all = append(all, processKeys(name)...)
	}
	return all
}

// KeyOf returns the key with that name. The name of one entry of a table, such as "env.PHX_HOST" or
// "storage[0].path", gives the key of the whole table.
func KeyOf(name string) (Key, bool) {
	list := keys
	if process, ok := processOf(name); ok {
		list = processKeys(process)
	}
	for _, k := range list {
		if k.Name == name {
			return k, true
		}
	}
	for _, k := range list {
		if _, ok := k.entry(name); ok {
			return k, true
		}
	}
	return Key{}, false
}

// processOf is the process that a name of a key is about, or the name of whose table it is.
func processOf(name string) (process string, ok bool) {
	rest, ok := strings.CutPrefix(name, processTable+".")
	process, _, _ = strings.Cut(rest, ".")
	return process, ok && process != ""
}

// inEnvironment splits a name in berth.toml into the environment that it is for, "" for all, and the name there.
func inEnvironment(name string) (env, bareName string) {
	rest, ok := strings.CutPrefix(name, environmentTable+".")
	if !ok {
		return "", name
	}
	env, bareName, _ = strings.Cut(rest, ".")
	return env, bareName
}

// entry returns the part of name that names one entry of the table k.
func (k Key) entry(name string) (string, bool) {
	switch k.Kind {
	case Table:
		e, ok := strings.CutPrefix(name, k.Name+".")
		return e, ok && e != ""
	case Tables:
		e, ok := strings.CutPrefix(name, k.Name+"[")
		return e, ok && k.field(name).Name != ""
	default:
		return "", false
	}
}

// field is the field that the name of an entry of Tables ends in, none when it ends in another.
func (k Key) field(name string) Field {
	_, leaf, _ := strings.Cut(name, "].")
	for _, f := range k.Fields {
		if f.Name == leaf {
			return f
		}
	}
	return Field{}
}

// kindOf is the kind of the key or of an entry of its table.
func (k Key) kindOf(name string) Kind {
	switch {
	case name == k.Name:
		return k.Kind
	case k.Kind == Tables:
		return k.field(name).Kind
	default:
		return Text
	}
}

// table is the table that the key stands in, "" for the top level, and its name there.
func (k Key) table() (table, leaf string) {
	if i := strings.LastIndexByte(k.Name, '.'); i >= 0 {
		return k.Name[:i], k.Name[i+1:]
	}
	return "", k.Name
}

// isTable says whether a name may stand in [ ].
func isTable(name string) bool {
	if name == processTable || name == environmentTable {
		return true
	}
	list := keys
	if process, ok := processOf(name); ok {
		if name == processTable+"."+process {
			return true
		}
		list = processKeys(process)
	}
	for _, k := range list {
		t, _ := k.table()
		if t == name && t != "" || k.Name == name && (k.Kind == Table || k.Kind == Tables) {
			return true
		}
	}
	return false
}

// tableNames are the tables of berth.toml but for those that are named by the user.
func tableNames() []string {
	names := []string{processTable, environmentTable}
	for _, k := range keys {
		t, _ := k.table()
		for _, n := range []string{t, k.Name} {
			if n != "" && isTable(n) && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}
