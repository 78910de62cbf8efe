package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"berth/engine/fail"
)

// fakeDocker is a program in place of docker: a shell script that answers by its first arguments. It appends
// its arguments to the file "calls" beside it.
func fakeDocker(t *testing.T, script string) (Docker, func() string) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "docker")
	must(t, os.WriteFile(name, []byte("#!/bin/sh\necho \"$DOCKER_BUILDKIT $*\" >>"+dir+"/calls\ncase \"$1 $2\" in\n"+script+"\nesac\n"), 0o755))
	return Docker{Command: name}, func() string {
		b, err := os.ReadFile(filepath.Join(dir, "calls"))
		must(t, err)
		return string(b)
	}
}

func saved1(t *testing.T) string {
	t.Helper()
	layer := layerOf(t, "one", 100)
	raw := archiveOf(t, member{name: "l", data: layer}, member{name: "c", data: configOf(t, layer)}, member{name: "manifest.json", data: manifestOf("c", "l")})
	name := filepath.Join(t.TempDir(), "saved.tar")
	must(t, os.WriteFile(name, raw, 0o644))
	return name
}

func TestBuildWith(t *testing.T) {
	save := saved1(t)
	for _, tt := range []struct{ name, buildx, build, want string }{
		{
			"buildx", `"buildx version") echo github.com/docker/buildx v0.19.2 abc;;`,
			`"buildx build") echo '{"vertexes":[{"digest":"a","name":"[1/1] FROM scratch","started":"2026-11-22T10:00:00Z","completed":"2026-11-22T10:00:00Z"}]}' >&2;;`,
			" buildx build --progress=rawjson --provenance=false --load --platform linux/arm64 --file ",
		},
		{
			"an old buildx", `"buildx version") echo github.com/docker/buildx v0.12.0;;`, `"buildx build") echo '#5 [1/1] FROM scratch' >&2;;`,
			" buildx build --progress=plain --provenance=false --load ",
		},
		{"no buildx", `"buildx version") echo docker: unknown command >&2; exit 1;;`, `"build --platform") echo 'Step 1/1 : FROM scratch';;`, "0 build --platform linux/arm64 --file "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docker, calls := fakeDocker(t, strings.Join([]string{
				`"version --format") echo 28.0;;`, tt.buildx, tt.build, `"image inspect") echo 100;;`, `"image save") cat ` + save + `;;`, `"image rm") ;;`,
				`*) echo unexpected "$@" >&2; exit 9;;`,
			}, "\n"))
			dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n"})
			var s steps
			img, free, err := docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/arm64", Args: map[string]string{"B": "2", "A": "1"}}, s.reporter())
			must(t, err)
			must(t, validate.Image(img))
			if !strings.Contains(strings.Join(s.texts, "|"), "FROM scratch") {
				t.Errorf("progress %q", s.texts)
			}
			kept := tempImages(t)
			free()
			if after := tempImages(t); after != kept-1 {
				t.Errorf("%d folders before free, %d after", kept, after)
			}
			got := calls()
			if !strings.Contains(got, tt.want) || !strings.Contains(got, "--build-arg A=1 --build-arg B=2 "+dir+"\n") {
				t.Errorf("calls\n%s", got)
			}
			if !strings.Contains(got, "image rm --no-prune berth-build:") {
				t.Errorf("the tag stays:\n%s", got)
			}
		})
	}
}

func tempImages(t *testing.T) int {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(os.TempDir(), "berth-image-*"))
	must(t, err)
	return len(list)
}

