package spec

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSaveNew(t *testing.T) {
	dir := t.TempDir()
	s := &Spec{Dir: dir, Region: "eu-west-2"}
	must(t, s.SetText("image.ref", "ghcr.io/me/x", Origin{Kind: Flag}))
	must(t, s.SetText("env.PHX_HOST", "${host}", Origin{Kind: Answer}))
	must(t, s.SetText("storage", "/data", Origin{Kind: Answer}))
	must(t, s.Complete(map[string]any{"app": "harbor", "service.port": 4000, "network.clustering": "dns", "network.websockets": true},
		map[string]Origin{
			"service.port":       {File: "Dockerfile", Line: 12, Text: "EXPOSE 4000\nevil = true"},
			"network.clustering": {File: "mix.exs", Line: 41, Text: ":libcluster"},
			"network.websockets": {File: "lib/harbor_web/endpoint.ex", Line: 9, Text: `socket "/live"`},
		}))
	if changed, err := s.Save(); err != nil || !changed {
		t.Fatal(changed, err)
	}
	want := `# How this app runs on AWS. berth reads this file and keeps your changes and comments.

app = "harbor"          # detected
region = "eu-west-2"    # AWS region
target = "ecs-fargate"  # AWS service that runs the app

[image]
dockerfile = "Dockerfile"  # built into the image
platform = "linux/amd64"   # linux/amd64 or linux/arm64

[service]
port = 4000           # Dockerfile:12 EXPOSE 4000 evil = true
cpu = 0.25            # vCPU for each container
memory = 512          # MiB of memory for each container
instances = 2         # containers that run at the same time
health_path = "/"     # path that answers 200 to 399 when the app is healthy
stop_timeout = "30s"  # time between SIGTERM and SIGKILL

[network]
websockets = true   # lib/harbor_web/endpoint.ex:9 socket "/live"
clustering = "dns"  # mix.exs:41 :libcluster

[env]
PHX_HOST = "${host}"

[[storage]]
path = "/data"
`
	got := read(t, dir)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if changed, err := s.Save(); err != nil || changed {
		t.Errorf("a second save: changed %v, %v", changed, err)
	}
}

