package project

import (
	"path"
	"slices"
	"strings"
)

// readStart says what the start command tells of how the app listens.
func (l *look) readStart() {
	if l.docker == nil {
		return
	}
	l.listens()
	l.loopback()
	l.fastCGI()
	l.severalDaemons()
	l.launcher()
	l.ownInit()
	l.dataFolder()
}

// dataFlag matches an argument that names the folder in which a program keeps its data.
var dataFlag = lazy(`\s--?(?:data|data-?dir|data-?path|dir|storage|storage-?(?:dir|path)|db|db-?path|database|state-?dir|store-?dir)[= ]["']?(/[\w./-]+)`)

// startsIn matches servers whose --dir is the folder of their code.
var startsIn = lazy(`(?:^|[/\s])(?:puma|unicorn|rackup|bun|deno|next|npm|pnpm|yarn|gunicorn|uvicorn|flask)\b`)

// dataFolder takes from the start command the folder that must outlive the container, when the app keeps files.
func (l *look) dataFolder() {
	if !l.Needs.PersistentStorage || len(l.start) == 0 || l.runs(startsIn()) != nil {
		return
	}
	s := l.start[len(l.start)-1]
	m := dataFlag().FindStringSubmatch(" " + l.expanded(s.text))
	if m == nil {
		return
	}
	folder := m[1]
	if strings.Contains(path.Base(folder), ".") {
		folder = path.Dir(folder)
	}
	l.store(folder, s.file, s.line, s.raw)
}

// bareLauncher matches programs that run others, and do nothing lasting without an argument.
var bareLauncher = lazy(`^(?:\S*/)?(?:node|python[\d.]*|ruby|php|java|dotnet|npm|yarn|pnpm|bun|deno|bundle|mix|elixir|iex|gunicorn|uvicorn|hypercorn|daphne|granian|flask|rails|celery|django-admin|manage\.py|artisan|next|nuxt|strapi|directus|streamlit|caddy|litefs|foreman|honcho|supervisorctl)$`)

// launcher tells of a start command that lacks the argument without which it ends at once.
func (l *look) launcher() {
	if len(l.start) == 0 {
		return
	}
	s := l.start[len(l.start)-1]
	if s.file != l.docker.Name {
		return
	}
	what := ""
	switch {
	case bareLauncher().MatchString(s.text):
		what = "it needs a command to run"
	case l.speaks == "elixir" && releaseScript().MatchString(s.text) && path.Base(s.text) != "server" && path.Base(s.text) != "start" && l.script(s.text) == "":
		what = "a release script needs a command, such as start"
	default:
		return
	}
	l.addFinding(Finding{
		ID: "start-argument", Severity: Must, File: s.file, Line: s.line, Text: s.raw, Key: "service.command",
		Means: "this exits at once: " + what + "; add a CMD, or set service.command in berth.toml",
	})
}

// releaseScript matches the script of an Elixir release without an argument, but not the scripts that Phoenix puts
// beside it.
var releaseScript = lazy(`^/\S*/bin/[a-z][a-z0-9_]*$`)

// ownInit proposes to leave process 1 to images that bring one of their own: s6-overlay ends where it is not first.
func (l *look) ownInit() {
	for _, c := range []*Command{l.docker.Entry, l.command()} {
		if c != nil && (c.Words[0] == "/init" || strings.HasPrefix(c.Words[0], "/init ")) {
			l.add(Info, "own-init", l.docker.Name, c.Line, c.String(), "the image has its own init process, which must be PID 1: berth adds none")
			l.suggest("service.init", false, l.docker.Name, c.Line, c.String())
			return
		}
	}
}

// portFlag matches the port in flags such as --port 8000, -p 3000, --bind 0.0.0.0:8000, -b :8000.
var portFlag = lazy(`\s--?(?:[a-z.-]*port|p|P|bind|b|listen|l|addr|address|http-listen|Dserver\.port|Dquarkus\.http\.port)[= ]["']?(?:(?:tcp|http)://)?(?:[\w.*\[\]:]*:)?(\d{2,5})\b`)

