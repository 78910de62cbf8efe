package ask

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/engine/spec"
)

// with is the sample app with further files.
func with(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := sample(t)
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestWhatMovesOverIsTold says of each line of another platform's file what becomes of it, before the first question.
func TestWhatMovesOverIsTold(t *testing.T) {
	dir := with(t, map[string]string{"fly.toml": "app = \"harbor\"\nswap_size_mb = 512\n[http_service]\ninternal_port = 4000\nforce_https = true\n"})
	_, said, err := talk(t, simulated(t), dir, "quit")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"nothing is written before you confirm a plan", `fly.toml:1: app = "harbor" becomes app = "harbor".`, "fly.toml:2: swap_size_mb has no counterpart.",
		"fly.toml:4: internal_port = 4000 becomes service.port = 4000.", "fly.toml:5: force_https = true has no counterpart.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %q in\n%s", want, said)
		}
	}
	if spec.Exists(dir) {
		t.Error("berth.toml was written")
	}
}

// TestDockerfileIsChosenByNumber asks which of several Dockerfiles is built, takes only one of the numbers, and reads the
// project anew for it.
func TestDockerfileIsChosenByNumber(t *testing.T) {
	dir := with(t, map[string]string{"deploy/web.Dockerfile": "FROM debian:12\nCOPY . .\nEXPOSE 8455\nCMD [\"/web\"]\n"})
	_, said, err := talk(t, simulated(t), dir, "3", "none", "2", "quit")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1. Dockerfile: at the top.", "2. deploy/web.Dockerfile: there, too.", "Type a number from 1 to 2.", "It is built from deploy/web.Dockerfile, which listens on port 8455."} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %q in\n%s", want, said)
		}
	}
	if _, said, err = talk(t, simulated(t), dir, "", "quit"); err != nil || strings.Contains(said, "It is built from") {
		t.Errorf("Enter alone: %v\n%s", err, said)
	}
	if spec.Exists(dir) {
		t.Error("berth.toml was written")
	}
}
