package project

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
)

// job is what the library of a mark has for jobs, or for schedules: a program that works on them beside the app, or a way
// for the app to do it itself.
type job struct {
	Process     string   `toml:"process"`      // what the process is called
	Program     string   `toml:"program"`      // what it runs, as in workers
	Command     string   `toml:"command"`      // how; unknown when empty. <module> is that of Module
	Module      string   `toml:"module"`       // in Python, the module that has this; a group variable is what the module calls it
	Script      bool     `toml:"script"`       // it is a script of package.json
	Stacks      []string `toml:"stacks"`       // only in programs of these kinds
	NeedsFile   string   `toml:"needs_file"`   // which the image must have
	Used        string   `toml:"used"`         // the code that has this has jobs; any has when there is none
	Inside      string   `toml:"inside"`       // code that has this works on its jobs in the app's own process
	InsideFiles []string `toml:"inside_files"` // where that stands; the sources of the language when there are none
	Within      string   `toml:"within"`       // what that means
	Set         string   `toml:"set"`          // the variable that it asks for, as NAME=VALUE

	inside, module, used pattern
	globs                []glob
}

func (j *job) prepare() {
	j.inside, j.module, j.used, j.globs = expr(j.Inside), expr(j.Module), expr(j.Used), newGlobs(j.InsideFiles)
}

// worker proposes the process in which a library's jobs are worked on, unless a file tells of it, it runs already, or the app
// does that work itself.
func (l *look) worker(lang *language, x *mark, h hit) {
	j := x.Job
	if slices.ContainsFunc(l.beside, func(b beside) bool { return program(b.command) == j.Program }) ||
		slices.ContainsFunc(l.start, func(s step) bool { return program(s.text) == j.Program }) {
		return
	}
	if j.used != nil && !slices.ContainsFunc(l.scan(lang), func(s sourceFile) bool {
		text, _ := l.t.code(s.name)
		return ships(s.name) && !definesJobs().MatchString(s.name) && j.used().MatchString(text)
	}) {
		l.add(Info, x.ID, h.file, h.line, h.text, "the code has no jobs for it, so that it gets no process; a table under [processes] makes one")
		return
	}
	command := ""
	if len(j.Stacks) == 0 || slices.Contains(j.Stacks, l.Stack) {
		command = l.jobCommand(lang, j)
	}
	if at, ok := l.worksInside(lang, j); ok && (!j.Script || command == "") {
		l.add(Info, "process-inside", at.file, at.line, at.text, firstOf(j.Within, "the containers that answer requests work on these jobs, so that they get none of their own"))
		if name, value, ok := strings.Cut(j.Set, "="); ok {
			l.suggest("env."+name, value, at.file, at.line, at.text)
		}
		return
	}
	if command == "" {
		l.add(x.Severity, x.ID, h.file, h.line, h.text, x.Means)
		return
	}
	l.process(beside{name: j.Process, command: command, file: h.file, line: h.line, text: h.text})
}

// definesJobs matches the file that every app of the framework has, whether or not it has jobs.
var definesJobs = lazy(`(?:^|/)application_job\.rb$|(?:^|/)(?:config|test|spec)/`)

// jobCommand is the command that works on jobs, "" when it cannot be told.
func (l *look) jobCommand(lang *language, j *job) string {
	if j.NeedsFile != "" && !slices.ContainsFunc(l.files, func(name string) bool { return l.placed(name) == j.NeedsFile }) {
		return ""
	}
	command := j.Command
	if j.Script {
		command = l.workerScript()
	}
	if j.module != nil {
		module := l.moduleWith(lang, j.module)
		if module == "" {
			return ""
		}
		command = strings.ReplaceAll(command, "<module>", module)
	}
	if lang.ID == "python" && command != "" {
		return l.pythonRunner() + command
	}
	return command
}

