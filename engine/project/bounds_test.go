//go:build unix

package project

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"berth/engine/fail"
)

// TestInspectPipes looks at trees in which files are pipes and sockets: to open a pipe would wait for ever.
func TestInspectPipes(t *testing.T) {
	for _, name := range []string{"Dockerfile", "fly.toml", "compose.yml", "Procfile", "package.json", "app.json", "render.yaml", "mix.exs", "berth.toml", ".dockerignore"} {
		dir := t.TempDir()
		if name != "Dockerfile" {
			must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM x\nEXPOSE 80\nCMD [\"a\"]\n"), 0o644))
		}
		must(t, syscall.Mkfifo(filepath.Join(dir, name), 0o644))
		l, err := net.Listen("unix", filepath.Join(dir, "s"))
		must(t, err)
		done := make(chan error, 1)
		go func() { _, err := inspectDir(t.Context(), dir); done <- err }()
		select {
		case err := <-done:
			if bad := fail.From(err); name == "Dockerfile" && (err == nil || bad.Class != fail.Usage) || name != "Dockerfile" && err != nil {
				t.Errorf("%s as a pipe: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s as a pipe is waited for", name)
		}
		must(t, l.Close())
	}
}

// TestInspectText reads files in UTF-16, with a byte order mark, with line ends of Windows and with bytes that are no
// text.
func TestInspectText(t *testing.T) {
	text := "FROM python:3.13\r\nEXPOSE 8123\r\nCMD [\"python\", \"app.py\"]\r\n"
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, b := range map[string][]byte{"UTF-16": wide, "mark": append([]byte("\xef\xbb\xbf"), text...), "not UTF-8": []byte("# \xff\xfe\xfd\n" + text)} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), b, 0o644))
		if f, err := inspectDir(t.Context(), dir); err != nil || f.Port != 8123 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestInspectHuge looks at a tree with more than is looked at, with files that are large, and with a YAML file whose
// aliases would never end.
func TestInspectHuge(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM node\nCMD [\"node\", \"a.js\"]\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, ".dockerignore"), []byte("data\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"dependencies": {"pg": "8"}}`), 0o644))
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	bomb += "services:\n  web:\n    build: .\n    ports: *a12\n    volumes: *a12\n    command: *a12\n"
	must(t, os.WriteFile(filepath.Join(dir, "compose.yml"), []byte(bomb), 0o644))
	must(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	for i := range maxFolder + 500 {
		must(t, os.WriteFile(filepath.Join(dir, "data", fmt.Sprintf("f%d.js", i)), nil, 0o644))
	}
	big, err := os.Create(filepath.Join(dir, "a.js"))
	must(t, err)
	must(t, big.Truncate(100<<20))
	must(t, big.Close())
	must(t, os.Symlink("..", filepath.Join(dir, "data", "loop")))
	start := time.Now()
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if !f.Needs.Database || !strings.Contains(summary(f), "tree-large") {
		t.Errorf("not found or not told:\n%s", summary(f))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inspectDir(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("a look that was called off: %v", err)
	}
}
