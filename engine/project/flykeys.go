package project

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// flyKey is one key that fly.toml sets.
type flyKey struct {
	path string // such as http_service.checks.path
	line int
	text string // the line as it stands there
}

// keys are all keys that the file sets, in order, those of inline tables too.
func (f *flyToml) keys() []flyKey {
	if f == nil || f.err != nil {
		return nil
	}
	lines := strings.Split(f.raw, "\n")
	var out []flyKey
	var p unstable.Parser
	p.Reset([]byte(f.raw))
	add := func(under string, n *unstable.Node) (path string) {
		path = under
		line := 0
		for it := n.Key(); it.Next(); {
			path = strings.TrimPrefix(path+"."+string(it.Node().Data), ".")
			line = p.Shape(it.Node().Raw).Start.Line
		}
		if n.Kind == unstable.KeyValue && line > 0 && line <= len(lines) {
			out = append(out, flyKey{path, line, strings.TrimSpace(lines[line-1])})
		}
		return path
	}
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = add("", e)
		case unstable.KeyValue:
			path := add(table, e)
			if v := e.Value(); v.Kind == unstable.InlineTable || v.Kind == unstable.Array {
				inlineKeys(path, v, add, 0)
			}
		}
	}
	return out
}

// lineText is a line of the file, from 1, without the space around it.
func (f *flyToml) lineText(n int) string {
	if f == nil || n < 1 {
		return ""
	}
	for line := range strings.Lines(f.raw) {
		if n--; n == 0 {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// inlineKeys adds the keys of the inline tables in a value.
func inlineKeys(path string, v *unstable.Node, add func(string, *unstable.Node) string, depth int) {
	if depth > 10 {
		return
	}
	for it := v.Children(); it.Next(); {
		switch n := it.Node(); n.Kind {
		case unstable.KeyValue:
			below := add(path, n)
			inlineKeys(below, n.Value(), add, depth+1)
		case unstable.InlineTable, unstable.Array:
			inlineKeys(path, n, add, depth+1)
		}
	}
}

// flyWords say what a key of fly.toml is here: the key of berth.toml that another of its lines led to, or why there is
// none. The first whose pattern the path of the key matches counts.
var flyWords = []struct {
	re    pattern
	key   string
	words string
}{
	{lazy(`^(?:http_service|services)\.internal_port$`), "service.port", "the load balancer sends requests to one port only"},
	{lazy(`\.force_https$`), "", "a request by http is answered with a redirect to https, as long as the endpoint has a certificate"},
	{lazy(`\.(?:auto_start_machines|auto_stop_machines|autostart|autostop)$`), "", "Fargate stops nothing while it is idle: instances under [service] says how many containers run"},
	{lazy(`\.min_machines_running$`), "service.instances", "berth runs at least one container: instances under [service] says how many"},
	{lazy(`\.(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?path$|^checks\.[\w-]+\.path$`), "service.health_path", "the load balancer asks one path only"},
	{lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?grace_period$|^checks\.[\w-]+\.grace_period$`), "service.start_timeout", "start_timeout under [service] is the time an app has to come up"},
	{lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?(?:interval|timeout)$`), "", "the load balancer asks every 5 s, so that a deployment is quick: health.interval and health.timeout under [service] change it"},
	{lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?method$`), "", "the load balancer asks with GET"},
	{lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?headers(?:\.|$)`), "", "the load balancer sends no headers of its own with its health check"},
	{lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?port$`), "", "the load balancer asks the port that requests go to"},
	{lazy(`(?:checks|http_checks|tcp_checks)\.`), "", "the load balancer asks a path and looks at the status of the answer: health.codes under [service] says which are well"},
	{lazy(`^services\.ports\.(?:port|handlers|start_port|end_port)$`), "", "the load balancer takes requests on 80 and 443 and speaks HTTP and TLS by itself"},
	{lazy(`\.tls_options|\.proxy_proto_options`), "", "the load balancer has a policy for TLS of its own, and no proxy protocol"},
	{lazy(`http_options\.idle_timeout$`), "network.idle_timeout", "idle_timeout under [network] says how long a connection may be silent"},
	{lazy(`http_options\.`), "", "the load balancer changes no headers: the app, or its proxy, has to"},
	{lazy(`\.protocol$`), "", "only HTTP comes through the load balancer, over TCP"},
	{lazy(`\.concurrency(?:\.|$)`), "", "the load balancer has no limit per container; requests_per_instance under [service.autoscale] adds containers instead"},
	{lazy(`^(?:http_service|services|vm|mounts|mount|statics|metrics|files|restart|checks\.[\w-]+)\.processes$`), "", "berth gives each process containers of its own: a table [processes.NAME]"},
	{lazy(`^deploy\.strategy$`), "", "berth replaces containers step by step and takes no old one away before a new one is well"},
	{lazy(`^deploy\.release_command(?:_vm|_timeout)`), "", "the release command gets the size of the app and as long as it needs"},
	{lazy(`^deploy\.release_command$`), "service.release_command", "this runs before each new version"},
	{lazy(`^deploy\.`), "", "berth replaces containers step by step; start_timeout under [service] is how long a new one may take"},
	{lazy(`^vm\.(?:memory|memory_mb)$`), "service.memory", "memory under [service] is the size of a container"},
	{lazy(`^vm\.gpu`), "", "Fargate has no GPUs"},
	{lazy(`^vm\.(?:size|cpus|cpu_kind)$`), "service.cpu", "cpu under [service] is the size of a container"},
	{lazy(`^vm\.`), "", "Fargate chooses the machine"},
	{lazy(`^mounts?\.(?:destination|source)$`), "storage", "[[storage]] keeps a folder on EFS"},
	{lazy(`^mounts?\.`), "", "EFS grows by itself, and is backed up by AWS Backup when that is set up"},
	{lazy(`^env\.PORT$`), "env.PORT", "berth sets the port that requests go to"},
	{lazy(`^env\.\w*(?:SECRET|TOKEN|PASSWORD|KEY)\w*$`), "", "it looks like a secret: `berth secrets set NAME` keeps it encrypted"},
	{lazy(`^env\.(?:FLY_|ECTO_IPV6|ERL_AFLAGS|DNS_CLUSTER_QUERY|RELEASE_|LITEFS_|PRIMARY_REGION)`), "", "it means something on Fly.io's network alone"},
	{lazy(`^env\.`), "", "its value holds for Fly.io only: set your own under [env]"},
	{lazy(`^primary_region$`), "region", "region says where the app runs"},
	{lazy(`^kill_signal$`), "", "a container is stopped with SIGTERM, or with what STOPSIGNAL in the Dockerfile says"},
	{lazy(`^kill_timeout$`), "service.stop_timeout", "stop_timeout under [service] is how long an app may take to end"},
	{lazy(`^build\.(?:dockerfile)$`), "image.dockerfile", "this Dockerfile is built"},
	{lazy(`^build\.build-target$`), "image.target", "this stage is built"},
	{lazy(`^build\.args`), "", "the image is built with these"},
	{lazy(`^build\.(?:builder|buildpacks|builtin|settings)`), "", "berth builds from a Dockerfile"},
	{lazy(`^build\.`), "", "berth builds with Docker, BuildKit or CodeBuild as it finds them"},
	{lazy(`^experimental\.auto_rollback$`), "", "a version that does not come up is rolled back by itself"},
	{lazy(`^experimental\.(?:cmd|exec|entrypoint)$`), "service.command", "this runs instead of the Dockerfile's command"},
	{lazy(`^experimental\.`), "", "a setting of Fly.io's own machines"},
	{lazy(`^statics\.`), "", "the app serves its files itself; assets under [network] lets the edge keep them"},
	{lazy(`^files\.`), "", "files have to be part of the image"},
	{lazy(`^metrics\.`), "", "CloudWatch shows CPU and memory, and nobody asks that port"},
	{lazy(`^restart\.`), "", "a container that ends is always started again"},
	{lazy(`^processes\.`), "", "a table [processes.NAME] gives it containers of its own"},
	{lazy(`^swap_size_mb$`), "", "Fargate has no swap: choose memory that is enough"},
	{lazy(`^console_command$`), "", "berth exec opens a shell"},
	{lazy(`^app$`), "app", "app is its name"},
	{lazy(``), "", "berth has nothing like it"},
}

// flyImports are the keys of fly.toml of which nothing was said yet, each with what became of it. said has the lines
// that were told of.
func (l *look) flyImports(said map[int]bool) []Import {
	var out []Import
	for _, k := range l.fly.keys() {
		if said[k.line] {
			continue
		}
		said[k.line] = true
		x := Import{File: l.fly.name, Line: k.line, Text: k.text}
		if strings.HasPrefix(k.path, "env.") {
			x.Text = strings.TrimPrefix(k.path, "env.") // a value may be a secret
		}
		for _, w := range flyWords {
			if !w.re().MatchString(k.path) {
				continue
			}
			x.Value = w.words
			if value, ok := l.Suggests[w.key]; ok && l.from[w.key].File == l.fly.name && near(l.from[w.key].Line, k.line) {
				x.Key, x.Value = w.key, valueText(value)
			}
			break
		}
		x.Text = clip(x.Text)
		out = append(out, x)
	}
	return out
}

// near says whether two lines can be of one table.
func near(a, b int) bool { return a-b < 12 && b-a < 12 }
