package project

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"berth/compare/unified"
)

// elixir says how the nodes of an Erlang cluster find each other here, and what of the app is made for Fly.io's
// network.
func (l *look) elixir() {
	if l.speaks != "elixir" {
		return
	}
	l.uploads()
	l.phoenixServer()
	l.releaseModule()
	script := l.flyLines()
	l.clustering(script)
}

const releaseEnv = "rel/env.sh.eex"

// envScript is the script that sets the environment of the release: in the folder of the project that is built, when
// the tree holds others, too.
func (l *look) envScript() string {
	for _, name := range l.files {
		if name == releaseEnv || strings.HasSuffix(name, "/"+releaseEnv) && strings.HasPrefix(name, l.context+"/") {
			return name
		}
	}
	return releaseEnv
}

var (
	serverSwitch = lazy(`System\.(?:get_env|fetch_env!?)\(\s*"PHX_SERVER"`)
	serverOn     = lazy(`\bserver:\s*true\b`)
	startsServer = lazy(`(?:^|/)server\b|phx\.server|PHX_SERVER`)
)

// phoenixServer proposes PHX_SERVER where a release is started by its own script: without it nothing listens.
func (l *look) phoenixServer() {
	if l.docker == nil || l.docker.Env["PHX_SERVER"].Text != "" || len(l.start) == 0 || l.runs(startsServer()) != nil {
		return
	}
	for _, s := range l.start {
		if startsServer().MatchString(s.raw) {
			return
		}
	}
	at := read{}
	for _, name := range l.files {
		if !strings.HasPrefix(name, "config/") && !strings.Contains(name, "/config/") {
			continue
		}
		text, ok := l.t.code(name)
		if !ok {
			continue
		}
		for _, m := range serverOn().FindAllStringIndex(text, -1) {
			if !serverSwitch().MatchString(firstLine(text[max(0, strings.LastIndexByte(text[:m[0]], '\n')):])) && guarded(text, m[0], m[1]) == free {
				return // it always listens
			}
		}
		if m := serverSwitch().FindStringIndex(text); m != nil {
			at.file = name
			at.line, at.text = lineOf(text, m[0])
		}
	}
	if at.file == "" {
		return
	}
	if l.script(path.Base(strings.Fields(l.start[0].text)[0])) != "" {
		return // a script of the project, which may set it
	}
	l.add(Info, "phoenix-server", at.file, at.line, at.text, "the app listens only when PHX_SERVER is set, and the start command does not set it: berth does")
	l.suggest("env.PHX_SERVER", "true", at.file, at.line, at.text)
}

var (
	releaseFile     = lazy(`(?:^|/)releases?(?:_tasks?)?\.ex$`)
	migrateFunction = lazy(`^\s*def\s+migrate\b`)
	moduleName      = lazy(`^\s*defmodule\s+([\w.]+)\s+do`)
	changesDatabase = lazy(`(?:^|/)migrate\b|Release\.migrate|ecto\.migrate`)
)

// releaseModule proposes to call the module that changes the database, where the release has no script for it.
func (l *look) releaseModule() {
	text, _ := l.t.text(l.mixFile())
	app := mixApp().FindStringSubmatch(text)
	if l.Needs.ReleaseCommand || app == nil || l.runs(changesDatabase()) != nil || l.runsInside(changesDatabase()) != nil {
		return
	}
	for _, name := range l.files {
		if !releaseFile().MatchString(name) {
			continue
		}
		body, ok := l.t.code(name)
		module, def := moduleName().FindStringSubmatch(body), migrateFunction().FindStringIndex(body)
		if !ok || module == nil || def == nil {
			continue
		}
		n, _ := lineOf(body, def[1]-1)
		l.release(path.Join(l.home(), "bin", l.releaseName(text, app[1]))+" eval "+module[1]+".migrate", name, n, "def migrate", "the database must be migrated before a new version starts")
		return
	}
}

// releaseName is the name of the release that the image holds: the one that mix is told to make, else the only one
// that mix.exs has, else the app's.
func (l *look) releaseName(mixfile, app string) string {
	if l.docker != nil {
		for _, r := range l.docker.Runs {
			if m := mixRelease().FindStringSubmatch(r.Text); m != nil {
				return m[1]
			}
		}
	}
	if m := releaseNames().FindStringSubmatch(mixfile); m != nil {
		return m[1]
	}
	return app
}

