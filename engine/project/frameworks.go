package project

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"berth/engine/spec"
)

// demand is a variable that a framework itself does not start without.
type demand struct {
	Stack  string   `toml:"stack"`
	Deps   []string `toml:"deps"`
	Names  []string `toml:"names"`
	Unless string   `toml:"unless"`     // files with this in the code do without
	Set    string   `toml:"unless_set"` // the image sets a variable so, as NAME=VALUE
	Files  []string `toml:"files"`      // one of these paths must be there
	Random bool     `toml:"random"`
	Any    []string `toml:"any"` // one of these is enough

	unless, set pattern
}

// frameworks adds the variables that frameworks themselves do not start without.
func (l *look) frameworks() {
	for _, lang := range l.languages() {
		for _, d := range lang.Demands {
			at := read{random: d.Random, file: l.manifest}
			switch dep := l.uses(lang.ID, d.Deps); {
			case d.Stack != "" && d.Stack != l.Stack, len(d.Deps) > 0 && dep == nil, slices.ContainsFunc(d.Any, func(n string) bool { return l.seen[n] || l.docker != nil && l.docker.Env[n].Text != "" }):
				continue
			case dep != nil:
				at.file, at.line, at.text = dep.file, dep.line, dep.text
			}
			if d.set != nil && l.sets(d.set()) {
				l.madeUp(d.Names, at)
				continue
			}
			if len(d.Files) > 0 {
				i := slices.IndexFunc(d.Files, l.exists)
				if i < 0 {
					continue
				}
				at.file, at.line, at.text = d.Files[i], 0, d.Files[i]
			}
			if d.unless != nil && slices.ContainsFunc(l.files, func(n string) bool {
				text, ok := l.t.code(n)
				return lang.source(n) && ok && d.unless().MatchString(text)
			}) {
				continue
			}
			for _, name := range d.Names {
				at.name = name
				l.demand(at)
			}
		}
	}
}

// madeUp tells of secrets that the framework makes up by itself where there is none, each container its own.
func (l *look) madeUp(names []string, at read) {
	for _, name := range names {
		if l.seen[name] {
			continue
		}
		l.seen[name] = true
		l.addFinding(Finding{
			ID: "name-made-up", Severity: Should, File: at.file, Line: at.line, Text: "no " + name, Variable: classify(name, "", l.Stack),
			Means: "each container generates its own, so sessions are lost with the container and with each deployment: `" + setSecret + name + "` sets the same one for all",
		})
	}
}

// sets says whether the image, or its start command, sets a variable as a pattern for NAME=VALUE has it.
func (l *look) sets(re *regexp.Regexp) bool {
	if l.docker == nil {
		return false
	}
	for name, v := range l.docker.Env {
		if re.MatchString(name + "=" + v.Text) {
			return true
		}
	}
	return slices.ContainsFunc(l.start, func(s step) bool { return slices.ContainsFunc(strings.Fields(s.raw), re.MatchString) })
}

// readCompose says what the Compose file tells of the app and of what it leans on.
func (l *look) readCompose() {
	c := l.compose
	if c == nil {
		return
	}
	if c.err != nil {
		l.add(Should, "compose-broken", c.name, yamlLine(c.err), c.name, "it is not valid YAML, so nothing was read from it: "+clip(c.err.Error()))
		return
	}
	for i, p := range composePorts(c.app) {
		if i == 0 {
			l.add(Info, "compose-port", c.name, p.Line, "port "+p.Text, "Compose publishes this port of the app")
		}
		l.candidate(rankCompose, atoi(p.Text), c.name, p.Line, "port "+p.Text)
	}
	if test := c.app.get("healthcheck", "test"); test != nil {
		words := strings.Join(test.list(), " ")
		if p, port := l.asked(words); p != "" && !elsewherePorts[port] {
			l.health(rankCompose, p, c.name, test.at(), "health check of Compose")
			l.candidate(rankCompose+1, port, c.name, test.at(), "health check of Compose")
			l.add(Info, "compose-health", c.name, test.at(), words, "Compose asks "+p+" whether the app is well; the load balancer can ask the same")
		}
	}
	for _, v := range composeVolumes(c.app, func(source string) bool { return l.exists(path.Join(path.Dir(c.name), source)) }) {
		text := "volume at " + v.Text
		l.nextOnStorage()
		l.add(Should, "compose-volume", c.name, v.Line, text, "the app keeps files there; a container's disk is lost with the container, so these files need persistent storage")
		l.Need("persistent_storage", origin(c.name, v.Line, text))
		l.store(v.Text, c.name, v.Line, text)
	}
	l.readNeighbours()
}

