package spec

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"berth/engine/fail"
)

// good is a small spec without a problem.
func good(t interface{ Fatal(...any) }) *Spec {
	s := &Spec{App: "shop", Region: "eu-west-2", EnvName: "production", Dir: "/src/shop"}
	s.Service.Port = 4000
	if err := s.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestValidate(t *testing.T) {
	regions := []string{"eu-west-1", "eu-west-2", "us-east-1"}
	tests := []struct {
		name   string
		change func(*Spec)
		want   string // the only problem, "" for none
	}{
		{"good", func(s *Spec) {}, ""},
		{"no name", func(s *Spec) { s.App = "" }, `app: the app has no name; give --app, or write app = "live-beats" in berth.toml`},
		{
			"upper case", func(s *Spec) { s.App = "Shop" },
			`app: AWS would reject the name "Shop": names of image repositories are lower case; "shop" would do`,
		},
		{
			"too long", func(s *Spec) { s.App = strings.Repeat("a", 33) },
			`app: AWS would reject the name "` + strings.Repeat("a", 33) +
				`": it has 33 characters, and load balancer names end at 32; "` + strings.Repeat("a", 32) + `" would do`,
		},
		{
			"underscore", func(s *Spec) { s.App = "my_shop" },
			`app: AWS would reject the name "my_shop": '_' is not allowed, only letters, digits and -; "my-shop" would do`,
		},
		{"digit first", func(s *Spec) { s.App = "2048" }, `app: AWS would reject the name "2048": it must start with a letter; choose another name`},
		{
			"internal", func(s *Spec) { s.App = "internal-tools" },
			`app: AWS would reject the name "internal-tools": load balancers must not start with internal-; choose another name`,
		},
		{"env name", func(s *Spec) { s.EnvName = "QA" }, `env name: AWS would reject the name "QA": names of image repositories are lower case; give another --env`},
		{"no region", func(s *Spec) { s.Region = "" }, `region: no AWS region is set; give --region, or write region = "eu-west-2" in berth.toml`},
		{"region shape", func(s *Spec) { s.Region = "london" }, `region: "london" is not an AWS region; regions look like eu-west-2`},
		{"unknown region", func(s *Spec) { s.Region = "eu-west-9" }, `region: there is no AWS region eu-west-9; did you mean eu-west-1?`},
		{"gov region shape", func(s *Spec) { s.Region = "us-gov-west-1" }, `region: there is no AWS region us-gov-west-1; regions look like eu-west-2`},
		{"platform", func(s *Spec) { s.Image.Platform = "arm64" }, `image.platform: "arm64" is not a Fargate platform; write "linux/arm64"`},
		{
			"windows", func(s *Spec) { s.Image.Platform = "windows/386" },
			`image.platform: "windows/386" is not a Fargate platform; Fargate runs linux/amd64 and linux/arm64`,
		},
		{
			"ref", func(s *Spec) { s.Image.Ref = "https://ghcr.io/a/b" },
			`image.ref: "https://ghcr.io/a/b" is not an image reference; such as ghcr.io/me/app:1.2, without https://`,
		},
		{
			"no port", func(s *Spec) { s.Service.Port = 0 },
			"service.port: it is not known which port the app listens on; give --port, or write port = 4000 under [service] in berth.toml",
		},
		{"port too high", func(s *Spec) { s.Service.Port = 70000 }, "service.port: 70000 is not a port; it goes from 0 to 65535"},
		{"instances", func(s *Spec) { s.Service.Instances = 5001 }, "service.instances: 5001 is not a number of containers that ECS runs; it goes from 0 to 5000"},
		{
			"told twice", func(s *Spec) {
				s.Alarms.Notify = []string{"https://hooks.example.com/t/secret", "https://hooks.example.com/t/secret"}
			},
			"alarms.notify: it names https://hooks.example.com/… twice; once is enough",
		},
		{
			"nobody", func(s *Spec) { s.Alarms.Notify = []string{"ops"} },
			`alarms.notify: "ops" is neither a mail address nor an https:// URL; such as "ops@example.com"`,
		},
		{
			"plain http", func(s *Spec) { s.Alarms.Notify = []string{"http://hooks.example.com/x"} },
			`alarms.notify: "http://hooks.example.com/x" is neither a mail address nor an https:// URL; such as "ops@example.com"`,
		},
		{"both", func(s *Spec) {
			s.Alarms.Notify = []string{"ops@example.com", "https://hooks.example.com/x?y=1"}
			s.Alarms.MonthlyUSD = 100
		}, ""},
		{
			"budget for nobody", func(s *Spec) { s.Alarms.MonthlyUSD = 100 },
			`alarms.monthly_usd: there are no alarms: nobody is told; set notify = ["ops@example.com"] under [alarms]`,
		},
		{
			"rollback by no alarm", func(s *Spec) { s.Alarms.Rollback = true },
			`alarms.rollback: there are no alarms: nobody is told; set notify = ["ops@example.com"] under [alarms]`,
		},
		{"no instances", func(s *Spec) { s.Service.Instances = 0 }, ""},
		{
			"cpu", func(s *Spec) { s.Service.CPU = 0.3 },
			"service.cpu: Fargate has no size of 0.3 vCPU; there are 0.25, 0.5, 1, 2, 4, 8, 16; the next one up is 0.5",
		},
		{"cpu too large", func(s *Spec) { s.Service.CPU = 32 }, "service.cpu: Fargate has no size of 32 vCPU; there are 0.25, 0.5, 1, 2, 4, 8, 16"},
		{"pair", func(s *Spec) { s.Service.Memory = 4096 }, "service.memory: 4096 MiB do not go with 0.25 vCPU on Fargate; " +
			"with 0.25 vCPU: 512, 1024 or 2048 MiB; the next pair up is 0.5 vCPU with 4096 MiB"},
		{"pair of a large one", func(s *Spec) { s.Service.CPU, s.Service.Memory = 8, 18000 }, "service.memory: 18000 MiB do not go with 8 vCPU on Fargate; " +
			"with 8 vCPU: 16384 to 61440 MiB in steps of 4096; the next pair up is 8 vCPU with 20480 MiB"},
		{"1536", func(s *Spec) { s.Service.Memory = 1536 }, "service.memory: 1536 MiB do not go with 0.25 vCPU on Fargate; " +
			"with 0.25 vCPU: 512, 1024 or 2048 MiB; the next pair up is 0.25 vCPU with 2048 MiB"},
		{"health path", func(s *Spec) { s.Service.HealthPath = "health" }, `service.health_path: "health" does not start with /; write "/health"`},
		{"health url", func(s *Spec) { s.Service.HealthPath = "http://x/h" }, `service.health_path: it is the path only; such as "/health"`},
		{
			"health with space", func(s *Spec) { s.Service.HealthPath = "/a b" },
			`service.health_path: AWS takes up to 1024 ASCII characters without spaces; such as "/health"`,
		},
		{"empty word", func(s *Spec) { s.Service.Command = []string{"a", ""} }, `service.command: one of its arguments is empty; such as ["/app/bin/server", "start"]`},
		{"open quote", func(s *Spec) { s.Service.ReleaseCommand = `sh -c "x` }, `service.release_command: a " is open; close the quote`},
		{"stop", func(s *Spec) { s.Service.StopTimeout = Duration(121e9) }, "service.stop_timeout: 2m1s is not possible; whole seconds from 2s to 2m0s"},
		{"start", func(s *Spec) { s.Service.StartTimeout = Duration(15e8) }, "service.start_timeout: 1.5s is not possible; whole seconds from 1s to 1h0m0s"},
		{"autoscale", func(s *Spec) { s.Service.Autoscale = &Autoscale{Max: 4, CPUPercent: 60} }, ""},
		{
			"autoscale below", func(s *Spec) { s.Service.Instances, s.Service.Autoscale = 3, &Autoscale{Max: 2, CPUPercent: 60} },
			"service.autoscale.max: 2 is less than the 3 instances; 3 or more",
		},
		{
			"autoscale from none", func(s *Spec) { s.Service.Instances, s.Service.Autoscale = 0, &Autoscale{Max: 2, CPUPercent: 60} },
			"service.instances: autoscaling cannot start from 0 containers; 1 or more",
		},
		{
			"autoscale percent", func(s *Spec) { s.Service.Autoscale = &Autoscale{Max: 2, CPUPercent: 101} },
			"service.autoscale.cpu_percent: 101 is not a percentage; it goes from 1 to 100",
		},
		{"clustering", func(s *Spec) { s.Network.Clustering = "gossip" }, `network.clustering: "gossip" is not known; "dns", "ecs-api" or leave it out`},
		{
			"domain", func(s *Spec) { s.Network.Domain = "www.Example.com" },
			`network.domain: "www.Example.com" has upper case letters, and browsers send host names in lower case; such as "www.example.com"`,
		},
		{"domain with path", func(s *Spec) { s.Network.Domain = "example.com/x" }, `network.domain: "example.com/x" is more than a host name; such as "www.example.com"`},
		{"address", func(s *Spec) { s.Network.Domain = "10.0.0.1" }, `network.domain: "10.0.0.1" is an address, not a domain; such as "www.example.com"`},
		{
			"env key", func(s *Spec) { s.Env = map[string]string{"A=B": "x"} },
			"env.A=B: an environment variable cannot have this name; any name but an empty one, without =",
		},
		{
			"env names that images want", func(s *Spec) {
				s.Env = map[string]string{"discovery.type": "x", "MY-VAR": "x", "Logging__LogLevel__Default": "x", "1": "x", "ü": "x"}
				s.Secrets.FromSSM = []string{"/shop/spring.datasource.password"}
			}, "",
		},
		{"env variable", func(s *Spec) { s.Env = map[string]string{"A": "${hots}"} }, "env.A: there is no variable ${hots}; did you mean ${host}?"},
		{"env open", func(s *Spec) { s.Env = map[string]string{"A": "${host"} }, "env.A: ${ without its }; write $${ for a plain ${"},
		{"env escaped", func(s *Spec) { s.Env = map[string]string{"A": "$${hots} $x"} }, ""},
		{
			"namespace", func(s *Spec) { s.Env = map[string]string{"A": "${namespace}"} },
			`env.A: there is a ${namespace} only when the containers find each other by DNS; write clustering = "dns" under [network]`,
		},
		{"secret", func(s *Spec) { s.Secrets.FromSSM = []string{"a b"} }, `secrets.from_ssm: "a b" does not end in the name of an environment variable; ` +
			`a name such as "DATABASE_URL", a path such as "/shop/DATABASE_URL", or the ARN of a parameter`},
		{"the lock", func(s *Spec) { s.Secrets.FromSSM = []string{"lock"} }, `secrets.from_ssm: "lock" is the parameter that berth locks the app with; give the secret another name`},
		{"the lock by path", func(s *Spec) { s.Secrets.FromSSM = []string{"/berth/" + s.App + "/production/lock"} }, `secrets.from_ssm: "/berth/shop/production/lock" is the parameter that berth locks the app with; give the secret another name`},
		{"another lock", func(s *Spec) { s.Secrets.FromSSM = []string{"LOCK", "/other/lock"} }, ""},
		{"secret twice", func(s *Spec) { s.Secrets.FromSSM = []string{"A", "/x/A"} }, "secrets.from_ssm: A is given twice; name it once"},
		{
			"secret and env", func(s *Spec) { s.Secrets.FromSSM, s.Env = []string{"A"}, map[string]string{"A": "1"} },
			"secrets.from_ssm: A is also in [env]; ECS rejects that; remove it from one of them",
		},
		{"secret arn", func(s *Spec) { s.Secrets.FromSSM = []string{"arn:aws:ssm:eu-west-2:123456789012:parameter/shop/KEY"} }, ""},
		{"storage", func(s *Spec) { s.Storage = []Storage{{"/a"}, {"b"}} }, `storage[1].path: "b" is not an absolute path in the container; such as "/app/uploads"`},
		{"storage root", func(s *Spec) { s.Storage = []Storage{{"/"}} }, `storage[0].path: "/" belongs to the system of the container; such as "/app/uploads"`},
		{"storage twice", func(s *Spec) { s.Storage = []Storage{{"/a"}, {"/a"}} }, `storage[1].path: "/a" is given twice; name it once`},
		{"storage that hides the app", func(s *Spec) {
			s.Service.Command, s.Storage = []string{"/app/bin/server"}, []Storage{{Path: "/app"}}
		}, `storage[0].path: "/app" would hide /app/bin/server, which service.command runs: the folder is empty at first; name the folder that the app writes to, such as /app/uploads`},
		{"version of mysql", func(s *Spec) { s.Database = &Database{Engine: "mysql", Version: "8"} }, `database.version: "8" is no version of MySQL; such as "8.4"`},
		{"database", func(s *Spec) { s.Database = &Database{Engine: "oracle"} }, `database.engine: "oracle" is not known; "postgres", "mysql" or leave it out`},
		{"form of the database's URL", func(s *Spec) { s.Database = &Database{URL: "mysql2://${user}:${password}@${host}/${name}"} }, ""},
		{"part of the database", func(s *Spec) { s.Database = &Database{URL: "mysql2://${usr}@${host}"} }, `database.url: there is no variable ${usr}; did you mean ${user}?`},
		{"database nowhere", func(s *Spec) { s.Database = &Database{URL: "mysql2://${password}@localhost"} }, "database.url: nothing in it says where the database is; ${host} stands for that"},
		{"two forms of the URL", func(s *Spec) { s.Database = &Database{URL: "x://${password}@${host}", URLQuery: "a=b"} }, "database.url_query: database.url says the whole URL; write it at its end"},
		{"password for the URL", func(s *Spec) { s.Database = &Database{PasswordVariable: "DATABASE_URL"} }, "database.password_variable: the app gets DATABASE_URL from [database] already; another name"},
		{"a password of one's own", func(s *Spec) {
			s.Database, s.Secrets.FromSSM = &Database{PasswordVariable: "DB_PASSWORD"}, []string{"DB_PASSWORD"}
		}, "secrets.from_ssm: [database] gives the app DB_PASSWORD, too; take it out here, or take [database] out, and what exists already is used"},
		{"password for the port", func(s *Spec) { s.Database = &Database{PasswordVariable: "PORT"} }, "database.password_variable: the app gets PORT from service.port already; another name"},
		{"one variable for two", func(s *Spec) { s.Cache, s.Uploads = &Cache{Variable: "X"}, &Uploads{Variable: "X"} }, "cache.variable: the app gets X from [uploads] already; another name\nuploads.variable: the app gets X from [cache] already; another name"},
		{"password nowhere", func(s *Spec) { s.Database = &Database{URL: "mysql2://${user}@${host}"} }, "database.url: nothing gives the app the password of its database; ${password} stands for it, or name a variable for it as password_variable"},
		{"password told twice", func(s *Spec) {
			s.Database, s.Env = &Database{PasswordVariable: "PASS"}, map[string]string{"PASS": "1"}
		}, "env.PASS: [database] gives the app PASS, too; take it out here, or take [database] out, and what exists already is used"},
		{"part of no database", func(s *Spec) { s.Env = map[string]string{"A": "${database_host}"} }, "env.A: there is no [database] that it could be told from; have one made, or write the value itself"},
		{"database class", func(s *Spec) { s.Database = &Database{Class: "large"} }, `database.class: "large" is not a database instance class; such as "db.t4g.micro"`},
		{"database size", func(s *Spec) { s.Database = &Database{StorageGB: 5} }, "database.storage_gb: 5 is not a size that RDS has; it goes from 20 to 65536"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := good(t)
			tt.change(s)
			for _, name := range []string{"service.port"} {
				delete(s.Origins, name)
			}
			got := Problems(s.Validate(regions...)).Error()
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestValidatePlaces(t *testing.T) {
	s, err := Parse([]byte("app = \"Shop\"\n\n[service]\nport =  -1\nstop_timeout = \"1s\"\n[env]\nA = \"${x}\"\n[[storage]]\npath = \"rel\"\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetText("region", "nowhere", Origin{Kind: Flag, Text: "--region"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Validate() {
		got = append(got, p.Where()+" "+p.Key)
	}
	want := "berth.toml:1:7 app|--region region|berth.toml:4:9 service.port|berth.toml:5:16 service.stop_timeout|" +
		"berth.toml:7:5 env.A|berth.toml:9:8 storage[0].path"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	f := fail.From(AsError(s.Validate()))
	if f.Class != fail.Usage || f.Cause != "berth.toml has 6 mistakes" || strings.Count(f.Evidence, "\n") != 5 {
		t.Errorf("failure %+v", f)
	}
	if AsError(nil) != nil {
		t.Error("no problems are an error")
	}
}

// Every name that Slug makes is one that CheckName takes.
func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Live Beats": "live-beats", "my_app.v2": "my-app-v2", "--x--y--": "x-y", "2048": "", "": "", "日本": "", "a": "",
		"99bottles": "bottles", strings.Repeat("ab-", 20): "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab",
	} {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if s := Slug(text); s != "" && CheckName(s) != nil {
			t.Fatalf("Slug(%q) = %q: %v", text, s, CheckName(s))
		}
	})
}

// Snap gives a pair that Validate takes, never less than what was asked for, and keeps good pairs.
func TestSnap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cpu := rapid.Float64Range(0, 17).Draw(t, "cpu")
		memory := rapid.IntRange(0, 130000).Draw(t, "memory")
		c, m, ok := Snap(cpu, memory)
		if !ok {
			if cpu <= 16 && memory <= 122880 {
				t.Fatal("there is a pair")
			}
			return
		}
		if c < cpu || m < memory {
			t.Fatalf("Snap gives less: %v %v", c, m)
		}
		s := good(t)
		s.Service.CPU, s.Service.Memory = c, m
		if p := s.Validate(); p != nil {
			t.Fatal(Problems(p))
		}
		if c2, m2, _ := Snap(c, m); c2 != c || m2 != m {
			t.Fatalf("a good pair %v %v became %v %v", c, m, c2, m2)
		}
	})
	count := 0
	for _, c := range CPUSizes() {
		count += len(MemorySizes(c))
	}
	if want := 3 + 4 + 7 + 13 + 23 + 12 + 12; count != want {
		t.Errorf("%d pairs, want %d", count, want)
	}
	if got := MemorySizes(0.25); len(got) != 3 || got[2] != 2048 || CPUUnits(0.25) != 256 {
		t.Errorf("0.25 vCPU goes with %v", got)
	}
}

