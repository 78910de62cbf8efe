package project

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// readNames finds the environment variables that the app does not start without, each once.
func (l *look) readNames() error {
	var all []read
	for _, lang := range l.languages() {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		all = append(all, l.reads(lang)...)
		all = append(all, l.helperReads(lang)...)
		for _, name := range l.files {
			if len(schemas[lang.ID]) == 0 || !lang.source(name) || tool(name) && !l.runsFile(name) {
				continue
			}
			if text, ok := l.t.text(name); ok {
				for _, list := range schemas[lang.ID] {
					all = append(all, list(name, text)...)
				}
			}
		}
	}
	if l.speaks == "rust" || l.speaks == "" {
		all = append(all, l.layeredReads()...)
	}
	all = append(all, l.compose.wants()...)
	all = append(all, l.scriptWants()...)
	for _, x := range databasesFirst(all) {
		l.demand(x)
	}
	l.frameworks()
	l.examples()
	return nil
}

// databasesFirst puts the reads that are known to lead to a database before the others, which may be of the same variables.
func databasesFirst(all []read) []read {
	out := slices.DeleteFunc(slices.Clone(all), func(x read) bool { return x.engine == "" })
	return append(out, slices.DeleteFunc(all, func(x read) bool { return x.engine != "" })...)
}

// scriptWants are the variables that a script refuses to start without, as in ${X:?}.
func (l *look) scriptWants() []read {
	var out []read
	seen := map[string]bool{}
	for _, s := range l.start {
		if seen[s.file] || l.docker != nil && s.file == l.docker.Name || path.Ext(s.file) == ".json" {
			continue
		}
		seen[s.file] = true
		text, _ := l.t.code(s.file)
		for _, m := range scriptWant().FindAllStringSubmatchIndex(text, 50) {
			for g := 2; g < len(m); g += 2 {
				if m[g] < 0 || guarded(text, m[0], m[1]) != free || inBranch(text, m[0]) {
					continue
				}
				x := read{name: text[m[g]:m[g+1]], file: s.file}
				x.line, x.text = lineOf(text, m[g])
				out = append(out, x)
			}
		}
	}
	return out
}

var (
	branchOpens = lazy(`^\s*\(?[\w*"'|.\s-]+\)\s*$`)
	onlyAfter   = lazy(`(?:&&|\|\||;\s*then|\bthen|\bdo)\s*(?::|export\s+\w+=|\w+=)?\s*["']?$`)
)

// inBranch says whether a place of a script is reached in some cases only: in an arm of a case, or behind another
// command on its line.
func inBranch(text string, at int) bool {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	if onlyAfter().MatchString(text[start:at]) {
		return true
	}
	depth := indent(text[start:])
	for depth > 0 && start > 0 {
		last := start - 1
		start = strings.LastIndexByte(text[:last], '\n') + 1
		line := text[start:last]
		if in := indent(line); strings.TrimSpace(line) != "" && in < depth {
			if depth = in; branchOpens().MatchString(line) {
				return true
			}
		}
	}
	return false
}

var scriptWant = lazy(`\$\{(` + nameShape + `):?\?|(?:\[\[?\s+-z\s+"?\$\{?(` + nameShape + `)(?::-)?\}?"?\s+\]\]?|test\s+-z\s+"?\$\{?(` + nameShape + `)\}?"?)\s*(?:;\s*then|&&)[^\n]*\n?(?:[^\n]*\becho\b[^\n]*\n)*[^\n]*\bexit\s+[1-9]`)

var exampleLine = lazy(`^[ \t]*(?:export[ \t]+)?(` + nameShape + `)[ \t]*=[ \t]*(.*)$`)

// examples names the variables of a file of examples that have no value there and that nothing else has told of.
func (l *look) examples() {
	for _, name := range l.files {
		if path.Dir(name) != "." || !envExample().MatchString(strings.ToLower(path.Base(name))) {
			continue
		}
		text, ok := l.t.text(name)
		if !ok {
			continue
		}
		var names []string
		first := 0
		for _, m := range exampleLine().FindAllStringSubmatchIndex(text, 300) {
			variable, value := text[m[2]:m[3]], strings.Trim(text[m[4]:m[5]], ` "'`)
			value, _, _ = strings.Cut(value, " #")
			kind := classify(variable, "", l.Stack).Kind
			if l.seen[variable] || kind != Secret && kind != Generated || value != "" && !stub().MatchString(value) || l.optional(variable) {
				continue
			}
			names = append(names, variable)
			if first == 0 {
				first, _ = lineOf(text, m[2])
			}
		}
		if len(names) > 0 {
			l.add(Info, "env-example", name, first, strings.Join(names, ", "), "the project's example lists these without a value: set the ones that the app needs with `berth secrets set NAME`")
		}
		return
	}
}

