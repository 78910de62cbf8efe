package project

import (
	"path"
	"slices"
	"strings"
)

// narrow leaves of the tree's files those that run in production and can be part of the image: a part of the project, a folder with a
// manifest of its own, that no COPY takes, that the ignore file leaves out, or that the start command and the build
// pass over in favour of another part is not looked at.
func (l *look) narrow() {
	l.files = slices.DeleteFunc(slices.Clone(l.t.files), func(name string) bool { return !ships(name) })
	parts := l.parts()
	if l.docker == nil || len(parts) == 0 {
		return
	}
	out := map[string]bool{}
	copied, all := l.copied()
	covered := func(dir string) bool {
		return all || slices.ContainsFunc(copied, func(c string) bool { return within(dir, c) || within(c, dir) })
	}
	if all || slices.ContainsFunc(parts, covered) {
		for _, p := range parts {
			if !covered(p) {
				out[p] = true
			}
		}
	}
	if chosen := l.chosen(parts); len(chosen) > 0 {
		for _, p := range parts {
			if !slices.ContainsFunc(chosen, func(c string) bool { return within(p, c) || within(c, p) || l.needs(c, p) }) {
				out[p] = true
			}
		}
	}
	if len(out) == 0 {
		return
	}
	l.files = slices.DeleteFunc(l.files, func(name string) bool {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if out[dir] {
				return true
			}
		}
		return false
	})
}

// parts are the folders below the top that have a manifest of their own.
func (l *look) parts() []string {
	var out []string
	for _, name := range l.t.files {
		dir := path.Dir(name)
		base := path.Base(name)
		if dir != "." && (slices.Contains(manifests, base) || strings.HasSuffix(base, ".csproj")) && !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}

func within(dir, of string) bool { return dir == of || strings.HasPrefix(dir, of+"/") }

// copied are the paths that COPY takes from the build context, relative to the tree, and whether that is all of it.
func (l *look) copied() (paths []string, all bool) {
	for _, c := range l.docker.Copies {
		if c.From != "" {
			continue
		}
		for _, s := range c.Sources {
			p := path.Join(l.context, strings.TrimPrefix(s, "/"))
			if p == "." || p == l.context || p == path.Join(l.context, "*") {
				return nil, l.context == "."
			}
			if built().MatchString(p) {
				return nil, true // what is built elsewhere is built of everything
			}
			paths = append(paths, strings.TrimSuffix(p, "/*"))
		}
	}
	for _, r := range l.docker.Runs {
		if strings.Contains(r.Text, "git clone") {
			return nil, true
		}
	}
	return paths, len(paths) == 0
}

// chosen are the parts that the image's commands name: the start command, the folder it starts in, what is copied
// out of the stages that build, and filters of build tools. All parts of an umbrella of Elixir go into its release.
func (l *look) chosen(parts []string) []string {
	if len(parts) < 2 {
		return nil
	}
	var text strings.Builder
	for _, s := range l.start {
		text.WriteString(" " + s.text)
	}
	text.WriteString(" " + l.docker.WorkDir + " ")
	for _, c := range l.docker.Copies {
		if c.From != "" {
			text.WriteString(" " + strings.Join(c.Sources, " "))
		}
	}
	for _, c := range l.docker.OwnCopy {
		for _, s := range c.Sources {
			if c.From == "" {
				text.WriteString(" " + path.Join(l.context, strings.TrimPrefix(s, "/")) + "/ ")
			}
		}
	}
	for _, r := range l.docker.Runs {
		if buildsPart().MatchString(r.Text) {
			text.WriteString(" " + r.Text)
		}
	}
	said := text.String()
	var out []string
	for _, p := range parts {
		if l.t.has[path.Join(p, "mix.exs")] {
			return nil
		}
		if mentions(said, p) || l.named(said, p) {
			out = append(out, p)
		}
	}
	return out
}

var buildsPart = lazy(`--filter|--scope|-pl\s|--projects|--project\b|\bpublish\b|--package\b|\bcargo\s+build\b.*\s-p\s|\bworkspace\s|-w\s|:bootJar|:build\b|:installDist|:shadowJar|nx\s`)

// mentions says whether a text has a path as whole parts of a path.
func mentions(text, p string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], p)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(p)
		before := i == 0 || strings.IndexByte(" /\"'=.{:", text[i-1]) >= 0
		after := end == len(text) || strings.IndexByte(" /\"',}.:", text[end]) >= 0
		if before && after && (strings.Contains(p, "/") || i > 0 && text[i-1] == '/' || end < len(text) && text[end] == '/') {
			return true
		}
		from = end
	}
}

var (
	packageName = lazy(`"name"\s*:\s*"([^"]+)"`)
	filterNames = lazy(`(?:--filter|--scope|--workspace|-w|-pl|--projects|-p|--package|nx build|nx run)[= ]["']?(?:\.\.\.)?([@\w./:-]+)|:([\w-]+):(?:bootJar|build|installDist|shadowJar|assemble)|workspace\s+([@\w./-]+)`)
)

// named says whether a filter of a build tool names the part.
func (l *look) named(said, part string) bool {
	own := path.Base(part)
	if text, ok := l.t.text(path.Join(part, "package.json")); ok {
		if m := packageName().FindStringSubmatch(text); m != nil {
			own = m[1]
		}
	}
	for _, m := range filterNames().FindAllStringSubmatch(said, -1) {
		name := strings.TrimSuffix(m[1]+m[2]+m[3], "...")
		if name == own || name == path.Base(part) || name == part || strings.HasPrefix(name, own+":") {
			return true
		}
	}
	return false
}

// needs says whether one part uses another: as a package of the workspace, a module or a project beside it.
func (l *look) needs(part, other string) bool {
	for _, file := range []string{"package.json", "pom.xml", "build.gradle", "build.gradle.kts", "Cargo.toml", "pyproject.toml", "go.mod"} {
		text, ok := l.t.text(path.Join(part, file))
		if !ok {
			continue
		}
		name := path.Base(other)
		if m, ok := l.t.text(path.Join(other, "package.json")); ok && file == "package.json" {
			if p := packageName().FindStringSubmatch(m); p != nil {
				name = p[1]
			}
		}
		if strings.Contains(text, `"`+name+`"`) || strings.Contains(text, ">"+name+"<") || strings.Contains(text, ":"+name) || strings.Contains(text, "/"+name) {
			return true
		}
	}
	for _, file := range l.t.files {
		if strings.HasSuffix(file, ".csproj") && path.Dir(file) == part {
			if text, ok := l.t.text(file); ok && strings.Contains(strings.ReplaceAll(text, `\`, "/"), path.Base(other)+"/") {
				return true
			}
		}
	}
	return false
}
