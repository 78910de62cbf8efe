package project

import (
	"slices"
	"strings"

	"berth/engine/spec"
)

// NoHTTP says whether the source tree tells of an app that answers no HTTP requests.
func (f *Findings) NoHTTP() bool { return f.Suggests["service.port"] == 0 }

// silent says whether nothing of the app names a port, and something tells that it answers no requests: then it gets no load
// balancer and no address.
func (l *look) silent() bool {
	if slices.ContainsFunc(l.ports, func(c candidate) bool { return c.rank < rankUsual }) {
		return false
	}
	at, means, ok := l.tellsSilence()
	if !ok {
		return false
	}
	l.add(Info, "no-http", at.File, at.Line, at.Text, means+": it gets no load balancer and no address; port under [service] is for an app that answers HTTP")
	l.Suggest("service.port", 0, at)
	return true
}

// tellsSilence finds what tells that the app answers no requests.
func (l *look) tellsSilence() (at spec.Origin, means string, ok bool) {
	if len(l.start) > 0 && l.main() != nil && !l.webLine() {
		return origin(l.main().file, l.main().line, l.main().raw), "the Procfile has no web process, so that nobody sends requests to this", true
	}
	for _, s := range l.start {
		if slices.ContainsFunc(workers, func(w worker) bool { return w.re().MatchString(s.text) }) && len(l.start) < 3 {
			return origin(s.file, s.line, s.raw), "this works on jobs and answers no requests", true
		}
	}
	if l.fly != nil && l.fly.err == nil && len(l.fly.servers()) == 0 && (l.fly.value("processes") != nil || l.fly.value("vm") != nil) {
		return origin(l.fly.name, 1, "no [http_service]"), "no service of fly.toml takes requests", true
	}
	if l.bot.file != "" {
		return origin(l.bot.file, l.bot.line, l.bot.text), "this connects to others and waits for no requests, and nothing of the code listens", true
	}
	return at, "", false
}

// main is the line of the Procfile that the app's own container runs: web, or where there is none and the image starts
// nothing by itself, the first that is no release. Nil when there is none, or the image knows.
func (l *look) main() *step {
	var first *step
	for i, s := range l.procfile {
		switch name, _, _ := strings.Cut(s.raw, ":"); {
		case name == "web":
			return &l.procfile[i]
		case first == nil && name != "release" && !developing().MatchString(name+" "+s.text):
			first = &l.procfile[i]
		}
	}
	if first != nil && l.docker != nil && l.docker.Entry == nil && l.command() == nil {
		return first
	}
	if first != nil && l.command() != nil && program(joined(l.command().Words)) == program(first.text) {
		return first
	}
	return nil
}

// webLine says whether the Procfile has a process that takes requests.
func (l *look) webLine() bool {
	return slices.ContainsFunc(l.procfile, func(s step) bool { return strings.HasPrefix(s.raw, "web:") })
}

// unheard tells of a berth.toml that says the app answers no requests, where the source names a port.
func (l *look) unheard(c candidate) {
	if !l.spec.NoHTTP() || c.rank >= rankUsual {
		return
	}
	l.addFinding(Finding{
		ID: "port-left-out", Severity: Should, File: c.file, Line: c.line, Text: c.text, Key: "service.port",
		Means: "the app listens here, and berth.toml says that it answers no HTTP, so that nobody can reach it: take port = 0 out, or keep it when that is meant",
	})
}
