package project

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

// manifests are the names of files in which a part of a project says what it is made of.
var manifests = []string{
	"mix.exs", "Gemfile", "package.json", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "build.sbt",
	"pyproject.toml", "requirements.txt", "Pipfile", "setup.py", "composer.json", "deno.json",
}

// dependency is a library that a part of the project uses in production.
type dependency struct {
	language string // of language.ID
	name     string // as its registry has it, in lower case for languages whose registry does not care
	file     string
	line     int
	text     string
}

// dependencyReaders read the manifests of each language.
var dependencyReaders = map[string]func(name, text string) []dependency{
	"mix.exs": mixDeps, "Gemfile": gemDeps, "gems.rb": gemDeps, "package.json": npmDeps, "deno.json": denoDeps, "go.mod": goDeps, "Cargo.toml": cargoDeps,
	"pom.xml": mavenDeps, "build.gradle": gradleDeps, "build.gradle.kts": gradleDeps, "build.sbt": sbtDeps,
	"pyproject.toml": pyprojectDeps, "Pipfile": pyprojectDeps, "setup.py": setupDeps, "setup.cfg": pipDeps, "environment.yml": condaDeps, "composer.json": composerDeps,
}

func dependencyReader(name string) func(name, text string) []dependency {
	base := path.Base(name)
	if r, ok := dependencyReaders[base]; ok {
		return r
	}
	switch ext := path.Ext(base); {
	case ext == ".csproj" || ext == ".fsproj":
		return nugetDeps
	case ext == ".txt" && (strings.HasPrefix(base, "requirements") || path.Base(path.Dir(name)) == "requirements"), ext == ".in" && strings.HasPrefix(base, "requirements"):
		return pipDeps
	}
	return nil
}

// readDependencies are the libraries of all parts of the tree that ship.
func (l *look) readDependencies() {
	catalog := map[string]string{}
	for _, name := range l.files {
		if path.Base(name) == "libs.versions.toml" {
			if text, ok := l.t.code(name); ok {
				gradleCatalog(text, catalog)
			}
		}
	}
	for _, name := range l.files {
		read := dependencyReader(name)
		if read == nil {
			continue
		}
		text, ok := l.t.code(name)
		if path.Base(name) == "go.mod" {
			text, ok = l.t.text(name)
		}
		if !ok {
			continue
		}
		for _, d := range read(name, text) {
			if alias, ok := strings.CutPrefix(d.name, "libs."); ok {
				d.name = catalog[strings.NewReplacer("-", ".", "_", ".").Replace(alias)]
			}
			if d.name != "" {
				l.deps = append(l.deps, d)
			}
		}
	}
}

// uses is the first of the libraries that the project has, nil when it has none. A name that ends in * is a prefix.
func (l *look) uses(language string, names []string) *dependency {
	for i := range l.deps {
		d := &l.deps[i]
		if d.language == language && slices.ContainsFunc(names, func(n string) bool { return named(d.name, n) }) {
			return d
		}
	}
	return nil
}

func named(name, want string) bool {
	if prefix, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == want
}

// each makes a dependency of every match of re; its first group that took part is the name.
func each(language, file, text string, re *regexp.Regexp, keep func(at int, line string) bool) []dependency {
	var out []dependency
	for _, m := range re.FindAllStringSubmatchIndex(text, 3000) {
		for g := 2; g+1 < len(m); g += 2 {
			if m[g] < 0 {
				continue
			}
			n, line := lineOf(text, m[g])
			if keep == nil || keep(m[g], line) {
				out = append(out, dependency{language, text[m[g]:m[g+1]], file, n, line})
			}
			break
		}
	}
	return out
}

var (
	mixDep     = lazy(`\{\s*:(\w+)\s*,`)
	mixDevOnly = lazy(`only:\s*(?:\[\s*)?:(?:dev|test)\b|runtime:\s*false`)
)

func mixDeps(file, text string) []dependency {
	return each("elixir", file, text, mixDep(), func(at int, _ string) bool {
		rest := text[at:]
		if end := strings.IndexByte(rest, '}'); end >= 0 {
			rest = rest[:end]
		}
		return !mixDevOnly().MatchString(rest) || strings.Contains(rest, ":prod")
	})
}

var (
	gem      = lazy(`^\s*gem[\s(]+["']([\w-]+)["']`)
	gemGroup = lazy(`^\s*group\s+(.*)\bdo\b`)
	gemInDev = lazy(`groups?:\s*\[?\s*:(?:development|test)|:groups?\s*=>\s*\[?\s*:(?:development|test)`)
)

