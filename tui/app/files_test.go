package app

import (
	"os"
	"path/filepath"
	"testing"

	"berth/engine/spec"
)

func mkdir(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func writeToml(t testing.TB, dir string) {
	t.Helper()
	mkdir(t, dir)
	text := "app = \"live-beats\"\nregion = \"eu-west-2\"\ntarget = \"ecs-fargate\"\n\n[service]\nport = 4000\n"
	if err := os.WriteFile(filepath.Join(dir, spec.FileName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
