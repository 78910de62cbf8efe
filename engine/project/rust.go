package project

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// layered is a program in Rust that puts its settings together from defaults in the code, files and the environment, by
// the crates config or figment, and ends when a field of its struct gets no value.
type layered struct {
	text    string // of the file that puts them together
	prefix  string // of its variables, with what parts it from the rest
	between string // parts the names of nested settings, "" when no variable can give those
	root    string // the struct
	values  map[string]string
	structs map[string]rustFields
}

// rustFields are those of a struct, with where it stands.
type rustFields struct {
	file, text string
	fields     []rustMember
}

type rustMember struct {
	name, kind, notes string
	at                int
}

var (
	configEnv      = lazy(`\bEnvironment::(?:with_prefix\(\s*"(\w+)"|default\(\))`)
	configPrefix   = lazy(`\.prefix_separator\(\s*"([^"]*)"`)
	configBetween  = lazy(`\.separator\(\s*"([^"]*)"`)
	figmentEnv     = lazy(`\bEnv::(?:prefixed\(\s*"(\w+)"|raw\(\))`)
	figmentBetween = lazy(`\.split\(\s*"([^"]*)"`)
	configRoot     = lazy(`\b(?:try_deserialize|extract|try_into)::<\s*(\w+)`)
	configReturns  = lazy(`->\s*(?:[\w:]+::)?Result<\s*(\w+)`)
	implOf         = lazy(`^\s*impl\s+(?:Default\s+for\s+)?(\w+)`)
	configDefault  = lazy(`\.set_(?:default|override)\(\s*"([\w.]+)"\s*,\s*(?:String::from\(\s*)?"?([^",)\n]*)`)
	optionalKind   = lazy(`^(?:Option|Vec|HashMap|BTreeMap|HashSet|PhantomData|IndexMap)\b`)
	plainKind      = lazy(`^(?:\w+::)*(\w+)$`)
)

// layeredSettings finds the settings of such a program, nil when it has none.
func (l *look) layeredSettings() *layered {
	for _, name := range l.files {
		raw, ok := l.t.text(name)
		if !ok || path.Ext(name) != ".rs" || !strings.Contains(raw, "Environment::") && !strings.Contains(raw, "Env::") {
			continue
		}
		text, _ := l.t.code(name)
		s := layered{text: text, values: map[string]string{}}
		if !s.reads() || !s.rooted() {
			continue
		}
		s.structs = l.rustStructs()
		for _, m := range configDefault().FindAllStringSubmatch(text, 200) {
			s.values[m[1]] = m[2]
		}
		l.settingsFiles(s.values)
		return &s
	}
	return nil
}

// reads takes how variables are named, and says whether they are read at all.
func (s *layered) reads() bool {
	if m := configEnv().FindStringSubmatch(s.text); m != nil {
		between, prefix := configBetween().FindStringSubmatch(s.text), configPrefix().FindStringSubmatch(s.text)
		if between != nil {
			s.between = between[1]
		}
		if s.prefix = strings.ToUpper(m[1]); s.prefix == "" {
			return true
		}
		if prefix != nil {
			s.prefix += prefix[1]
		} else {
			s.prefix += firstOf(s.between, "_")
		}
		return true
	}
	m := figmentEnv().FindStringSubmatch(s.text)
	if m == nil || strings.Contains(s.text, "Serialized::defaults") {
		return false
	}
	s.prefix = strings.ToUpper(m[1])
	if between := figmentBetween().FindStringSubmatch(s.text); between != nil {
		s.between = between[1]
	}
	return true
}

// rooted finds the struct that the settings become.
func (s *layered) rooted() bool {
	if m := configRoot().FindStringSubmatch(s.text); m != nil {
		s.root = m[1]
	} else {
		at := max(strings.Index(s.text, "try_deserialize("), strings.Index(s.text, ".extract("))
		if at < 0 {
			return false
		}
		all := configReturns().FindAllStringSubmatch(s.text[:at], -1)
		if len(all) == 0 {
			return false
		}
		s.root = all[len(all)-1][1]
		if all := implOf().FindAllStringSubmatch(s.text[:at], -1); s.root == "Self" && len(all) > 0 {
			s.root = all[len(all)-1][1]
		}
	}
	return s.root != "" && s.root != "Self"
}

// rustStructs are the structs of the program by their names; of several with one name the first.
func (l *look) rustStructs() map[string]rustFields {
	out := map[string]rustFields{}
	for _, name := range l.files {
		text, ok := "", false
		if path.Ext(name) == ".rs" {
			text, ok = l.t.code(name)
		}
		if !ok || !strings.Contains(text, "Deserialize") {
			continue
		}
		for _, m := range rustStruct().FindAllStringSubmatchIndex(text, 100) {
			class := text[m[2]:m[3]]
			if _, known := out[class]; known {
				continue
			}
			head := text[:m[0]]
			if end := strings.LastIndex(head, "}\n"); end >= 0 {
				head = head[end:]
			}
			s := rustFields{file: name, text: text}
			if !strings.Contains(head, "serde(default") { // then each field has one
				s.fields = rustMembers(text, m[1])
			}
			out[class] = s
		}
	}
	return out
}

// rustMembers are the fields of the struct whose body begins at from.
func rustMembers(text string, from int) []rustMember {
	body := text[from:]
	if end := strings.Index(body, "\n}"); end >= 0 {
		body = body[:end]
	}
	var out []rustMember
	last := 0
	for _, f := range rustField().FindAllStringSubmatchIndex(body, 100) {
		m := rustMember{name: body[f[2]:f[3]], kind: strings.TrimSpace(body[f[4]:f[5]]), notes: body[last:f[0]], at: from + f[2]}
		if r := rustRename().FindStringSubmatch(m.notes); r != nil {
			m.name = r[1]
		}
		out, last = append(out, m), f[1]
	}
	return out
}

