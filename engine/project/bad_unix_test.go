//go:build unix

package project

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"berth/engine/fail"
)

// TestInspectWide bounds what is seen of a tree with far more than is looked at: folders that lie deep, folders that are
// full, and links that lead in a circle.
func TestInspectWide(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM node\nCOPY . .\nEXPOSE 80\nCMD [\"node\", \"a.js\"]\n"), 0o644))
	seed := filepath.Join(dir, "p0")
	must(t, os.MkdirAll(seed, 0o755))
	for i := range 300 {
		must(t, os.WriteFile(filepath.Join(seed, fmt.Sprintf("f%d.js", i)), []byte("x()\n"), 0o644))
	}
	for i := range 200 { // hard links cost nothing, and are files like others
		folder := filepath.Join(dir, fmt.Sprintf("q%d", i))
		must(t, os.Mkdir(folder, 0o755))
		for j := range 110 {
			must(t, os.Link(filepath.Join(seed, fmt.Sprintf("f%d.js", j)), filepath.Join(folder, fmt.Sprintf("f%d.js", j))))
		}
		must(t, os.Symlink("..", filepath.Join(folder, "up")))
		must(t, os.Symlink("here", filepath.Join(folder, "here")))
	}
	deep := dir
	for range 60 {
		deep = filepath.Join(deep, "d")
	}
	must(t, os.MkdirAll(deep, 0o755))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	runtime.ReadMemStats(&after)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("it allocated %d bytes", n)
	}
	if !strings.Contains(summary(f), "tree-large") {
		t.Errorf("that there is more is not told:\n%s", summary(f))
	}
}

// TestInspectManyLargeFiles reads no more than the bound of all files together, and little of each that is large.
func TestInspectManyLargeFiles(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM node\nCOPY . .\nEXPOSE 80\nCMD [\"node\", \"a.js\"]\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"dependencies": {"pg": "8"}}`), 0o644))
	for i := range 200 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("m%d.js", i)))
		must(t, err)
		must(t, f.Truncate(100<<20))
		must(t, f.Close())
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("it allocated %d bytes", n)
	}
	if !f.Needs.Database {
		t.Error("what is said at the top is not found")
	}
}

// TestInspectSaysWhatIsBroken names the file, and the line where there is one, of each file that is not what its name
// says; the others are read all the same.
func TestInspectSaysWhatIsBroken(t *testing.T) {
	for name, bad := range map[string]struct {
		text, at string
	}{
		"fly.toml":                 {"app = \"x\"\n\n[http_service\ninternal_port = 1\n", "fly.toml:3"},
		"compose.yml":              {"services:\n  web:\n\tbuild: .\n", "compose.yml:3"},
		"render.yaml":              {"services:\n\t- type: web\n", "render.yaml:2"},
		"copilot/api/manifest.yml": {"name: api\ntype: Load Balanced Web Service\n  image: [\n", "copilot/api/manifest.yml:3"},
		"railway.toml":             {"[deploy]\nstartCommand =\n", "railway.toml:2"},
		"app.json":                 {"{\n  \"env\": {\n    \"A\": ,\n  }\n}\n", "app.json:3"},
		"package.json":             {"{\n  \"dependencies\": {\n    \"pg\" \"8\"\n  }\n}\n", "package.json:3"},
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM node\nEXPOSE 8455\nCMD [\"node\", \"a.js\"]\n"), 0o644))
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(bad.text), 0o644))
		f, err := inspectDir(t.Context(), dir)
		if err != nil || f.Port != 8455 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said := ""
		for _, x := range f.Findings {
			if x.File == name {
				said += x.At() + " " + x.Means + "\n"
			}
		}
		if !strings.Contains(said, bad.at+" ") || !strings.Contains(said, "not valid") {
			t.Errorf("%s: want a word at %s, got %q", name, bad.at, said)
		}
	}
}

// TestInspectBadDockerfile says with the line what is wrong with a Dockerfile, and never that of a program's inside.
func TestInspectBadDockerfile(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "empty",
		"FROM x\nFROM\n":                    "Dockerfile:2",
		"RUN x\n":                           "before the first FROM",
		"FROM x\nEXPOSE 99999999\n":         "",
		"\xff\xfe\x00\x01":                  "",
		strings.Repeat("FROM x\n", 100_000): "too large",
		"FROM x\nCMD " + strings.Repeat("[", 5000): "",
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o644))
		_, err := inspectDir(t.Context(), dir)
		if err != nil && fail.From(err).Class != fail.Usage {
			t.Errorf("%.20q: %v", text, err)
		}
		if want == "" {
			continue
		}
		if bad := fail.From(err); err == nil || !strings.Contains(bad.Cause+" "+bad.Evidence+" "+err.Error(), want) {
			t.Errorf("%.20q: want %q, got %v", text, want, err)
		}
	}
}
