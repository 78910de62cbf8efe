package project

import (
	"path"
	"slices"
	"strings"
)

// sourceFile is a file of a language that has literals of its marks.
type sourceFile struct {
	name string
	has  []bool
}

// scan reads the sources of a language once, and tells which have which literals.
func (l *look) scan(lang *language) []sourceFile {
	if known, ok := l.scanned[lang.ID]; ok {
		return known
	}
	var out []sourceFile
	for _, name := range l.files {
		if !lang.source(name) {
			continue
		}
		text, ok := l.t.text(name)
		if !ok {
			continue
		}
		has := make([]bool, len(lang.find.literal))
		lang.find.find(text, has)
		out = append(out, sourceFile{name, has})
	}
	l.scanned[lang.ID] = out
	return out
}

// find looks for a mark.
func (l *look) find(lang *language, x *mark, sources []sourceFile) (hit, bool) {
	if len(x.Deps) > 0 {
		d := l.uses(lang.ID, x.Deps)
		if d != nil && l.used(lang, x, sources) && l.confirmed(x) {
			return hit{file: d.file, line: d.line, text: firstOf(x.Text, d.text)}, true
		}
		if x.re == nil || d == nil && x.Used == "" && x.Pattern == "" {
			return hit{}, false
		}
	}
	if x.re == nil {
		return hit{}, false
	}
	if x.literal >= 0 {
		for _, s := range sources {
			if s.has[x.literal] {
				if h, ok := l.at(x, s.name); ok {
					return h, true
				}
			}
		}
		return hit{}, false
	}
	for _, name := range l.files {
		if !slices.ContainsFunc(x.globs, func(g glob) bool { return g.match(name) }) {
			continue
		}
		if h, ok := l.at(x, name); ok {
			return h, true
		}
	}
	return hit{}, false
}

// used says whether the code uses a library as the mark wants it. Where the code that starts is not there to be
// seen, the library alone counts.
func (l *look) used(lang *language, x *mark, sources []sourceFile) bool {
	if x.used == nil {
		return true
	}
	client := false
	for _, s := range sources {
		raw, ok := l.t.text(s.name)
		if !ok || len(sources) > few && !imports(lang.ID, x.Deps, raw) {
			continue
		}
		text, _ := l.t.code(s.name)
		if x.without != nil && x.without().MatchString(text) {
			return false
		}
		if x.used().MatchString(text) {
			return true
		}
		client = client || x.client != nil && x.client().MatchString(text)
	}
	if client {
		return false
	}
	return !l.visible(sources)
}

// few is how many files may be searched without asking first whether they name the library.
const few = 40

// imports says whether a file can use one of the libraries: in languages in which it must name it.
func imports(language string, deps []string, text string) bool {
	if language != "node" && language != "go" && language != "python" {
		return true
	}
	return slices.ContainsFunc(deps, func(d string) bool {
		d = strings.TrimSuffix(d, "*")
		if language == "python" {
			d = strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(d, "-", "_"), "python_"), "django_")
			if d == "grpcio" {
				d = "grpc"
			}
		}
		if language == "go" {
			return strings.Contains(text, path.Base(majorVersion().ReplaceAllString(d, "")))
		}
		if language == "node" {
			return strings.Contains(text, d+`"`) || strings.Contains(text, d+`'`) || strings.Contains(text, d+"/")
		}
		return strings.Contains(text, d)
	})
}

var majorVersion = lazy(`/v\d+$`)

// visible says whether the program's code is in the tree: the file that is started, or several files.
func (l *look) visible(sources []sourceFile) bool {
	if len(sources) >= 3 {
		return true
	}
	for _, s := range sources {
		stem := strings.TrimSuffix(path.Base(s.name), path.Ext(s.name))
		if slices.Contains([]string{"main", "Main", "Program", "Application", "app", "server", "index", "asgi", "consumers", "routing"}, stem) {
			return true
		}
		if slices.ContainsFunc(l.start, func(st step) bool { return strings.Contains(st.text, stem) }) {
			return true
		}
	}
	return false
}