// listens takes the port from the start command, or from what the started server does by itself.
func (l *look) listens() {
	front := l.front()
	for i, s := range l.start {
		if front != nil && s.text != front.text {
			continue
		}
		for _, lang := range spoken() {
			for _, x := range lang.Servers {
				if !x.start().MatchString(s.text) {
					continue
				}
				l.serves(x, s)
			}
		}
		l.portVariable(s)
		if m := portFlag().FindStringSubmatch(" " + l.expanded(s.text)); m != nil && (i == len(l.start)-1 || s.file == l.docker.Name) && !besides().MatchString(s.text) {
			l.flagPort(s, m[1])
		}
	}
}

// proxy matches programs that hand requests on to others in the same container.
var proxy = lazy(`(?:^|/)(?:nginx|caddy|haproxy|traefik|envoy|apache2ctl|apache2-foreground|httpd)\b`)

// front is the web server that answers for the others of its container, nil when none does.
func (l *look) front() *step {
	if len(l.start) < 2 || slices.ContainsFunc(l.start, func(s step) bool { return strings.Contains(s.text, "php-fpm") }) {
		return nil
	}
	return l.runs(proxy())
}

// portVariable notes a variable without default from which the start command takes the port.
func (l *look) portVariable(s step) {
	m := portUse().FindStringSubmatch(s.text)
	if m == nil || l.seen[m[1]] || l.docker.Env[m[1]].Text != "" || besides().MatchString(s.text) {
		return
	}
	l.seen[m[1]] = true
	l.portNames = append(l.portNames, read{name: m[1], file: s.file, line: s.line, text: s.raw})
	l.add(Info, "name-port", s.file, s.line, s.raw, "the app takes its port from "+m[1]+", which has no default; berth sets it to the port that requests go to")
}

var portUse = lazy(`(?:[:=\s"']|^)\$\{?((?:HTTP_|APP_|WEB_|SERVER_)?PORT)\}?(?:["'\s/]|$)`)

// besides matches programs whose arguments name the port of another.
var besides = lazy(`(?:^|/)(?:wait-for|wait-for-it|wait-for-it\.sh|wait-for\.sh|dockerize|pg_isready|psql|mysql|redis-cli|redis-server|nc|curl|wget|ssh|sshd|celery|sidekiq|socat|litestream)\b`)

func (l *look) flagPort(s step, port string) {
	if n := atoi(port); n > 0 {
		if !slices.ContainsFunc(l.ports, func(c candidate) bool { return c.rank == rankFlag && c.port == n }) {
			l.add(Info, "dockerfile-command-port", s.file, s.line, s.raw, "the app is started on port "+port)
		}
		l.candidate(rankFlag, n, s.file, s.line, s.raw)
	}
}

// serves says what a server that is started tells.
func (l *look) serves(x *server, s step) {
	told := false
	if x.portFlag != nil {
		if m := x.portFlag().FindStringSubmatch(l.expanded(s.text)); m != nil {
			l.flagPort(s, m[len(m)-1])
			told = true
		}
	}
	for _, name := range x.PortEnv {
		if v := l.docker.Env[name]; v.Text != "" {
			text := v.Text
			if m := addressPort().FindStringSubmatch(text); m != nil {
				text = m[1]
			}
			l.candidate(rankEnv, atoi(text), l.docker.Name, v.Line, "ENV "+name+"="+v.Text)
			told = true
		}
	}
	if !told && x.Port > 0 {
		l.candidate(rankServer, x.Port, s.file, s.line, s.raw)
	}
	if x.argument != nil && !x.argument().MatchString(s.text) {
		l.addFinding(Finding{ID: "start-argument", Severity: Must, File: s.file, Line: s.line, Text: s.raw, Key: "service.command", Means: x.Set})
	}
	if x.Loopback && !l.listensEverywhere(x, s) {
		l.addFinding(Finding{
			ID: "dockerfile-loopback", Severity: Must, File: s.file, Line: s.line, Text: s.raw, Key: firstOf(suggestKey(x.Suggest), "service.command"),
			Means: "by itself " + x.ID + " listens on 127.0.0.1 only, where the load balancer cannot reach it: " + firstOf(x.Set, "make it listen on 0.0.0.0"),
		})
		if name, value, ok := strings.Cut(x.Suggest, "="); ok {
			l.suggest("env."+name, value, s.file, s.line, "listens on 127.0.0.1 by default")
		}
	}
}