func gemDeps(file, text string) []dependency {
	return each("ruby", file, text, gem(), func(at int, line string) bool {
		if gemInDev().MatchString(line) && !strings.Contains(line, "production") {
			return false
		}
		group := ""
		for _, m := range gemGroup().FindAllStringSubmatchIndex(text[:at], -1) {
			if !strings.Contains(text[m[1]:at], "\nend") {
				group = text[m[2]:m[3]]
			}
		}
		return group == "" || !strings.Contains(group, ":development") && !strings.Contains(group, ":test") || strings.Contains(group, ":production")
	})
}

// npmDeps takes the dependencies only: what is for development is not there in production.
func npmDeps(file, text string) []dependency {
	var doc struct {
		Dependencies map[string]json.RawMessage `json:"dependencies"`
		Optional     map[string]json.RawMessage `json:"optionalDependencies"`
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	var out []dependency
	for section, names := range map[string]map[string]json.RawMessage{"dependencies": doc.Dependencies, "optionalDependencies": doc.Optional} {
		out = append(out, jsonNames("node", file, text, section, names)...)
	}
	return sorted(out)
}

func composerDeps(file, text string) []dependency {
	var doc struct {
		Require map[string]json.RawMessage `json:"require"`
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	return sorted(jsonNames("php", file, text, "require", doc.Require))
}

var denoImport = lazy(`"(?:npm|jsr):/?((?:@[\w.-]+/)?[\w.-]+)`)

func denoDeps(file, text string) []dependency { return each("node", file, text, denoImport(), nil) }

func jsonNames(language, file, text, section string, names map[string]json.RawMessage) []dependency {
	from := max(0, strings.Index(text, `"`+section+`"`)) // the same name may stand in other objects before this one
	var out []dependency
	for name := range names {
		d := dependency{language: language, name: name, file: file}
		if at := strings.Index(text[from:], `"`+name+`"`); at >= 0 {
			d.line, d.text = lineOf(text, from+at)
		}
		if len(d.text) > 100 || strings.Contains(d.text, "{") {
			d.text = `"` + name + `"`
		}
		out = append(out, d)
	}
	return out
}

func sorted(list []dependency) []dependency {
	slices.SortFunc(list, func(a, b dependency) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return strings.Compare(a.name, b.name)
	})
	return list
}

var goRequire = lazy(`^\s*(?:require\s+)?([\w.-]+\.[\w-]+/[^\s]+)\s+v[0-9]`)

// goDeps reads a file with its comments: what is indirect is not the program's own choice.
func goDeps(file, text string) []dependency {
	return each("go", file, text, goRequire(), func(_ int, line string) bool {
		return !strings.Contains(line, "// indirect") && !strings.HasPrefix(line, "//")
	})
}

var (
	cargoSection = lazy(`^\s*\[([^\]]+)\]`)
	tomlKey      = lazy(`^\s*["']?([\w.-]+)["']?\s*=`)
)

// cargoDeps takes [dependencies] in all its forms, not what is for tests, builds or the workspace to choose from.
func cargoDeps(file, text string) []dependency {
	var out []dependency
	for _, s := range sections(text) {
		name := strings.ReplaceAll(s.name, " ", "")
		if one, ok := strings.CutPrefix(name, "dependencies."); ok {
			out = append(out, dependency{"rust", one, file, s.line, "[" + s.name + "]"})
			continue
		}
		if name != "dependencies" && (!strings.HasPrefix(name, "target.") || !strings.HasSuffix(name, ".dependencies")) {
			continue
		}
		for _, d := range each("rust", file, text[:s.to], tomlKey(), func(at int, _ string) bool { return at >= s.from }) {
			d.name, _, _ = strings.Cut(d.name, ".")
			out = append(out, d)
		}
	}
	return out
}

// section is a table of a TOML or INI file.
type section struct {
	name     string
	line     int
	from, to int // where its text stands
}

func sections(text string) []section {
	out := []section{{name: "", from: 0, line: 1}}
	for _, m := range cargoSection().FindAllStringSubmatchIndex(text, -1) {
		out[len(out)-1].to = m[0]
		n, _ := lineOf(text, m[2])
		out = append(out, section{name: strings.Trim(text[m[2]:m[3]], "[] "), line: n, from: m[1]})
	}
	out[len(out)-1].to = len(text)
	return out
}

var (
	mavenArtifact = lazy(`<artifactId>\s*([\w.-]+)\s*</artifactId>`)
	mavenTest     = lazy(`<scope>\s*test\s*</scope>`)
)

func mavenDeps(file, text string) []dependency {
	managed := strings.Index(text, "<dependencyManagement>")
	managedEnd := strings.Index(text, "</dependencyManagement>")
	return each("java", file, text, mavenArtifact(), func(at int, _ string) bool {
		if managed >= 0 && managed < at && at < managedEnd {
			return false
		}
		rest := text[at:]
		if end := strings.Index(rest, "</dependency>"); end >= 0 {
			rest = rest[:end]
		} else {
			rest = firstLine(rest)
		}
		before := text[:at]
		if p := strings.LastIndex(before, "<plugin>"); p >= 0 && !strings.Contains(before[p:], "</plugin>") {
			return false
		}
		return !mavenTest().MatchString(rest)
	})
}

var (
	gradleDep  = lazy(`^\s*(?:implementation|api|runtimeOnly|compile|compileOnly|developmentOnly|kapt|annotationProcessor)\b[\s(]*(?:platform\(|enforcedPlatform\(|kotlin\()?\s*(?:["'](?:[\w.-]+:)?([\w.-]+)|(libs\.[\w.]+))`)
	gradleDev  = lazy(`^\s*(?:developmentOnly|compileOnly|annotationProcessor|kapt)\b`)
	catalogLib = lazy(`^\s*([\w-]+)\s*=\s*(?:["'][\w.-]+:([\w.-]+)|\{[^}\n]*(?:module\s*=\s*["'][\w.-]+:([\w.-]+)|name\s*=\s*["']([\w.-]+)))`)
)

func gradleDeps(file, text string) []dependency {
	return each("java", file, text, gradleDep(), func(_ int, line string) bool { return !gradleDev().MatchString(line) })
}

// gradleCatalog adds the libraries of a version catalogue by their aliases, with dots.
func gradleCatalog(text string, into map[string]string) {
	for _, m := range catalogLib().FindAllStringSubmatch(text, 3000) {
		into[strings.NewReplacer("-", ".", "_", ".").Replace(m[1])] = m[2] + m[3] + m[4]
	}
}

var sbtDep = lazy(`["'][\w.-]+["']\s*%%?%?\s*["']([\w.-]+)["']\s*%`)

func sbtDeps(file, text string) []dependency {
	return each("java", file, text, sbtDep(), func(_ int, line string) bool { return !strings.Contains(line, "% Test") })
}

var (
	pipLine     = lazy(`^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]\n]*\])?\s*(?:[=<>!~;@,].*)?$`)
	pyString    = lazy(`["']([A-Za-z0-9][\w.-]*)(?:\[[^\]"'\n]*\])?\s*(?:[=<>!~;@ ][^"'\n]*)?["']`)
	pyProduct   = lazy(`^(?:|project|tool\.poetry\.dependencies|packages|tool\.pdm|tool\.flit\.metadata|options)$`)
	condaLine   = lazy(`^\s*-\s*([A-Za-z0-9][\w.-]*)`)
	setupParts  = lazy(`install_requires\s*=\s*\[`)
	dependLists = lazy(`^\s*dependencies\s*=\s*\[`)
)

func pipDeps(file, text string) []dependency {
	return python(each("python", file, text, pipLine(), nil))
}

func condaDeps(file, text string) []dependency {
	return python(each("python", file, text, condaLine(), nil))
}

func setupDeps(file, text string) []dependency {
	m := setupParts().FindStringIndex(text)
	if m == nil {
		return nil
	}
	end := m[1] + len(arguments(text[m[1]:]))
	return python(each("python", file, text[:end], pyString(), func(at int, _ string) bool { return at >= m[1] }))
}

// pyprojectDeps takes the dependencies of the project, not its optional ones and not its groups.
func pyprojectDeps(file, text string) []dependency {
	var out []dependency
	for _, s := range sections(text) {
		if !pyProduct().MatchString(s.name) {
			continue
		}
		body := text[:s.to]
		if s.name == "tool.poetry.dependencies" || s.name == "packages" {
			out = append(out, each("python", file, body, tomlKey(), func(at int, line string) bool {
				return at >= s.from && !strings.Contains(line, "optional = true")
			})...)
			continue
		}
		for _, m := range dependLists().FindAllStringIndex(body, -1) {
			if m[0] >= s.from {
				end := m[1] + len(arguments(body[m[1]:]))
				out = append(out, each("python", file, body[:end], pyString(), func(at int, _ string) bool { return at >= m[1] })...)
			}
		}
	}
	return python(out)
}

// python spells names as its registry compares them.
func python(list []dependency) []dependency {
	for i := range list {
		list[i].name = strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(list[i].name))
	}
	return list
}

var nugetRef = lazy(`<PackageReference\s+(?:[^>]*\s)?Include\s*=\s*"([^"]+)"`)

func nugetDeps(file, text string) []dependency { return each("dotnet", file, text, nugetRef(), nil) }
