package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/engine/fail"
)

func TestCheckPlatform(t *testing.T) {
	for _, tt := range []struct{ dockerfile, want, suggest string }{
		{"FROM --platform=linux/arm64 debian\n", "Dockerfile:1: FROM --platform=linux/arm64 debian", "linux/arm64"},
		{"FROM --platform=arm64 debian\n", "Dockerfile:1", "linux/arm64"},
		{"FROM --platform=linux/arm64/v8 debian AS base\nFROM base\nRUN x\n", "Dockerfile:1", "linux/arm64"},
		{"FROM --platform=linux/s390x debian\n", "Dockerfile:1", ""},
		{"FROM --platform=linux/amd64 debian\n", "", ""},
		{"FROM --platform=x86_64 debian\n", "", ""},
		{"FROM --platform=linux/arm64 golang AS build\nFROM debian\nCOPY --from=build /x /x\n", "", ""},
		{"FROM --platform=$BUILDPLATFORM golang AS build\nFROM --platform=$TARGETPLATFORM debian\n", "", ""},
		{"FROM debian\n", "", ""},
	} {
		src := Source{Dir: plant(t, map[string]string{"Dockerfile": tt.dockerfile}), Platform: "linux/amd64"}
		err := CheckPlatform(src)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%q: %v", tt.dockerfile, err)
			}
			continue
		}
		f := fail.From(err)
		suggest, _ := f.Suggest.(string)
		if err == nil || f.Class != fail.Refused || !strings.HasPrefix(f.Evidence, tt.want) || suggest != tt.suggest {
			t.Errorf("%q: %+v", tt.dockerfile, f)
		}
	}
}

func TestFitsTheClassicBuilder(t *testing.T) {
	t.Setenv("DOCKER_BUILDKIT", "")
	classic := program{command: "docker", kind: "docker", name: "Docker", way: classicWay}
	for dockerfile, what := range map[string]string{
		"FROM debian\nRUN <<EOF\necho one\nEOF\n":           "Dockerfile:2: a here-document",
		"FROM debian\nCOPY <<EOF /x\none\nEOF\n":            "Dockerfile:2: a here-document",
		"FROM debian\nRUN --mount=type=cache,target=/c x\n": "Dockerfile:2: RUN --mount",
		"FROM debian\nCOPY --link a b\n":                    "Dockerfile:2: COPY --link",
		"FROM debian\nCOPY --parents a/b c\n":               "Dockerfile:2: COPY --parents",
		"FROM debian\nADD --checksum=sha256:1 http://x y\n": "Dockerfile:2: ADD --checksum",
		"FROM debian\nCOPY --chown=1 --from=x a b\n":        "",
		"FROM debian\nHEALTHCHECK --interval=3s CMD x\n":    "",
	} {
		src := Source{Dir: plant(t, map[string]string{"Dockerfile": dockerfile}), Platform: "linux/amd64"}
		err := classic.fits(t.Context(), src)
		if what == "" {
			if err != nil {
				t.Errorf("%q: %v", dockerfile, err)
			}
			continue
		}
		f := fail.From(err)
		if err == nil || f.Class != fail.Refused || f.Evidence != what || !strings.Contains(f.Remedy, "buildx") {
			t.Errorf("%q: %+v", dockerfile, f)
		}
		modern := classic
		modern.way = buildxWay
		if err := modern.fits(t.Context(), src); err != nil {
			t.Errorf("%q with buildx: %v", dockerfile, err)
		}
	}
}

