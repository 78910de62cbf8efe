package project

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"go.yaml.in/yaml/v3"

	"berth/engine/spec"
)

// node is a value of a YAML file with its place. A nil node says nothing.
type node struct {
	*yaml.Node
	file string
	left *int // how many more values may be looked at: aliases can make a small file endless
}

// maxNodes bounds the values that are looked at of one YAML file.
const maxNodes = 20_000

// readYAML reads a YAML file of the tree; of several documents the first.
func readYAML(t *tree, name string) (*node, error) {
	text, ok := t.text(name)
	if !ok {
		return nil, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	left := maxNodes
	return (&node{doc.Content[0], name, &left}).resolved(), nil
}

func (n *node) resolved() *node {
	for depth := 0; n != nil && n.Kind == yaml.AliasNode && depth < 10; depth++ {
		n = &node{n.Alias, n.file, n.left}
	}
	return n
}

// each calls f with the keys and values of a mapping, or with "" and the values of a list, until the bound.
func (n *node) each(f func(key string, at int, v *node)) {
	if n == nil {
		return
	}
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	} else if n.Kind != yaml.SequenceNode {
		return
	}
	for i := 0; i+step <= len(n.Content); i += step {
		if *n.left--; *n.left < 0 {
			return
		}
		v := (&node{n.Content[i+step-1], n.file, n.left}).resolved()
		switch {
		case step == 1:
			f("", n.Content[i].Line, v)
		case n.Content[i].Value == "<<":
			v.each(f)
		default:
			f(n.Content[i].Value, n.Content[i].Line, v)
		}
	}
}

// get follows keys through mappings.
func (n *node) get(keys ...string) *node {
	for _, k := range keys {
		var found *node
		n.each(func(key string, _ int, v *node) {
			if key == k && found == nil {
				found = v
			}
		})
		if n = found; n == nil {
			return nil
		}
	}
	return n
}

// str is the value of a scalar, with the defaults of its variables put in.
func (n *node) str() string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return interpolate(n.Value)
}

func (n *node) isMap() bool { return n != nil && n.Kind == yaml.MappingNode }
func (n *node) at() int {
	if n == nil {
		return 0
	}
	return n.Line
}

// list is a scalar or a list of scalars.
func (n *node) list() []string {
	if s := n.str(); s != "" {
		return []string{s}
	}
	var out []string
	n.each(func(_ string, _ int, v *node) { out = append(out, v.str()) })
	return out
}

// noVariables is an environment in which nothing is set.
type noVariables struct{}

func (noVariables) Get(string) (string, bool) { return "", false }
func (noVariables) Keys() []string            { return nil }

// interpolate puts the defaults of variables in, as in ${PORT:-8080}; one without default becomes nothing.
func interpolate(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	lex := shell.NewLex('\\')
	lex.RawQuotes = true
	out, _, err := lex.ProcessWord(demanded().ReplaceAllString(text, "$${$1}"), noVariables{})
	if err != nil {
		return text
	}
	return out
}

// demanded matches a variable that must be set, as in ${X:?no X}.
var demanded = lazy(`\$\{(\w+):?\?[^}]*\}`)

// composeFile is a file of Docker Compose, and the service in it that is the app.
type composeFile struct {
	name     string
	err      error
	services *node
	app      *node  // the service that is built of the project, nil when there is none
	appName  string //
}

var composeNames = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// composeFolders are where a Compose file may lie whose project is the tree above it.
var composeFolders = []string{"docker", "deploy", "deployment", "compose", "infra"}

// readCompose reads the Compose file of the project, nil when there is none.
func readCompose(t *tree) *composeFile {
	names := composeNames
	for _, name := range t.files {
		if path.Dir(name) == "." && strings.Contains(name, "compose") && prodCompose().MatchString(name) {
			names = append([]string{name}, names...)
		}
	}
	for _, dir := range composeFolders {
		for _, name := range composeNames {
			if t.has[path.Join(dir, name)] {
				names = append(slices.Clone(names), path.Join(dir, name))
			}
		}
	}
	var first *composeFile
	for _, name := range names {
		if _, ok := t.text(name); !ok {
			continue
		}
		doc, err := readYAML(t, name)
		c := &composeFile{name: name, err: err, services: doc.get("services")}
		c.choose()
		if c.app == nil {
			c.chooseByImage(filepath.Base(t.dir))
		}
		if c.app != nil {
			return c
		}
		if first == nil {
			first = c
		}
	}
	return first
}

