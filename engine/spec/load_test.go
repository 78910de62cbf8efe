package spec

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"berth/engine/fail"
)

const full = `# my app
app = "live-beats"
region = "eu-west-2"
target = "ecs-fargate"

[image]
dockerfile = "Dockerfile"
platform = "linux/amd64"

[service]
port = 4000
cpu = 0.25                      # vCPU
memory = 512                    # MiB
instances = 2
health_path = "/signin"
release_command = "/app/bin/migrate"
stop_timeout = "30s"

[service.autoscale]
max = 4
cpu_percent = 60

[network]
websockets = true
clustering = "dns"              # dns | ecs-api
domain = "www.example.com"

[env]
PHX_HOST = "${host}"

[secrets]
from_ssm = ["SECRET_KEY_BASE", "DATABASE_URL"]

[[storage]]
path = "/app/uploads"

[database]
engine = "postgres"
class = "db.t4g.micro"
storage_gb = 20
`

func TestParseFull(t *testing.T) {
	s, err := Parse([]byte(full), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	if p := s.Validate("eu-west-1", "eu-west-2"); p != nil {
		t.Errorf("the example of the design has problems: %v", Problems(p))
	}
	for name, want := range map[string]any{
		"service.port": 4000, "service.cpu": 0.25, "service.stop_timeout": Duration(30e9), "network.websockets": true,
		"env.PHX_HOST": "${host}", "storage[0].path": "/app/uploads", "service.autoscale.max": 4, "database.class": "db.t4g.micro",
	} {
		got, ok := s.Get(name)
		if !ok || got != want {
			t.Errorf("Get(%s) = %v, %v; want %v", name, got, ok, want)
		}
		if o := s.Origins[name]; o.Kind != File || o.File != FileName {
			t.Errorf("origin of %s = %+v, want the file", name, o)
		}
	}
	want := Origin{Kind: File, File: FileName, Line: 11, Column: 8}
	if got := s.Origins["service.port"]; got != want {
		t.Errorf("origin of service.port = %+v, want %+v", got, want)
	}
	if got := s.Origins["service.health_path"].String(); got != "berth.toml:15" {
		t.Errorf("origin for people = %q", got)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, cause, remedy string }{
		{"typing error", "[service]\nprot = 1\n", "berth.toml:2:1: service.prot: berth.toml has no such key", "did you mean service.port?"},
		{"wrong table", "port = 1\n", "berth.toml:1:1: port: berth.toml has no such key", "did you mean port under [service]?"},
		{"swapped letters", "regoin = \"x\"\n", "berth.toml:1:1: regoin: berth.toml has no such key", "did you mean region?"},
		{"unknown table", "[servcie]\nport = 1\n", "berth.toml:1:2: servcie: berth.toml has no such table", "did you mean [service]?"},
		{"far from all", "[service]\nzzzzzzzzzzzz = 1\n", "berth.toml:2:1: service.zzzzzzzzzzzz: berth.toml has no such key", "in [service] there are port, cpu,"},
		{"text for number", "[service]\nport = \"4000\"\n", "berth.toml:2:8: service.port: it must be a whole number, not a text", "such as 4000"},
		{"fraction for whole", "[service]\nmemory = 0.5\n", "berth.toml:2:10: service.memory: it must be a whole number, not a number with a fraction", "such as 512"},
		{"number for duration", "[service]\nstop_timeout = 30\n", "berth.toml:2:16: service.stop_timeout: it must be a duration in quotes, not a whole number", `such as "30s"`},
		{"number for text", "app = 7\n", "berth.toml:1:7: app: it must be a text in quotes, not a whole number", `such as "live-beats"`},
		{"number in env", "[env]\nPORT = 4000\n", "berth.toml:2:8: env.PORT: it must be a text in quotes, not a whole number", "write it in quotes"},
		{"text for list", "[secrets]\nfrom_ssm = \"A\"\n", "berth.toml:2:12: secrets.from_ssm: it must be a list of texts, not a text", `such as ["DATABASE_URL"]`},
		{"mixed list", "[secrets]\nfrom_ssm = [\"A\", 1]\n", "berth.toml:2:12: secrets.from_ssm: it must be a list of texts, not a list of something else", `such as ["DATABASE_URL"]`},
		{"single storage", "[storage]\npath = \"/a\"\n", "berth.toml:1:2: storage: it can be there several times", "write [[storage]]"},
		{"double service", "[[service]]\nport = 1\n", "berth.toml:1:3: service[0]: it can be there only once", "write [service]"},
		{"key as table", "[app]\nname = \"x\"\n", "berth.toml:1:2: app: it is not a table", `write app = "live-beats"`},
		{"unknown in inline table", "service = { port = 1, ports = 2 }\n", "berth.toml:1:23: service.ports: berth.toml has no such key", "did you mean service.port?"},
		{"storage key", "[[storage]]\nsize = 1\n", "berth.toml:2:1: storage[0].size: berth.toml has no such key", ""},
		{"syntax", "app = \n", "berth.toml:1:7: ", "fix that line"},
		{"syntax later", "app = \"x\"\n\n[service\nport = 1\n", "berth.toml:3:9: ", "fix that line"},
		{"twice", "app = \"x\"\napp = \"y\"\n", "berth.toml:2:1: ", "fix that line"},
		{"bad duration", "[service]\nstop_timeout = \"half a minute\"\n", "berth.toml:2:16: service.stop_timeout: \"half a minute\" is not a duration such as \"30s\"", "such as \"30s\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.text), "")
			f := fail.From(err)
			if err == nil || f.Class != fail.Usage {
				t.Fatalf("error %v is not a usage failure", err)
			}
			if !strings.HasPrefix(f.Cause, tt.cause) || strings.TrimPrefix(f.Cause, tt.cause) != "" && !strings.HasSuffix(tt.cause, ": ") {
				t.Errorf("cause  %q\nwant   %q", f.Cause, tt.cause)
			}
			if !strings.HasPrefix(f.Remedy, tt.remedy) || (tt.remedy == "") != (f.Remedy == "") {
				t.Errorf("remedy %q\nwant   %q", f.Remedy, tt.remedy)
			}
			t.Log(err)
		})
	}
}

