package assets

import (
	"io/fs"
	"testing"
)

func TestSampleIsWhole(t *testing.T) {
	for _, name := range []string{
		"Dockerfile", ".dockerignore", "fly.toml", "mix.exs", "README.md", "config/runtime.exs", "lib/harbor_web/endpoint.ex",
		"lib/harbor_web/live/quay_live.ex", "rel/env.sh.eex", "rel/overlays/bin/migrate", "rel/overlays/bin/server",
	} {
		if b, err := fs.ReadFile(Sample, "sample/"+name); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}
