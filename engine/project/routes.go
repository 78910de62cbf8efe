package project

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// readCode takes ports and health paths from settings and code.
func (l *look) readCode() {
	for _, lang := range l.languages() {
		known := map[string][]bool{}
		for _, s := range l.scan(lang) {
			known[s.name] = s.has
		}
		for _, name := range l.files {
			l.readFile(lang, name, known[name])
		}
		for _, r := range lang.Routes {
			if d := l.uses(lang.ID, r.Deps); r.Path != "" && d != nil {
				l.paths = append(l.paths, healthPath{rankCode + 1, l.springPath(r.Path), d.file, d.line, d.text})
			}
		}
	}
}

// readFile is readCode for one file; has says which of the language's literals it holds, nil when it was not scanned.
func (l *look) readFile(lang *language, name string, has []bool) {
	lacks := func(literal int) bool { return literal >= 0 && (has == nil || !has[literal]) }
	for _, p := range lang.Ports {
		if lacks(p.literal) {
			continue
		}
		if text, ok := l.searched(lang, name, p.globs, p.Has); ok {
			l.portIn(p, name, text)
		}
	}
	for _, r := range lang.Routes {
		if r.file != nil || !lacks(r.literal) {
			l.routeIn(lang, r, name)
		}
	}
}

// searched is the code of a file when a pattern with these globs and this literal is for it.
func (l *look) searched(lang *language, name string, globs []glob, has string) (string, bool) {
	if len(globs) == 0 && !lang.source(name) || len(globs) > 0 && !slices.ContainsFunc(globs, func(g glob) bool { return g.match(name) }) {
		return "", false
	}
	raw, ok := l.t.text(name)
	if !ok || !strings.Contains(raw, has) {
		return "", false
	}
	return l.t.code(name)
}

func (l *look) portIn(p *portMark, name, text string) {
	re := p.re()
	for _, m := range matches(re, text, p.Has, 20) {
		if guarded(text, m[0], m[1]) == elsewhere || inDevSection(name, text, m[0]) {
			continue
		}
		n, line := lineOf(text, m[0]+len(text[m[0]:m[1]])-len(strings.TrimLeft(text[m[0]:m[1]], " \t\r\n")))
		if port := group(re, text, m, "port"); port != "" {
			rank := rankConfig
			if p.Code {
				rank = rankCode
			}
			l.candidate(rank, atoi(strings.ReplaceAll(port, "_", "")), name, n, line)
			host := firstOf(group(re, text, m, "host"), strings.ReplaceAll(group(re, text, m, "ip"), ", ", "."))
			if host == "127.0.0.1" || strings.EqualFold(host, "localhost") {
				l.add(Must, "dockerfile-loopback", name, n, line, "the app listens on "+host+" only, where the load balancer cannot reach it; make it listen on 0.0.0.0")
			}
		}
		if variable := group(re, text, m, "name"); variable != "" && !otherPort().MatchString(variable) && !l.seen[variable] && l.docker != nil && l.docker.Env[variable].Text == "" {
			l.seen[variable] = true
			l.portNames = append(l.portNames, read{name: variable, file: name, line: n, text: line})
			l.add(Info, "name-port", name, n, line, "the app takes its port from "+variable+", which has no default; berth sets it to the port that requests go to")
		}
	}
}

// otherPort matches variables with ports that no request from outside goes to.
var otherPort = lazy(`METRICS|BEAM|EPMD|DIST|STATSD|PROMETHEUS|REDIS|SMTP|MAIL|\bDB_|DATABASE|POSTGRES|PG|MYSQL|ADMIN|DEBUG|GRPC|HTTPS|SSL|TLS`)

// routeIn finds the routes of a file by which the app tells whether it is well.
func (l *look) routeIn(lang *language, r *route, name string) {
	if r.file != nil {
		if !healthWords.in(name) {
			return
		}
		if m := r.file().FindStringSubmatch(name); m != nil {
			l.tells(name, 1, "/"+strings.TrimPrefix(m[1], "/"), name)
		}
		return
	}
	if r.re == nil {
		return
	}
	text, ok := l.searched(lang, name, r.globs, r.Has)
	if !ok || len(r.Deps) > 0 && l.uses(lang.ID, r.Deps) == nil {
		return
	}
	re := r.re()
	for _, m := range matches(re, text, r.Has, 20) {
		if guarded(text, m[0], m[1]) == elsewhere {
			continue
		}
		at := m[0] + len(text[m[0]:m[1]]) - len(strings.TrimLeft(text[m[0]:m[1]], " \t\r\n"))
		n, line := lineOf(text, at)
		p := firstOf(r.Path, l.prefix(name, text, at, line)+"/"+strings.TrimLeft(group(re, text, m, "path"), "/"))
		p = path.Clean(p)
		if end := pathEnd(re, m); end > 0 && p != "/" && (text[end-1] == '/' || endsInSlash().MatchString(text[end:])) {
			p += "/" // without it, the app would answer with a redirect
		}
		l.tells(name, n, p, line)
	}
}

