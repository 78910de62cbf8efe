package interview

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"berth/compare/need"
	"berth/engine/project"
	"berth/engine/spec"
)

// draft is one of an app with nothing said.
func draft(t *testing.T, toml string, found *project.Findings) *Draft {
	t.Helper()
	s, err := spec.Parse([]byte(toml), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Dir = t.TempDir()
	d, err := New(t.Context(), s, found, Sources{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// answers are what each kind of need is answered with.
var answers = map[need.Kind]string{need.YesNo: "true", need.Number: "30", need.Money: "40", need.Text: "www.example.com", need.Region: "eu-west-1"}

// TestEveryNeedIsAskedAndTaken answers each need, reads the answer back, and finds it in the requirements, from the
// user; taken back it is gone.
func TestEveryNeedIsAskedAndTaken(t *testing.T) {
	for _, n := range need.All() {
		if n.Group == need.Unsaid {
			continue
		}
		d := draft(t, "[network]\nwebsockets = true\n", nil) // without which there are no uploads over them
		if err := d.Answer(n, answers[n.Kind]); err != nil {
			t.Errorf("%s: %v", n.ID, err)
			continue
		}
		if got := d.Need(n); got != answers[n.Kind] {
			t.Errorf("%s was answered %q and is %q", n.ID, answers[n.Kind], got)
		}
		r := d.Requirements()
		if n.At(&r) != nil && !n.On(r) {
			t.Errorf("%s is not among the requirements", n.ID)
		}
		if o := d.Origin(n); o.Kind != spec.Answer {
			t.Errorf("%s is from %v", n.ID, o)
		}
		if n.Key != "" {
			if _, ok := spec.KeyOf(n.Key); !ok {
				t.Errorf("%s: berth.toml has no key %s", n.ID, n.Key)
			}
			if !d.Spec.Said(n.Key) {
				t.Errorf("%s does not set %s", n.ID, n.Key)
			}
		}
		if n.Kind == need.YesNo {
			if err := d.Answer(n, "false"); err != nil || d.On(n) {
				t.Errorf("%s was answered no and is on: %v", n.ID, err)
			}
		}
		for d.Undo() != "" {
		}
		if o := d.Origin(n); o.Kind == spec.Answer {
			t.Errorf("%s is still answered", n.ID)
		}
	}
}

// TestWhatTheTreeTellsIsANeed holds the table against what a source tree can tell.
func TestWhatTheTreeTellsIsANeed(t *testing.T) {
	text, err := json.Marshal(project.Needs{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	if err := json.Unmarshal(text, &names); err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if n, ok := need.Of(name); !ok || n.Found == "" {
			t.Errorf("the source tree tells %s, which the table of needs does not know as something found", name)
		}
	}
	for _, n := range need.All() {
		if _, ok := names[n.ID]; n.Found != "" && !ok {
			t.Errorf("no source tree tells %s", n.ID)
		}
		found := &project.Findings{}
		found.Need(n.ID, spec.Origin{File: "mix.exs", Line: 3})
		d := draft(t, "[network]\nwebsockets = true\n", found)
		r := d.Requirements()
		if n.Found == "" || n.At(&r) == nil || n.Key != "" || n.Group == need.Unsaid {
			continue // it has a key, which the findings suggest
		}
		if !n.On(r) || d.Origin(n).Place() != "mix.exs:3" {
			t.Errorf("%s was found and is %v, from %v", n.ID, n.On(r), d.Origin(n))
		}
	}
}

// TestLayers lays a flag over an answer over the file over the tree over defaults.
func TestLayers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM scratch\nEXPOSE 4000\nCMD [\"/app\"]\n",
		"berth.toml": "[service]\ninstances = 3\n[environments.staging.service]\ninstances = 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from := Sources{Dir: dir, Override: func(s *spec.Spec) error {
		return s.Set("region", "eu-west-3", spec.Origin{Kind: spec.Flag, Text: "--region"})
	}}
	for env, instances := range map[string]int{"": 3, "staging": 1} {
		from.Env = env
		d, err := Read(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		s := d.Spec
		if s.Service.Instances != instances || s.Service.Port != 4000 || s.Region != "eu-west-3" || s.Service.Memory != 512 {
			t.Errorf("%q: %+v in %s", env, s.Service, s.Region)
		}
		for key, kind := range map[string]spec.OriginKind{
			"service.instances": spec.File, "service.port": spec.Detected, "region": spec.Flag, "service.memory": spec.Default,
		} {
			if got := s.Origins[key].Kind; got != kind {
				t.Errorf("%q: %s is from %s, not %s", env, key, got, kind)
			}
		}
		if err := d.Set("service.instances", "5"); err != nil || d.Spec.Service.Instances != 5 || d.Spec.Origins["service.instances"].Kind != spec.Answer {
			t.Errorf("the answer does not count: %v", err)
		}
	}
}

// TestWhatHasNoEffectIsNotSet leaves keys alone that the target cannot serve: a suggestion of one would refuse the
// deployment of an app whose owner said nothing. The need is known all the same.
func TestWhatHasNoEffectIsNotSet(t *testing.T) {
	found := &project.Findings{Suggests: map[string]any{"service.sticky_sessions": true}}
	found.Need("sticky_sessions", spec.Origin{})
	s := &spec.Spec{Dir: t.TempDir()}
	d, err := New(t.Context(), s, found, Sources{Builds: func(_ *spec.Spec, key string) bool { return key != "service.sticky_sessions" }})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := need.Of("sticky_sessions")
	if d.Spec.Service.StickySessions || !d.On(n) {
		t.Errorf("the key is %v, the need %v", d.Spec.Service.StickySessions, d.On(n))
	}
	if err := d.Answer(n, "false"); err != nil || d.On(n) || d.Spec.Said("service.sticky_sessions") {
		t.Errorf("answered no, the need is %v: %v", d.On(n), err)
	}
}