var (
	mixRelease   = lazy(`\bmix\s+release\s+(\w+)`)
	releaseNames = lazy(`\breleases:\s*\[\s*(\w+):\s*\[`)
)

var (
	podMark    = lazy(`\$\{?(?:MY_)?POD_[A-Z_]+|\.cluster\.local`) // as Kubernetes has it
	flyMark    = lazy(`FLY_[A-Z_]+|fly-local-6pn|inet6_tcp|\bECTO_IPV6\b|\.internal\b`)
	exportLine = lazy(`^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$`)
	hardInet6  = lazy(`socket_options:\s*\[\s*:inet6\s*\]|^\s*maybe_ipv6\s*=\s*\[:inet6\]`)
)

// flyLines tells of lines that are made for Fly.io's network, and returns rel/env.sh.eex as it would be for AWS.
func (l *look) flyLines() (script string) {
	script, _ = l.t.text(l.envScript())
	l.envScriptLines(script)
	if l.docker != nil {
		for _, name := range []string{"ECTO_IPV6", "ERL_AFLAGS"} {
			v := l.docker.Env[name]
			if v.Text == "" || name == "ECTO_IPV6" && v.Text != "true" && v.Text != "1" || name == "ERL_AFLAGS" && !strings.Contains(v.Text, "inet6") {
				continue
			}
			l.addFinding(Finding{
				ID: "fly-inet6", Severity: Must, File: l.docker.Name, Line: v.Line, Text: "ENV " + name + "=" + v.Text, Key: "env." + name,
				Means: "this is for Fly.io's private network, which is IPv6 only (inet6); the network here is IPv4: remove it from the Dockerfile",
				Diff:  l.without(l.docker.Name, v.Line, name),
			})
		}
	}
	for _, name := range l.files {
		if path.Ext(name) != ".exs" && path.Ext(name) != ".ex" {
			continue
		}
		text, ok := l.t.text(name)
		if !ok || !strings.Contains(text, "inet6") {
			continue
		}
		text, _ = l.t.code(name)
		if m := hardInet6().FindStringIndex(text); m != nil && guarded(text, m[0], m[1]) == free {
			n, line := lineOf(text, m[0])
			l.addFinding(Finding{
				ID: "fly-inet6", Severity: Must, File: name, Line: n, Text: line, Diff: l.withoutInet6(name),
				Means: "this connects to the database over IPv6 only (inet6), as Fly.io needs; here the database has an IPv4 address: remove the option",
			})
		}
	}
	for _, s := range l.start {
		if s.file != l.envScript() && l.docker != nil && s.file != l.docker.Name && s.file != "Procfile" && (strings.Contains(s.text, "fly-local-6pn") || strings.Contains(s.text, "FLY_")) && !strings.HasSuffix(s.file, ".json") && (l.fly == nil || s.file != l.fly.name) {
			text, _ := l.t.text(s.file)
			l.addFinding(Finding{
				ID: "fly-script", Severity: Must, File: s.file, Line: s.line, Text: s.raw, Diff: changed(s.file, text, awsScript(text, l.appName(text))),
				Means: "this works on Fly.io only (FLY_… variables, its private network) and must change for AWS",
			})
			break
		}
	}
	return script
}