// addressPort matches an address such as http://+:5000, of several that for HTTP.
var addressPort = lazy(`^(?:https://[^;]*;)?http://[^/:;]*:(\d{2,5})`)

func suggestKey(suggest string) string {
	name, _, ok := strings.Cut(suggest, "=")
	if !ok {
		return ""
	}
	return "env." + name
}

func (l *look) listensEverywhere(x *server, s step) bool {
	if x.host != nil && x.host().MatchString(s.text) {
		return true
	}
	for _, name := range x.HostEnv {
		if v := l.docker.Env[name].Text; v != "" && v != "127.0.0.1" && v != "localhost" {
			return true
		}
		if v, _ := l.fly.value("env", name).(string); v != "" && v != "127.0.0.1" && v != "localhost" {
			return true
		}
	}
	if x.hostMark == nil {
		return false
	}
	for _, name := range l.files {
		if !slices.ContainsFunc(x.hostFiles, func(g glob) bool { return g.match(name) }) {
			continue
		}
		if text, ok := l.t.code(name); ok && x.hostMark().MatchString(text) {
			return true
		}
	}
	return false
}

var loopbackFlag = lazy(`(?:--?(?:bind|host|hostname|address|addr|ip|listen|b|H|h|S|server\.address|Dserver\.address)[= ]["']?|\brunserver\s+)(?:(?:tcp|http)://)?(127\.0\.0\.1|localhost|\[::1\])(?::|\b)`)

// loopback finds an address, in the start command or in ENV, that cannot be reached from outside.
func (l *look) loopback() {
	const means = " only, where the load balancer cannot reach it; make it listen on 0.0.0.0"
	if l.front() != nil {
		return // it answers the web server beside it
	}
	for _, s := range l.start {
		if m := loopbackFlag().FindStringSubmatch(s.text); m != nil && !besides().MatchString(s.text) && (s.file == l.docker.Name || languageOf(s.text) != "") {
			l.add(Must, "dockerfile-loopback", s.file, s.line, s.raw, "the app seems to listen on "+m[1]+means)
			return
		}
	}
	for _, name := range []string{"HOST", "HOSTNAME", "BIND", "BIND_ADDRESS", "LISTEN_ADDR", "SERVER_HOST", "UVICORN_HOST", "FLASK_RUN_HOST", "ROCKET_ADDRESS", "NITRO_HOST"} {
		if v := l.docker.Env[name]; v.Text == "127.0.0.1" || v.Text == "localhost" {
			l.add(Must, "dockerfile-loopback", l.docker.Name, v.Line, "ENV "+name+"="+v.Text, "the app seems to listen on "+v.Text+means)
			return
		}
	}
}

var (
	fastCGI    = lazy(`(?:^|/)php-fpm[\d.]*\b`)
	webServer  = lazy(`(?:^|/)(?:nginx|caddy|apache2-foreground|apache2ctl|httpd|frankenphp|lighttpd|unitd|rr)\b|artisan\s+(?:serve|octane)`)
	otherProxy = lazy(`(?:^|/)(?:nginx|caddy|httpd|unit|frankenphp|php-nginx|webdevops/php-(?:nginx|apache)|serversideup/php:[\w.-]*(?:nginx|apache))`)
)

