package project

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"berth/assets"
)

// TestSample looks at the app of berth demo: it must tell the whole story, from WebSockets over uploads and
// clustering to the region. With -v it shows the JSON of berth inspect.
func TestSample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "harbor")
	sample, err := fs.Sub(assets.Sample, "sample")
	must(t, err)
	must(t, os.CopyFS(dir, sample))
	f, err := inspectDir(t.Context(), dir)
	must(t, err)
	want := Needs{WebSockets: true, WebSocketUploads: true, Clustering: true, ReleaseCommand: true, Database: true}
	if diff := cmp.Diff(want, f.Needs); diff != "" {
		t.Errorf("needs: %s", diff)
	}
	suggests := map[string]any{
		"app": "harbor", "region": "eu-west-2", "service.port": 4000, "service.health_path": "/health", "service.instances": 2,
		"service.cpu": 0.25, "service.memory": 512, "service.release_command": "/app/bin/migrate", "network.clustering": "dns", "network.websockets": true,
		"env.PHX_HOST": "${host}", "env.PORT": "4000", "network.assets": []string{"/assets/*"},
	}
	if diff := cmp.Diff(suggests, f.Suggests); diff != "" {
		t.Errorf("suggests: %s", diff)
	}
	found := map[string]bool{}
	for _, x := range f.Findings {
		found[x.ID] = true
		if x.Line == 0 {
			t.Errorf("%s has no line", x.ID)
		}
	}
	for _, id := range []string{"phoenix-liveview", "phoenix-websocket-uploads", "elixir-libcluster", "elixir-fly-env", "fly-region", "fly-port", "dockerfile-expose"} {
		if !found[id] {
			t.Errorf("%s was not found", id)
		}
	}
	b, err := json.MarshalIndent(f, "", "  ")
	must(t, err)
	t.Log(string(b))
}

// BenchmarkInspect looks at a tree of 5,000 source files beside 10,000 of others.
func BenchmarkInspect(b *testing.B) {
	dir := b.TempDir()
	sample, err := fs.Sub(assets.Sample, "sample")
	must(b, err)
	must(b, os.CopyFS(dir, sample))
	text := []byte("defmodule X do\n  # a module like any other\n  def f(x), do: x + 1\nend\n")
	for i := range 100 {
		for _, folder := range []string{fmt.Sprintf("lib/part%d", i), fmt.Sprintf("node_modules/p%d", i), fmt.Sprintf("deps/d%d", i)} {
			must(b, os.MkdirAll(filepath.Join(dir, folder), 0o755))
			for j := range 50 {
				must(b, os.WriteFile(filepath.Join(dir, folder, fmt.Sprintf("m%d.ex", j)), text, 0o644))
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inspectDir(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}