// pathEnd is where the group path of a match ends, 0 when it took no part.
func pathEnd(re *regexp.Regexp, m []int) int {
	for i, n := range re.SubexpNames() {
		if (n == "path" || strings.HasPrefix(n, "path_")) && m[2*i] >= 0 {
			return m[2*i+1]
		}
	}
	return 0
}

// endsInSlash matches the rest of a path that ends in a slash, up to its quote.
var endsInSlash = lazy("\\A/[\"'`]")

// healthWords are parts of all paths of the form healthShape.
var healthWords = literals{"health", "up", "ping", "status", "live", "read", "beat"}

// tells notes a route by which the app tells whether it is well, the plainer the better.
func (l *look) tells(file string, line int, p, text string) {
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	score := strings.Count(p, "/")
	switch base := path.Base(p); {
	case strings.HasPrefix(base, "health"), base == "up", strings.HasPrefix(base, "live"):
	case strings.HasPrefix(base, "ready"), strings.Contains(base, "health"):
		score += 4
	default:
		score += 8
	}
	l.paths = append(l.paths, healthPath{rankCode + score, p, file, line, text})
}

var (
	enclosing = lazy(`\b(?:scope|prefix)\s*\(?\s*["'](/?[\w/.-]*)["']|\bnamespace\s+:(\w+)|\.(?:Route|route|Group|group|MapGroup)\(\s*["'](/[\w/.-]*)["']|@(?:Request|Get)Mapping\(\s*(?:(?:value|path)\s*=\s*)?\{?["'](/?[\w/.-]+)["']|@Path\(\s*["'](/?[\w/.-]+)["']|@Controller\(\s*["'](/?[\w/.-]+)["']|\[Route\(\s*["'](/?[\w/.-]+)["']`)
	receiver  = lazy(`^@?(\w+)\.`)
)

// prefix is what stands before a route: of the blocks that it stands in, of the variable that it is defined on.
func (l *look) prefix(name, text string, at int, line string) string {
	out := ""
	depth := -1
	for end := at; end > 0 && depth != 0; {
		start := strings.LastIndexByte(text[:end], '\n') + 1
		head := text[start:min(len(text), start+len(firstLine(text[start:])))]
		if in := indent(head); strings.TrimSpace(head) != "" && (depth < 0 || in < depth) {
			for depth >= 0 { // the line, and the annotations above it
				if m := enclosing().FindStringSubmatch(head); m != nil {
					out = "/" + strings.Trim(strings.Join(m[1:], ""), "/") + out
				}
				if start == 0 {
					break
				}
				above := strings.LastIndexByte(text[:start-1], '\n') + 1
				head = text[above : start-1]
				if note := strings.TrimSpace(head); note == "" || note[0] != '@' && note[0] != '[' {
					break
				}
				start = above
			}
			depth = in
		}
		end = start - 1
	}
	if m := receiver().FindStringSubmatch(line); m != nil {
		if p := madeWith(text, m[1]); p != "" {
			out = "/" + strings.Trim(p, "/") + out
		}
	}
	out = strings.TrimSuffix(out, "/")
	if strings.HasSuffix(name, ".controller.ts") {
		return l.nestPrefix(out) + out
	}
	return out + l.mounted(name)
}

var (
	nestGlobal  = lazy(`\.setGlobalPrefix\(\s*["\x60']/?([\w/.-]+)["\x60'](?:\s*,\s*\{([^}]*(?:\{[^}]*\}[^}]*)*)\})?`)
	nestVersion = lazy(`enableVersioning\(\s*\{[^}]*\bdefaultVersion:\s*\[?\s*["\x60']([\w.]+)["\x60'][^}]*VersioningType\.URI|enableVersioning\(\s*\{[^}]*VersioningType\.URI[^}]*\bdefaultVersion:\s*\[?\s*["\x60']([\w.]+)["\x60']`)
)