var prodCompose = lazy(`^(?:docker-)?compose[.-](?:prod|production|release|deploy|selfhost)[\w.-]*\.ya?ml$`)

// choose finds the service that is the app: built, with ports before one without, as web or app before others.
func (c *composeFile) choose() {
	best := -1
	c.services.each(func(key string, _ int, v *node) {
		score := 0
		switch {
		case v.get("build") != nil:
			score = 10
		default:
			return
		}
		if v.get("ports") != nil {
			score += 5
		}
		if v.get("ports") == nil && v.get("command") != nil {
			score -= 2
		}
		if appName().MatchString(key) {
			score += 3
		}
		if score > best {
			best, c.app, c.appName = score, v, key
		}
	})
}

// chooseByImage finds the service that runs an image which is published of this project: one that has its name.
func (c *composeFile) chooseByImage(project string) {
	project = spec.Slug(project)
	if len(project) < 3 {
		return
	}
	c.services.each(func(key string, _ int, v *node) {
		image, _, _ := strings.Cut(v.get("image").str(), "@")
		name := image[strings.LastIndexByte(image, '/')+1:]
		name, _, _ = strings.Cut(name, ":")
		if c.app == nil && spec.Slug(name) == project && v.get("build") == nil {
			c.app, c.appName = v, key
		}
	})
}

var appName = lazy(`^(?:web|app|server|api|backend|site|www)$`)

// dockerfile is the Dockerfile and the build stage that the app's service names, relative to the tree.
func (c *composeFile) dockerfile() (file, context, target string, line int) {
	if c == nil || c.app == nil {
		return "", "", "", 0
	}
	b := c.app.get("build")
	context, file, target = b.str(), "Dockerfile", ""
	if b.isMap() {
		context, file, target = b.get("context").str(), firstOf(b.get("dockerfile").str(), file), b.get("target").str()
	}
	if strings.Contains(context, "://") || strings.HasPrefix(context, "git@") {
		return "", "", "", 0 // the source is elsewhere
	}
	dir := path.Join(path.Dir(c.name), context)
	return path.Join(dir, file), dir, target, b.at()
}

// ports are the ports of the container that a service publishes.
func composePorts(service *node) []Line {
	var out []Line
	service.get("ports").each(func(_ string, line int, v *node) {
		text := v.str()
		if v.isMap() {
			text = v.get("target").str()
		}
		text, protocol, _ := strings.Cut(text, "/")
		if protocol == "udp" {
			return
		}
		text = text[strings.LastIndexByte(text, ':')+1:]
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n > 0 && n < 65536 {
			out = append(out, Line{strconv.Itoa(n), line})
		}
	})
	return out
}

// composeVolumes are the folders of a service's containers that outlive them: named volumes, and folders of the host
// beside the project's own source, which exists tells.
func composeVolumes(service *node, exists func(source string) bool) []Line {
	var out []Line
	service.get("volumes").each(func(_ string, line int, v *node) {
		source, target, mode := "", "", ""
		if v.isMap() {
			source, target, mode = v.get("source").str(), v.get("target").str(), v.get("type").str()
			if mode == "tmpfs" || mode == "bind" && !dataFolder().MatchString(source) || v.get("read_only").str() == "true" {
				return
			}
		} else {
			parts := strings.Split(v.str(), ":")
			switch len(parts) {
			case 1:
				return // a folder without a name keeps nothing beyond its container
			default:
				source, target = parts[0], parts[1]
			}
			if len(parts) > 2 && strings.Contains(parts[2], "ro") {
				return
			}
		}
		bind := strings.HasPrefix(source, ".") || strings.HasPrefix(source, "/") || strings.HasPrefix(source, "~") || strings.HasPrefix(source, "$")
		made := strings.HasPrefix(source, "./") && path.Clean(source) != "." && !exists(source) && !aboutServer().MatchString(source+" "+target)
		if bind && !made && !dataFolder().MatchString(source) || !strings.HasPrefix(target, "/") || notKept().MatchString(target) || path.Ext(target) != "" {
			return
		}
		out = append(out, Line{path.Clean(target), line})
	})
	return out
}