func TestBuildFails(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	const ok = `"version --format") echo 28.0;;` + "\n" + `"buildx version") exit 1;;` + "\n"
	for _, tt := range []struct{ name, script, cause, evidence, remedy string }{
		{
			"daemon", `*) echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1;;`,
			"Docker is installed but does not run", "Cannot connect", "start Docker, or deploy an image that exists already with --image REF",
		},
		{
			"permission", `*) echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1;;`,
			"this user may not use Docker", "permission denied", "add the user to the group docker",
		},
		{"odd", `*) echo 'what?' >&2; exit 1;;`, "docker does not work", "what?", "see what `docker version` says"},
		{
			"step", ok + `"build --platform") echo 'Step 2/4 : RUN make'; echo 'make: nothing to make' ; echo "The command '/bin/sh -c make' returned a non-zero code: 2" >&2; exit 1;;`,
			"the image build failed at step 2 of 4, RUN make", fail.Quote + "make: nothing to make\n" + fail.Quote + "The command '/bin/sh -c make' returned a non-zero code: 2", "mend the Dockerfile",
		},
		{
			"copy", ok + `"build --platform") echo 'Step 1/1 : COPY x y'; echo "COPY failed: file not found in build context" >&2; exit 1;;`,
			"the image build failed at step 1 of 1, COPY x y", "COPY failed", "a file that the Dockerfile copies is not in the build context",
		},
		{
			"base image", ok + `"build --platform") echo 'Step 1/1 : FROM nope'; echo "pull access denied for nope" >&2; exit 1;;`,
			"the image build failed at step 1 of 1, FROM nope", "pull access denied", "check the image names in the FROM lines",
		},
		{
			"disk", ok + `"build --platform") echo 'Step 1/1 : RUN x'; echo "write: no space left on device" >&2; exit 1;;`,
			"the disk that Docker uses is full", "no space left", "make room",
		},
		{
			"BuildKit", ok + `"build --platform") echo 'Step 1/1 : RUN --mount=type=cache x'; echo "the --mount option requires BuildKit." >&2; exit 1;;`,
			"the image build failed at step 1 of 1, RUN --mount=type=cache x", "requires BuildKit", "the Dockerfile needs BuildKit",
		},
		{
			"saving", ok + `"build --platform") ;;` + "\n" + `"image inspect") echo 100;;` + "\n" + `"image save") echo 'Error: no such image' >&2; exit 1;;`,
			"docker does not work", "no such image", "see what",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docker, _ := fakeDocker(t, tt.script)
			img, free, err := docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64"}, Reporter{})
			f := fail.From(err)
			if err == nil || img != nil || f.Class != fail.Failed || f.Cause != tt.cause || !strings.Contains(f.Evidence, tt.evidence) || !strings.HasPrefix(f.Remedy, tt.remedy) {
				t.Errorf("got %+v", f)
			}
			free()
		})
	}
	none := Docker{Command: "no-such-docker-here"}
	_, _, err := none.Build(t.Context(), Source{Dir: dir}, Reporter{})
	if f := fail.From(err); f.Cause != "there is no docker command, and an image must be built" || !strings.Contains(f.Remedy, "--image") {
		t.Errorf("got %+v", f)
	}
	if f := fail.From(none.Check(t.Context())); f.Class != fail.Refused {
		t.Errorf("Check: %+v", f)
	}
	if _, _, found, err := none.Local(t.Context(), "x", Reporter{}); found || err != nil {
		t.Errorf("Local without docker: %v, %v", found, err)
	}
	if _, _, err := none.Build(t.Context(), Source{Dir: dir, Dockerfile: "None"}, Reporter{}); fail.From(err).Class != fail.Usage {
		t.Errorf("no Dockerfile: %v", err)
	}
}

