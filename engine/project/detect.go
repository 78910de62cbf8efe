package project

import (
	"path"
	"slices"
	"strings"
)

// mark is a library or a pattern by which it is told what an app needs.
type mark struct {
	ID          string            `toml:"id"`
	Deps        []string          `toml:"deps"`    // one of these libraries is used; a name that ends in * is a prefix
	Used        string            `toml:"used"`    // and the code, as far as it is there, has this
	Client      string            `toml:"client"`  // the code that has this uses the library in another way
	Has         string            `toml:"has"`     // a literal that a file must have, so that few are searched
	Files       []string          `toml:"files"`   // globs; the sources of the language when there are none
	Pattern     string            `toml:"pattern"` // or this stands in one of the files
	Exclude     string            `toml:"exclude"` // lines that match this do not count
	AlsoFiles   []string          `toml:"also_files"`
	AlsoPattern string            `toml:"also_pattern"` // a second mark that must be there, too
	Without     string            `toml:"without"`      // the file must not have this
	Unless      []string          `toml:"unless"`       // none of these libraries is used
	Needs       []string          `toml:"needs"`
	Cancels     []string          `toml:"cancels"`
	Breaks      string            `toml:"breaks"` // the way visitors come by that the app does not bear, as network.https has it
	Assets      []string          `toml:"assets"` // patterns of paths whose files are named after what is in them
	Weak        bool              `toml:"weak"`   // it is told, but needs nothing
	Severity    Severity          `toml:"severity"`
	Engine      string            `toml:"engine"` // the kind of database
	Folder      string            `toml:"folder"` // that folder, where the pattern does not say it
	Store       bool              `toml:"store"`  // the group path of the pattern is a folder that must outlive containers
	Made        bool              `toml:"made"`   // and it is none that the tree has: the app makes it
	Text        string            `toml:"text"`   // instead of the line
	Means       string            `toml:"means"`
	Key         string            `toml:"key"` // the key of berth.toml that answers it
	Suggests    map[string]string `toml:"suggests"`
	Source      string            `toml:"source"`
	AsOf        string            `toml:"as_of"`
	Confidence  string            `toml:"confidence"`
	Job         *job              `toml:"job"`     // it is a library for jobs
	NoHTTP      bool              `toml:"no_http"` // programs with it take no requests

	globs, also                                []glob
	re, exclude, alsoRE, used, without, client pattern
	literal                                    int
}

func (x *mark) prepare() {
	x.globs, x.also = newGlobs(x.Files), newGlobs(x.AlsoFiles)
	x.re, x.exclude, x.alsoRE, x.used, x.without = expr(x.Pattern), expr(x.Exclude), expr(x.AlsoPattern), expr(x.Used), expr(x.Without)
	x.client = expr(x.Client)
	if x.Severity == "" {
		x.Severity = Info
	}
	if x.Job != nil {
		x.Job.prepare()
	}
}

// hit is a place where a mark stands.
type hit struct {
	file string
	line int
	text string
	path string // what the group path of the pattern is

	more []string // what it is at further places of the file
}

// detect finds the marks of the languages that ship, and says what they mean.
func (l *look) detect() error {
	type found struct {
		*mark
		hit
		lang *language
	}
	var all []found
	for _, lang := range l.languages() {
		inSource := l.scan(lang)
		passed := l.passedOver(lang)
		for _, x := range lang.Marks {
			if err := l.ctx.Err(); err != nil {
				return err
			}
			if passed && (x.Engine != "" || slices.Contains(x.Needs, "cache")) && (len(x.Deps) > 0 || x.ID == "django-database") || len(x.Unless) > 0 && !passed && l.uses(lang.ID, x.Unless) != nil {
				continue
			}
			h, ok := l.find(lang, x, inSource)
			if !ok {
				continue
			}
			all = append(all, found{x, h, lang})
			for _, c := range x.Cancels {
				l.cancelled[c] = true
			}
		}
	}
	l.clocks()
	server := slices.ContainsFunc(all, func(f found) bool { return f.Engine != "" })
	for _, f := range all {
		if f.ID == "sqlite" && server && l.mustHaveDatabase() {
			continue // an address without a default says which of its drivers the app takes
		}
		switch {
		case f.Job != nil:
			l.worker(f.lang, f.mark, f.hit)
			continue
		case f.NoHTTP:
			l.bot = f.hit
			continue
		}
		l.apply(f.mark, f.hit)
	}
	return nil
}

// mustHaveDatabase says whether the app does not start without the address of a database.
func (l *look) mustHaveDatabase() bool {
	return slices.ContainsFunc(l.Findings.Findings, func(x Finding) bool { return x.Severity == Must && x.Variable != nil && x.Variable.Database })
}

