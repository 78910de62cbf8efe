package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/engine/fail"
)

// TestSSH hands the agent and a key to the build, and says beforehand what is not there.
func TestSSH(t *testing.T) {
	const modern = `"buildx version") echo github.com/docker/buildx v0.19.2 abc;;` + "\n" +
		`"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1","Arch":"amd64"}}';;` + "\n" + `"--version ") ;;` + "\n" + `"image rm") ;;` + "\n" +
		`"buildx build") echo '{"vertexes":[]}' >&2;;` + "\n"
	classic := `"buildx version") exit 1;;` + "\n" + `"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1"}}';;` + "\n" + `"--version ") ;;`
	home := t.TempDir()
	t.Setenv("HOME", home)
	must(t, os.WriteFile(filepath.Join(home, "key"), nil, 0o600))
	src := Source{Dir: plant(t, map[string]string{"Dockerfile": "FROM scratch\n"}), Platform: "linux/amd64", SSH: []string{"default", "deploy=~/key"}}

	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	docker, calls := fakeDocker(t, modern+inspect1("amd64"))
	_, err := docker.Build(t.Context(), src, Reporter{})
	must(t, err)
	if got := calls(); !strings.Contains(got, "--ssh default --ssh deploy="+home+"/key") {
		t.Errorf("calls\n%s", got)
	}

	for _, x := range []struct {
		name, script, sock, cause string
		ssh                       []string
	}{
		{"no agent", modern, "", "no SSH agent runs", []string{"default"}},
		{"no key", modern, "", "cannot be read", []string{"deploy=~/nothing"}},
		{"classic builder", classic, "/run/agent", "only its classic builder", []string{"default"}},
	} {
		t.Setenv("SSH_AUTH_SOCK", x.sock)
		docker, _ := fakeDocker(t, x.script)
		src := src
		src.SSH = x.ssh
		_, err := docker.Build(t.Context(), src, Reporter{})
		if f := fail.From(err); f.Class != fail.Refused || !strings.Contains(f.Cause, x.cause) || f.Remedy == "" {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

// No way out leads to a builder that refuses what the build is given.
func TestPrivateBuildsStayHere(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	t.Setenv("DOCKER_BUILDKIT", "")
	src := Source{Dir: plant(t, map[string]string{"Dockerfile": "FROM scratch\n"}), Platform: "linux/amd64", SSH: []string{"default"}}
	f := fail.From(Machine{}.Fits(t.Context(), src))
	if f.Suggest != nil || !strings.Contains(f.Remedy, "take image.ssh out of berth.toml and build in AWS") {
		t.Errorf("without a builder: %+v", f)
	}
	if plain := fail.From(Machine{}.Fits(t.Context(), Source{Dir: src.Dir})); plain.Suggest != "codebuild" {
		t.Errorf("with nothing secret: %+v", plain)
	}
	if got := HandsSecrets(t.Context()); got != "" {
		t.Errorf("%s hands secrets out", got)
	}
	for name, script := range map[string]string{
		"docker": `case "$1 $2" in "buildx version") exit 1;; "version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1"}}';; esac`,
		"podman": "echo amd64 false",
	} {
		must(t, os.WriteFile(filepath.Join(empty, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	if got := HandsSecrets(t.Context()); got != "podman" {
		t.Errorf("%q hands secrets out, beside a classic builder", got)
	}
}
