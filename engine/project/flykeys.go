package project

import (
	"strings"
	"sync"

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
var flyWords = sync.OnceValue(func() keyWords {
	return keyWords{
		{re: lazy(`^(?:http_service|services)\.internal_port$`), key: "service.port", words: "the load balancer sends requests to one port only"},
		{re: lazy(`\.force_https$`), words: "requests over http are redirected to https when the endpoint has a certificate"},
		{re: lazy(`\.(?:auto_start_machines|auto_stop_machines|autostart|autostop)$`), words: "Fargate does not stop idle containers: instances under [service] says how many run"},
		{re: lazy(`\.min_machines_running$`), key: "service.instances", words: "berth keeps at least one container running: instances under [service] says how many"},
		{re: lazy(`\.(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?path$|^checks\.[\w-]+\.path$`), key: "service.health_path", words: "the load balancer checks one path only"},
		{re: lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?grace_period$|^checks\.[\w-]+\.grace_period$`), key: "service.start_timeout", words: "start_timeout under [service] is how long the app may take to start"},
		{re: lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?(?:interval|timeout)$`), words: "the load balancer checks every 5 s, which keeps deployments quick: health.interval and health.timeout under [service] change it"},
		{re: lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?method$`), words: "the load balancer checks with GET"},
		{re: lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?headers(?:\.|$)`), words: "the load balancer sends no headers of its own with its health check"},
		{re: lazy(`(?:checks|http_checks|tcp_checks)\.(?:[\w-]+\.)?port$`), words: "the load balancer checks the port that requests go to"},
		{re: lazy(`(?:checks|http_checks|tcp_checks)\.`), words: "the load balancer checks a path and looks at the status code: health.codes under [service] says which are healthy"},
		{re: lazy(`^services\.ports\.(?:port|handlers|start_port|end_port)$`), words: "the load balancer listens on 80 and 443 and handles HTTP and TLS"},
		{re: lazy(`\.tls_options|\.proxy_proto_options`), words: "the load balancer has its own TLS policy, and no proxy protocol"},
		{re: lazy(`http_options\.idle_timeout$`), key: "network.idle_timeout", words: "idle_timeout under [network] says how long a connection may stay idle"},
		{re: lazy(`http_options\.`), words: "the load balancer does not change headers: the app or its proxy must"},
		{re: lazy(`\.protocol$`), words: "the load balancer passes HTTP only"},
		{re: lazy(`\.concurrency(?:\.|$)`), words: "the load balancer has no limit per container; requests_per_instance under [service.autoscale] adds containers instead"},
		{re: lazy(`^(?:http_service|services|vm|mounts|mount|statics|metrics|files|restart|checks\.[\w-]+)\.processes$`), words: "berth gives each process containers of its own: a table [processes.NAME]"},
		{re: lazy(`^deploy\.strategy$`), words: "berth does rolling deployments: no old container stops before a new one is healthy"},
		{re: lazy(`^deploy\.release_command(?:_vm|_timeout)`), words: "the release command runs at the app's size, for up to 30 minutes"},
		{re: lazy(`^deploy\.release_command$`), key: "service.release_command", words: "this runs before each new version"},
		{re: lazy(`^deploy\.`), words: "berth does rolling deployments; start_timeout under [service] is how long a new container may take"},
		{re: lazy(`^vm\.(?:memory|memory_mb)$`), key: "service.memory", words: "memory under [service] is the size of a container"},
		{re: lazy(`^vm\.gpu`), words: "Fargate has no GPUs"},
		{re: lazy(`^vm\.(?:size|cpus|cpu_kind)$`), key: "service.cpu", words: "cpu under [service] is the size of a container"},
		{re: lazy(`^vm\.`), words: "Fargate picks the host"},
		{re: lazy(`^mounts?\.(?:destination|source)$`), key: "storage", words: "[[storage]] keeps a folder on EFS"},
		{re: lazy(`^mounts?\.`), words: "EFS grows by itself, and is backed up by AWS Backup when that is set up"},
		{re: lazy(`^env\.PORT$`), key: "env.PORT", words: "berth sets the port that requests go to"},
		{re: lazy(`^env\.\w*(?:SECRET|TOKEN|PASSWORD|KEY)\w*$`), words: "it looks like a secret: `berth secrets set NAME` keeps it encrypted"},
		{re: lazy(`^env\.(?:FLY_|ECTO_IPV6|ERL_AFLAGS|DNS_CLUSTER_QUERY|RELEASE_|LITEFS_|PRIMARY_REGION)`), words: "it only has a meaning on Fly.io's network"},
		{re: lazy(`^env\.`), words: "its value is for Fly.io only: set your own under [env]"},
		{re: lazy(`^primary_region$`), key: "region", words: "region says where the app runs"},
		{re: lazy(`^kill_signal$`), words: "a container is stopped with SIGTERM, or with what STOPSIGNAL in the Dockerfile says"},
		{re: lazy(`^kill_timeout$`), key: "service.stop_timeout", words: "stop_timeout under [service] is how long the app may take to stop"},
		{re: lazy(`^build\.(?:dockerfile)$`), key: "image.dockerfile", words: "this Dockerfile is built"},
		{re: lazy(`^build\.build-target$`), key: "image.target", words: "this stage is built"},
		{re: lazy(`^build\.args`), words: "the image is built with these"},
		{re: lazy(`^build\.(?:builder|buildpacks|builtin|settings)`), words: "berth builds from a Dockerfile"},
		{re: lazy(`^build\.`), words: "berth builds with Docker, Podman or CodeBuild, whichever is there"},
		{re: lazy(`^experimental\.auto_rollback$`), words: "a version that does not become healthy is rolled back automatically"},
		{re: lazy(`^experimental\.(?:cmd|exec|entrypoint)$`), key: "service.command", words: "this runs instead of the Dockerfile's command"},
		{re: lazy(`^experimental\.`), words: "a setting of Fly.io's machines"},
		{re: lazy(`^statics\.`), words: "the app serves its own files; assets under [network] has CloudFront cache them"},
		{re: lazy(`^files\.`), words: "files have to be part of the image"},
		{re: lazy(`^metrics\.`), words: "CloudWatch has CPU and memory, and nothing scrapes this port"},
		{re: lazy(`^restart\.`), words: "a container that exits is always restarted"},
		{re: lazy(`^processes\.`), words: "a table [processes.NAME] gives it containers of its own"},
		{re: lazy(`^swap_size_mb$`), words: "Fargate has no swap: choose enough memory"},
		{re: lazy(`^console_command$`), words: "berth exec opens a shell"},
		{re: lazy(`^app$`), key: "app", words: "app is its name"},
		{re: lazy(``), words: "berth has no equivalent"},
	}
})

// flyImports are the lines of fly.toml that set something, each with what became of it.
func (l *look) flyImports() []Import {
	var out []Import
	for _, k := range l.fly.keys() {
		w, _ := flyWords().of(k.path)
		x := Import{File: l.fly.name, Line: k.line, Text: clip(k.text), Value: w.words}
		if name, isEnv := strings.CutPrefix(k.path, "env."); isEnv {
			x.Text = clip(name) // a value may be a secret
		}
		if value, ok := l.Suggests[w.key]; ok && l.from[w.key].File == l.fly.name && near(l.from[w.key].Line, k.line) {
			x.Key, x.Value = w.key, valueText(value)
		}
		out = append(out, x)
	}
	return out
}

// near says whether two lines can be of one table.
func near(a, b int) bool { return a-b < 12 && b-a < 12 }