// envScriptLines tells of the lines of rel/env.sh.eex that only work on Fly.io, with the change that mends them.
func (l *look) envScriptLines(script string) {
	made := "Fly.io"
	switch plain := withoutComments(script); {
	case flyMark().MatchString(plain):
	case podMark().MatchString(plain):
		made = "Kubernetes"
	default:
		return
	}
	next := awsScript(script, l.appName(script))
	n := 0
	first, shown := 0, ""
	var marks, queries []string
	for line := range strings.Lines(withoutComments(script)) {
		n++
		if m := exportLine().FindStringSubmatch(line); m != nil && strings.Contains(m[2], ".internal") {
			queries = append(queries, m[1])
		}
		if m := firstOf(flyMark().FindString(line), strings.TrimLeft(podMark().FindString(line), "${")); m != "" {
			if first == 0 {
				first, shown = n, strings.TrimSpace(line)
			}
			if !slices.Contains(marks, m) {
				marks = append(marks, m)
			}
		}
	}
	means := "this is made for " + made + " (" + strings.Join(marks, ", ") + ") and must change for AWS: IPv4, and RELEASE_NODE from the container's own address"
	if len(queries) > 0 {
		means += "; then set " + strings.Join(queries, " and ") + " to ${namespace} under [env]"
	}
	l.addFinding(Finding{
		ID: "elixir-fly-env", Severity: Must, File: l.envScript(), Line: first, Text: shown, Diff: unified.Diff(l.envScript(), script, next), Means: means,
	})
}

// withoutComments is a script without its comments, and without the names of Google's metadata service, which look like
// those of Fly.io's network.
func withoutComments(script string) string {
	return strings.ReplaceAll(shellSyntax.code(script), "metadata.google.internal", "metadata.google.invalid.")
}

var (
	nodeName  = lazy(`RELEASE_NODE="?'?([\w-]+)@`)
	mixApp    = lazy(`\bapp:\s*:(\w+)`)
	ownIP     = lazy(`\$\(\s*grep\s+fly-local-6pn[^)]*\)|\$\{?FLY_PRIVATE_IP\}?`)
	flyApp    = lazy(`\$\{?FLY_APP_NAME\}?(?:-\$\{?FLY_IMAGE_REF[^}]*\}+)?`)
	otherFly  = lazy(`\$\{?FLY_[A-Z_]+`)
	wantsInet = lazy(`inet6_tcp|^\s*(?:export\s+)?ECTO_IPV6=`)
)

// appName is the name before the @ of the nodes: of RELEASE_NODE as it stands, else the app's.
func (l *look) appName(script string) string {
	if m := nodeName().FindStringSubmatch(script); m != nil {
		return m[1]
	}
	if text, ok := l.t.text(l.mixFile()); ok {
		if m := mixApp().FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return "app"
}

const containerIP = `$(hostname -i | cut -d ' ' -f 1)`

// awsScript is rel/env.sh.eex with the lines for Fly.io changed or taken out.
func awsScript(script, app string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			out.WriteString(line)
			continue
		}
		if wantsInet().MatchString(line) || strings.Contains(line, ".internal") {
			continue
		}
		if podMark().MatchString(line) {
			if distNode().MatchString(line) {
				fmt.Fprintf(&out, "export RELEASE_NODE=%q\n", app+"@"+containerIP)
			}
			continue
		}
		next := ownIP().ReplaceAllLiteralString(line, containerIP)
		next = flyApp().ReplaceAllLiteralString(next, app)
		if otherFly().MatchString(next) {
			continue
		}
		out.WriteString(next)
	}
	return out.String()
}

// mixFile is the project file of what is built.
func (l *look) mixFile() string {
	if name := path.Join(l.context, "mix.exs"); l.t.has[name] {
		return name
	}
	return "mix.exs"
}

var allowUpload = lazy(`^[^#\n]*\ballow_upload\(`)

// uploads finds file uploads of LiveView, which go over the WebSocket unless they are external.
func (l *look) uploads() {
	for _, name := range l.files {
		if path.Ext(name) != ".ex" {
			continue
		}
		raw, ok := l.t.text(name)
		if !ok || !strings.Contains(raw, "allow_upload(") {
			continue
		}
		text, _ := l.t.code(name)
		for _, m := range allowUpload().FindAllStringIndex(text, 20) {
			line, shown := lineOf(text, m[1]-1)
			if strings.Contains(arguments(text[m[1]:]), "external:") {
				l.add(Info, "phoenix-external-uploads", name, line, shown, "the browser uploads these files directly to a store such as S3, not through the app")
				continue
			}
			l.add(Info, "phoenix-websocket-uploads", name, line, shown,
				"files are uploaded over the WebSocket: a service without WebSockets breaks this, and long polling does not help")
			l.Need("websocket_uploads", origin(name, line, shown))
			l.Need("websockets", origin(name, line, shown))
			return
		}
	}
}