func TestParseSeveralErrors(t *testing.T) {
	_, err := Parse([]byte("regoin = \"eu-west-2\"\n\n[service]\nprot = 1\ncpu = \"big\"\n"), "")
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != 3 {
		t.Fatalf("want three problems, got %v", err)
	}
	f := fail.From(err)
	want := `berth.toml:1:1: regoin: berth.toml has no such key; did you mean region?
berth.toml:4:1: service.prot: berth.toml has no such key; did you mean service.port?
berth.toml:5:7: service.cpu: it must be a number, not a text; such as 0.25`
	if diff := cmp.Diff(want, f.Evidence); diff != "" {
		t.Error(diff)
	}
	if f.Cause != "berth.toml has 3 mistakes" {
		t.Errorf("cause %q", f.Cause)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	s, err := Load(dir, "")
	if err != nil || s.App != "" || s.Dir != dir || s.EnvName != "production" || Exists(dir) {
		t.Fatalf("without a file: %+v, %v", s, err)
	}
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte("\xef\xbb\xbfapp = \"x1\"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = Load(dir, ""); err != nil || s.App != "x1" || !Exists(dir) {
		t.Errorf("with a byte order mark: %+v, %v", s, err)
	}
	other := t.TempDir()
	if err := os.Mkdir(filepath.Join(other, FileName), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err = Load(other, ""); fail.From(err).Class != fail.Usage {
		t.Errorf("a folder named berth.toml: %v", err)
	}
	if _, err := Parse(make([]byte, maxFile+1), ""); fail.From(err).Class != fail.Usage {
		t.Errorf("a huge file: %v", err)
	}
}

// FuzzParse feeds Parse anything: it must answer with a Spec or a usage failure, and never crash. What it
// accepts must come out of the position reader with an origin for all that is said.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("service = { port = 1, autoscale = { max = 3 } }\nimage.args.A = \"x\"\nstorage = [{ path = \"/a\" }]\n"))
	f.Add([]byte("[service]\nprot = 1\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw, "")
		if err != nil {
			if fail.From(err).Class != fail.Usage {
				t.Fatalf("not a usage failure: %v", err)
			}
			return
		}
		for _, k := range keys {
			v, ok := s.Get(k.Name)
			if _, has := s.Origins[k.Name]; ok && !zero(v) && k.Kind != Table && k.Kind != Tables && !has {
				t.Fatalf("%s = %v has no origin", k.Name, v)
			}
		}
	})
}
