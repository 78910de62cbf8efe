package project

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"berth/compare/unified"
)

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
			"the containers connect to each other as Erlang nodes: they need a private network and a way to find each other, here DNS")
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
			say(Info, "the containers find each other by listing the tasks of ECS, and connect as Erlang nodes")
		case strings.Contains(s, "Kubernetes"):
			need("dns")
			say(Must, "this asks Kubernetes for the nodes, and there is no Kubernetes here: use Cluster.Strategy.DNSPoll with a query from the environment, and set that to ${namespace} under [env]")
		case strings.Contains(s, "Gossip"):
			need("dns")
			say(Must, "Gossip finds nodes by multicast, which a VPC does not support by default: use Cluster.Strategy.DNSPoll with a query from the environment, and set that to ${namespace} under [env]")
		case strings.Contains(s, "Postgres"):
			need("dns")
			say(Info, "the containers find each other through the database, and connect as Erlang nodes")
		case strings.Contains(s, "Epmd") || strings.Contains(s, "ErlangHosts") || strings.Contains(s, "Rancher"):
			need("dns")
			say(Must, "this lists the nodes by name, but each new container has a new name: use Cluster.Strategy.DNSPoll with a query from the environment, and set that to ${namespace} under [env]")
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
	script, _ := l.t.text(l.envScript())
	return regexp.MustCompile(`(?m)^\s*(?:export\s+)?` + variable + `=`).MatchString(withoutComments(script))
}

// dnsCluster says whether dns_cluster is on: every new Phoenix app has it, but it does something only with a query.
func (l *look) dnsCluster(d *dependency, script string) bool {
	variable, at := "", read{file: d.file, line: d.line, text: d.text}
	for _, name := range l.files {
		if path.Ext(name) != ".exs" && path.Ext(name) != ".ex" {
			continue
		}
		raw, ok := l.t.text(name)
		if !ok || !strings.Contains(raw, "DNSCluster") && !strings.Contains(raw, "dns_cluster_query") {
			continue
		}
		text, _ := l.t.code(name)
		if !dnsRead().MatchString(text) {
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
		on, at = true, read{file: l.envScript(), text: variable + " is set"}
	case distributed().MatchString(withoutComments(script)):
		on, at = true, read{file: l.envScript(), text: "the nodes have names"}
	}
	if at.file == l.envScript() {
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
		l.add(Must, "elixir-rel-not-copied", l.envScript(), 1, l.envScript(), "it names the nodes, but the Dockerfile does not copy rel, so the release lacks it and the containers will not connect: add COPY rel rel before mix release")
	case env("RELEASE_NODE"), mixed, l.erlangScript():
	default:
		next := script
		if !strings.HasPrefix(next, "#!") {
			next = "#!/bin/sh\n" + next
		}
		original, _ := l.t.text(l.envScript())
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
			ID: "elixir-node-name", Severity: Must, File: l.envScript(), Text: "no RELEASE_NODE", Diff: unified.Diff(l.envScript(), original, next),
			Means: "the containers find each other but will not connect: each needs RELEASE_DISTRIBUTION=name and a RELEASE_NODE with its own address, set in rel/env.sh.eex, which the Dockerfile copies with COPY rel rel",
		})
	}
	if !l.seen["RELEASE_COOKIE"] && !strings.Contains(script, "RELEASE_COOKIE=") && (l.docker == nil || l.docker.Env["RELEASE_COOKIE"].Text == "") && !l.cookieInMix() {
		l.seen["RELEASE_COOKIE"] = true
		l.addFinding(Finding{
			ID: "elixir-cookie", Severity: Should, File: l.manifest, Line: 1, Text: "no RELEASE_COOKIE",
			Variable: &Variable{Name: "RELEASE_COOKIE", Kind: Generated, Random: &Random{Length: 56, Alphabet: alphanumeric}},
			Means:    "each build generates a new cookie, so old and new containers do not connect during a deployment: set one random cookie for all with `" + setSecret + "RELEASE_COOKIE`",
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
		if strings.HasPrefix(name, path.Dir(l.envScript())+"/") && name != l.envScript() {
			if text, ok := l.t.text(name); ok && (strings.Contains(text, "RELEASE_NODE") || strings.Contains(text, "-name ")) {
				return true
			}
		}
	}
	return false
}

func (l *look) cookieInMix() bool {
	text, _ := l.t.code(l.mixFile())
	return strings.Contains(text, "cookie:")
}
