package project

import (
	"path"
	"strings"
)

var procLine = lazy(`^([A-Za-z0-9_-]+):\s*(\S.*)$`)

// readProcfile reads the Procfile: what runs beside the app, and what runs before a new version.
func (l *look) readProcfile() {
	name := "Procfile"
	if l.context != "" && l.t.has[path.Join(l.context, name)] {
		name = path.Join(l.context, name)
	}
	text, ok := l.t.code(name)
	if !ok {
		return
	}
	for _, m := range procLine().FindAllStringSubmatchIndex(text, 50) {
		n, raw := lineOf(text, m[2])
		l.procfile = append(l.procfile, step{text: strings.TrimSpace(text[m[4]:m[5]]), file: name, line: n, raw: raw})
	}
}

// applyProcfile says what the lines of the Procfile mean.
func (l *look) applyProcfile() {
	for _, s := range l.procfile {
		kind, _, _ := strings.Cut(s.raw, ":")
		switch main := l.main(); {
		case kind == "web" || main != nil && s == *main:
			if l.docker != nil && l.command() == nil && l.docker.Entry == nil {
				if words := commandWords(s.text); len(words) > 0 {
					l.suggest("service.command", words, s.file, s.line, s.raw)
				}
			}
		case kind == "release":
			l.release(s.text, s.file, s.line, s.raw, "this runs once before each new version, usually to migrate the database")
		default:
			b := beside{}
			for _, p := range l.platforms() {
				if f, ok := p.formation[kind]; ok {
					b = f
				}
			}
			b.name, b.command, b.file, b.line, b.text = kind, s.text, s.file, s.line, s.raw
			l.process(b)
		}
	}
}