// manyEngines is how many kinds of databases a program must have the drivers of so that none of them is told to be
// its own.
const manyEngines = 2

// passedOver says whether the drivers of database servers tell nothing of what a program needs: where it has an
// embedded database and chooses by its settings, or where it has a file for its own data and watches, or can do with,
// servers of many kinds.
func (l *look) passedOver(lang *language) bool {
	if lang.ID == "java" && l.embeddedDatabase() {
		l.tellEmbedded()
		return true
	}
	engines := map[string]bool{}
	file := lang.ID == "python" && l.fileByDefault()
	if file && l.compose != nil && len(l.compose.neighbours()) > 0 {
		return false // there it has a server
	}
	byDefault := file
	for _, x := range lang.Marks {
		if len(x.Deps) == 0 || l.uses(lang.ID, x.Deps) == nil {
			continue
		}
		if x.Engine != "" {
			engines[x.Engine] = true
		}
		file = file || x.ID == "sqlite"
	}
	switch {
	case byDefault && len(engines) == 0:
		return true
	case len(engines) < manyEngines && !byDefault, !file:
		return false
	}
	l.add(Info, "many-databases", l.manifest, 0, strings.Join(sortedNames(engines), ", "),
		"the app has drivers for all of these and a database in a file: it supports or monitors them, and needs no database server by default")
	return true
}

// fileByDefault says whether the settings of an app in Python choose a database in a file unless a variable names another.
func (l *look) fileByDefault() bool {
	return slices.ContainsFunc(l.files, func(name string) bool {
		raw, ok := l.t.text(name)
		if path.Ext(name) != ".py" || !ok || !strings.Contains(raw, "backends.sqlite3") {
			return false
		}
		text, _ := l.t.code(name)
		return engineByDefault().MatchString(text)
	})
}

var engineByDefault = lazy(`(?:getenv|environ\.get|\benv(?:\.str)?|config)\(\s*["']\w*(?:ENGINE|DATABASE|DB|BACKEND)\w*["']\s*,\s*(?:default\s*=\s*)?["'](?:django\.db\.backends\.)?sqlite3?["']`)

// languages are those that ship, with what is the same in all.
func (l *look) languages() []*language {
	var out []*language
	for _, lang := range spoken() {
		switch {
		case lang.ID == "any", l.speaks == "", lang.ID == l.speaks, lang.ID == "prisma" && l.speaks == "node":
			out = append(out, lang)
		}
	}
	return out
}

// at is the first place of a mark in a file that counts.
func (l *look) at(x *mark, name string) (hit, bool) {
	raw, ok := l.t.text(name)
	if !ok || !strings.Contains(raw, x.Has) {
		return hit{}, false
	}
	text, _ := l.t.code(name)
	re := x.re()
	found := matches(re, text, x.Has, 50)
	if len(found) > 0 && x.without != nil && x.without().MatchString(text) {
		return hit{}, false
	}
	var h hit
	for _, m := range found {
		at := m[0] + len(text[m[0]:m[1]]) - len(strings.TrimLeft(text[m[0]:m[1]], " \t\r\n"))
		n, line := lineOf(text, at)
		if x.exclude != nil && x.exclude().MatchString(line) || guarded(text, at, m[1]) == elsewhere || inDevSection(name, text, at) {
			continue
		}
		folder := group(re, text, m, "path")
		if x.Made && (folder == "" || l.exists(path.Join(l.context, folder))) {
			continue
		}
		if h.file != "" {
			h.more = append(h.more, folder)
			continue
		}
		if !l.confirmed(x) {
			return hit{}, false
		}
		if h = (hit{file: name, line: n, text: firstOf(x.Text, line), path: folder}); !x.Store {
			break // one place is enough
		}
	}
	return h, h.file != ""
}

// confirmed says whether the second mark is there, when there must be one.
func (l *look) confirmed(x *mark) bool {
	if x.alsoRE == nil {
		return true
	}
	for _, name := range l.files {
		if !slices.ContainsFunc(x.also, func(g glob) bool { return g.match(name) }) {
			continue
		}
		if text, ok := l.t.code(name); ok && x.alsoRE().MatchString(text) {
			return true
		}
	}
	return false
}

// toldOf says whether it was told already, of the same line, that berth sets the variable that a mark is about.
func (l *look) toldOf(x *mark, h hit) bool {
	return slices.ContainsFunc(l.Findings.Findings, func(f Finding) bool {
		return f.Variable != nil && f.File == h.file && f.Line == h.line && x.Suggests["env."+f.Variable.Name] != ""
	})
}