func TestSaveKeepsTheFile(t *testing.T) {
	tests := []struct {
		name, file string
		set        map[string]string
		unset      []string
		want       string
	}{
		{
			"value in place", "# top\n\n[service] # svc\n  port   =   80   # mine\ncpu = 1\n",
			map[string]string{"service.port": "81"},
			nil,
			"# top\n\n[service] # svc\n  port   =   81   # mine\ncpu = 1\n",
		},
		{"same value", "[service]\nport = 0x50 # eighty\n", map[string]string{"service.port": "80"}, nil, "[service]\nport = 0x50 # eighty\n"},
		{
			"new key after its neighbours", "[service]\n  port = 80 # p\n\n# net\n[network]\nwebsockets = true\n",
			map[string]string{"service.memory": "1024"},
			nil,
			"[service]\n  port = 80 # p\n  memory = 1024\n\n# net\n[network]\nwebsockets = true\n",
		},
		{
			"new key in an empty table", "[service]\n# nothing yet\n[network]\n",
			map[string]string{"service.port": "80"},
			nil,
			"[service]\nport = 80\n# nothing yet\n[network]\n",
		},
		{"new table at the end", "app = \"x1\"", map[string]string{"service.port": "80"}, nil, "app = \"x1\"\n\n[service]\nport = 80\n"},
		{
			"new top key", "# about\n\n# the service\n[service]\nport = 80\n",
			map[string]string{"app": "x1"},
			nil,
			"# about\n\napp = \"x1\"\n# the service\n[service]\nport = 80\n",
		},
		{
			"new top key under a tied comment", "# the service\n[service]\nport = 80\n",
			map[string]string{"app": "x1"},
			nil,
			"app = \"x1\"\n# the service\n[service]\nport = 80\n",
		},
		{
			"inline", "service = { port = 80, cpu = 1 } # all\n",
			map[string]string{"service.port": "81", "service.memory": "2048"},
			nil,
			"service = { port = 81, cpu = 1, memory = 2048 } # all\n",
		},
		{"inline empty", "service = {}\n", map[string]string{"service.port": "81"}, nil, "service = { port = 81 }\n"},
		{
			"inline child", "service = { port = 80 }\n",
			map[string]string{"service.autoscale.max": "3"},
			nil,
			"service = { port = 80, autoscale = { max = 3 } }\n",
		},
		{
			"dotted", "service.port = 80\nservice.cpu = 1\n\n[network]\n",
			map[string]string{"service.memory": "2048", "service.autoscale.max": "3"},
			nil,
			"service.port = 80\nservice.cpu = 1\nservice.memory = 2048\nservice.autoscale.max = 3\n\n[network]\n",
		},
		{
			"dotted in a table", "[service]\nautoscale.max = 3\nport = 1\n",
			map[string]string{"service.autoscale.cpu_percent": "50"},
			nil,
			"[service]\nautoscale.max = 3\nautoscale.cpu_percent = 50\nport = 1\n",
		},
		{
			"table before its parent", "[service.autoscale]\nmax = 3\n",
			map[string]string{"service.port": "80"},
			nil,
			"[service.autoscale]\nmax = 3\n\n[service]\nport = 80\n",
		},
		{"carriage returns", "[service]\r\nport = 80\r\n", map[string]string{"service.cpu": "1"}, nil, "[service]\r\nport = 80\r\ncpu = 1\r\n"},
		{
			"list over lines", "[secrets]\nfrom_ssm = [\n  \"A\", # a\n  \"B\",\n] # end\n",
			map[string]string{"secrets.from_ssm": "A"},
			nil,
			"[secrets]\nfrom_ssm = [\"A\"] # end\n",
		},
		{
			"env", "[env]\n# host\nA = '${host}'\n\"b.c\" = \"1\"\n",
			map[string]string{"env.A": "x\n", "env.D": "new", "env.b.c": "2"},
			nil,
			"[env]\n# host\nA = \"x\\n\"\n\"b.c\" = \"2\"\nD = \"new\"\n",
		},
		{
			"remove", "[service] # s\nport = 80\n# why\nrelease_command = \"x\" # old\n\n[env]\nA = \"1\"\nB = \"2\"\n", nil,
			[]string{"service.release_command", "env.A"},
			"[service] # s\nport = 80\n# why\n\n[env]\nB = \"2\"\n",
		},
		{
			"remove a table", "[service.autoscale]\n# four\nmax = 4\ncpu_percent = 50\n\n[env]\nA = \"1\"\n", nil,
			[]string{"service.autoscale"},
			"# four\n\n[env]\nA = \"1\"\n",
		},
		{
			"remove inline", "service = { port = 80, autoscale = { max = 3 }, cpu = 1 }\ndatabase = { engine = \"postgres\" } # db\napp = \"x1\"\n", nil,
			[]string{"service.autoscale", "service.cpu", "database"},
			"service = { port = 80 }\napp = \"x1\"\n",
		},
		{
			"storage", "[[storage]]\npath = \"/a\" # first\n\n[[storage]]\npath = \"/b\"\n\n[network]\n",
			map[string]string{"storage": "/a,/c,/d"},
			nil,
			"[[storage]]\npath = \"/a\" # first\n\n[[storage]]\npath = \"/c\"\n\n[network]\n\n[[storage]]\npath = \"/d\"\n",
		},
		{
			"less storage", "[[storage]]\npath = \"/a\"\n# second\n[[storage]]\npath = \"/b\"\n[network]\n",
			map[string]string{"storage": "/a"},
			nil,
			"[[storage]]\npath = \"/a\"\n# second\n[network]\n",
		},
		{"inline storage", "storage = [{ path = \"/a\" }]\n", map[string]string{"storage": "/a,/b"}, nil, "storage = [{ path = \"/a\" }, { path = \"/b\" }]\n"},
		{"byte order mark", "\xef\xbb\xbfapp = \"x1\"\n", map[string]string{"app": "x2"}, nil, "app = \"x2\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, FileName), []byte(tt.file), 0o640))
			s, err := Load(dir, "")
			must(t, err)
			for name, text := range tt.set {
				must(t, s.SetText(name, text, Origin{Kind: Answer}))
			}
			for _, name := range tt.unset {
				s.Unset(name)
			}
			must(t, s.Set("target", "ecs-fargate", Origin{Kind: Default}))
			changed, err := s.Save()
			if err != nil || changed != (tt.file != tt.want) {
				t.Errorf("changed %v, %v", changed, err)
			}
			if diff := cmp.Diff(tt.want, read(t, dir)); diff != "" {
				t.Error(diff)
			}
			if info, err := os.Stat(filepath.Join(dir, FileName)); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".berth*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestSaveFlagsStayOut(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, FileName), []byte("region = \"eu-west-2\"\n"), 0o644))
	s, err := Load(dir, "")
	must(t, err)
	must(t, s.SetText("region", "us-east-1", Origin{Kind: Flag, Text: "--region"}))
	must(t, s.SetText("image.ref", "x", Origin{Kind: Flag, Text: "--image"}))
	must(t, s.Complete(map[string]any{"service.port": 4000}, nil))
	if changed, err := s.Save(); changed || err != nil || s.Region != "us-east-1" {
		t.Errorf("changed %v, %v: %s", changed, err, read(t, dir))
	}
}

