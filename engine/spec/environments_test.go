package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"berth/engine/fail"
)

// design is a berth.toml with everything that there is.
const design = `app = "live-beats"
id = "k3v9q2"
region = "eu-west-2"
target = "ecs-fargate"
account = "123456789012"

[image]
dockerfile = "Dockerfile"
platform = "linux/amd64"
target = "run"
args = { MIX_ENV = "prod" }
secrets = ["NPM_TOKEN"]

[service]
port = 4000
cpu = 0.25
memory = 512
instances = 2
entrypoint = ["/init"]
command = ["/app/bin/server"]
init = false
health_path = "/signin"
health = { interval = "10s", timeout = "5s", unhealthy = 5, codes = "200-299" }
release_command = "/app/bin/migrate"
start_timeout = "60s"
stop_timeout = "30s"
sticky_sessions = true
exec = true
spot = 0.5
ephemeral_gb = 30
log_days = 90

[service.autoscale]
max = 4
memory_percent = 70
requests_per_instance = 1000

[network]
websockets = true
clustering = "dns"
domain = "www.example.com"
also = ["example.com"]
https = "cloudfront"
tasks = "private"
front = "private"
vpc = "vpc-0a1b2c3d4e5f67890"
subnets = ["subnet-0a1b2c3d4e5f67890", "subnet-1a1b2c3d"]
idle_timeout = "75s"
assets = ["/assets/*"]

[env]
PHX_HOST = "${host}"

[secrets]
from_ssm = ["SECRET_KEY_BASE", "DATABASE_URL"]
STRIPE_KEY = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:stripe-AbCdEf#live"

[permissions]
policies = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
allow = [{ actions = ["s3:PutObject"], resources = ["arn:aws:s3:::uploads/*"] }]

[account_rules]
permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
role_path = "/teams/web/"
tags = { cost-center = "42" }

[[storage]]
path = "/app/uploads"

[database]
engine = "postgres"
class = "db.t4g.micro"
version = "17"
multi_az = true
snapshot = "none"
variable = "DB_URL"
url_query = "sslmode=verify-full"
storage_gb = 20

[processes.worker]
command = ["bundle", "exec", "sidekiq"]
memory = 1024
[processes.nightly]
command = ["/app/bin/report"]
schedule = "cron(0 3 * * ? *)"
schedule_tz = "Europe/Berlin"

[environments.staging]
service.instances = 1
service.port = 5000
processes.worker.memory = 2048
env = { PHX_HOST = "staging.example.com" }
secrets.STRIPE_KEY = "arn:aws:ssm:eu-west-2:123456789012:parameter/stripe"
[[environments.staging.storage]]
path = "/data"
[environments.staging.network]
domain = "staging.example.com"
`

// Everything that the file can hold is read, completed and valid, in each environment.
func TestDesign(t *testing.T) {
	for env, wants := range map[string]map[string]any{
		"": {
			"service.instances": 2, "service.init": false, "service.health.interval": Duration(10e9), "service.spot": 0.5,
			"processes.worker.memory": 1024, "processes.worker.cpu": 0.25, "processes.worker.instances": 1,
			"processes.nightly.memory": 512, "env.PHX_HOST": "${host}", "storage[0].path": "/app/uploads",
			"secrets.STRIPE_KEY":             "arn:aws:secretsmanager:eu-west-2:123456789012:secret:stripe-AbCdEf#live",
			"account_rules.tags.cost-center": "42", "service.autoscale.cpu_percent": 0,
		},
		"staging": {
			"service.instances": 1, "service.port": 5000, "processes.worker.memory": 2048, "env.PHX_HOST": "staging.example.com",
			"storage[0].path": "/data", "network.domain": "staging.example.com", "app": "live-beats",
			"secrets.STRIPE_KEY": "arn:aws:ssm:eu-west-2:123456789012:parameter/stripe",
		},
	} {
		s, err := Parse([]byte(design), env)
		must(t, err)
		must(t, s.Complete(nil, nil))
		if p := s.Validate("eu-west-2"); p != nil {
			t.Errorf("%q: %v", env, Problems(p))
		}
		for name, want := range wants {
			if got, ok := s.Get(name); !ok || got != want {
				t.Errorf("%q: %s = %v, want %v", env, name, got, want)
			}
		}
		unsaid := []string{
			"image.ref", "image.builder", "network.websocket_path", "network.take_over", "network.firewall", "network.rate_limit", "network.security_headers", "network.hsts",
			"service.autoscale.cpu_percent", "database.url", "database.password_variable", "image.ssh", "image.cache",
			"alarms.notify", "alarms.monthly_usd", "alarms.rollback",
		}
		for _, k := range s.Keys() {
			if k.Kind == Table || env == "" && k.Name == "service.autoscale.cpu_percent" {
				continue
			}
			if o, ok := s.Origins[k.Name]; !ok && k.Kind != Tables && !slices.Contains(unsaid, k.Name) && !strings.HasPrefix(k.Name, "cache.") && !strings.HasPrefix(k.Name, "uploads.") && !strings.HasPrefix(k.Name, "processes.") {
				t.Errorf("%q: nothing says where %s is from", env, k.Name)
			} else if o.Kind == File && o.Line == 0 {
				t.Errorf("%q: %s has no place", env, k.Name)
			}
		}
	}
	s, _ := Parse([]byte(design), "staging")
	if o := s.Origins["service.instances"]; o.Place() != "berth.toml:89:21" {
		t.Errorf("the instances of staging are from %s", o.Place())
	}
}