// applyNeeds notes what an app needs by a mark that was found, and returns what is to be said of those that it does without.
func (l *look) applyNeeds(x *mark, h hit) (also string) {
	for _, n := range x.Needs {
		if l.cancelled[n] {
			also += "; another finding shows that this app does not need it"
			continue
		}
		if n == "cache" && len(x.Deps) > 0 && (l.mayLackCache() || l.laravelWithoutCache()) {
			also += "; the code checks for it, and works without it"
			continue
		}
		if !x.Weak {
			l.Need(n, origin(h.file, h.line, h.text))
		}
	}
	return also
}

// apply makes a finding of a mark that was found.
func (l *look) apply(x *mark, h hit) {
	if x.ID == "dockerfile-loopback" && l.toldToListenEverywhere() || l.toldOf(x, h) {
		return
	}
	means := x.Means + l.applyNeeds(x, h)
	if x.Engine != "" {
		l.database(x.Engine, h.file, h.line, h.text)
		l.nextOnDatabase()
	}
	if slices.Contains(x.Needs, "persistent_storage") && !l.cancelled["persistent_storage"] {
		l.nextOnStorage()
	}
	if len(x.Assets) > 0 && len(l.assets) == 0 {
		l.assetsFrom = origin(h.file, h.line, h.text)
	}
	l.assets = append(l.assets, x.Assets...)
	breaks := x.Breaks
	if l.cancelled[breaks] {
		breaks = ""
	}
	if breaks == CloudFront {
		l.suggest("network.https", byGateway, h.file, h.line, h.text)
	}
	l.addFinding(Finding{ID: x.ID, Severity: x.Severity, File: h.file, Line: h.line, Text: h.text, Means: means, Key: x.Key, Breaks: breaks})
	for _, folder := range append([]string{firstOf(h.path, x.Folder)}, h.more...) {
		if x.Store && folder != "" {
			l.store(l.inContainer(folder), h.file, h.line, h.text)
		}
	}
	for key, value := range x.Suggests {
		if l.cancelled["clustering"] && (key == "network.clustering" || strings.Contains(value, "${namespace}")) {
			continue
		}
		if name, ok := strings.CutPrefix(key, "env."); ok && l.docker != nil && l.docker.Env[name].Text != "" {
			continue // the image has it
		}
		l.suggest(key, literalOf(value), h.file, h.line, h.text)
	}
}

// toldToListenEverywhere says whether the image sets an address for the app to listen on that is reached from outside.
func (l *look) toldToListenEverywhere() bool {
	if l.docker == nil {
		return false
	}
	for name, v := range l.docker.Env {
		if listenNames().MatchString(name) && (v.Text == "0.0.0.0" || v.Text == "::" || v.Text == "[::]") {
			return true
		}
	}
	return false
}

var listenNames = lazy(`(?:^|_)(?:IP|HOST|HOSTNAME|BIND|ADDR|ADDRESS|LISTEN|INTERFACE)$`)

// literalOf is a value of a mark as berth.toml has it: true and false are truths.
func literalOf(value string) any {
	switch value {
	case "true":
		return true
	case "false":
		return false
	}
	return value
}

// inContainer is the path that a path of the program has in its container.
func (l *look) inContainer(p string) string {
	p = l.expanded(l.propertied(p))
	if below, ok := strings.CutPrefix(p, "~/"); ok {
		p = path.Join(l.homeOfUser(), below)
	}
	if path.IsAbs(p) || l.docker == nil {
		return p
	}
	return path.Join(l.startsIn(), p)
}

// startsIn is the folder that the app starts in: the WORKDIR, else the one that all of the project is copied to, else that
// of the base image as far as it is known.
func (l *look) startsIn() string {
	d := l.docker
	if d.WorkDir != "/" {
		return d.WorkDir
	}
	for _, c := range d.OwnCopy {
		if c.From == "" && slices.ContainsFunc(c.Sources, func(s string) bool { return path.Clean(s) == "." }) {
			return path.Clean(c.Dest)
		}
	}
	if phpBase().MatchString(d.Base) {
		return "/var/www/html"
	}
	return "/"
}

var phpBase = lazy(`(?:^|/)php:[\w.-]*(?:apache|fpm)`)

// homeOfUser is the home of whoever the container runs as.
func (l *look) homeOfUser() string {
	switch {
	case l.docker == nil:
		return "/root"
	case l.docker.Env["HOME"].Text != "":
		return l.docker.Env["HOME"].Text
	}
	if name, _, _ := strings.Cut(l.docker.User.Text, ":"); !isRoot(l.docker.User.Text) && !number(name) {
		return path.Join("/home", name)
	}
	return "/root"
}

// database notes which kind of database the app has; the first that is told stays.
func (l *look) database(engine, file string, line int, text string) {
	if l.Database == nil {
		l.Database = &Database{Engine: engine, File: file, Line: line, Text: clip(text)}
	}
}