var (
	// aboutServer matches folders that hold what the people who run a server write.
	aboutServer = lazy(`(?i)cert|ssl|tls|keys?\b|secret|logs?\b|nginx|caddy|traefik|conf|init|script|dump|backup|sql\b|src\b|source|plugin|theme|translation|template|/etc/`)

	dataFolder = lazy(`(?:^|[/._-])(?:data|storage|uploads?|media|files|db|database|backups?|config|library|photos|attachments|sqlite)(?:$|[/._-])`)
	notKept    = lazy(`node_modules|/\.cache|/cache$|/tmp\b|docker\.sock|/deps$|/_build$|/vendor$|/\.venv|/target$|bundle$|/\.next|/\.m2|/\.gradle|/\.npm|/\.cargo|/go/pkg|/logs?$|/etc/localtime|site-packages|/root/\.|/run/|/pnpm|/dist$|/public$|/static(?:files)?$`)
)

// neighbour is a service of a Compose file that the app leans on.
type neighbour struct {
	kind string // postgres, mysql, mongodb, redis, …
	name string
	line int
}

var neighbourKinds = []struct {
	kind string
	re   pattern
}{
	{"postgres", lazy(`(?i)postgres|postgis|timescale|pgvector|cockroach|supabase/postgres|paradedb`)},
	{"mysql", lazy(`(?i)\bmysql|mariadb|percona`)},
	{"mongodb", lazy(`(?i)mongo`)},
	{"sqlserver", lazy(`(?i)mssql|azure-sql-edge`)},
	{"clickhouse", lazy(`(?i)clickhouse`)},
	{"redis", lazy(`(?i)redis|valkey|dragonfly|keydb`)},
	{"memcached", lazy(`(?i)memcached`)},
	{"rabbitmq", lazy(`(?i)rabbitmq`)},
	{"kafka", lazy(`(?i)kafka|redpanda`)},
	{"nats", lazy(`(?i)(?:^|/)nats\b`)},
	{"elasticsearch", lazy(`(?i)elasticsearch|opensearch|meilisearch|typesense|solr`)},
	{"minio", lazy(`(?i)minio`)},
}

// neighbours are the services beside the app, but for those that only people look at.
func (c *composeFile) neighbours() []neighbour {
	if c == nil {
		return nil
	}
	var out []neighbour
	c.services.each(func(key string, line int, v *node) {
		image := v.get("image").str()
		if image == "" || key == c.appName || onlyLookedAt().MatchString(image) {
			return
		}
		for _, k := range neighbourKinds {
			if k.re().MatchString(strings.TrimPrefix(image, "docker.io/")) {
				out = append(out, neighbour{k.kind, key, line})
				return
			}
		}
	})
	return out
}

var onlyLookedAt = lazy(`(?i)exporter|adminer|pgadmin|phpmyadmin|mongo-express|insight|commander|kafka-ui|backup|kafdrop|-ui\b`)

// forProxy matches variables of an app's container that the proxy in front of it reads, and the app does not.
var forProxy = lazy(`^(?:LETSENCRYPT|ACME|VIRTUAL|TRAEFIK|CADDY|NGINX_PROXY)_`)

// wants are the variables that a Compose file refuses to start without, ${X:?…}.
func (c *composeFile) wants() []read {
	if c == nil || c.app == nil {
		return nil
	}
	var out []read
	c.app.get("environment").each(func(key string, line int, v *node) {
		if v == nil {
			return
		}
		for _, m := range demanded().FindAllStringSubmatch(v.Value, 20) {
			name := m[1]
			if key == "" {
				key, _, _ = strings.Cut(v.Value, "=")
			}
			if key != "" && variableNames().FindString(key) == key {
				name = key // as the container knows it
			}
			if forProxy().MatchString(name) {
				continue
			}
			if !slices.ContainsFunc(out, func(r read) bool { return r.name == name }) {
				out = append(out, read{name: name, file: c.name, line: line, text: key + ": ${" + m[1] + ":?}"})
			}
		}
	})
	return out
}
