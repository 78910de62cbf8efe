package spec

import (
	"slices"
	"strings"
)

// Kind is the kind of value that a key has.
type Kind int

// The kinds. A Table holds text by name; Paths is the list of storage paths.
const (
	Text Kind = iota
	Whole
	Number
	Truth
	Span // a duration, such as "30s"
	List // of texts
	Table
	Paths
)

// String says what a value of the kind is, with an article.
func (k Kind) String() string {
	return [...]string{
		"a text in quotes", "a whole number", "a number", "true or false", `a duration in quotes`,
		"a list of texts", "a table of texts", "a list of tables",
	}[k]
}

// Key is one value of berth.toml.
type Key struct {
	Name    string // dotted path, such as "service.port"
	Kind    Kind
	Flag    string // command line flag that sets it, such as "--port"; empty when there is none
	Doc     string // what it is, in a few words
	Example string // a good value as berth.toml has it

	// at returns a pointer to the value in s. It returns nil when the value lies in an optional table that
	// s does not have, unless grow asks for that table.
	at func(s *Spec, grow bool) any
}

// Keys returns all keys in the order of a tidy berth.toml.
func Keys() []Key { return slices.Clone(keys) }

// KeyOf returns the key with that name. The name of one entry of a table, such as "env.PHX_HOST" or
// "storage[0].path", gives the key of the whole table.
func KeyOf(name string) (Key, bool) {
	for _, k := range keys {
		_, entry := k.entry(name)
		if k.Name == name || entry {
			return k, true
		}
	}
	return Key{}, false
}

// entry returns the part of name that names one entry of the table k.
func (k Key) entry(name string) (string, bool) {
	switch k.Kind {
	case Table:
		e, ok := strings.CutPrefix(name, k.Name+".")
		return e, ok && e != ""
	case Paths:
		e, ok := strings.CutPrefix(name, k.Name+"[")
		return e, ok && strings.HasSuffix(e, "].path")
	default:
		return "", false
	}
}

// table is the table that the key stands in, "" for the top level, and its name there.
func (k Key) table() (table, leaf string) {
	if i := strings.LastIndexByte(k.Name, '.'); i >= 0 {
		return k.Name[:i], k.Name[i+1:]
	}
	return "", k.Name
}