// nestPrefix is what NestJS puts before the routes of all controllers, but for those that main.ts leaves out.
func (l *look) nestPrefix(route string) string {
	for _, name := range l.files {
		if path.Base(name) != "main.ts" {
			continue
		}
		text, ok := l.t.code(name)
		if !ok {
			continue
		}
		m := nestGlobal().FindStringSubmatch(text)
		version := nestVersion().FindStringSubmatch(text)
		switch first, _, _ := strings.Cut(strings.Trim(route, "/"), "/"); {
		case m != nil && first != "" && strings.Contains(m[2], first):
			return ""
		case m != nil && version != nil:
			return "/" + m[1] + "/v" + version[1] + version[2]
		case m != nil:
			return "/" + m[1]
		case version != nil:
			return "/v" + version[1] + version[2]
		}
	}
	return ""
}

// madeWith is the prefix that a router was made with, in the same file.
func madeWith(text, variable string) string {
	if !strings.Contains(text, variable) {
		return ""
	}
	for _, m := range routerMade().FindAllStringSubmatch(text, 50) {
		if m[1] == variable {
			return m[2]
		}
	}
	return ""
}

var (
	routerMade = lazy(`\b(\w+)(?:\s*:\s*\w+)?\s*:?=\s*[\w.]*(?:APIRouter|Blueprint|Router|Group|PathPrefix|MapGroup|route|New)\([^\n]*?(?:prefix\s*=\s*|prefix:\s*|url_prefix\s*=\s*|\(\s*)["'](/[\w/.-]*)["']`)
	mountCalls = lazy(`(?:\.use\(\s*|include_router\([^\n]*prefix\s*=\s*|register_blueprint\([^\n]*url_prefix\s*=\s*|\bpath\(\s*|\.mount\(\s*)["'](/?[\w/.-]*)["'][^\n]*`)
)

// mounts are parts of all mountCalls.
var mounts = literals{".use(", "include_router(", "register_blueprint(", "path(", ".mount("}

var boundTo = lazy(`(?:const|let|var|import)\s+(?:\*\s+as\s+)?(\w+)\s*(?:=\s*require\(|\bfrom\s)\s*["']([^"']+)["']`)

// mounted is the prefix under which another file takes in the routes of this one.
func (l *look) mounted(name string) string {
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	switch path.Ext(name) {
	case ".ex", ".exs", ".go", ".java", ".kt", ".cs", ".fs", ".rb", ".php":
		return "" // there it is done in another way
	}
	if len(stem) < 3 || stem == "index" || stem == "main" || stem == "urls" || stem == "app" || stem == "server" || stem == "router" || stem == "routes" {
		return ""
	}
	for _, file := range l.files {
		if file == name || path.Ext(file) != path.Ext(name) {
			continue
		}
		raw, ok := l.t.text(file)
		if !ok || !strings.Contains(raw, stem) || !mounts.in(raw) {
			continue
		}
		text, _ := l.t.code(file)
		variable := stem
		for _, m := range boundTo().FindAllStringSubmatch(text, 200) {
			if path.Base(m[2]) == stem || path.Base(strings.TrimSuffix(m[2], path.Ext(m[2]))) == stem {
				variable = m[1]
			}
		}
		for _, m := range mountCalls().FindAllStringSubmatch(text, 50) {
			if (strings.Contains(m[0], stem) || strings.Contains(m[0], variable)) && strings.Trim(m[1], "/") != "" {
				return "/" + strings.Trim(m[1], "/")
			}
		}
	}
	return ""
}

var (
	contextPath  = lazy(`(?:server\.servlet\.|server\.)?(?:context-path|spring\.webflux\.base-path)\s*[:=]\s*["']?(/[\w/.-]*)`)
	actuatorPath = lazy(`management\.endpoints\.web\.base-path\s*=\s*(/[\w/.-]*)|^\s+base-path:\s*["']?(/[\w/.-]*)`)
)

// springPath is the path of a health check where the settings of Spring put it.
func (l *look) springPath(p string) string {
	if p != "/actuator/health" {
		return p
	}
	prefix := ""
	for _, name := range l.files {
		if base := path.Base(name); !strings.HasPrefix(base, "application.") {
			continue
		}
		text, ok := l.t.code(name)
		if !ok {
			continue
		}
		if m := contextPath().FindStringSubmatch(text); m != nil {
			prefix = strings.TrimSuffix(m[1], "/")
		}
		if m := actuatorPath().FindStringSubmatch(text); m != nil {
			p = strings.TrimSuffix(m[1]+m[2], "/") + "/health"
		}
	}
	return prefix + p
}