func TestSaveRefuses(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, FileName), []byte("broken"), 0o644))
	s := &Spec{Dir: dir, App: "x1"}
	if _, err := s.Save(); err == nil || read(t, dir) != "broken" {
		t.Errorf("a broken file was written over: %v", err)
	}
	s.Dir = filepath.Join(dir, "missing")
	if _, err := s.Save(); err == nil {
		t.Error("a folder that is not there")
	}
	link := t.TempDir()
	must(t, os.WriteFile(filepath.Join(link, "real.toml"), []byte("app = \"x1\"\n"), 0o644))
	must(t, os.Symlink("real.toml", filepath.Join(link, FileName)))
	s = &Spec{Dir: link, App: "x2"}
	_, err := s.Save()
	must(t, err)
	if b, _ := os.ReadFile(filepath.Join(link, "real.toml")); string(b) != "app = \"x2\"\n" {
		t.Errorf("the file behind the link has %q", b)
	}
}

// drawSpec draws a spec with any value in any key.
func drawSpec(t *rapid.T) *Spec {
	s := &Spec{}
	all := keys
	if rapid.Bool().Draw(t, "a process") {
		all = slices.Concat(keys, processKeys("worker"))
	}
	for _, k := range all {
		if k.Name != "app" && rapid.Bool().Draw(t, "skip "+k.Name) {
			continue
		}
		drawKey(t, s, k)
	}
	return s
}

var anyText = rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("ab \"'\\\n\t#=[]{}$é\x01\x7f")), rapid.Rune())).Filter(func(s string) bool {
	return !strings.ContainsRune(s, 0) && !strings.ContainsRune(s, '\uFFFD')
})

func drawKey(t *rapid.T, s *Spec, k Key) {
	var v any
	switch k.Kind {
	case Whole:
		v = rapid.IntRange(1, 100000).Draw(t, k.Name)
	case Number:
		v = rapid.SampledFrom([]float64{0.25, 1, 16, 0.3}).Draw(t, k.Name)
	case Truth:
		v = true
	case Span:
		v = Duration(rapid.Int64Range(1, 1<<40).Draw(t, k.Name))
	case Tables:
		v = rapid.SliceOfN(anyText, 1, 3).Draw(t, k.Name)
		if k.Name == "permissions.allow" {
			v = []Grant{{Actions: v.([]string), Resources: []string{"*"}}}
		}
	case List, Command:
		v = rapid.SliceOfN(anyText, 1, 3).Draw(t, k.Name)
	case Table:
		for range rapid.IntRange(1, 3).Draw(t, "entries") {
			name := rapid.StringMatching(`[A-Z_][A-Za-z0-9_. -]*`).Draw(t, "name")
			if err := s.Set(k.Name+"."+name, anyText.Draw(t, "value"), Origin{Kind: Answer}); err != nil {
				t.Fatal(err)
			}
		}
		return
	default:
		v = anyText.Filter(func(s string) bool { return s != "" }).Draw(t, k.Name)
	}
	if err := s.Set(k.Name, v, Origin{Kind: Answer}); err != nil {
		t.Fatal(err)
	}
}

// A spec that is written and read again is the same.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		text := s.tidy()
		got, err := Parse(text, "")
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !sameValues(s, got) {
			got.Origins, s.Origins = nil, nil
			t.Fatal(cmp.Diff(s, got))
		}
	})
}

// Whatever a berth.toml looks like, saving answers gives a file that says them, and no line that is not
// about a changed key is lost or touched.
func TestSaveTouchesOnlyWhatChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := disarrange(drawSpec(t), rapid.Uint64().Draw(t, "order"))
		s, err := Parse([]byte(file), "")
		if err != nil {
			t.Fatalf("%v in\n%s", err, file)
		}
		changed := map[string]bool{}
		for _, k := range s.Keys() {
			if k.Name == "id" {
				continue // no save takes it away
			}
			switch rapid.IntRange(0, 5).Draw(t, "change "+k.Name) {
			case 0:
				drawKey(t, s, k)
				changed[k.Name] = true
			case 1:
				s.Unset(k.Name)
				changed[k.Name] = true
			}
		}
		after, err := s.update([]byte(file))
		if err != nil {
			t.Fatalf("%v in\n%s", err, file)
		}
		got, err := Parse(after, "")
		if err != nil {
			t.Fatalf("%v in\n%s", err, after)
		}
		if !sameValues(s, got) {
			t.Fatalf("file before:\n%s\nafter:\n%s", file, after)
		}
		for line := range strings.SplitSeq(file, "\n") {
			_, key, tagged := strings.Cut(line, "# of ")
			if (strings.HasPrefix(line, "# ") || tagged && !changed[key]) && !strings.Contains(string(after), line+"\n") {
				t.Fatalf("lost %q\nbefore:\n%s\nafter:\n%s", line, file, after)
			}
		}
	})
}

