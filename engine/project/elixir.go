package project

import (
	"fmt"
	"path"
	"regexp"
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
	script := l.flyLines()
	l.clustering(script)
}

const envScript = "rel/env.sh.eex"

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
	l.add(Info, "phoenix-server", at.file, at.line, at.text, "the app listens only with PHX_SERVER, and the start command does not set it: berth does")
	l.suggest("env.PHX_SERVER", "true", at.file, at.line, at.text)
}

var (
	flyMark    = lazy(`FLY_[A-Z_]+|fly-local-6pn|inet6_tcp|\bECTO_IPV6\b|\.internal\b`)
	exportLine = lazy(`^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$`)
	hardInet6  = lazy(`socket_options:\s*\[\s*:inet6\s*\]|^\s*maybe_ipv6\s*=\s*\[:inet6\]`)
)

// flyLines tells of lines that are made for Fly.io's network, and returns rel/env.sh.eex as it would be for AWS.
func (l *look) flyLines() (script string) {
	script, _ = l.t.text(envScript)
	l.envScriptLines(script)
	if l.docker != nil {
		for _, name := range []string{"ECTO_IPV6", "ERL_AFLAGS"} {
			v := l.docker.Env[name]
			if v.Text == "" || name == "ECTO_IPV6" && v.Text != "true" && v.Text != "1" || name == "ERL_AFLAGS" && !strings.Contains(v.Text, "inet6") {
				continue
			}
			l.addFinding(Finding{
				ID: "fly-inet6", Severity: Must, File: l.docker.Name, Line: v.Line, Text: "ENV " + name + "=" + v.Text, Key: "env." + name,
				Means: "this is made for Fly.io's network, which is IPv6 only (inet6); the containers' network here has IPv4: take it out of the Dockerfile",
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
			l.add(Must, "fly-inet6", name, n, line, "the database is reached over IPv6 only (inet6), as on Fly.io; here it has an IPv4 address: take the option out")
		}
	}
	for _, s := range l.start {
		if s.file != envScript && l.docker != nil && s.file != l.docker.Name && s.file != "Procfile" && (strings.Contains(s.text, "fly-local-6pn") || strings.Contains(s.text, "FLY_")) && !strings.HasSuffix(s.file, ".json") && (l.fly == nil || s.file != l.fly.name) {
			l.add(Must, "fly-script", s.file, s.line, s.raw, "this is made for Fly.io (FLY_… variables, its own network) and must change for AWS")
			break
		}
	}
	return script
}

// envScriptLines tells of the lines of rel/env.sh.eex that only work on Fly.io, with the change that mends them.
func (l *look) envScriptLines(script string) {
	if !flyMark().MatchString(withoutComments(script)) {
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
		if m := flyMark().FindString(line); m != "" {
			if first == 0 {
				first, shown = n, strings.TrimSpace(line)
			}
			if !slices.Contains(marks, m) {
				marks = append(marks, m)
			}
		}
	}
	means := "this is made for Fly.io (" + strings.Join(marks, ", ") + ") and must change for AWS: IPv4, and RELEASE_NODE from the container's own address"
	if len(queries) > 0 {
		means += "; then set " + strings.Join(queries, " and ") + " to ${namespace} under [env]"
	}
	l.addFinding(Finding{
		ID: "elixir-fly-env", Severity: Must, File: envScript, Line: first, Text: shown, Diff: unified.Diff(envScript, script, next), Means: means,
	})
}

func withoutComments(script string) string { return shellSyntax.code(script) }

var (
	nodeName  = lazy(`RELEASE_NODE="?'?([\w-]+)@`)
	mixApp    = lazy(`^\s*app:\s*:(\w+)`)
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
	if text, ok := l.t.text("mix.exs"); ok {
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
		next := ownIP().ReplaceAllLiteralString(line, containerIP)
		next = flyApp().ReplaceAllLiteralString(next, app)
		if otherFly().MatchString(next) {
			continue
		}
		out.WriteString(next)
	}
	return out.String()
}

var (
	strategy   = lazy(`strategy:\s*\[?\s*(?:Elixir\.)?([\w.]+)`)
	fromEnv    = lazy(`\b(cluster|service_name|region|query|service|node_basename|application_name|app_prefix):\s*\[?\s*(?:System\.(?:get_env|fetch_env!?)\(?\s*"([A-Z][A-Z0-9_]*)"|(\w+))`)
	boundToEnv = lazy(`\b(\w+)\s*=\s*(?:System\.(?:get_env|fetch_env!?)\(?\s*"([A-Z][A-Z0-9_]*)")`)
	dnsRead    = lazy(`DNSCluster|dns_cluster_query`)
	queryRead  = lazy(`System\.(?:get_env|fetch_env!?)\(?\s*"(DNS_CLUSTER_QUERY|[A-Z_]*CLUSTER[A-Z_]*QUERY|[A-Z_]*DNS[A-Z_]*)"`)
)

// topology is one way of the app to find its nodes.
type topology struct {
	strategy string
	config   map[string]string // options that come from the environment: option -> variable
	read
}

// topologies are the strategies of libcluster that production uses.
func (l *look) topologies() []topology {
	var out []topology
	for _, name := range l.files {
		if path.Ext(name) != ".exs" && path.Ext(name) != ".ex" {
			continue
		}
		raw, ok := l.t.text(name)
		if !ok || !strings.Contains(raw, "strategy:") {
			continue
		}
		text, _ := l.t.code(name)
		bound := map[string]string{}
		for _, m := range boundToEnv().FindAllStringSubmatch(text, -1) {
			bound[m[1]] = m[2]
		}
		for _, m := range strategy().FindAllStringSubmatchIndex(text, 20) {
			if s := text[m[2]:m[3]]; !strings.Contains(s, "luster") || guarded(text, m[0], m[1]) == elsewhere {
				continue
			}
			t := topology{strategy: text[m[2]:m[3]], config: map[string]string{}, read: read{file: name}}
			t.line, t.text = lineOf(text, m[0])
			rest := text[m[1]:]
			if next := strategy().FindStringIndex(rest); next != nil {
				rest = rest[:next[0]]
			}
			for _, o := range fromEnv().FindAllStringSubmatch(rest[:min(len(rest), 800)], 20) {
				if variable := firstOf(o[2], bound[o[3]]); variable != "" {
					t.config[o[1]] = variable
				}
			}
			out = append(out, t)
		}
	}
	return out
}

// clustering says how the nodes find each other, and whether they will.
func (l *look) clustering(script string) {
	lib := l.uses("elixir", []string{"libcluster", "libcluster_ecs", "horde", "syn", "swarm", "partisan"})
	dns := l.uses("elixir", []string{"dns_cluster"})
	switch {
	case l.cancelled["clustering"]:
		return
	case lib != nil:
		l.libcluster(lib)
	case dns != nil && l.dnsCluster(dns, script):
	default:
		return
	}
	if l.Needs.Clustering {
		l.nodes(script)
	}
}

// libcluster reads the strategies of libcluster.
func (l *look) libcluster(d *dependency) {
	all := l.topologies()
	if len(all) == 0 {
		l.Need("clustering", origin(d.file, d.line, d.text))
		l.add(Info, "elixir-libcluster", d.file, d.line, d.text,
			"the containers connect to each other as Erlang nodes: they need a network of their own and a way to find each other, here by DNS")
		l.suggest("network.clustering", "dns", d.file, d.line, d.text)
		return
	}
	for _, t := range all {
		say := func(severity Severity, means string) {
			if len(all) > 1 {
				severity = Info // the app chooses among several
			}
			l.add(severity, "elixir-libcluster", t.file, t.line, t.text, means)
		}
		need := func(mode string) {
			l.Need("clustering", origin(t.file, t.line, t.text))
			l.suggest("network.clustering", mode, t.file, t.line, t.text)
		}
		set := func(option, value string) {
			if variable := t.config[option]; variable != "" {
				l.suggest("env."+variable, value, t.file, t.line, t.text)
			}
		}
		switch s := t.strategy; {
		case strings.Contains(s, "Ecs") || strings.Contains(s, "ECS"):
			need("ecs-api")
			set("cluster", "${cluster}")
			set("service_name", "${service_arn}")
			set("region", "${region}")
			say(Info, "the containers find each other by asking ECS which tasks there are, and connect as Erlang nodes")
		case strings.Contains(s, "Kubernetes"):
			need("dns")
			say(Must, "this asks Kubernetes for the nodes, which is not there: use Cluster.Strategy.DNSPoll with a query from the environment, and set that to ${namespace} under [env]")
		case strings.Contains(s, "Gossip"):
			need("dns")
			say(Must, "Gossip finds nodes by multicast, which networks of AWS do not pass on: use Cluster.Strategy.DNSPoll with a query from the environment, and set that to ${namespace} under [env]")
		case strings.Contains(s, "Postgres"):
			need("dns")
			say(Info, "the containers find each other through the database, and connect as Erlang nodes")
		case strings.Contains(s, "Epmd") || strings.Contains(s, "ErlangHosts") || strings.Contains(s, "Rancher"):
			need("dns")
			say(Must, "this has a list of nodes by name, and containers get new names: use Cluster.Strategy.DNSPoll with a query from the environment, and set that to ${namespace} under [env]")
		default: // DNSPoll, DNSSRV
			need("dns")
			means := "the containers find each other by DNS, and connect as Erlang nodes"
			if t.config["query"] == "" {
				means += "; the query must be ${namespace}, which [env] can set: read it from the environment"
			} else if !l.overridden(t.config["query"]) {
				set("query", "${namespace}")
			}
			say(Info, means)
		}
	}
}

// overridden says whether rel/env.sh.eex sets a variable itself, so that what berth sets would not count.
func (l *look) overridden(variable string) bool {
	script, _ := l.t.text(envScript)
	return regexp.MustCompile(`(?m)^\s*(?:export\s+)?` + variable + `=`).MatchString(withoutComments(script))
}

// dnsCluster says whether dns_cluster is on: every new Phoenix app has it, but it does something only with a query.
func (l *look) dnsCluster(d *dependency, script string) bool {
	variable, at := "", read{file: d.file, line: d.line, text: d.text}
	for _, name := range l.files {
		if path.Ext(name) != ".exs" && path.Ext(name) != ".ex" {
			continue
		}
		text, ok := l.t.code(name)
		if !ok || !dnsRead().MatchString(text) {
			continue
		}
		if m := queryRead().FindStringSubmatch(text); m != nil {
			variable = m[1]
		}
	}
	variable = firstOf(variable, "DNS_CLUSTER_QUERY")
	on := false
	env, _ := l.fly.value("env").(map[string]any)
	switch {
	case env[variable] != nil:
		on, at = true, read{file: l.fly.name, line: l.fly.lineIn("env", 0, variable), text: variable + " is set"}
	case l.docker != nil && l.docker.Env[variable].Text != "":
		on, at = true, read{file: l.docker.Name, line: l.docker.Env[variable].Line, text: variable + " is set"}
	case l.overridden(variable):
		on, at = true, read{file: envScript, text: variable + " is set"}
	case distributed().MatchString(withoutComments(script)):
		on, at = true, read{file: envScript, text: "the nodes have names"}
	}
	if at.file == envScript {
		n := 0
		for line := range strings.Lines(script) {
			n++
			if at.line == 0 && (strings.Contains(line, variable+"=") || at.text == "the nodes have names" && distributed().MatchString(line)) {
				at.line = n
			}
		}
	}
	if !on {
		l.add(Info, "elixir-dns-cluster", d.file, d.line, d.text, "every new Phoenix app has this; it connects the containers only when "+variable+" is set")
		return false
	}
	l.Need("clustering", origin(at.file, at.line, at.text))
	l.suggest("network.clustering", "dns", at.file, at.line, at.text)
	if !l.overridden(variable) {
		l.suggest("env."+variable, "${namespace}", at.file, at.line, at.text)
	}
	l.add(Info, "elixir-dns-cluster-on", at.file, at.line, at.text, "the containers find each other by DNS, and connect as Erlang nodes")
	return true
}

var (
	distributed = lazy(`^\s*(?:export\s+)?RELEASE_(?:NODE|DISTRIBUTION)=`)
	distName    = lazy(`^\s*(?:export\s+)?RELEASE_DISTRIBUTION="?'?name`)
	distNode    = lazy(`^\s*(?:export\s+)?RELEASE_NODE=`)
)

// nodes says whether each container's node will have a name with its own address, without which they do not connect.
func (l *look) nodes(script string) {
	script = withoutComments(script)
	env := func(name string) bool {
		if l.docker != nil && l.docker.Env[name].Text != "" {
			return true
		}
		on, _ := l.fly.value("env").(map[string]any)
		return on[name] != nil || l.runs(regexp.MustCompile(name)) != nil
	}
	inScript := distNode().MatchString(script) && (distName().MatchString(script) || env("RELEASE_DISTRIBUTION"))
	mixed := l.docker != nil && l.runs(lazy(`^(?:elixir|iex|erl)\b.*--?s?name\b|\b--?name\b`)()) != nil
	switch {
	case inScript && l.relCopied():
	case inScript:
		l.add(Must, "elixir-rel-not-copied", envScript, 1, envScript, "it names the nodes, but the Dockerfile copies no rel, so that it is not part of the release and the containers will not connect: add COPY rel rel before mix release")
	case env("RELEASE_NODE"), mixed, l.erlangScript():
	default:
		next := script
		if !strings.HasPrefix(next, "#!") {
			next = "#!/bin/sh\n" + next
		}
		original, _ := l.t.text(envScript)
		if original != "" {
			next = strings.TrimRight(awsScript(original, l.appName(original)), "\n") + "\n"
		}
		if !distName().MatchString(next) {
			next += "export RELEASE_DISTRIBUTION=name\n"
		}
		if !distNode().MatchString(next) {
			next += fmt.Sprintf("export RELEASE_NODE=%q\n", l.appName(original)+"@"+containerIP)
		}
		l.addFinding(Finding{
			ID: "elixir-node-name", Severity: Must, File: envScript, Text: "no RELEASE_NODE", Diff: unified.Diff(envScript, original, next),
			Means: "the containers find each other but will not connect: each needs RELEASE_DISTRIBUTION=name and a RELEASE_NODE with its own address, set in rel/env.sh.eex, which the Dockerfile copies with COPY rel rel",
		})
	}
	if !l.seen["RELEASE_COOKIE"] && (l.docker == nil || l.docker.Env["RELEASE_COOKIE"].Text == "") && !l.cookieInMix() {
		l.seen["RELEASE_COOKIE"] = true
		l.addFinding(Finding{
			ID: "elixir-cookie", Severity: Should, File: l.manifest, Line: 1, Text: "no RELEASE_COOKIE",
			Variable: &Variable{Name: "RELEASE_COOKIE", Kind: Generated, Random: &Random{Length: 56, Alphabet: alphanumeric}},
			Means:    "each build makes a cookie of its own, so that old and new containers do not connect while a version replaces another: give RELEASE_COOKIE any random text, as from_ssm under [secrets]",
		})
	}
}

// relCopied says whether the release is built with the folder rel: where the Dockerfile copies nothing of the
// project's source, it is built elsewhere.
func (l *look) relCopied() bool {
	if l.docker == nil {
		return true
	}
	source := false
	for _, c := range l.docker.Copies {
		for _, s := range c.Sources {
			s = path.Clean("/" + s)[1:]
			if c.From == "" && (s == "" || s == "rel" || strings.HasPrefix(s, "rel/") || s == "*") {
				return true
			}
			source = source || c.From == "" && (s == "mix.exs" || s == "lib" || s == "config")
		}
	}
	return !source
}

// erlangScript says whether a script of the release names the node in another way.
func (l *look) erlangScript() bool {
	for _, name := range l.t.files {
		if strings.HasPrefix(name, "rel/") && name != envScript {
			if text, ok := l.t.text(name); ok && (strings.Contains(text, "RELEASE_NODE") || strings.Contains(text, "-name ")) {
				return true
			}
		}
	}
	return false
}

func (l *look) cookieInMix() bool {
	text, _ := l.t.code("mix.exs")
	return strings.Contains(text, "cookie:")
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
				l.add(Info, "phoenix-external-uploads", name, line, shown, "the browser sends these files straight to a store such as S3, not through the app")
				continue
			}
			l.add(Info, "phoenix-websocket-uploads", name, line, shown,
				"files are uploaded over the WebSocket: a service without WebSockets breaks this, and long polling is no way out")
			l.Need("websocket_uploads", origin(name, line, shown))
			l.Need("websockets", origin(name, line, shown))
			return
		}
	}
}
