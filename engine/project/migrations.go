package project

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// migrations proposes what has to run before a new version, unless the start command does it.
func (l *look) migrations() { //nolint:gocognit // a list of cases, one after the other
	if l.Needs.ReleaseCommand {
		return
	}
	for _, lang := range l.languages() {
		for _, m := range lang.Migrations {
			if len(m.Deps) > 0 && l.uses(lang.ID, m.Deps) == nil {
				continue
			}
			file, line, text := "", 0, ""
			for _, name := range l.files {
				if !slices.ContainsFunc(m.globs, func(g glob) bool { return g.match(name) }) {
					continue
				}
				file, line, text = name, 0, name
				if m.re == nil {
					break
				}
				body, _ := l.t.code(name)
				at := m.re().FindStringIndex(body)
				if at == nil {
					file = ""
					continue
				}
				line, text = lineOf(body, at[0])
				break
			}
			if file == "" {
				continue
			}
			if m.done != nil {
				s := l.runs(m.done())
				if s == nil {
					s = l.runsInside(m.done())
				}
				if s != nil {
					l.add(Info, "migrates-at-start", s.file, s.line, s.raw, "the database is migrated whenever a container starts; with several containers, several migrations run at once")
					return
				}
			}
			command := l.inItsFolder(m.Command)
			if m.InDir {
				command = path.Join(l.home(), m.Command)
			}
			l.release(command, file, line, firstOf(text, file), "the database must be migrated before a new version starts")
			return
		}
	}
}

// inItsFolder is a command that runs a file of the project, with the path that the file has in the container where it is
// none of the folder that commands start in.
func (l *look) inItsFolder(command string) string {
	words := strings.Fields(command)
	for i, word := range words {
		if !slices.Contains([]string{"manage.py", "artisan", "bin/rails", "bin/console"}, word) || l.t.has[path.Join(l.context, word)] {
			continue
		}
		at := slices.IndexFunc(l.files, func(name string) bool { return strings.HasSuffix(name, "/"+word) })
		if at < 0 {
			continue
		}
		if there := l.copiedTo(l.files[at]); there != "" {
			words[i] = strings.TrimPrefix(there, strings.TrimSuffix(l.docker.WorkDir, "/")+"/")
		}
	}
	return strings.Join(words, " ")
}

// copiedTo is where the built stage has a file of the tree, "" when no COPY of its own takes it from the build context.
func (l *look) copiedTo(name string) string {
	if l.docker == nil {
		return ""
	}
	for _, c := range l.docker.OwnCopy {
		for _, s := range c.Sources {
			from := path.Join(l.context, strings.Trim(s, "/"))
			switch rest, below := strings.CutPrefix(name, from+"/"); {
			case c.From != "":
			case from == ".":
				return path.Join(c.Dest, name)
			case below:
				return path.Join(c.Dest, rest)
			}
		}
	}
	return ""
}

// home is the folder of the app in its container: the one above the bin of what is started, else the WORKDIR.
func (l *look) home() string {
	for _, s := range l.start {
		if dir := path.Dir(strings.Fields(s.text)[0]); path.IsAbs(dir) && path.Base(dir) == "bin" && !strings.HasPrefix(dir, "/usr") && dir != "/bin" {
			return path.Dir(dir)
		}
	}
	if l.docker != nil && l.docker.WorkDir != "/" {
		return l.docker.WorkDir
	}
	return "/app"
}

// runsInside is the step that runs a program of the project in which a pattern matches.
func (l *look) runsInside(re *regexp.Regexp) *step {
	for i, s := range l.start {
		for _, word := range strings.Fields(s.text) {
			if ext := path.Ext(word); ext != ".js" && ext != ".mjs" && ext != ".cjs" && ext != ".ts" && ext != ".py" && ext != ".rb" {
				continue
			}
			for _, name := range l.t.files {
				if path.Base(name) != path.Base(word) || !ships(name) {
					continue
				}
				if text, ok := l.t.code(name); ok && re.MatchString(text) {
					return &l.start[i]
				}
			}
		}
	}
	return nil
}
