package artifact

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/engine/fail"
	"berth/engine/image"
)

// What is secret is not sent to a build in AWS, and the way out is a builder that is here and can be given it.
func TestBuildInAWSRefusesSecrets(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	c := &CloudBuild{}
	if err := c.fits(t.Context(), image.Source{}); err != nil {
		t.Error(err)
	}
	src := image.Source{SSH: []string{"default"}}
	if f := fail.From(c.fits(t.Context(), src)); f.Class != fail.Refused || f.Suggest != nil || !strings.HasPrefix(f.Remedy, "install what builds with it here") {
		t.Errorf("nothing here can: %+v", f)
	}
	if err := os.WriteFile(filepath.Join(bin, "podman"), []byte("#!/bin/sh\necho amd64 false\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if f := fail.From(c.fits(t.Context(), src)); f.Suggest != "podman" || !strings.Contains(f.Remedy, "--builder podman, or take image.ssh") {
		t.Errorf("Podman can: %+v", f)
	}
}
