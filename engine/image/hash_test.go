package image

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth/engine/fail"
)

// plant writes files into a new folder: a name that ends in / is a folder, a value that begins with -> a link.
func plant(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		switch target, link := strings.CutPrefix(text, "->"); {
		case link:
			must(t, os.Symlink(target, full))
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(full, 0o755))
		default:
			must(t, os.WriteFile(full, []byte(text), 0o644))
		}
	}
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func base() map[string]string {
	return map[string]string{
		"Dockerfile": "FROM scratch\nCOPY . /\n", "a/b.txt": "b", "a/c.txt": "c", "link": "->a/b.txt", "empty/": "",
		".dockerignore": "ignored\n*.log\nout/**\n!out/keep*\nDockerfile\n.dockerignore\n", "ignored/x": "1", "x.log": "2", "out/drop": "3", "out/keep.me": "4",
	}
}

func TestHash(t *testing.T) {
	hash := func(files map[string]string, change func(dir string), src Source) string {
		t.Helper()
		src.Dir = plant(t, files)
		if change != nil {
			change(src.Dir)
		}
		h, err := Hash(t.Context(), src)
		must(t, err)
		return h
	}
	same := hash(base(), nil, Source{Platform: "linux/amd64"})
	if len(same) != 64 || Tag(same) != "src-"+same[:16] {
		t.Errorf("hash %q, tag %q", same, Tag(same))
	}
	edit := func(name, text string) map[string]string {
		f := base()
		f[name] = text
		return f
	}
	without := func(name string) map[string]string {
		f := base()
		delete(f, name)
		return f
	}
	amd := Source{Platform: "linux/amd64"}
	tests := []struct {
		name   string
		files  map[string]string
		change func(string)
		src    Source
		same   bool
	}{
		{"another folder", base(), nil, amd, true},
		{"times", base(), func(dir string) {
			must(t, os.Chtimes(filepath.Join(dir, "a/b.txt"), time.Unix(1, 0), time.Unix(1, 0)))
			must(t, os.Chtimes(filepath.Join(dir, "a"), time.Unix(1, 0), time.Unix(1, 0)))
		}, amd, true},
		{"ignored file", edit("ignored/x", "other"), nil, amd, true},
		{"ignored by suffix", edit("x.log", "other"), nil, amd, true},
		{"ignored in a folder with exceptions", edit("out/drop", "other"), nil, amd, true},
		{"new ignored file", edit("ignored/deep/er", "1"), nil, amd, true},
		{"the name of the Dockerfile said", base(), nil, Source{Platform: "linux/amd64", Dockerfile: "Dockerfile"}, true},
		{"settings", edit("berth.toml", "app = 'x'"), nil, amd, true},
		{"settings of somebody else", edit("a/berth.toml", "app = 'x'"), nil, amd, false},
		{"content", edit("a/b.txt", "B"), nil, amd, false},
		{"the exception", edit("out/keep.me", "other"), nil, amd, false},
		{"new file", edit("a/d.txt", ""), nil, amd, false},
		{"new empty folder", edit("a/e/", ""), nil, amd, false},
		{"file gone", without("a/c.txt"), nil, amd, false},
		{"renamed", func() map[string]string { f := without("a/c.txt"); f["a/d.txt"] = "c"; return f }(), nil, amd, false},
		{"moved content", func() map[string]string { f := base(); f["a/b.txt"], f["a/c.txt"] = "c", "b"; return f }(), nil, amd, false},
		{"link to elsewhere", edit("link", "->a/c.txt"), nil, amd, false},
		{"file instead of a link", edit("link", "b"), nil, amd, false},
		{"permission", base(), func(dir string) { must(t, os.Chmod(filepath.Join(dir, "a/b.txt"), 0o755)) }, amd, false},
		{"ignored Dockerfile", edit("Dockerfile", "FROM scratch\n"), nil, amd, false},
		{"less ignored", edit(".dockerignore", "ignored\n"), nil, amd, false},
		{"own ignore file", edit("Dockerfile.dockerignore", "a\n"), nil, amd, false},
		{"platform", base(), nil, Source{Platform: "linux/arm64"}, false},
		{"argument", base(), nil, Source{Platform: "linux/amd64", Args: map[string]string{"A": "1"}}, false},
	}
	seen := map[string]string{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := hash(tt.files, tt.change, tt.src)
			if (got == same) != tt.same {
				t.Errorf("same hash: %v, want %v", got == same, tt.same)
			}
			if other, ok := seen[got]; ok && !tt.same {
				t.Errorf("the same hash as %q", other)
			}
			seen[got] = tt.name
		})
	}
	a := hash(base(), nil, Source{Args: map[string]string{"A": "1", "B": "2"}})
	b := hash(base(), nil, Source{Args: map[string]string{"A": "1B", "": "2"}})
	if a == b {
		t.Error("arguments run together")
	}
}

func TestHashErrors(t *testing.T) {
	dir := plant(t, map[string]string{"a": "1"})
	_, err := Hash(t.Context(), Source{Dir: dir})
	if f := fail.From(err); err == nil || f.Class != fail.Usage || !strings.Contains(f.Cause, "there is no") || !strings.Contains(f.Remedy, "--image") {
		t.Errorf("no Dockerfile: %+v", f)
	}
	dir = plant(t, map[string]string{"Dockerfile": "FROM x", ".dockerignore": "[\n"})
	if _, err = Hash(t.Context(), Source{Dir: dir}); err == nil || fail.From(err).Class != fail.Usage {
		t.Errorf("a broken pattern: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir = plant(t, map[string]string{"Dockerfile": "FROM x"})
	if _, err = Hash(ctx, Source{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	elsewhere := filepath.Join(plant(t, map[string]string{"Other": "FROM y"}), "Other")
	if _, err = Hash(t.Context(), Source{Dir: dir, Dockerfile: elsewhere}); err != nil {
		t.Errorf("a Dockerfile elsewhere: %v", err)
	}
}

func TestMeasure(t *testing.T) {
	files := base()
	files[".env"], files[".env.example"], files["deep/master.key"] = "a", "b", "c"
	c, err := Measure(t.Context(), Source{Dir: plant(t, files)}, 100)
	must(t, err)
	if c.Files != 6 || c.Bytes != 6 || c.More || strings.Join(c.Secrets, " ") != ".env deep/master.key" {
		t.Errorf("got %+v", c)
	}
	if c, err = Measure(t.Context(), Source{Dir: plant(t, files)}, 2); err != nil || c.Files != 2 || !c.More {
		t.Errorf("with a limit: %+v, %v", c, err)
	}
}

func BenchmarkHash(b *testing.B) {
	files := map[string]string{"Dockerfile": "FROM scratch\n", ".dockerignore": "node_modules\n*.log\n**/*.tmp\n!keep.tmp\n"}
	text := strings.Repeat("package main // some source\n", 300)
	for i := range 2000 {
		files[filepath.Join("src", string(rune('a'+i%26)), "f"+string(rune('a'+i/26%26))+string(rune('a'+i/676)), "x.go")] = text
	}
	dir := plant(b, files)
	b.SetBytes(int64(len(text) * len(files)))
	for b.Loop() {
		if _, err := Hash(b.Context(), Source{Dir: dir, Platform: "linux/amd64"}); err != nil {
			b.Fatal(err)
		}
	}
}
