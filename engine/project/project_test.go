package project

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"berth/engine/fail"
	"berth/engine/spec"
)

var update = flag.Bool("update", false, "write what is found into testdata")

// inspectDir inspects a folder with the settings that its berth.toml has.
func inspectDir(ctx context.Context, dir string) (*Findings, error) {
	s, err := spec.Load(dir, "")
	if err != nil {
		s = &spec.Spec{Dir: dir}
	}
	return Inspect(ctx, s)
}

// TestInspect reads the source trees in testdata. Each has a file "want" with all that should be found.
func TestInspect(t *testing.T) {
	t.Setenv("PATH", "") // what is found depends on how this machine builds
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d trees, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir, want := unpack(t, a)
			f, err := inspectDir(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			got := summary(f)
			if *update {
				a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
				a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			for _, x := range f.Findings {
				if x.Text == "" || x.Means == "" || strings.ContainsAny(x.Text+x.Means, "\n\t") || strings.HasSuffix(x.Means, ".") {
					t.Errorf("finding is not fit to be shown: %+v", x)
				}
				for _, secret := range []string{"hunter2", "0123456789abcdef"} {
					if strings.Contains(x.Text+x.Means, secret) {
						t.Errorf("a secret in %+v", x)
					}
				}
			}
			// What is suggested is what a Spec takes.
			s := &spec.Spec{Dir: dir}
			if err := s.Complete(f.Suggests, f.Origins()); err != nil {
				t.Error(err)
			}
			for need, o := range f.NeedOrigins() {
				if !*f.Needs.by(need) || o.Kind != spec.Detected || o.File == "" || o.Text == "" {
					t.Errorf("need %s comes from %+v", need, o)
				}
			}
			for key := range f.Suggests {
				if o := s.Origins[key]; o.Kind != spec.Detected || o.Text == "" {
					t.Errorf("%s comes from %+v", key, o)
				}
			}
		})
	}
}

// unpack writes an archive into a folder, but for the file "want", which it returns.
func unpack(t testing.TB, a *txtar.Archive) (dir, want string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "my-app")
	for _, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, want
}

// summary is all that was found, without the words.
func summary(f *Findings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stack %s, port %d\n", f.Stack, f.Port)
	v := reflect.ValueOf(f.Needs)
	for i := range v.NumField() {
		if v.Field(i).Bool() {
			name := v.Type().Field(i).Tag.Get("json")
			fmt.Fprintf(&b, "needs %s (%s)\n", name, f.NeedOrigins()[name])
		}
	}
	var keys []string
	for k := range f.Suggests {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, "suggests %s = %v (%s)\n", k, f.Suggests[k], f.from[k])
	}
	for _, x := range f.Findings {
		fmt.Fprintf(&b, "%s %s:%d %s\n", x.ID, x.File, x.Line, x.Text)
	}
	return b.String()
}

// TestNeedsBecomeSettings is about needs for which no finding proposes a setting of its own.
func TestNeedsBecomeSettings(t *testing.T) {
	f := &Findings{}
	f.Need("clustering", origin("go.mod", 7, "memberlist"))
	f.Need("clustering", origin("main.go", 9, "a later reason"))
	f.Need("teleportation", origin("main.go", 9, "nobody knows it"))
	f.suggestNeeds()
	if diff := cmp.Diff(map[string]any{"network.clustering": "dns"}, f.Suggests); diff != "" {
		t.Error(diff)
	}
	want := map[string]spec.Origin{"clustering": {Kind: spec.Detected, File: "go.mod", Line: 7, Text: "memberlist"}}
	if diff := cmp.Diff(want, f.NeedOrigins()); diff != "" {
		t.Error(diff)
	}
	if got := f.Origins()["network.clustering"].String(); got != "go.mod:7 memberlist" {
		t.Errorf("the setting comes from %q", got)
	}
	f.Suggests["network.clustering"] = "ecs-api"
	f.suggestNeeds()
	if f.Suggests["network.clustering"] != "ecs-api" {
		t.Error("a finding that proposes something more fitting does not count")
	}
}