// fastCGI tells of a container in which only PHP-FPM listens: it speaks FastCGI, and load balancers speak HTTP.
func (l *look) fastCGI() {
	d := l.docker
	if l.runs(webServer()) != nil || slices.ContainsFunc(d.Runs, func(r Line) bool { return installsServer().MatchString(r.Text) }) || otherProxy().MatchString(d.Base) {
		return
	}
	s := l.runs(fastCGI())
	if s == nil && (len(l.start) > 0 || !fpmBase().MatchString(d.Base)) {
		return
	}
	at, text := d.From.Line, d.From.Text
	if s != nil {
		at, text = s.line, s.raw
	}
	l.addFinding(Finding{
		ID: "fastcgi-only", Severity: Must, File: d.Name, Line: at, Text: text,
		Means: "PHP-FPM speaks FastCGI, and a load balancer speaks HTTP: put a web server such as nginx, Caddy or FrankenPHP into the same image",
	})
}

var (
	fpmBase        = lazy(`(?:^|/)php:[\w.-]*fpm|(?:^|/)[\w-]*php-?fpm`)
	installsServer = lazy(`\b(?:install|add)\b[^\n]*\b(?:nginx|caddy|apache2|lighttpd)\b`)
)

var daemonPrograms = []struct {
	name string
	data bool // two containers with one each would have different data, or do everything twice
	re   pattern
}{
	{"PostgreSQL", true, lazy(`(?:^|/)(?:postgres|postmaster|pg_ctl|pg_ctlcluster)\b|service\s+postgresql\s+start`)},
	{"MySQL", true, lazy(`(?:^|/)(?:mysqld|mysqld_safe|mariadbd)\b|service\s+(?:mysql|mariadb)\s+start`)},
	{"Redis", true, lazy(`(?:^|/)(?:redis-server|valkey-server)\b|service\s+redis(?:-server)?\s+start`)},
	{"MongoDB", true, lazy(`(?:^|/)mongod\b`)},
	{"cron", true, lazy(`(?:^|/)(?:cron|crond|supercronic)\b|service\s+cron\s+start`)},
	{"Celery beat", true, lazy(`celery\b.*\bbeat\b`)},
	{"a scheduler", true, lazy(`artisan\s+schedule:(?:work|run)`)},
	{"a worker", false, lazy(`(?:^|/)celery\b.*\bworker\b|(?:^|/)(?:sidekiq|resque|rq\s+worker|good_job|delayed_job)\b|artisan\s+(?:queue:work|horizon)|bin/jobs\b|solid_queue`)},
	{"nginx", false, lazy(`(?:^|/)nginx\b`)},
	{"PHP-FPM", false, lazy(`(?:^|/)php-fpm`)},
}

// severalDaemons tells of a container that runs more than one program. With a database or a clock among them there
// can be one container only.
func (l *look) severalDaemons() {
	var names []string
	var data string
	var at step
	for _, p := range daemonPrograms {
		if s := l.runs(p.re()); s != nil {
			names = append(names, p.name)
			at = *s
			if p.data && data == "" {
				data = p.name
			}
		}
	}
	if data == "" && l.daemons < 2 || len(l.start) < 2 {
		return // it is the only program
	}
	if len(names) == 0 {
		at = l.start[len(l.start)-1]
		names = []string{at.text}
	}
	means := "several programs run in one container: when one of them exits, the container keeps running without it; [processes] gives each its own container"
	if data != "" {
		means = data + " runs in the app's container, so there can be one container only: each would have its own"
		l.suggest("service.instances", 1, at.file, at.line, at.raw)
	}
	l.add(Should, "several-daemons", at.file, at.line, strings.Join(names, ", "), means)
	for _, x := range []struct{ name, dir string }{{"PostgreSQL", "/var/lib/postgresql"}, {"MySQL", "/var/lib/mysql"}, {"MongoDB", "/data/db"}} {
		if data == x.name {
			l.Need("persistent_storage", origin(at.file, at.line, at.raw))
			l.store(x.dir, at.file, at.line, at.raw)
		}
	}
}
