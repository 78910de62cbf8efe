package project

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// flyToml is the file that Fly.io's tools keep about an app. Its tables come in several shapes, so that it is
// read without types. A nil *flyToml says nothing.
type flyToml struct {
	name string
	raw  string
	m    map[string]any
	err  error
}

func readFly(t *tree) *flyToml {
	const name = "fly.toml"
	raw, ok := t.text(name)
	if !ok {
		return nil
	}
	f := &flyToml{name: name, raw: raw}
	f.err = toml.Unmarshal([]byte(raw), &f.m)
	return f
}

// value follows keys through tables; of an array of tables it takes the first.
func (f *flyToml) value(keys ...string) any {
	if f == nil {
		return nil
	}
	return dig(f.m, keys...)
}

func dig(v any, keys ...string) any {
	for _, k := range keys {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// tables returns what stands under key as a list, whether it is written as [key] or as [[key]].
func (f *flyToml) tables(keys ...string) []any {
	switch v := f.value(keys...).(type) {
	case []any:
		return v
	case map[string]any:
		return []any{v}
	default:
		return nil
	}
}

func (f *flyToml) text(keys ...string) string {
	s, _ := f.value(keys...).(string)
	return s
}

// line is the first line that sets a key or opens a table with this name, 0 when there is none.
func (f *flyToml) line(key string) int { return f.lineIn("", 0, key) }

// lineIn is the first line that sets a key or opens a table with this name behind the nth header of a table, counted
// from zero; it is that of the header when the key does not stand there.
func (f *flyToml) lineIn(table string, nth int, key string) int {
	if f == nil {
		return 0
	}
	inside, seen, header, n := table == "", -1, 0, 0
	for line := range strings.Lines(f.raw) {
		n++
		line = strings.TrimSpace(line)
		name := strings.Trim(line, "[] \t")
		switch isHeader := strings.HasPrefix(line, "["); {
		case isHeader && table != "" && name == table:
			if seen++; seen == nth {
				inside, header = true, n
			} else if inside {
				return header
			}
		case isHeader && inside && table != "" && !strings.HasPrefix(name, table+"."):
			return header
		}
		if !inside {
			continue
		}
		if strings.HasPrefix(line, "[") && (name == key || strings.HasSuffix(name, "."+key)) {
			return n
		}
		k, _, ok := strings.Cut(line, "=")
		if ok && strings.Trim(strings.TrimSpace(k), `"'`) == key {
			return n
		}
	}
	return header
}

// flyService is a service of fly.toml that takes requests from the internet.
type flyService struct {
	port      int
	http      bool // its handlers speak HTTP, on 80 or 443
	processes []string
	table     string
	nth       int
	value     any
}

// servers are the services in the file, those for HTTP first.
func (f *flyToml) servers() []flyService {
	var out []flyService
	for _, table := range []string{"http_service", "services"} {
		for i, v := range f.tables(table) {
			s := flyService{port: whole(dig(v, "internal_port")), processes: texts(dig(v, "processes")), table: table, nth: i, value: v, http: table == "http_service"}
			ports, _ := dig(v, "ports").([]any)
			for _, p := range ports {
				if slices.ContainsFunc(texts(dig(p, "handlers")), func(h string) bool { return h == "http" || h == "tls" }) {
					n := whole(dig(p, "port"))
					s.http = s.http || n == 443 || n == 80 || n == 0
				}
			}
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b flyService) int {
		switch {
		case a.http == b.http:
			return 0
		case a.http:
			return -1
		default:
			return 1
		}
	})
	return out
}

// group is the process group that answers requests, "" when the file names none.
func (f *flyToml) group() string {
	processes, _ := f.value("processes").(map[string]any)
	if servers := f.servers(); len(servers) > 0 {
		for _, p := range servers[0].processes {
			if _, ok := processes[p]; ok || len(processes) == 0 {
				return p
			}
		}
	}
	for _, name := range []string{"app", "web", "server"} {
		if _, ok := processes[name]; ok {
			return name
		}
	}
	if len(processes) == 1 {
		for name := range processes {
			return name
		}
	}
	return ""
}

// command is what runs instead of the Dockerfile's CMD and ENTRYPOINT, nil where the file says nothing.
func (f *flyToml) command() (cmd, entry *Command) {
	if f == nil || f.err != nil {
		return nil, nil
	}
	make := func(v any, line int) *Command {
		if s, ok := v.(string); ok && strings.TrimSpace(s) != "" {
			return &Command{Words: []string{s}, Shell: true, Line: line}
		}
		if words := texts(v); len(words) > 0 {
			return &Command{Words: words, Line: line}
		}
		return nil
	}
	if all := make(f.value("experimental", "exec"), f.line("exec")); all != nil {
		return nil, all
	}
	cmd = make(f.value("experimental", "cmd"), f.line("cmd"))
	entry = make(f.value("experimental", "entrypoint"), f.line("entrypoint"))
	if g := f.group(); g != "" {
		if c := make(f.value("processes", g), f.lineIn("processes", 0, g)); c != nil {
			cmd = c
		}
	}
	return cmd, entry
}

// whole reads a number, also one that is written as a text; 0 is none.
func whole(v any) int {
	switch v := v.(type) {
	case int64:
		if v > 0 && v < 1<<31 {
			return int(v)
		}
	case string:
		n := 0
		if _, err := fmt.Sscanf(strings.TrimSpace(v), "%d", &n); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