// BuildKit as Docker 20.10 has it reads what it knew then, and anything when the file says what reads it; a builder
// beside Docker's own brings a BuildKit of its own.
func TestFitsAnEarlyBuildKit(t *testing.T) {
	const version = "\n" + `"version --format") echo '{"Client":{"Version":"20.10.24"},"Server":{"Version":"20.10.24"}}';;` + "\n" + `"--version ") ;;`
	const plugin = `"buildx version") echo github.com/docker/buildx v0.23.0;;` + "\n"
	for builder, script := range map[string]string{
		"built into the client": `"buildx version") exit 1;;`,
		"Docker's by buildx":    plugin + `"buildx inspect") echo "Name:   default"; echo "Driver: docker";;`,
		"buildx's own":          plugin + `"buildx inspect") echo "Name:   mine"; echo "Driver: docker-container";;`,
	} {
		docker, _ := fakeDocker(t, script+version)
		for dockerfile, what := range map[string]string{
			"FROM debian\nCOPY <<EOF /x\none\nEOF\n":                                  "Dockerfile:2: a here-document",
			"FROM debian\nCOPY --link a b\n":                                          "Dockerfile:2: COPY --link",
			"FROM debian\nRUN --network=none x\n":                                     "Dockerfile:2: RUN --network",
			"FROM debian\nRUN --mount=type=cache,target=/c x\nCOPY --chmod=755 a b\n": "",
			"# syntax=docker/dockerfile:1\nFROM debian\nCOPY --link a b\n":            "",
		} {
			src := Source{Dir: plant(t, map[string]string{"Dockerfile": dockerfile}), Platform: "linux/amd64"}
			err := docker.Fits(t.Context(), src)
			if what == "" || builder == "buildx's own" {
				if err != nil {
					t.Errorf("%s: %q: %v", builder, dockerfile, err)
				}
				continue
			}
			f := fail.From(err)
			if err == nil || f.Class != fail.Refused || f.Evidence != what || !strings.Contains(f.Remedy, "# syntax=docker/dockerfile:1") || !strings.Contains(f.Remedy, "buildx") {
				t.Errorf("%s: %q: %+v", builder, dockerfile, f)
			}
		}
	}
}

func TestPackageOfBuildx(t *testing.T) {
	for release, want := range map[string]string{
		"ID=debian\nVERSION_ID=\"12\"\n": "", "ID=debian\nVERSION_ID=\"13\"\n": "sudo apt-get install docker-buildx",
		"ID=ubuntu\nID_LIKE=debian\n": "sudo apt-get install docker-buildx", "ID=alpine\n": "apk add docker-cli-buildx",
		"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n": "sudo apt-get install docker-buildx", "ID=nixos\n": "",
	} {
		if got := packageOf(release); got != want {
			t.Errorf("%q: %q, want %q", release, got, want)
		}
	}
}

// Only BuildKit reads the ignore file that belongs to a Dockerfile.
func TestIgnoreFileOfTheBuilder(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "Dockerfile.dockerignore": ".env\n", ".env": "PASSWORD=one"})
	src := Source{Dir: dir, Platform: "linux/amd64"}
	before, err := Hash(t.Context(), src)
	must(t, err)
	classic := src
	classic.OneIgnoreFile = true
	one, err := Hash(t.Context(), classic)
	must(t, err)
	if c, err := Measure(t.Context(), classic, 100); err != nil || len(c.Secrets) != 1 || IgnoreFile(classic) != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := Measure(t.Context(), src, 100); err != nil || len(c.Secrets) != 0 || IgnoreFile(src) == "" {
		t.Errorf("with BuildKit %+v, %v", c, err)
	}
	must(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("PASSWORD=two"), 0o600))
	if after, err := Hash(t.Context(), src); err != nil || after != before {
		t.Errorf("what BuildKit does not see changes the hash: %v", err)
	}
	if two, err := Hash(t.Context(), classic); err != nil || two == one {
		t.Errorf("what the classic builder sees does not change the hash: %v", err)
	}
}

func TestAdapt(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n", "Dockerfile.dockerignore": "x\n"})
	for script, want := range map[string]bool{
		`"buildx version") echo github.com/docker/buildx v0.19.2;;`: false,
		`"buildx version") exit 1;;`:                                true,
	} {
		docker, _ := fakeDocker(t, script+"\n"+`"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1"}}';;`+"\n"+`"--version ") ;;`)
		if got := docker.Adapt(t.Context(), Source{Dir: dir}); got.OneIgnoreFile != want {
			t.Errorf("%s: %v", script, got.OneIgnoreFile)
		}
	}
}

// A registry of this machine is none that a task can reach.
func TestNear(t *testing.T) {
	for ref, want := range map[string]bool{
		"127.0.0.1:5000/app:1": true, "localhost:5000/app": true, "[::1]:5000/app:1": true, "host.docker.internal:5000/app": true,
		"10.0.0.3:5000/app": true, "192.168.1.7/app": true, "nas.local/app:1": true,
		"app": false, "ghcr.io/me/app:1": false, "registry.example.com/app": false, "8.8.8.8/app": false, "not a reference": false,
	} {
		if got := Near(ref); got != want {
			t.Errorf("%s: %v", ref, got)
		}
	}
}
