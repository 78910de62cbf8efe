package spec

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestStrength(t *testing.T) {
	kinds := []OriginKind{Default, Detected, File, Answer, Flag}
	for i, first := range kinds {
		for j, second := range kinds {
			var s Spec
			for _, step := range []struct {
				kind OriginKind
				port int
			}{{first, 1}, {second, 2}} {
				if err := s.Set("service.port", step.port, Origin{Kind: step.kind}); err != nil {
					t.Fatal(err)
				}
			}
			want, kind := 2, second
			if j < i {
				want, kind = 1, first
			}
			if s.Service.Port != want || s.Origins["service.port"].Kind != kind {
				t.Errorf("%s then %s: port %d from %s", first, second, s.Service.Port, s.Origins["service.port"].Kind)
			}
		}
	}
}

func TestSetText(t *testing.T) {
	good := []struct {
		name, text string
		want       any
	}{
		{"app", "shop", "shop"},
		{"service.port", " 80 ", 80},
		{"service.cpu", "0.5", 0.5},
		{"network.websockets", "true", true},
		{"service.stop_timeout", "1m", Duration(time.Minute)},
		{"secrets.from_ssm", "A, B,", []string{"A", "B"}},
		{"service.command", `sh -c "a, b"`, []string{"sh", "-c", "a, b"}},
		{"env.X", "${host}", "${host}"},
		{"env.A.B", "x", "x"},
		{"storage", "/a,/b", []Storage{{"/a"}, {"/b"}}},
		{"service.autoscale.max", "3", 3},
		{"database.class", "db.t4g.small", "db.t4g.small"},
	}
	for _, tt := range good {
		var s Spec
		if err := s.SetText(tt.name, tt.text, Origin{Kind: Answer}); err != nil {
			t.Errorf("SetText(%s, %q): %v", tt.name, tt.text, err)
		}
		got, ok := s.Get(tt.name)
		if diff := cmp.Diff(tt.want, got); !ok || diff != "" || !s.Said(tt.name) {
			t.Errorf("SetText(%s, %q): %s", tt.name, tt.text, diff)
		}
	}
	for _, tt := range []struct{ name, text, want string }{
		{"service.port", "http", `set service.port: "http" is not a whole number, such as 4000`},
		{"service.prot", "1", "set service.prot: berth.toml has no such key; did you mean service.port?"},
		{"service.stop_timeout", "30", `set service.stop_timeout: it must be a duration in quotes: "30" is not a duration such as "30s"`},
		{"env", "x", "set env: name one entry, such as env.NAME"},
		{"network.websockets", "maybe", `set network.websockets: "maybe" is not true or false, such as true`},
	} {
		var s Spec
		if err := s.SetText(tt.name, tt.text, Origin{Kind: Flag}); err == nil || err.Error() != tt.want {
			t.Errorf("SetText(%s, %q): %v, want %s", tt.name, tt.text, err, tt.want)
		}
		if s.Said(tt.name) {
			t.Errorf("%s is said after an error", tt.name)
		}
	}
}

// Values that went through JSON fit, too.
func TestSetJSON(t *testing.T) {
	var values map[string]any
	if err := json.Unmarshal([]byte(`{"service.port": 4000, "service.cpu": 1, "secrets.from_ssm": ["A"], "storage": ["/a"], "network.websockets": true, "service.stop_timeout": "10s"}`), &values); err != nil {
		t.Fatal(err)
	}
	var s Spec
	if err := s.Complete(values, nil); err != nil {
		t.Fatal(err)
	}
	if s.Service.Port != 4000 || s.Service.CPU != 1 || s.Secrets.FromSSM[0] != "A" || s.Storage[0].Path != "/a" || s.Service.StopTimeout.Seconds() != 10 {
		t.Errorf("got %+v", s)
	}
	if err := s.Set("service.port", 1.5, Origin{Kind: Flag}); err == nil {
		t.Error("a port of 1.5")
	}
}

