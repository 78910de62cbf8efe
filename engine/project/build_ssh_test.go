package project

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"berth/engine/spec"
)

// TestBuildOverSSH tells of a build that signs in over SSH, unless the settings let it.
func TestBuildOverSSH(t *testing.T) {
	s := &spec.Spec{Dir: t.TempDir()}
	s.Image.Dockerfile, s.Image.Context = "Dockerfile", "."
	must(t, os.WriteFile(filepath.Join(s.Dir, "Dockerfile"), []byte("FROM alpine\nRUN --mount=type=ssh \\\n  git clone git@github.com:me/private\nRUN --mount=type=ssh true\n"), 0o600))
	told := func() int {
		all, err := CheckBuild(t.Context(), s)
		must(t, err)
		at := slices.IndexFunc(all, func(x Finding) bool { return x.ID == "dockerfile-build-ssh" })
		if at >= 0 && (all[at].At() != "Dockerfile:2" || all[at].Key != "image.ssh") {
			t.Errorf("found %+v", all[at])
		}
		return at
	}
	if told() < 0 {
		t.Error("nothing is said of SSH")
	}
	if s.Image.SSH = []string{"default"}; told() >= 0 {
		t.Error("it is said again")
	}
}