// fields calls f with each setting that must get a value, by its path, and the name of its variable, "" when none can
// give it.
func (s *layered) fields(class, under string, depth int, f func(at string, variable string, x read)) {
	if depth > 6 {
		return
	}
	of := s.structs[class]
	for _, m := range of.fields {
		if optionalKind().MatchString(m.kind) || strings.Contains(m.notes, "default") || strings.Contains(m.notes, "skip") {
			continue
		}
		kind := ""
		if k := plainKind().FindStringSubmatch(m.kind); k != nil {
			kind = k[1]
		}
		if _, nested := s.structs[kind]; nested {
			if strings.Contains(m.notes, "flatten") {
				s.fields(kind, under, depth+1, f)
			} else {
				s.fields(kind, under+m.name+".", depth+1, f)
			}
			continue
		}
		variable := ""
		if under == "" || s.between != "" {
			variable = s.prefix + strings.ToUpper(strings.ReplaceAll(under, ".", s.between)+m.name)
		}
		f(under+m.name, variable, fieldRead(of.file, of.text, m.at, variable))
	}
}

// layeredReads are the variables without which the settings of a program in Rust are not whole. A setting that has it
// listen on 127.0.0.1 is told of.
func (l *look) layeredReads() []read {
	s := l.layeredSettings()
	if s == nil {
		return nil
	}
	var out []read
	s.fields(s.root, "", 0, func(at, variable string, x read) {
		value, has := s.values[at]
		switch set := l.docker != nil && l.docker.Env[variable].Text != ""; {
		case variable == "" || set:
		case !has:
			out = append(out, x)
		case listenPath().MatchString(at) && (strings.HasPrefix(value, "127.0.0.1") || strings.HasPrefix(value, "localhost")):
			host, rest, _ := strings.Cut(value, ":")
			everywhere := "0.0.0.0"
			if rest != "" {
				everywhere += ":" + rest
			}
			l.addFinding(Finding{
				ID: "dockerfile-loopback", Severity: Must, File: x.file, Line: x.line, Text: at + " = " + value, Key: "env." + variable,
				Means: "by itself the app listens on " + host + " only, where the load balancer cannot reach it; berth sets " + variable + " to " + everywhere,
			})
			l.suggest("env."+variable, everywhere, x.file, x.line, at+" = "+value)
		case strings.HasSuffix("."+at, ".port") && listenPath().MatchString(strings.TrimSuffix(at, "port")+"host"):
			l.candidate(rankConfig, atoi(value), x.file, x.line, at+" = "+value)
		}
	})
	return out
}

// listenPath matches the settings that say where a program listens.
var listenPath = lazy(`^(?:(?:server|application|app|http|web|api|service)\.)?(?:host|hostname|ip|address|addr|bind|listen|bind_address|bind_addr|listen_address|listen_addr)$`)

// settingsFolders are where the files of such settings lie.
var settingsFolders = []string{"config", "configuration", "settings", "configs", "."}

// settingsFiles adds the values of the files of settings that are in the image: of those that count everywhere and those for
// production, or for work where the image does not choose.
func (l *look) settingsFiles(into map[string]string) {
	stems := []string{"base", "default", "common", "settings", "config", "production", "prod"}
	if l.docker == nil || !slices.ContainsFunc(slices.Collect(maps.Values(l.docker.Env)), func(v Line) bool { return strings.HasPrefix(strings.ToLower(v.Text), "prod") }) {
		stems = append(stems, "local", "development")
	}
	for _, name := range l.files {
		dir, base := path.Dir(name), path.Base(name)
		stem := strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
		if !slices.Contains(settingsFolders, path.Base(dir)) || !slices.Contains(stems, stem) || base == "Cargo.toml" || !l.inImage(name) {
			continue
		}
		text, ok := l.t.text(name)
		if !ok {
			continue
		}
		var doc map[string]any
		switch path.Ext(name) {
		case ".yaml", ".yml", ".json": // JSON is YAML, too
			if readable := yaml.Unmarshal([]byte(text), &doc); readable != nil {
				continue
			}
		case ".toml":
			if readable := toml.Unmarshal([]byte(text), &doc); readable != nil {
				continue
			}
		default:
			continue
		}
		flatten(doc, "", into)
	}
}

// inImage says whether the built stage takes a file of the tree, as far as its COPY lines tell.
func (l *look) inImage(name string) bool {
	if l.docker == nil || len(l.docker.OwnCopy) == 0 {
		return true
	}
	return slices.ContainsFunc(l.docker.OwnCopy, func(c Copy) bool {
		return slices.ContainsFunc(c.Sources, func(s string) bool {
			s = strings.Trim(path.Clean(s), "/")
			if c.From == "" {
				return s == "." || s == "" || within(name, path.Join(l.context, s))
			}
			return path.Base(s) == path.Base(path.Dir(name)) || path.Base(s) == path.Base(name)
		})
	})
}

// flatten adds the plain values of nested settings by their paths.
func flatten(doc map[string]any, under string, into map[string]string) {
	for key, v := range doc {
		switch v := v.(type) {
		case map[string]any:
			flatten(v, under+key+".", into)
		default:
			into[under+key] = fmt.Sprint(v)
		}
	}
}
