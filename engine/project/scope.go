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
	l.leaveOtherPrograms()
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
	if chosen := l.withNeeds(l.chosen(parts), parts); len(chosen) > 0 {
		for _, p := range parts {
			if !slices.ContainsFunc(chosen, func(c string) bool { return within(p, c) || within(c, p) }) {
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

var (
	goProgram   = lazy(`^(?:(?:.*/)?cmd|apps|services)/([\w.-]+)/(?:.*/)?[\w.-]+\.go$`)
	rustProgram = lazy(`^(?:.*/)?src/bin/([\w-]+)(?:\.rs|/.*\.rs)$`)
)

// programFolders are parts of all paths that goProgram and rustProgram match.
var programFolders = literals{"cmd/", "apps/", "services/", "src/bin/"}

// leaveOtherPrograms leaves out the programs of a Go module, or of a crate, that the image is not built of: when a
// command of the build or the start command names one of them.
func (l *look) leaveOtherPrograms() {
	if l.docker == nil {
		return
	}
	var said strings.Builder
	for _, r := range l.docker.Runs {
		said.WriteString(" " + l.expanded(r.Text))
	}
	for _, s := range l.start {
		said.WriteString(" " + s.text)
	}
	text := said.String() + " "
	l.leaveOtherCrates(text)
	for _, p := range []struct {
		re    pattern
		named func(program string) bool
	}{
		{goProgram, func(program string) bool {
			return hasWord(text, "cmd/"+program) || hasWord(text, "services/"+program) || hasWord(text, "apps/"+program)
		}},
		{rustProgram, func(program string) bool {
			return hasWord(text, "--bin "+program) || hasWord(text, "--bin="+program) || hasWord(text, "/"+program)
		}},
	} {
		program := func(name string) string {
			if !programFolders.in(name) {
				return ""
			}
			if m := p.re().FindStringSubmatch(name); m != nil {
				return m[1]
			}
			return ""
		}
		if !slices.ContainsFunc(l.files, func(name string) bool { x := program(name); return x != "" && p.named(x) }) {
			continue
		}
		l.files = slices.DeleteFunc(l.files, func(name string) bool { x := program(name); return x != "" && !p.named(x) })
	}
}

// leaveOtherCrates leaves out the main files of the crates of a workspace of which nothing is built: when a command of the
// build or the start command names the program of one of them.
func (l *look) leaveOtherCrates(text string) {
	named := map[string]bool{} // whether their program is, by the main files
	some := false
	for _, name := range l.files {
		dir, ok := strings.CutSuffix(name, "src/main.rs")
		if !ok {
			continue
		}
		manifest, _ := l.t.code(path.Join(dir, "Cargo.toml"))
		for _, m := range crateName().FindAllStringSubmatch(manifest, 10) {
			named[name] = named[name] || hasWord(text, "/"+m[1]) || hasWord(text, " "+m[1])
		}
		some = some || named[name]
	}
	if some {
		l.files = slices.DeleteFunc(l.files, func(name string) bool { return strings.HasSuffix(name, "src/main.rs") && !named[name] })
	}
}

// crateName matches the names of a crate and of its programs.
var crateName = lazy(`^\s*name\s*=\s*"([\w-]+)"`)

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

var buildsPart = lazy(`--filter|--scope|-pl\s|--projects|--project\b|\bpublish\b|--package\b|\bcargo\s+(?:build|install|chef)\b.*\s(?:-p|--bin|--package)[= ]|\bworkspace\s|-w\s|:bootJar|:build\b|:installDist|:shadowJar|nx\s`)

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
	filterNames = lazy(`(?:--filter|--scope|--workspace|-w|-pl|--projects|-p|--package|nx build|nx run)[= ]["']?(?:\.\.\.)?([@\w./:-]+)|:([\w-]+):(?:bootJar|build|installDist|shadowJar|assemble)|workspace\s+([@\w./-]+)|--bin[= ]["\x27]?([\w-]+)`)
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
		name := strings.TrimSuffix(m[1]+m[2]+m[3]+m[4], "...")
		if name == own || name == path.Base(part) || name == part || strings.HasPrefix(name, own+":") {
			return true
		}
	}
	return false
}

// withNeeds adds to parts those that they use, and those that these use in turn: as a package of the workspace, a
// module or a project beside it.
func (l *look) withNeeds(chosen, parts []string) []string {
	projects := map[string][]string{} // of .NET, by folder
	for _, file := range l.t.files {
		if strings.HasSuffix(file, ".csproj") {
			projects[path.Dir(file)] = append(projects[path.Dir(file)], file)
		}
	}
	names := map[string]string{} // of the npm packages
	for _, p := range parts {
		if text, ok := l.t.text(path.Join(p, "package.json")); ok {
			if m := packageName().FindStringSubmatch(text); m != nil {
				names[p] = m[1]
			}
		}
	}
	for i := 0; i < len(chosen); i++ {
		for _, file := range append(slices.Clone(partManifests), projects[chosen[i]]...) {
			if !strings.HasSuffix(file, ".csproj") {
				file = path.Join(chosen[i], file)
			}
			text, ok := l.t.text(file)
			if !ok {
				continue
			}
			for _, p := range parts {
				if !slices.Contains(chosen, p) && takes(path.Base(file), text, firstOf(names[p], path.Base(p)), path.Base(p)) {
					chosen = append(chosen, p)
				}
			}
		}
	}
	return chosen
}

var partManifests = []string{"package.json", "pom.xml", "build.gradle", "build.gradle.kts", "Cargo.toml", "pyproject.toml", "go.mod"}

// takes says whether a manifest names another part of the project, by its package's or its folder's name.
func takes(file, text, name, folder string) bool {
	switch {
	case strings.HasSuffix(file, ".csproj"):
		return strings.Contains(strings.ReplaceAll(text, `\`, "/"), folder+"/")
	case file == "package.json":
		return strings.Contains(text, `"`+name+`"`)
	case file == "Cargo.toml":
		text = devDependencies().ReplaceAllString(text, "")
		if hasWord(text, "\n"+folder) {
			return true
		}
	}
	return slices.ContainsFunc([]string{`"`, ">", ":", "/"}, func(before string) bool { return hasWord(text, before+folder) })
}

// devDependencies matches the table of a Cargo.toml with what tests alone use.
var devDependencies = lazy(`^\[dev-dependencies(?:\.[^\]]*)?\]\n(?:[^\[\n][^\n]*\n|\n)*`)

// hasWord says whether a text has a word that does not go on.
func hasWord(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		if from += at + len(word); from == len(text) || !wordByte(text[from]) {
			return true
		}
	}
}

func wordByte(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