func TestInspectNoDockerfile(t *testing.T) {
	tests := []struct{ name, files, cause, remedy string }{
		{"empty", "", "there is no Dockerfile in ", "run berth in the folder of the app"},
		{"phoenix", "-- mix.exs --\n{:phoenix, \"~> 1.7\"}\n", "there is no Dockerfile in ", "`mix phx.gen.release --docker` writes one"},
		{"node", "-- package.json --\n{}\n", "there is no Dockerfile in ", "write a Dockerfile"},
		{"elsewhere", "-- Dockerfile.dev --\nFROM x\n", "there is no Dockerfile in ", `there is Dockerfile.dev: write dockerfile = "Dockerfile.dev" under [image]`},
		{"named", "-- berth.toml --\nimage.dockerfile = \"build/D\"\n", "there is no build/D in ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, _ := unpack(t, txtar.Parse([]byte(tt.files+"-- x --\n")))
			f, err := inspectDir(t.Context(), dir)
			e := fail.From(err)
			if err == nil || e.Class != fail.Usage || !strings.HasPrefix(e.Cause, tt.cause) || !strings.HasPrefix(e.Remedy, tt.remedy) {
				t.Errorf("got %+v", e)
			}
			if !strings.Contains(e.Remedy, "--image") && tt.name != "elsewhere" {
				t.Errorf("the remedy %q does not name --image", e.Remedy)
			}
			if f == nil || f.Suggests["app"] != "my-app" {
				t.Errorf("the other findings do not come along: %+v", f)
			}
		})
	}
	if _, err := inspectDir(t.Context(), filepath.Join(t.TempDir(), "nowhere")); fail.From(err).Class != fail.Usage {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestInspectStaysInside looks at links that lead out of the tree, at files that are secret, large or
// binary, and at files that are no files.
func TestInspectStaysInside(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "Dockerfile"), []byte("FROM outside\nEXPOSE 1\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(outside, "mix.exs"), []byte("{:libcluster, \"1\"}"), 0o644))
	dir := t.TempDir()
	must(t, os.Symlink(filepath.Join(outside, "Dockerfile"), filepath.Join(dir, "Dockerfile")))
	must(t, os.Symlink(filepath.Join(outside, "mix.exs"), filepath.Join(dir, "mix.exs")))
	must(t, os.Symlink(outside, filepath.Join(dir, "lib")))
	must(t, os.Symlink(".", filepath.Join(dir, "loop")))
	f, err := inspectDir(t.Context(), dir)
	if err == nil || fail.From(err).Class != fail.Usage || f.Needs.Clustering || f.Port != 0 {
		t.Errorf("a link was followed out of the tree: %v, %s", err, summary(f))
	}
	must(t, os.Remove(filepath.Join(dir, "Dockerfile")))
	must(t, os.WriteFile(filepath.Join(dir, "Real"), []byte("FROM x\nEXPOSE 2\nCMD [\"a\"]\n"), 0o644))
	must(t, os.Symlink("Real", filepath.Join(dir, "Dockerfile")))
	must(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("hashicorp/raft\x00"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "Gemfile"), []byte("gem 'sqlite3'\n"+strings.Repeat("#\n", maxFileSize/2)), 0o644))
	if f, err = inspectDir(t.Context(), dir); err != nil || f.Port != 2 || f.Needs.Clustering || f.Needs.PersistentStorage {
		t.Errorf("a link within the tree, a binary and a huge file: %v, %s", err, summary(f))
	}
	must(t, os.WriteFile(filepath.Join(dir, "Real"), make([]byte, maxFileSize+1), 0o644))
	if _, err = inspectDir(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a huge Dockerfile: %v", err)
	}
}

func TestInspectMuch(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM x\nCMD [\"a\"]\n"), 0o644))
	must(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "data", ".env"), nil, 0o644))
	big, err := os.Create(filepath.Join(dir, "data", "big"))
	must(t, err)
	must(t, big.Truncate(200_000_000))
	must(t, big.Close())
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	got := summary(f)
	for _, want := range []string{"dockerignore-missing", "context-large :0 200 MB in 3 files", "context-secret data/.env:0"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}