var keys = []Key{
	{
		"app", Text, "--app", "name of the app and of what is made for it", `"live-beats"`,
		func(s *Spec, _ bool) any { return &s.App },
	},
	{
		"region", Text, "--region", "AWS region", `"eu-west-2"`,
		func(s *Spec, _ bool) any { return &s.Region },
	},
	{
		"target", Text, "", "AWS service that runs the app", `"ecs-fargate"`,
		func(s *Spec, _ bool) any { return &s.Target },
	},

	{
		"image.dockerfile", Text, "", "built into the image", `"Dockerfile"`,
		func(s *Spec, _ bool) any { return &s.Image.Dockerfile },
	},
	{
		"image.context", Text, "", "folder that the build may read", `"."`,
		func(s *Spec, _ bool) any { return &s.Image.Context },
	},
	{
		"image.platform", Text, "", "linux/amd64 or linux/arm64", `"linux/amd64"`,
		func(s *Spec, _ bool) any { return &s.Image.Platform },
	},
	{
		"image.args", Table, "", "build arguments", `{ MIX_ENV = "prod" }`,
		func(s *Spec, _ bool) any { return &s.Image.Args },
	},
	{
		"image.ref", Text, "--image", "image that exists already; nothing is built", `"ghcr.io/me/app:1.2"`,
		func(s *Spec, _ bool) any { return &s.Image.Ref },
	},

	{
		"service.port", Whole, "--port", "port that the app listens on", "4000",
		func(s *Spec, _ bool) any { return &s.Service.Port },
	},
	{
		"service.cpu", Number, "", "vCPU for each container", "0.25",
		func(s *Spec, _ bool) any { return &s.Service.CPU },
	},
	{
		"service.memory", Whole, "", "MiB of memory for each container", "512",
		func(s *Spec, _ bool) any { return &s.Service.Memory },
	},
	{
		"service.instances", Whole, "", "containers that run at the same time", "2",
		func(s *Spec, _ bool) any { return &s.Service.Instances },
	},
	{
		"service.health_path", Text, "", "path that answers 200 to 399 when the app is well", `"/"`,
		func(s *Spec, _ bool) any { return &s.Service.HealthPath },
	},
	{
		"service.command", List, "", "command to run instead of the image's CMD", `["/app/bin/server"]`,
		func(s *Spec, _ bool) any { return &s.Service.Command },
	},
	{
		"service.release_command", Text, "", "command that runs once before each new version", `"/app/bin/migrate"`,
		func(s *Spec, _ bool) any { return &s.Service.ReleaseCommand },
	},
	{
		"service.stop_timeout", Span, "", "time between SIGTERM and SIGKILL", `"30s"`,
		func(s *Spec, _ bool) any { return &s.Service.StopTimeout },
	},
	{
		"service.start_timeout", Span, "", "time until a new container has to answer", `"60s"`,
		func(s *Spec, _ bool) any { return &s.Service.StartTimeout },
	},

	{"service.autoscale.max", Whole, "", "most containers when it scales by itself", "4", autoscale(func(a *Autoscale) any { return &a.Max })},
	{
		"service.autoscale.cpu_percent", Whole, "", "CPU use in percent that scaling aims for", "60",
		autoscale(func(a *Autoscale) any { return &a.CPUPercent }),
	},

	{
		"network.websockets", Truth, "", "the app uses WebSockets", "true",
		func(s *Spec, _ bool) any { return &s.Network.WebSockets },
	},
	{
		"network.websocket_path", Text, "", "where the app takes WebSockets, to be checked after a deployment", `"/live/websocket"`,
		func(s *Spec, _ bool) any { return &s.Network.WebSocketPath },
	},
	{
		"network.clustering", Text, "", "how containers find each other: dns or ecs-api", `"dns"`,
		func(s *Spec, _ bool) any { return &s.Network.Clustering },
	},
	{
		"network.domain", Text, "", "own domain", `"www.example.com"`,
		func(s *Spec, _ bool) any { return &s.Network.Domain },
	},

	{
		"env", Table, "", "environment variables; values may hold ${host} ${region} ${cluster} ${service_arn} ${namespace}",
		`{ PHX_HOST = "${host}" }`, func(s *Spec, _ bool) any { return &s.Env },
	},
	{
		"secrets.from_ssm", List, "", "SSM parameters given to the app as environment variables", `["DATABASE_URL"]`,
		func(s *Spec, _ bool) any { return &s.Secrets.FromSSM },
	},
	{
		"storage", Paths, "", "folders that outlive the containers", "[[storage]] with path = \"/app/uploads\"",
		func(s *Spec, _ bool) any { return &s.Storage },
	},

	{"database.engine", Text, "", "kind of database: postgres", `"postgres"`, database(func(d *Database) any { return &d.Engine })},
	{
		"database.class", Text, "", "size of the database", `"db.t4g.micro"`,
		database(func(d *Database) any { return &d.Class }),
	},
	{"database.storage_gb", Whole, "", "GB of disk for the database", "20", database(func(d *Database) any { return &d.StorageGB })},
}

// optional names the tables that need not be there, with how to tell and how to remove them.
var optional = []struct {
	table string
	has   func(*Spec) bool
	drop  func(*Spec)
}{
	{
		"service.autoscale", func(s *Spec) bool { return s.Service.Autoscale != nil },
		func(s *Spec) { s.Service.Autoscale = nil },
	},
	{"database", func(s *Spec) bool { return s.Database != nil }, func(s *Spec) { s.Database = nil }},
}

func autoscale(at func(*Autoscale) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if s.Service.Autoscale == nil && grow {
			s.Service.Autoscale = &Autoscale{}
		}
		if s.Service.Autoscale == nil {
			return nil
		}
		return at(s.Service.Autoscale)
	}
}

func database(at func(*Database) any) func(*Spec, bool) any {
	return func(s *Spec, grow bool) any {
		if s.Database == nil && grow {
			s.Database = &Database{}
		}
		if s.Database == nil {
			return nil
		}
		return at(s.Database)
	}
}
