package project

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// composePorts are the ports of the container that a service publishes.
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