// Each mark is whole: it has a proof, known needs, keys that berth.toml has, and it is sound.
func TestMarksAreWhole(t *testing.T) {
	count := 0
	for _, lang := range spoken() {
		if lang.Source == "" && len(lang.Marks) > 0 || lang.AsOf != "" && len(lang.AsOf) != len("2026-11-22") {
			t.Errorf("%s has no proof", lang.ID)
		}
		count += len(lang.Marks)
		for _, x := range lang.Marks {
			if x.ID == "" || x.Means == "" || strings.HasSuffix(x.Means, ".") || x.Pattern == "" && len(x.Deps) == 0 ||
				(x.AlsoPattern == "") != (len(x.AlsoFiles) == 0) || x.Pattern != "" && len(x.Files) == 0 && x.Has == "" ||
				!slices.Contains([]Severity{Must, Should, Info}, x.Severity) {
				t.Errorf("%s %s is not whole: %+v", lang.ID, x.ID, x)
			}
			for _, p := range []pattern{x.re, x.exclude, x.alsoRE, x.used, x.without} {
				if p != nil {
					p()
				}
			}
			for _, n := range append(x.Needs, x.Cancels...) {
				if new(Needs).by(n) == nil && n != CloudFront {
					t.Errorf("%s: there is no need %s", x.ID, n)
				}
			}
			for key := range x.Suggests {
				if _, ok := spec.KeyOf(key); !ok {
					t.Errorf("%s: there is no key %s", x.ID, key)
				}
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d marks", count)
	}
	var n Needs
	if got := reflect.TypeOf(n).NumField(); got != 10 {
		t.Errorf("Needs has %d fields; does by know them all?", got)
	}
	for _, bad := range []string{"[[mark]]\nid = 1\n", "[[required]]\npattern = 'x'\n", "nothing = 1\n"} {
		if _, err := decodeLanguage(bad); err == nil {
			t.Errorf("%q decodes", bad)
		}
	}
}

func TestGlob(t *testing.T) {
	for pattern, names := range map[string][2]string{
		"mix.exs":               {"mix.exs", "a/mix.exs"},
		"lib/*_web/endpoint.ex": {"lib/x_web/endpoint.ex", "lib/a/x_web/endpoint.ex"},
		"**/*.py":               {"a.py", "a.pyc"},
		"lib/**/*.ex":           {"lib/a/b/c.ex", "libs/a.ex"},
		"**/Dockerfile":         {"x/Dockerfile", "x/Dockerfile.dev"},
		"requirements*.txt":     {"requirements-dev.txt", "a/requirements.txt"},
	} {
		g := newGlob(pattern)
		if !g.match(names[0]) || g.match(names[1]) {
			t.Errorf("%s: %s %v, %s %v", pattern, names[0], g.match(names[0]), names[1], g.match(names[1]))
		}
	}
	if !newGlob("lib/**/*.ex").match("lib/a.ex") {
		t.Error("** does not match no folder")
	}
}

// FuzzReadDockerfile feeds the reader anything: it answers with a Dockerfile or a usage failure.
func FuzzReadDockerfile(f *testing.F) {
	for _, seed := range []string{
		"FROM a\nEXPOSE 80\nCMD [\"x\"]\n", "ARG A=1\nFROM a:${A:-2} AS b\nENV X=$Y\nFROM b\nEXPOSE ${X}-90/udp\n",
		"# escape=`\nFROM x\nRUN <<EOF\nEOF\nHEALTHCHECK CMD x\nVOLUME [\"a\"]\nUSER $U\n", "#syntax=x\n#check=skip\nFROM a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ReadDockerfile("Dockerfile", strings.NewReader(text), map[string]string{"A": "3"})
		var e *fail.Error
		switch {
		case err != nil && (!errors.As(err, &e) || e.Class != fail.Usage):
			t.Fatalf("not a usage failure: %v", err)
		case err == nil && (d.Base == "" || d.Stages == 0 || d.From.Line == 0):
			t.Fatalf("a Dockerfile of nothing: %+v", d)
		}
		if err != nil {
			return
		}
		for _, p := range d.Ports {
			if p.From < 1 || p.To > 65535 || p.From > p.To || p.Line == 0 {
				t.Fatalf("port %+v", p)
			}
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