func TestInterpolate(t *testing.T) {
	vars := map[string]string{"host": "d1.cloudfront.net", "region": "eu-west-2"}
	for in, want := range map[string]string{
		"": "", "plain $x $": "plain $x $", "${host}": "d1.cloudfront.net", "https://${host}/${region}": "https://d1.cloudfront.net/eu-west-2",
		"$${host}": "${host}", "$${": "${", "a$${b}${host}": "a${b}d1.cloudfront.net",
	} {
		if got, err := Interpolate(in, vars); err != nil || got != want {
			t.Errorf("Interpolate(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"${hosts}": "there is no variable ${hosts}; did you mean ${host}?", "${": "${ without its }; write $${ for a plain ${",
		"${}": "there is no variable ${}; there are ${host} ${region}; write $${ for a plain ${",
	} {
		if _, err := Interpolate(in, vars); err == nil || err.Error() != want {
			t.Errorf("Interpolate(%q): %v, want %s", in, err, want)
		}
	}
	if names, err := VariablesIn("${host} ${namespace} ${host}"); err != nil || strings.Join(names, ",") != "host,namespace" {
		t.Errorf("VariablesIn: %v, %v", names, err)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/app/bin/migrate": "/app/bin/migrate", `sh -c "a b" 'c "d"'`: `sh|-c|a b|c "d"`, `a\ b "\"" "" x`: `a b|"||x`, "  a\tb ": "a|b",
	} {
		if got, err := Words(in); err != nil || strings.Join(got, "|") != want {
			t.Errorf("Words(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{`"`, `'a`, `a\`} {
		if _, err := Words(in); err == nil {
			t.Errorf("Words(%q) is no error", in)
		}
	}
}

func TestPlatform(t *testing.T) {
	for in, want := range map[string]string{"linux/amd64": "X86_64", "linux/arm64": "ARM64", "linux/arm64/v8": "ARM64", "linux/386": "", "": ""} {
		if got := RuntimeArch(in); got != want {
			t.Errorf("RuntimeArch(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"x86_64": AMD64, "aarch64": ARM64, "AMD64": AMD64, "riscv64": ""} {
		if got := PlatformOf(in); got != want {
			t.Errorf("PlatformOf(%q) = %q, want %q", in, got, want)
		}
	}
}

// An app that answers no HTTP cannot have what only requests need.
func TestValidateNoHTTP(t *testing.T) {
	s, err := Parse([]byte("app = \"bot\"\nregion = \"eu-west-2\"\n[service]\nport = 0\n[network]\nwebsockets = true\n[env]\nHOST = \"${host}\"\n"), "")
	if err == nil {
		err = s.Complete(nil, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Validate() {
		got = append(got, p.Key)
	}
	if want := "network.websockets env.HOST"; strings.Join(got, " ") != want {
		t.Errorf("problems of %v, want %s", got, want)
	}
}