// A build that is cancelled ends docker, also one that does not listen to the first signal at once.
func TestBuildCancelled(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	docker, _ := fakeDocker(t, `"version --format") echo 28.0;;`+"\n"+`"buildx version") exit 1;;`+"\n"+`"build --platform") echo 'Step 1/1 : RUN sleep'; exec sleep 60;;`)
	ctx, cancel := context.WithCancel(t.Context())
	r := Reporter{Progress: func(string, int64, int64, string) { cancel() }}
	start := time.Now()
	_, _, err := docker.Build(ctx, Source{Dir: dir, Platform: "linux/amd64"}, r)
	if !errors.Is(err, context.Canceled) || time.Since(start) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

// hello is a folder with a Dockerfile and a static program, built for this machine.
func hello(t *testing.T) string {
	t.Helper()
	dir := plant(t, map[string]string{
		"main.go": "package main\n\nfunc main() { println(\"hello\") }\n", "go.mod": "module hello\n\ngo 1.24\n",
		"Dockerfile":    "ARG BASE=scratch\nFROM ${BASE}\nARG WORD=none\nLABEL word=${WORD}\nCOPY hello /hello\nCOPY page /page\nEXPOSE 8080\nCMD [\"/hello\"]\n",
		".dockerignore": "*.go\n", "page": "one",
	})
	c := exec.CommandContext(t.Context(), "go", "build", "-o", "hello", ".")
	c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

func needDocker(t *testing.T) {
	t.Helper()
	if os.Getenv("BERTH_TEST_DOCKER") == "" {
		t.Skip("BERTH_TEST_DOCKER is not set; .ci/run sets it")
	}
}

// TestDockerReal builds with the Docker daemon of this machine, pushes into a registry in this process, and
// looks the result up again.
func TestDockerReal(t *testing.T) {
	needDocker(t)
	dir := hello(t)
	var docker Docker
	must(t, docker.Check(t.Context()))
	var s steps
	src := Source{Dir: dir, Platform: "linux/amd64", Args: map[string]string{"WORD": "said"}}
	img, free, err := docker.Build(t.Context(), src, s.reporter())
	must(t, err)
	defer free()
	must(t, validate.Image(img))
	cfg, err := img.ConfigFile()
	must(t, err)
	if cfg.Config.Cmd[0] != "/hello" || cfg.Config.Labels["word"] != "said" || cfg.Architecture != "amd64" || len(Check(cfg, 8080, false)) != 0 {
		t.Errorf("configuration %+v", cfg.Config)
	}
	t.Logf("progress: %q", s.texts)
	if len(s.texts) < 4 || len(s.lines) < 4 {
		t.Errorf("progress %q, lines %q", s.texts, s.lines)
	}
	reg := newRegistry()
	digest, err := Push(t.Context(), img, repo+":src-1", nil, reg, s.reporter())
	must(t, err)
	got, err := Resolve(t.Context(), repo+":src-1", "linux/amd64", reg, nil)
	if err != nil || got.Ref != repo+"@"+digest {
		t.Errorf("resolved %+v, %v", got, err)
	}
	// The same source gives the same image, and then nothing is sent.
	again, free2, err := docker.Build(t.Context(), src, Reporter{})
	must(t, err)
	defer free2()
	before := reg.count("PATCH")
	if d, err := Push(t.Context(), again, repo+":src-2", nil, reg, Reporter{}); err != nil || d != digest || reg.count("PATCH") != before {
		t.Errorf("again %s, %d uploads, %v", d, reg.count("PATCH")-before, err)
	}
	_, _, err = docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64", Args: map[string]string{"BASE": "berth-no-such-image:1"}}, Reporter{})
	if f := fail.From(err); err == nil || !strings.HasPrefix(f.Cause, "the image build failed at step ") || !strings.Contains(f.Remedy, "docker login") && !strings.Contains(f.Remedy, "network") {
		t.Errorf("an unknown base image: %+v", f)
	} else {
		t.Logf("%s\n%s\n%s", f.Cause, f.Evidence, f.Remedy)
	}
	out, _, err := docker.output(t.Context(), "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "berth-build")
	must(t, err)
	if n := strings.Count(out+"\n", "berth-build:"); n != 2 {
		t.Errorf("images of ours: %q", out)
	}
	free()
	free2()
	if out, _, err = docker.output(t.Context(), "image", "ls", "-q", "berth-build"); err != nil || out != "" {
		t.Errorf("left in Docker: %q, %v", out, err)
	}
}

func TestDockerLocal(t *testing.T) {
	needDocker(t)
	dir := hello(t)
	var docker Docker
	const tag = "berth-test-local:1"
	if _, errs, err := docker.output(t.Context(), "build", "-q", "--build-arg", "WORD=local", "-t", tag, dir); err != nil {
		t.Fatal(errs)
	}
	defer docker.untag(context.Background(), tag)
	img, free, found, err := docker.Local(t.Context(), tag, Reporter{})
	if err != nil || !found {
		t.Fatal(found, err)
	}
	defer free()
	must(t, validate.Image(img))
	for _, ref := range []string{"berth-test-local:2", "--help", "Bad Ref"} {
		if _, _, found, err := docker.Local(t.Context(), ref, Reporter{}); found || err != nil {
			t.Errorf("%s: %v, %v", ref, found, err)
		}
	}
	// Freeing what was built from the same source does not take the user's own tag along.
	_, free2, err := docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64", Args: map[string]string{"WORD": "local"}}, Reporter{})
	must(t, err)
	free2()
	if _, _, err := docker.output(t.Context(), "image", "inspect", tag); err != nil {
		t.Errorf("the user's tag is gone: %v", err)
	}
}

func TestDockerCancelled(t *testing.T) {
	needDocker(t)
	dir := hello(t)
	must(t, os.WriteFile(filepath.Join(dir, "sleep.go"), []byte("//go:build ignore\n\npackage main\n\nimport \"time\"\n\nfunc main() { time.Sleep(time.Minute) }\n"), 0o644))
	c := exec.CommandContext(t.Context(), "go", "build", "-o", "sleep", "sleep.go")
	c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), fmt.Appendf(nil, "FROM scratch\nCOPY sleep /sleep\nRUN [\"/sleep\"]\n"), 0o644))
	ctx, cancel := context.WithCancel(t.Context())
	r := Reporter{Progress: func(text string, n, of int64, unit string) {
		if n == 3 {
			cancel()
		}
	}}
	start := time.Now()
	_, free, err := Docker{}.Build(ctx, Source{Dir: dir, Platform: "linux/amd64"}, r)
	free()
	if !errors.Is(err, context.Canceled) || time.Since(start) > 40*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	var running string
	for range 50 {
		running, _, err = Docker{}.output(t.Context(), "ps", "-q")
		must(t, err)
		if running == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("a container of the build still runs: %s", running)
}
