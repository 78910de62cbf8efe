package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"berth/engine/fail"
)

// Commented is a new berth.toml for s in which every key is explained. What has a value stands as it is, with
// where it came from; the others stand as comments, with an example. Builds says which keys can be used; others
// are left out.
func (s *Spec) Commented(builds func(key string) bool) []byte {
	var b strings.Builder
	b.WriteString("# How this app runs on AWS. berth reads this file and keeps your changes and comments.\n" +
		"# A line that begins with # is not in effect: remove the # to use it.\n\n")
	tables := map[string][]string{}
	order := []string{""}
	add := func(table string, lines ...string) {
		if !slices.Contains(order, table) {
			order = append(order, table)
		}
		tables[table] = append(tables[table], lines...)
	}
	for _, k := range s.Keys() {
		chosen := s.Said(k.Name) && s.Origins[k.Name].Kind != Default
		if k.Name == "storage" || k.Name == "id" && s.ID == "" || !builds(k.Name) && !chosen {
			continue
		}
		if k.Kind == Table {
			add(k.Name, s.entryLines(k)...)
			continue
		}
		table, leaf := k.table()
		add(table, s.explained(k, leaf)...)
	}
	for _, table := range order {
		if table != "" {
			fmt.Fprintf(&b, "\n[%s]\n", table)
		}
		b.WriteString(strings.Join(tables[table], "\n") + "\n")
	}
	b.WriteString(s.commentedTables(builds))
	return []byte(b.String())
}

// explained is a key with what it is, in force when it has a value.
func (s *Spec) explained(k Key, leaf string) []string {
	lines := []string{"# " + k.Doc}
	v, _ := s.Get(k.Name)
	if v == nil || zero(v) && !s.Said(k.Name) {
		return append(lines, "# "+leaf+" = "+k.Example)
	}
	line := leaf + " = " + literal(v)
	if s.Origins[k.Name].Kind == Default && plain[k.Name] {
		return append(lines, "# "+line)
	}
	if o := s.Origins[k.Name]; o.Kind == Detected {
		line += "  # " + oneLine(o.String())
	}
	return append(lines, line)
}

// entryLines is a table of texts.
func (s *Spec) entryLines(k Key) []string {
	lines := []string{"# " + k.Doc}
	m := *k.at(s, false).(*map[string]string)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, strings.ReplaceAll(s.line(k.Name+"."+name, name, literal(m[name]), ""), "\t#", "  #"))
	}
	if len(m) == 0 {
		lines = append(lines, "# "+strings.TrimSuffix(strings.TrimPrefix(k.Example, "{ "), " }"))
	}
	return lines
}

// commentedTables are the tables that can be there several times.
func (s *Spec) commentedTables(builds func(string) bool) string {
	var b strings.Builder
	for _, st := range s.Storage {
		fmt.Fprintf(&b, "\n[[storage]]\npath = %s\n", quote(st.Path))
	}
	if k, _ := KeyOf("storage"); builds(k.Name) && len(s.Storage) == 0 {
		fmt.Fprintf(&b, "\n# %s\n# [[storage]]\n# path = \"/app/uploads\"\n", k.Doc)
	}
	if builds(processTable + ".NAME.command") {
		b.WriteString("\n# a program of the same image that takes no traffic\n# [processes.worker]\n")
		for _, k := range processKeys("worker") {
			fmt.Fprintf(&b, "# %s = %s  # %s\n", inTable(k, "worker"), k.Example, k.Doc)
		}
	}
	b.WriteString("\n# any key above, for --env staging only\n# [environments.staging]\n# service.instances = 1\n")
	return b.String()
}

// Create writes text as the new berth.toml of s, which is complete. The file must not be there yet: a Refused
// fail.Error says that it is.
func (s *Spec) Create(text []byte) error {
	got, err := Parse(text, s.EnvName)
	if err == nil {
		got.Dir = s.Dir
		err = got.Complete(nil, nil)
	}
	if err == nil && !sameValues(got, s) {
		err = errors.New("the text says something else")
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", FileName, err)
	}
	file := filepath.Join(s.Dir, FileName)
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return &fail.Error{Class: fail.Refused, Cause: "there is a " + FileName + " already", Remedy: "move it away to have a new one"}
	}
	if err := writeFile(file, text, 0o644); err != nil {
		return &fail.Error{
			Class: fail.Refused, Cause: FileName + " cannot be written", Evidence: err.Error(), Remedy: "make the folder writable", Err: err,
		}
	}
	return nil
}