var neighbourMeans = map[string]string{
	"rabbitmq":      "the app uses a message queue: on AWS that is Amazon MQ, or a service elsewhere",
	"kafka":         "the app uses Kafka: on AWS that is Amazon MSK, or a service elsewhere",
	"nats":          "the app uses NATS: it needs a service elsewhere",
	"elasticsearch": "the app uses a search engine: on AWS that is OpenSearch, or a service elsewhere",
	"minio":         "the app keeps files in an object store: on AWS that is S3",
}

func (l *look) readNeighbours() {
	for _, n := range l.compose.neighbours() {
		text := n.name + ": " + n.kind
		at := origin(l.compose.name, n.line, text)
		switch n.kind {
		case "redis", "memcached":
			l.Need("cache", at)
			l.add(Info, "compose-cache", l.compose.name, n.line, text, "the app uses a cache: [cache] in berth.toml creates one that is compatible with Redis, or set the address of another under [secrets]")
		case "rabbitmq", "kafka", "nats", "elasticsearch", "minio":
			l.add(Info, "compose-"+n.kind, l.compose.name, n.line, text, neighbourMeans[n.kind])
		default:
			if l.compose.app == nil && l.embeddedDatabase() {
				continue // it is there for a profile that nobody chose
			}
			l.Need("database", at)
			l.database(n.kind, l.compose.name, n.line, text)
			l.nextOnDatabase()
			l.add(Info, "compose-database", l.compose.name, n.line, text, "the app has a database beside it")
		}
	}
	if l.compose.app == nil {
		return
	}
	l.compose.services.each(func(key string, line int, v *node) {
		command := strings.Join(v.get("command").list(), " ")
		if key == l.compose.appName || command == "" || v.get("ports") != nil || len(v.get("profiles").list()) > 0 {
			return
		}
		if sameImage(l.compose.app, v) && !onceOnly().MatchString(key+" "+command) {
			b := beside{name: key, command: command, file: l.compose.name, line: line, text: key + ": " + command}
			b.count = firstOf(v.get("deploy", "replicas").str(), v.get("scale").str())
			limit := func(key, old string) string {
				return firstOf(v.get("deploy", "resources", "limits", key).str(), v.get(old).str())
			}
			cpus, _ := strconv.ParseFloat(limit("cpus", "cpus"), 64)
			if memory := megabytes(limit("memory", "mem_limit")); memory > 0 || cpus > 0 {
				b.cpu, b.memory, _ = spec.Snap(cpus, memory)
			}
			l.process(b)
		}
	})
}

// onceOnly matches services that run once, or while the app is developed.
var onceOnly = lazy(`(?i)migrat|setup|\bseed|\binit\b|\btest|\bdev\b|watch|vite|webpack|tailwind|\bbash\b|storybook|cypress|lint`)

// sameImage says whether two services run the same image: of the same build, or by the same name.
func sameImage(app, other *node) bool {
	if other.get("build") == nil {
		return other.get("image").str() != "" && other.get("image").str() == app.get("image").str()
	}
	return sameBuild(app, other)
}

func sameBuild(a, b *node) bool {
	key := func(n *node) string {
		v := n.get("build")
		return firstOf(v.str(), v.get("context").str()) + "|" + v.get("dockerfile").str() + "|" + v.get("target").str()
	}
	return key(a) == key(b)
}