// stub matches values that stand in for a real one.
var stub = lazy(`(?i)^(?:<.*>|\[.*\]|your[-_ ].*|change[-_ ]?me.*|replace[-_ ]?me.*|xxx+|todo|secret|password|\.\.\.)$`)

// optional says whether the code reads a variable and goes on without it.
func (l *look) optional(name string) bool {
	for _, file := range l.files {
		if text, ok := l.t.cache[file]; ok && strings.Contains(text, name) && !envExample().MatchString(path.Base(file)) && file != ".dockerignore" {
			return true
		}
	}
	return false
}

// schemas are the readers of files that declare variables in a form of their own, by language.
var schemas = map[string][]func(name, text string) []read{
	"python": {settingsClasses}, "node": {envSchemas, envClasses}, "rust": {envStructs}, "go": {configTags}, "dotnet": {checkedOptions, connections}, "java": {configProperties},
}

// reads are the reads of variables without default in all files of a language that run in production.
func (l *look) reads(lang *language) []read {
	var out []read
	known := map[string][]bool{}
	for _, s := range l.scan(lang) {
		known[s.name] = s.has
	}
	for _, name := range l.files {
		if tool(name) && (!l.runsFile(name) || strings.HasPrefix(name, "rel/")) {
			continue
		}
		mine := lang.source(name)
		if !mine && !slices.ContainsFunc(lang.Required, func(r *required) bool { return len(r.Files) > 0 && r.reaches(lang, name) }) {
			continue
		}
		text, ok := l.t.text(name)
		if !ok {
			continue
		}
		has := known[name]
		if has == nil {
			has = make([]bool, len(lang.find.literal))
			lang.find.find(text, has)
		}
		if !slices.Contains(has, true) {
			continue
		}
		text, _ = l.t.code(name)
		scheme := environScheme(lang.ID, text)
		for _, r := range lang.Required {
			if !has[r.literal] || !r.reaches(lang, name) {
				continue
			}
			for _, x := range r.reads(name, text) {
				if !scheme[x.name] && guarded(text, x.at, x.end) == free && !inDevSection(name, text, x.at) {
					out = append(out, x)
				}
			}
		}
	}
	return out
}

// tool says whether a file is one of those by which people work on the project, by its folder.
func tool(name string) bool {
	if path.Ext(name) == ".exs" && !strings.Contains("/"+name, "/config/") {
		return true
	}
	if strings.Contains(name, "/scripts/") {
		return true
	}
	top, _, ok := strings.Cut(name, "/")
	return ok && slices.Contains([]string{"scripts", "script", "extra", "tools", "tool", "hack", "dev", "contrib", "infra", "infrastructure", "terraform", "cdk", "deploy", "deployment", "ci", "ansible", "pulumi", "sst", "k8s", "charts", "bin", "migrations", "seeds", "utils-dev"}, top)
}

// runsFile says whether the start command runs a file, by its name.
func (l *look) runsFile(name string) bool {
	base := path.Base(name)
	stem := strings.TrimSuffix(base, path.Ext(base))
	return slices.ContainsFunc(l.start, func(s step) bool { return strings.Contains(s.text, base) || strings.HasSuffix(s.text, "/"+stem) })
}

var (
	devSection = lazy(`^(?:development|test|dev|local|when@(?:dev|test))\b.*:`)
	devProfile = lazy(`(?:on-profile|profiles)["\x27]?\s*[:=]\s*["\x27]?(?:dev|test|local)`)
	yamlBreak  = lazy(`^(?:---|#---).*$`)
)

// inDevSection says whether a place in a file of settings counts in development only: it stands in a section, or
// in a document of its own, that says so.
func inDevSection(name, text string, at int) bool {
	switch path.Ext(name) {
	case ".yml", ".yaml", ".properties":
	default:
		return false
	}
	from, to := 0, len(text)
	for _, m := range yamlBreak().FindAllStringIndex(text, -1) {
		if m[0] <= at {
			from = m[1]
		} else {
			to = m[0]
			break
		}
	}
	if devProfile().MatchString(text[from:to]) {
		return true
	}
	for line := at; line > 0; {
		start := strings.LastIndexByte(text[:line], '\n') + 1
		if head := firstLine(text[start:]); head != "" && head[0] != ' ' && head[0] != '\t' && head[0] != '#' {
			return devSection().MatchString(head)
		}
		line = start - 1
	}
	return false
}