// disarrange writes s as a user might: tables in any order, some dotted, with comments; each line ends in a
// comment that names its key.
func disarrange(s *Spec, seed uint64) string {
	rnd := rand.New(rand.NewPCG(seed, 1))
	tables := map[string][]string{}
	var order []string
	for _, k := range s.Keys() {
		v, ok := s.Get(k.Name)
		if !ok || zero(v) {
			continue
		}
		table, leaf := k.table()
		var lines []string
		switch v := v.(type) {
		case map[string]string:
			table = k.Name
			for name, text := range v {
				lines = append(lines, fmt.Sprintf("%s = %s # of %s", quote(name), quote(text), k.Name))
			}
		case []Storage:
			continue
		default:
			lines = []string{fmt.Sprintf("%s =  %s # of %s", leaf, literal(v), k.Name)}
		}
		if !slices.Contains(order, table) {
			order = append(order, table)
		}
		tables[table] = append(tables[table], lines...)
	}
	rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var top, rest strings.Builder
	top.WriteString("# a comment at the top\n")
	for _, table := range order {
		lines := tables[table]
		rnd.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		switch {
		case table == "":
			top.WriteString(strings.Join(lines, "\n# between\n") + "\n")
		case rnd.IntN(3) == 0 && !strings.Contains(table, ".") && table != "service" && table != "image" && table != "account_rules":
			for _, l := range lines {
				top.WriteString(table + "." + l + "\n")
			}
		default:
			fmt.Fprintf(&rest, "# about %s\n[%s]\n  %s\n\n", table, table, strings.Join(lines, "\n  "))
		}
	}
	for i, st := range s.Storage {
		fmt.Fprintf(&rest, "# storage %d\n[[storage]]\npath = %s # of storage\n", i, quote(st.Path))
	}
	return top.String() + rest.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, FileName))
	must(t, err)
	return string(b)
}

// The identity goes into any berth.toml beside what is there, and no save takes it away again.
func TestKeepID(t *testing.T) {
	for _, tt := range []struct{ name, env, file, want string }{
		{"no file", DefaultEnv, "", "# How this app runs on AWS. berth reads this file and keeps your changes and comments.\napp = \"web\"\nid = \"k3v9q2\"\n"},
		{"a file that says the name", DefaultEnv, "app = \"shop\" # ours\n\n[service]\nport = 4000\n", "app = \"shop\" # ours\nid = \"k3v9q2\"\n\n[service]\nport = 4000\n"},
		{"one environment", "staging", "app = \"shop\"\n", "app = \"shop\"\n\n[environments.staging]\nid = \"k3v9q2\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, FileName)
			if tt.file != "" {
				must(t, os.WriteFile(file, []byte(tt.file), 0o600))
			}
			before, err := Load(dir, tt.env)
			must(t, err)
			must(t, KeepID(dir, tt.env, "web", "k3v9q2"))
			if diff := cmp.Diff(tt.want, read(t, dir)); diff != "" {
				t.Error(diff)
			}
			if before.App != "" {
				must(t, before.SetText("service.memory", "1024", Origin{Kind: Answer}))
				_, err = before.Save()
				must(t, err)
			}
			after, err := Load(dir, tt.env)
			must(t, err)
			if after.ID != "k3v9q2" {
				t.Errorf("it is %q after another save", after.ID)
			}
		})
	}
}

// A comment that says where a value was found goes with the value; what somebody wrote stays.
func TestACommentThatIsNoLongerTrueGoes(t *testing.T) {
	dir := t.TempDir()
	text := "app = \"ui\" # name of the folder\nregion = \"eu-west-2\" # near the office\n\n[service]\nport = 8080 # Dockerfile:4\ninstances = 1 # number of tasks\n"
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(dir, DefaultEnv)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"app": "ui2", "region": "eu-west-1", "service.port": "9000", "service.instances": "2"} {
		if err := s.SetText(key, value, Origin{Kind: Answer}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Save(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, FileName))
	want := "app = \"ui2\"\nregion = \"eu-west-1\" # near the office\n\n[service]\nport = 9000\ninstances = 2 # number of tasks\n"
	if err != nil || string(got) != want {
		t.Errorf("%v, %s", err, got)
	}
}
