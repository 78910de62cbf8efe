package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"berth/engine/spec"
)

// fataler is a test of the testing package or of rapid.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// mkdir makes the folder of an app, with the Dockerfile that every app has.
func mkdir(t fataler, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeToml(t fataler, dir string) {
	t.Helper()
	mkdir(t, dir)
	text := "app = \"live-beats\"\nregion = \"eu-west-2\"\ntarget = \"ecs-fargate\"\n\n[service]\nport = 4000\n"
	if err := os.WriteFile(filepath.Join(dir, spec.FileName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t fataler, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, spec.FileName)); err != nil {
		t.Fatal(err)
	}
}

// folder makes the folder of the app that the engine tells of: with a berth.toml where it is deployed.
func (f *fakeEngine) folder(t fataler, dir string) {
	t.Helper()
	if mkdir(t, dir); f.status.State != "absent" {
		writeToml(t, dir)
	}
}

// tomlOf is what berth.toml says, byte for byte, empty when there is none.
func tomlOf(t fataler, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, spec.FileName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// written is what berth.toml said when the newest plan was confirmed, or before any was.
type written struct {
	dir, text string
	confirmed int // plans
}

// check fails when berth.toml is another one although nothing was confirmed.
func (w *written) check(t fataler, d *harness) {
	t.Helper()
	now, confirmed := tomlOf(t, w.dir), d.engine.called("apply")
	if now != w.text && confirmed == w.confirmed {
		t.Fatalf("%s: berth.toml was changed without a yes from:\n%s\nto:\n%s", d.m.Shown(), w.text, now)
	}
	w.text, w.confirmed = now, confirmed
}