// demand makes a finding of a variable that has no default.
func (l *look) demand(x read) {
	if x.engine != "" && !l.seen[x.name] {
		l.database(x.engine, x.file, x.line, x.text)
		if l.hasConnection(x) {
			return
		}
	}
	if l.seen[x.name] || given[x.name] || l.setInAppSettings(x.name) || l.setInProperties(x.property) || l.defaultInSymfony(x.name) || l.docker != nil && l.docker.Env[x.name].Text != "" {
		return
	}
	l.seen[x.name] = true
	v := classify(x.name, x.text, l.Stack)
	v.Database = v.Database || x.engine != ""
	if x.random {
		v.Kind, v.Random = Generated, randomFor(x.name, l.Stack)
	}
	value, ours := platformValue(x.name)
	if !ours && l.speaks == "elixir" && v.Kind == Setting && l.endpointHost(x) {
		v.Kind, value = Platform, "${host}"
	}
	v.Build = buildTime(x.file) || strings.Contains(x.text, "$env/static/") || builtIn().MatchString(x.name)
	text := x.text
	if !strings.Contains(text, x.name) {
		text = x.name
	}
	if body, ok := l.t.codes[x.file]; ok && later(x, body) {
		l.addFinding(Finding{
			ID: "name-later", Severity: Should, File: x.file, Line: x.line, Text: text, Variable: v,
			Means: "the app starts without " + x.name + ", and reads it later: what needs it fails without it",
		})
		return
	}
	finding := Finding{ID: "name-" + string(v.Kind), Severity: Must, File: x.file, Line: x.line, Text: text, Variable: v}
	where := "`" + setSecret + x.name + "` asks for it and stores it encrypted"
	switch {
	case strings.HasPrefix(x.name, "FLY_"):
		finding.ID, finding.Key = "name-fly", "env."+x.name
		finding.Means = fmt.Sprintf("Fly.io sets %s, AWS does not, and the app does not start without it: remove it from the code, or set it under [env] in berth.toml", x.name)
	case v.Kind == Platform:
		finding.Severity, finding.Key = Info, "env."+x.name
		finding.Means = fmt.Sprintf("the app does not start without %s; berth sets it to %s", x.name, value)
		if value != "${port}" {
			l.suggest("env."+x.name, value, x.file, x.line, x.text)
		} else {
			l.portNames = append(l.portNames, x)
			finding.Means = fmt.Sprintf("the app does not start without %s; berth sets it to the port that requests go to", x.name)
		}
	case v.Kind == Generated:
		finding.Means = fmt.Sprintf("the app does not start without %s, %s: the wizard can generate one, or `%s%s` asks for one", x.name, v.Random.form(), setSecret, x.name)
	case v.Database:
		finding.Means = fmt.Sprintf("the app does not start without %s, the address of its database", x.name)
		l.nextOnDatabase()
	case v.Cache:
		finding.Means = fmt.Sprintf("the app does not start without %s, the address of its cache; [cache] in berth.toml creates one, or `%s%s` sets the address of an existing one", x.name, setSecret, x.name)
	case v.Part == "password":
		finding.Means = fmt.Sprintf("the app does not start without %s, the password of its database; [database] in berth.toml creates one and sets it, or %s", x.name, where)
	case v.Part != "":
		finding.Key = "env." + x.name
		finding.Means = fmt.Sprintf("the app does not start without %s, part of its database's address; [database] in berth.toml creates one and sets it, or set it under [env]", x.name)
	case v.Kind == Secret:
		finding.Means = fmt.Sprintf("the app does not start without %s: %s", x.name, where)
	default:
		finding.Key = "env." + x.name
		finding.Means = fmt.Sprintf("the app does not start without %s: set it under [env] in berth.toml", x.name)
	}
	if v.Build {
		finding.Means += "; the build reads it, too, so it is also needed as a build argument"
	}
	l.addFinding(finding)
	if v.Database {
		l.Need("database", origin(x.file, x.line, x.text))
	}
	if v.Cache {
		l.Need("cache", origin(x.file, x.line, x.text))
	}
}

// defaultInSymfony says whether the parameters of Symfony have a default for a variable.
func (l *look) defaultInSymfony(name string) bool {
	return l.speaks == "php" && slices.ContainsFunc(l.files, func(file string) bool {
		if ext := path.Ext(file); ext != ".yaml" && ext != ".yml" || !strings.HasPrefix(file, "config/") {
			return false
		}
		text, ok := l.t.code(file)
		return ok && strings.Contains(text, "env("+name+"):")
	})
}

// buildTime says whether a file is read while the image is built, and not when the app starts.
func buildTime(file string) bool {
	base := path.Base(file)
	return path.Base(path.Dir(file)) == "config" && (base == "prod.exs" || base == "config.exs")
}