func TestUnset(t *testing.T) {
	s, err := Parse([]byte(full), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"service.autoscale", "database", "env.PHX_HOST", "storage", "network.domain", "secrets.from_ssm"} {
		s.Unset(name)
	}
	if s.Service.Autoscale != nil || s.Database != nil || len(s.Env)+len(s.Storage)+len(s.Secrets.FromSSM) > 0 || s.Network.Domain != "" {
		t.Errorf("something stayed: %+v", s)
	}
	for name := range s.Origins {
		for _, gone := range []string{"service.autoscale", "database", "env", "storage", "network.domain", "secrets"} {
			if strings.HasPrefix(name, gone) {
				t.Errorf("%s still has an origin", name)
			}
		}
	}
}

func TestClone(t *testing.T) {
	s, err := Parse([]byte(full), "")
	if err != nil {
		t.Fatal(err)
	}
	want := s.Clone()
	c := s.Clone()
	c.Env["PHX_HOST"], c.Service.Autoscale.Max, c.Database.Class, c.Storage[0].Path, c.Secrets.FromSSM[0] = "x", 9, "x", "x", "x"
	delete(c.Origins, "app")
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("a change of the copy reaches the original: %s", diff)
	}
}

func TestComplete(t *testing.T) {
	from := map[string]Origin{"service.port": {File: "Dockerfile", Line: 12, Text: "EXPOSE 4000"}}
	suggests := map[string]any{"service.port": 4000, "app": "harbor", "network.clustering": "dns"}
	s := &Spec{Dir: "/src/My App"}
	if err := s.Set("app", "mine", Origin{Kind: File}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time changes nothing
		if err := s.Complete(suggests, from); err != nil {
			t.Fatal(err)
		}
		if s.App != "mine" || s.Service.Port != 4000 || s.Service.Instances != 2 || s.Service.CPU != 0.25 || s.Service.Memory != 512 {
			t.Errorf("got %+v", s)
		}
		if got := s.Origins["service.port"].String(); got != "Dockerfile:12 EXPOSE 4000" || s.Origins["service.port"].Kind != Detected {
			t.Errorf("origin %q", got)
		}
		if o := s.Origins["service.instances"]; o.Kind != Default || o.Text != "two, to form a cluster" {
			t.Errorf("origin %+v", o)
		}
	}
	// Defaults follow what they depend on.
	if err := s.SetText("network.clustering", "", Origin{Kind: Answer}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetText("service.cpu", "1", Origin{Kind: Answer}); err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(suggests, from); err != nil {
		t.Fatal(err)
	}
	if s.Service.Instances != 1 || s.Service.Memory != 2048 || s.Network.Clustering != "" {
		t.Errorf("got %+v", s.Service)
	}
	s.Unset("service.cpu")
	if err := s.SetText("service.memory", "4096", Origin{Kind: Answer}); err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(suggests, from); err != nil || s.Service.CPU != 0.5 {
		t.Errorf("got %+v, %v", s.Service, err)
	}
	if err := s.Complete(map[string]any{"nothing.like.it": 1}, nil); err == nil {
		t.Error("an unknown suggestion is no error")
	}
	// What code has put into the Spec counts as said.
	s = &Spec{Service: Service{Port: 80, Instances: 3}}
	if err := s.Complete(suggests, from); err != nil || s.Service.Port != 80 || s.Service.Instances != 3 || s.App != "harbor" {
		t.Errorf("got %+v, %v", s, err)
	}
	s = &Spec{Dir: "/src/My App"}
	if err := s.Complete(nil, nil); err != nil || s.App != "my-app" || s.Origins["app"].Text != "name of the folder" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// What a command looks like as text reads back as the same command.
func TestCommandTextReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z ,'"\\$\t]*`))).Draw(t, "words")
		text := CommandText(words)
		got, err := Words(text)
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("%q became %q and then %q, %v", words, text, got, err)
		}
	})
}