// worksInside finds the code that has the app itself work on its jobs.
func (l *look) worksInside(lang *language, j *job) (hit, bool) {
	if j.inside == nil {
		return hit{}, false
	}
	for _, name := range l.t.files {
		if len(j.globs) == 0 && !lang.source(name) || len(j.globs) > 0 && !slices.ContainsFunc(j.globs, func(g glob) bool { return g.match(name) }) || !ships(name) {
			continue
		}
		text, ok := l.t.code(name)
		if !ok {
			continue
		}
		if m := j.inside().FindStringIndex(text); m != nil {
			n, line := lineOf(text, m[1]-1)
			return hit{file: name, line: n, text: line}, true
		}
	}
	return hit{}, false
}

// moduleWith is the dotted name of the first Python module that has a pattern, with the variable behind it that the
// pattern names, when it is none that would be found by itself; "" when there is none.
func (l *look) moduleWith(lang *language, re pattern) string {
	for _, s := range l.scan(lang) {
		text, _ := l.t.code(s.name)
		m := re().FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		name := group(re(), text, m, "variable")
		module := strings.TrimSuffix(strings.TrimSuffix(l.placed(s.name), ".py"), "/__init__")
		module = strings.ReplaceAll(module, "/", ".")
		if name == "" || name == "app" || name == "celery" {
			return strings.TrimSuffix(module, ".celery")
		}
		return module + ":" + name
	}
	return ""
}

// placed is the path of a file of the tree in the folder that the app starts in, as far as the Dockerfile copies it there
// by its folder; else its path in the build context.
func (l *look) placed(name string) string {
	name = strings.TrimPrefix(name, strings.TrimSuffix(l.context, "/")+"/")
	if l.docker == nil {
		return name
	}
	for _, c := range l.docker.OwnCopy {
		for _, source := range c.Sources {
			source = path.Clean(source)
			if rest, ok := strings.CutPrefix(name, source+"/"); ok && c.From == "" && l.absolute(c.Dest) == l.startsIn() {
				return rest
			}
		}
	}
	return name
}

// absolute is the destination of a COPY as a path of the image.
func (l *look) absolute(dest string) string {
	if path.IsAbs(dest) {
		return path.Clean(dest)
	}
	return path.Join(l.docker.WorkDir, dest)
}

var pythonRunners = lazy(`^(?:(?:uv|poetry|pipenv|pdm|rye|hatch)\s+run\s+(?:--?[\w-]+\s+)*|/\S*/bin/)`)

// pythonRunner is what stands before a program of Python in the app's own command, such as "uv run ".
func (l *look) pythonRunner() string {
	if l.docker == nil || l.command() == nil {
		return ""
	}
	if own := pythonRunners().FindString(l.command().String()); !strings.HasPrefix(own, "/usr/") && !strings.HasPrefix(own, "/bin") {
		return own
	}
	return ""
}

var (
	workerScripts = lazy(`^(?:start[:_-])?(?:workers?|queues?|jobs?|consumers?)(?:[:_-](?:start|prod|production))?$`)
	onlyAtWork    = lazy(`\b(?:ts-node|ts-node-dev|tsx\s+watch|nodemon|--watch|wrangler)\b`)
)

// workerScript is the command of the script of package.json that works on jobs.
func (l *look) workerScript() string {
	for _, file := range l.files {
		if path.Base(file) != "package.json" {
			continue
		}
		text, _ := l.t.text(file)
		var doc struct {
			Scripts map[string]string `json:"scripts"`
		}
		if json.Unmarshal([]byte(text), &doc) != nil {
			continue
		}
		names := sortedNames(doc.Scripts)
		slices.SortStableFunc(names, func(a, b string) int { return len(b) - len(a) }) // worker:prod before worker
		for _, name := range names {
			script := doc.Scripts[name]
			switch {
			case !workerScripts().MatchString(name), onlyAtWork().MatchString(script):
			case needsShell().MatchString(script), !strings.HasPrefix(script, "node "):
				return "npm run " + name
			default:
				return script
			}
		}
	}
	return ""
}
