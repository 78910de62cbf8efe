package app

import (
	"slices"
	"testing"

	"berth/engine/spec"
)

// TestOtherDockerfile chooses among several: the source tree is read for the chosen one, and nothing is written.
func TestOtherDockerfile(t *testing.T) {
	e := fresh()
	found := *e.findings
	found.Dockerfiles = slices.Grow(found.Dockerfiles[:0:0], 2)[:2]
	found.Dockerfiles[0].File, found.Dockerfiles[0].Context = "Dockerfile", "."
	found.Dockerfiles[1].File, found.Dockerfiles[1].Context = "docker/Dockerfile", "docker"
	e.findings = &found
	inBubble(t, e, func(d *harness) {
		d.press("d")
		if s := d.s.Spec(); e.builtFrom != "docker/Dockerfile" || s.Image.Dockerfile != "docker/Dockerfile" || s.Image.Context != "docker" {
			t.Errorf("read for %q, built from %q in %q", e.builtFrom, s.Image.Dockerfile, s.Image.Context)
		}
		d.press("d")
		if s := d.s.Spec(); s.Image.Dockerfile != "Dockerfile" || s.Image.Context != "." {
			t.Errorf("after the last comes %q in %q", s.Image.Dockerfile, s.Image.Context)
		}
		if spec.Exists(d.s.Dir) {
			t.Error("berth.toml was written")
		}
	})
}
