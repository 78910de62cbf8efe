package project

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestImports reads what becomes of each line of another platform's file: a key, or nothing, which is said.
func TestImports(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- Dockerfile --
FROM ruby:3.4
CMD ["bin/rails", "server"]
-- Gemfile --
gem "rails"
-- Procfile --
release: bin/rails db:migrate
worker: bundle exec sidekiq
cache: redis-server
-- fly.toml --
app = "harbor"
[http_service]
internal_port = 8080
[[services]]
internal_port = 9090
`)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	got := map[string]string{}
	for _, x := range f.Imports {
		got[x.Place()+" "+x.Key] = x.Value
		if x.Value == "" {
			t.Errorf("%s says nothing", x.Place())
		}
	}
	for _, place := range []string{"Procfile:3 ", "fly.toml:5 "} {
		if got[place] == "" {
			t.Errorf("that nothing becomes of %s is not told: %v", place, got)
		}
		delete(got, place)
	}
	want := map[string]string{
		"Procfile:1 service.release_command": `"bin/rails db:migrate"`, "Procfile:2 processes.worker.command": `["bundle", "exec", "sidekiq"]`,
		"fly.toml:1 app": `"harbor"`, "fly.toml:3 service.port": "8080",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestImportsOfFly tells of each line of a fly.toml that sets something, once: the key that it becomes, or why there is
// none. No value of a variable that may be a secret is told.
func TestImportsOfFly(t *testing.T) {
	text := `app = "harbor"
primary_region = "ams"
kill_signal = "SIGINT"
kill_timeout = "30s"
console_command = "/app/bin/harbor remote"
swap_size_mb = 512

[build]
dockerfile = "Dockerfile"
[build.args]
MIX_ENV = "prod"

[deploy]
strategy = "canary"
release_command = "/app/bin/migrate"

[env]
PHX_HOST = "harbor.fly.dev"
PORT = "8080"
MAIL_TOKEN = "not-to-be-told"
ERL_AFLAGS = "-proto_dist inet6_tcp"

[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "stop"
auto_start_machines = true
min_machines_running = 0
concurrency = { type = "requests", soft_limit = 200 }
[http_service.http_options.response.headers]
X-Frame-Options = "DENY"
[[http_service.checks]]
grace_period = "90s"
interval = "30s"
method = "GET"
path = "/health"
[http_service.checks.headers]
X-Forwarded-Proto = "https"

[[vm]]
size = "shared-cpu-2x"
memory = "1gb"

[mounts]
source = "data"
destination = "/data"
initial_size = "10gb"

[[statics]]
guest_path = "/app/public"
url_prefix = "/static"

[metrics]
port = 9091

[something_new]
key = 1
`
	dir, _ := unpack(t, txtar.Parse([]byte("-- Dockerfile --\nFROM elixir:1.18\nCMD [\"x\"]\n-- fly.toml --\n"+text)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	keys, lines := map[string]string{}, map[int]bool{}
	for _, x := range f.Imports {
		if x.Value == "" || strings.Contains(x.Text+x.Value, "not-to-be-told") {
			t.Errorf("said nothing, or too much: %+v", x)
		}
		keys[x.Key] = x.Value
		lines[x.Line] = true
	}
	for i, line := range strings.Split(text, "\n") {
		if strings.Contains(line, " = ") && !lines[i+1] {
			t.Errorf("not told: %d: %s", i+1, line)
		}
	}
	for key, value := range map[string]string{
		"app": `"harbor"`, "region": `"eu-central-1"`, "service.stop_timeout": `"30s"`, "service.release_command": `"/app/bin/migrate"`, "env.PHX_HOST": `"${host}"`,
		"env.PORT": `"8080"`, "service.port": "8080", "service.health_path": `"/health"`, "service.start_timeout": `"1m30s"`, "service.memory": "1024",
		"storage": `["/data"]`, "image.args.MIX_ENV": `"prod"`,
	} {
		if keys[key] != value {
			t.Errorf("%s is %s, not %s", key, keys[key], value)
		}
	}
}

// TestBuildElsewhere takes no Dockerfile of the tree for a service whose source Compose fetches.
func TestBuildElsewhere(t *testing.T) {
	for _, build := range []string{"https://github.com/acme/shop.git", "git@github.com:acme/shop.git", "{context: 'https://github.com/acme/shop.git#main', dockerfile: Dockerfile}"} {
		dir, _ := unpack(t, txtar.Parse([]byte("-- docker/Dockerfile --\nFROM node:22\nCMD [\"node\", \"a.js\"]\n-- docker/compose.yml --\nservices:\n  web:\n    build: "+build+"\n")))
		tree, err := openTree(t.Context(), dir)
		must(t, err)
		defer tree.close()
		if file, context, _, _ := readCompose(tree).dockerfile(); file != "" {
			t.Errorf("build: %s is %s in %s", build, file, context)
		}
	}
}

// TestBrokenCopilotEnvironment tells once that a manifest cannot be read.
func TestBrokenCopilotEnvironment(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- Dockerfile --
FROM node:22
CMD ["node", "a.js"]
-- copilot/api/manifest.yml --
name: api
type: Load Balanced Web Service
image:
  build: Dockerfile
  port: 4100
-- copilot/environments/production/manifest.yml --
name: production
  type: [
`)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	told := 0
	for _, x := range f.Findings {
		if x.File == "copilot/environments/production/manifest.yml" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times:\n%s", told, summary(f))
	}
}

// TestImportsOfCopilot takes over what a service has in production, and the network that its environment names.
func TestImportsOfCopilot(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- Dockerfile --
FROM node:22
CMD ["node", "a.js"]
-- copilot/api/manifest.yml --
name: api
type: Load Balanced Web Service
image:
  build: Dockerfile
  port: 4100
http:
  path: '/'
  alias: shop.example.com
cpu: 256
memory: 512
count: 1
exec: true
variables:
  LOG_LEVEL: debug
  PLACE: here
environments:
  test:
    count: 1
  production:
    count: 3
    cpu: 1024
    memory: 2048
    variables:
      LOG_LEVEL: warn
-- copilot/environments/test/manifest.yml --
name: test
type: Environment
network:
  vpc:
    id: vpc-11111111
-- copilot/environments/production/manifest.yml --
name: production
type: Environment
network:
  vpc:
    id: vpc-22222222
    subnets:
      public:
        - id: subnet-aaaaaaaa
        - id: subnet-bbbbbbbb
http:
  public:
    certificates: [arn:aws:acm:eu-west-2:123456789012:certificate/x]
`)))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	want := map[string]any{
		"network.vpc": "vpc-22222222", "service.instances": 3, "service.memory": 2048, "service.cpu": 1.0, "env.LOG_LEVEL": "warn", "env.PLACE": "here", "service.port": 4100,
		"network.subnets": []string{"subnet-aaaaaaaa", "subnet-bbbbbbbb"},
	}
	for key, value := range want {
		if diff := cmp.Diff(value, f.Suggests[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	said := ""
	for _, x := range f.Imports {
		said += x.Place() + " " + x.Text + " -> " + x.Key + " " + x.Value + "\n"
	}
	for _, place := range []string{"copilot/api/manifest.yml:7 http.path", "copilot/api/manifest.yml:8 http.alias", "copilot/api/manifest.yml:12 exec", "environments.test", "production/manifest.yml:12 http.public.certificates"} {
		if !strings.Contains(said, place) {
			t.Errorf("no word on %s:\n%s", place, said)
		}
	}
}