// The example of each key is what berth.toml takes for it.
func TestExamples(t *testing.T) {
	for _, k := range Keys() {
		table, leaf := k.table()
		text := leaf + " = " + k.Example + "\n"
		if table != "" {
			text = "[" + table + "]\n" + text
		}
		for _, text := range []string{text, strings.Replace("[environments.xx]\n"+text, "[environments.xx]\n["+table, "[environments.xx."+table, 1)} {
			s, err := Parse([]byte(text), "xx")
			if err != nil {
				t.Errorf("%v in\n%s", err, text)
				continue
			}
			if v, ok := s.Get(k.Name); !ok || zero(v) {
				t.Errorf("%s has %v after\n%s", k.Name, v, text)
			}
		}
	}
}

func TestEnvironmentErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"[environments.staging.servic]\nport = 1\n", "berth.toml:1:2: environments.staging.servic: berth.toml has no such table"},
		{"[environments.staging]\nservice.prt = 1\n", "berth.toml:2:1: environments.staging.service.prt: berth.toml has no such key"},
		{"[environments.staging]\nservice.port = \"1\"\n", "berth.toml:2:16: environments.staging.service.port: it must be a whole number, not a text"},
		{"[environments.QA]\nservice.port = 1\n", "berth.toml:1:2: environments.QA: \"QA\" cannot be the name of an environment: names of image repositories are lower case"},
		{"[environments.staging.environments.xx]\nservice.port = 1\n", "berth.toml:1:2: environments.staging.environments.xx: an environment cannot have environments"},
		{"[processes.worker]\ncomand = [\"x\"]\n", "berth.toml:2:1: processes.worker.comand: berth.toml has no such key"},
		{"[processes]\nworker = \"x\"\n", "berth.toml:2:1: processes.worker: berth.toml has no such key"},
		{"[[permissions.allow]]\naction = [\"x\"]\n", "berth.toml:2:1: permissions.allow[0].action: berth.toml has no such key"},
		{"[[permissions.allow]]\nactions = \"x\"\n", "berth.toml:2:11: permissions.allow[0].actions: it must be a list of texts, not a text"},
		{"[secrets]\nKEY = 1\n", "berth.toml:2:7: secrets.KEY: it must be a text in quotes, not a whole number"},
	} {
		_, err := Parse([]byte(tt.text), "")
		if f := fail.From(err); err == nil || !strings.HasPrefix(f.Cause, tt.want) {
			t.Errorf("got  %v\nwant %s\nin\n%s", err, tt.want, tt.text)
		}
	}
}

// What is answered for one environment is written for that one, and says nothing about another.
func TestSaveForAnEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := "app = \"shop\" # ours\n\n[service]\ninstances = 2\n"
	must(t, os.WriteFile(filepath.Join(dir, FileName), []byte(file), 0o600))
	s, err := Load(dir, "staging")
	must(t, err)
	must(t, s.Set("service.instances", 1, Origin{Kind: Answer}))
	must(t, s.Set("env.LOG", "debug", Origin{Kind: Answer}))
	must(t, s.Set("network.websockets", true, Origin{Kind: Answer}))
	_, err = s.Save()
	must(t, err)
	want := file + "\n[environments.staging.service]\ninstances = 1\n\n[environments.staging.network]\nwebsockets = true\n" +
		"\n[environments.staging.env]\nLOG = \"debug\"\n"
	if got := read(t, dir); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	s, err = Load(dir, "staging")
	must(t, err)
	s.Unset("env.LOG")
	s.Unset("network.websockets")
	_, err = s.Save()
	must(t, err)
	if got := read(t, dir); strings.Contains(got, "LOG") || strings.Contains(got, "websockets") {
		t.Errorf("what was taken back is still there:\n%s", got)
	}
	s.Unset("app")
	if _, err = s.Save(); err == nil || !strings.Contains(err.Error(), "for all environments") {
		t.Errorf("a name for all environments was left out in one: %v\n%s", err, read(t, dir))
	}
}

// Whatever is answered in an environment, the others stay as they are.
func TestEnvironmentsStayApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := []byte(disarrange(drawSpec(t), rapid.Uint64().Draw(t, "order")))
		for _, env := range []string{"staging", "staging", "qa"} {
			before, err := Parse(file, "")
			if err != nil {
				t.Fatalf("%v in\n%s", err, file)
			}
			s, err := Parse(file, env)
			if err != nil {
				t.Fatalf("%v in\n%s", err, file)
			}
			for _, k := range s.Keys() {
				if rapid.IntRange(0, 4).Draw(t, "change "+k.Name) == 0 && k.Name != "storage" {
					drawKey(t, s, k)
				}
			}
			if file, err = s.update(file); err != nil {
				t.Fatalf("%v in\n%s", err, file)
			}
			own, err := Parse(file, env)
			if err != nil || !sameValues(own, s) {
				t.Fatalf("%s does not say what was answered: %v\n%s", env, err, file)
			}
			if after, err := Parse(file, ""); err != nil || !sameValues(before, after) {
				t.Fatalf("an answer for %s changed production: %v\n%s", env, err, file)
			}
		}
	})
}

// A key that is new is in the right place of the list: berth.toml is written in its order.
func TestKeysStandByTheirTables(t *testing.T) {
	var tables []string
	for _, k := range Keys() {
		table, _ := k.table()
		if k.Kind == Table || k.Kind == Tables || table == "service.health" {
			continue
		}
		if n := len(tables); n > 0 && tables[n-1] == table {
			continue
		}
		if slices.Contains(tables, table) && table != "service" {
			t.Errorf("%s stands away from the other keys of [%s]", k.Name, table)
		}
		tables = append(tables, table)
	}
}
