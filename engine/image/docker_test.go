package image

import (
	"context"
	"errors"
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
func fakeDocker(t *testing.T, script string) (Machine, func() string) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "docker")
	must(t, os.WriteFile(name, []byte("#!/bin/sh\necho \"$DOCKER_BUILDKIT $*\" >>"+dir+"/calls\ncase \"$1 $2\" in\n"+script+"\nesac\n"), 0o755))
	return Machine{Program: name}, func() string {
		b, err := os.ReadFile(filepath.Join(dir, "calls"))
		must(t, err)
		return string(b)
	}
}

// inspect1 is what `image inspect` says of an image for a platform.
func inspect1(arch string) string {
	return `"image inspect") echo '[{"Id":"sha256:1111111111111111111111111111111111111111111111111111111111111111","Architecture":"' ` + arch +
		` '","Os":"linux","Size":100,"Config":{"Cmd":["/hello"]},"RootFS":{"Layers":["sha256:2222222222222222222222222222222222222222222222222222222222222222"]}}]' | tr -d ' ';;`
}

func TestBuildWith(t *testing.T) {
	for _, tt := range []struct{ name, buildx, build, want string }{
		{
			"buildx", `"buildx version") echo github.com/docker/buildx v0.19.2 abc;;`,
			`"buildx build") echo '{"vertexes":[{"digest":"a","name":"[1/1] FROM scratch","started":"2026-11-22T10:00:00Z","completed":"2026-11-22T10:00:00Z"}]}' >&2;;`,
			" buildx build --load --provenance=false --progress=rawjson --platform linux/arm64 --file ",
		},
		{
			"an old buildx", `"buildx version") echo github.com/docker/buildx v0.12.0;;`, `"buildx build") echo '#5 [1/1] FROM scratch' >&2;;`,
			" buildx build --load --provenance=false --progress=plain --platform ",
		},
		{
			"a buildx of before attestations", `"buildx version") echo github.com/docker/buildx v0.9.1;;`, `"buildx build") echo '#5 [1/1] FROM scratch' >&2;;`,
			" buildx build --load --progress=plain --platform ",
		},
		{
			"no buildx", `"buildx version") echo docker: unknown command >&2; exit 1;;`, `"build --force-rm") echo 'Step 1/1 : FROM scratch';;`,
			"0 build --force-rm --platform linux/arm64 --file ",
		},
		{
			"a client that has BuildKit built in", `"buildx version") exit 1;;` + "\n" + `"version --format") echo '{"Client":{"Version":"20.10.24"},"Server":{"Version":"20.10.24"}}';;`,
			`"build --progress=plain") echo '#5 [1/1] FROM scratch' >&2;;`, "1 build --progress=plain --platform linux/arm64 --file ",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docker, calls := fakeDocker(t, strings.Join([]string{
				tt.buildx, `"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1","Arch":"amd64"}}';;`, `"--version ") ;;`,
				tt.build, inspect1("arm64"), `"image rm") ;;`,
				`*) echo unexpected "$@" >&2; exit 9;;`,
			}, "\n"))
			dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n"})
			var s steps
			img, err := docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/arm64", Args: map[string]string{"B": "2", "A": "1"}}, s.reporter())
			must(t, err)
			if f := img.Facts(); !strings.HasPrefix(f.ID, "sha256:11") || f.Config.Architecture != "arm64" || f.Config.Config.Cmd[0] != "/hello" || len(f.Config.RootFS.DiffIDs) != 1 {
				t.Errorf("facts %+v", f)
			}
			if !strings.Contains(strings.Join(s.texts, "|"), "FROM scratch") {
				t.Errorf("progress %q", s.texts)
			}
			img.Release()
			got := calls()
			if !strings.Contains(got, tt.want) || !strings.Contains(got, "--build-arg A=1 --build-arg B=2 --tag ") || !strings.Contains(got, " "+dir+"\n") {
				t.Errorf("calls\n%s", got)
			}
			if !strings.Contains(got, "image rm --no-prune localhost/berth-build:") {
				t.Errorf("the tag stays:\n%s", got)
			}
		})
	}
}

func TestBuildFails(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	const ok = `"version --format") echo 28.0;;` + "\n" + `"buildx version") exit 1;;` + "\n" + `"--version ") ;;` + "\n" + `"image rm") ;;` + "\n"
	for _, tt := range []struct{ name, script, cause, evidence, remedy string }{
		{
			"daemon", `*) echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1;;`,
			"Docker is installed but not running", "Cannot connect", "start Docker, build in AWS with --builder codebuild, or deploy an existing image with --image REF",
		},
		{
			"permission", `*) echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1;;`,
			"this user may not use Docker", "permission denied", "add the user to the group docker",
		},
		{"odd", `*) echo 'what?' >&2; exit 1;;`, "docker does not work", "what?", "see what `docker version` says"},
		{
			"step", ok + `"build --force-rm") echo 'Step 2/4 : RUN make'; echo 'make: nothing to make' ; echo "The command '/bin/sh -c make' returned a non-zero code: 2" >&2; exit 1;;`,
			"the image build failed at step 2 of 4, RUN make", fail.Quote + "make: nothing to make\n" + fail.Quote + "The command '/bin/sh -c make' returned a non-zero code: 2", "fix the Dockerfile",
		},
		{
			"copy", ok + `"build --force-rm") echo 'Step 1/1 : COPY x y'; echo "COPY failed: file not found in build context" >&2; exit 1;;`,
			"the image build failed at step 1 of 1, COPY x y", "COPY failed", "a file that the Dockerfile copies is not in the build context",
		},
		{
			"base image", ok + `"build --force-rm") echo 'Step 1/1 : FROM nope'; echo "pull access denied for nope" >&2; exit 1;;`,
			"the image build failed at step 1 of 1, FROM nope", "pull access denied", "check the image names in the FROM lines",
		},
		{
			"disk", ok + `"build --force-rm") echo 'Step 1/1 : RUN x'; echo "write: no space left on device" >&2; exit 1;;`,
			"the disk that Docker uses is full", "no space left", "free some space",
		},
		{
			"BuildKit", ok + `"build --force-rm") echo 'Step 1/1 : RUN --mount=type=cache x'; echo "the --mount option requires BuildKit." >&2; exit 1;;`,
			"the image build failed at step 1 of 1, RUN --mount=type=cache x", "requires BuildKit", "the Dockerfile needs BuildKit",
		},
		{
			"a helper for sign-ins that is gone", ok + `"build --force-rm") echo 'Step 1/1 : FROM ghcr.io/me/base'; echo 'error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH' >&2; exit 1;;`,
			"the image build failed at step 1 of 1, FROM ghcr.io/me/base", "error getting credentials", "the registry credential helper failed",
		},
		{
			"a language that cannot be fetched", ok + `"build --force-rm") echo '#3 resolve image config for docker.io/docker/dockerfile:1'; echo 'failed to do request: dial tcp: no such host'; exit 1;;`,
			"the image build failed", "no such host", "the first line of the Dockerfile, # syntax=",
		},
		{
			"an image that is not there", ok + `"build --force-rm") ;;` + "\n" + `"image inspect") echo 'Error: no such image' >&2; exit 1;;`,
			"the build succeeded, but its image is not in Docker", "", "your own builder may keep",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docker, _ := fakeDocker(t, tt.script)
			img, err := docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64"}, Reporter{})
			f := fail.From(err)
			if err == nil || img != nil || f.Class != fail.Failed || f.Cause != tt.cause || !strings.Contains(f.Evidence, tt.evidence) || !strings.HasPrefix(f.Remedy, tt.remedy) {
				t.Errorf("got %+v", f)
			}
		})
	}
	none := Machine{Program: "/no-such-folder/docker"}
	_, err := none.Build(t.Context(), Source{Dir: dir}, Reporter{})
	if f := fail.From(err); f.Cause != "there is no docker command, and an image must be built" || !strings.Contains(f.Remedy, "--image") {
		t.Errorf("got %+v", f)
	}
	if f := fail.From(none.Check(t.Context())); f.Class != fail.Refused {
		t.Errorf("Check: %+v", f)
	}
	if _, found, err := none.Local(t.Context(), "x"); found || err != nil {
		t.Errorf("Local without docker: %v, %v", found, err)
	}
	if _, err := none.Build(t.Context(), Source{Dir: dir, Dockerfile: "None"}, Reporter{}); fail.From(err).Class != fail.Usage {
		t.Errorf("no Dockerfile: %v", err)
	}
}

// An engine that hangs is not waited for without end, and is told as such.
func TestSilentEngine(t *testing.T) {
	docker, calls := fakeDocker(t, `*) exec sleep 60;;`)
	p := program{command: docker.Program, kind: "docker", name: "Docker"}
	start := time.Now()
	_, errs, err := p.answer(t.Context(), 200*time.Millisecond, "version")
	if !errors.Is(err, errSilent) || time.Since(start) > 20*time.Second {
		t.Fatalf("after %s: %v", time.Since(start), err)
	}
	if !strings.Contains(calls(), "version") {
		t.Errorf("it was not asked: %s", calls())
	}
	p.kind = "podman"
	for _, err := range []error{dockerError(t.Context(), errs, err), programError(t.Context(), p, errs, err)} {
		if f := fail.From(err); !strings.Contains(f.Cause, "has not answered for 30s") || !strings.HasPrefix(f.Remedy, "restart Docker") {
			t.Errorf("%+v", f)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.answer(stopped, time.Minute, "version"); errors.Is(err, errSilent) {
		t.Error("a stop is taken for a silent engine")
	}
}

// The classic builder takes the cached steps of another platform for the wanted ones when there is no base image.
func TestBuildLeavesACacheOfAnotherPlatform(t *testing.T) {
	docker, calls := fakeDocker(t, strings.Join([]string{
		`"buildx version") exit 1;;`, `"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1"}}';;`, `"--version ") ;;`, `"image rm") ;;`,
		`"build --force-rm") case "$*" in *--no-cache*) touch "$(dirname "$0")/anew";; esac;;`,
		`"image inspect") arch=arm64; [ -e "$(dirname "$0")/anew" ] && arch=amd64`, strings.ReplaceAll(strings.SplitN(inspect1(`$arch`), ") ", 2)[1], "' $arch '", `'$arch'`),
	}, "\n"))
	var s steps
	img, err := docker.Build(t.Context(), Source{Dir: plant(t, map[string]string{"Dockerfile": "FROM scratch\n"}), Platform: "linux/amd64"}, s.reporter())
	must(t, err)
	if got := img.Facts().Config.Architecture; got != "amd64" {
		t.Errorf("the image is for %s", got)
	}
	if got := calls(); strings.Count(got, "--force-rm") != 2 || strings.Count(got, "image rm") != 1 {
		t.Errorf("calls\n%s", got)
	}
	// An image that stays for another platform is for its caller to judge, after one more build.
	img, err = docker.Build(t.Context(), Source{Dir: plant(t, map[string]string{"Dockerfile": "FROM scratch\n"}), Platform: "linux/arm64"}, s.reporter())
	must(t, err)
	if got := img.Facts().Config.Architecture; got != "amd64" {
		t.Errorf("the image is for %s", got)
	}
}

// A build that is cancelled ends docker, also one that does not listen to the first signal at once.
func TestBuildCancelled(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	docker, _ := fakeDocker(t, `"version --format") echo 28.0;;`+"\n"+`"buildx version") exit 1;;`+"\n"+`"--version ") ;;`+"\n"+`"build --force-rm") echo 'Step 1/1 : RUN sleep'; exec sleep 60;;`)
	ctx, cancel := context.WithCancel(t.Context())
	r := Reporter{Progress: func(string, int64, int64, string) { cancel() }}
	start := time.Now()
	_, err := docker.Build(ctx, Source{Dir: dir, Platform: "linux/amd64"}, r)
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

// realBuilder is one of the ways in which people's machines build.
type realBuilder struct {
	name, program string
	buildKit      string // what DOCKER_BUILDKIT says
	buildx        bool
	way           way
}

// dockers are the ways of Docker.
var dockers = []realBuilder{
	{name: "docker with buildx", program: "docker", buildx: true, way: buildxWay},
	{name: "docker with the classic builder", program: "docker", buildKit: "0", way: classicWay},
}

// use has this machine build in that way, or skips the test where it cannot.
func (b realBuilder) use(t *testing.T) Machine {
	t.Helper()
	if _, err := exec.LookPath(b.program); err != nil {
		t.Skip("NOT RUN: there is no " + b.program)
	}
	if b.buildx {
		config := os.Getenv("BERTH_TEST_BUILDX")
		if config == "" {
			t.Skip("NOT RUN: BERTH_TEST_BUILDX is not set; .ci/run sets it to what .ci/buildx prints")
		}
		t.Setenv("DOCKER_CONFIG", config)
	}
	t.Setenv("DOCKER_BUILDKIT", b.buildKit)
	return Machine{Program: b.program}
}

// TestDockerReal builds with the builders of this machine, pushes into a registry in this process, and looks the
// result up again.
func TestDockerReal(t *testing.T) {
	needDocker(t)
	dir := hello(t)
	ways := dockers
	for _, name := range Programs { // docker by itself may be either of them, or a client that has BuildKit built in
		ways = append(ways, realBuilder{name: name, program: name, way: -1})
	}
	for _, b := range ways {
		t.Run(b.name, func(t *testing.T) {
			m := b.use(t)
			p, err := m.find(t.Context())
			if must(t, err); b.way >= 0 && p.way != b.way {
				t.Fatalf("it builds by way %d, and not by %d", p.way, b.way)
			}
			testReal(t, dir, m)
		})
	}
}

func testReal(t *testing.T, dir string, machine Machine) {
	must(t, machine.Check(t.Context()))
	t.Log(machine.Describe(t.Context()))
	p, err := machine.find(t.Context())
	must(t, err)
	var s steps
	src := Source{Dir: dir, Platform: "linux/amd64", Args: map[string]string{"WORD": "said"}}
	img, err := machine.Build(t.Context(), src, s.reporter())
	must(t, err)
	defer img.Release()
	cfg := img.Facts().Config
	if cfg.Config.Cmd[0] != "/hello" || cfg.Config.Labels["word"] != "said" || cfg.Architecture != "amd64" || len(Check(cfg, 8080, false)) != 0 {
		t.Errorf("configuration %+v", cfg.Config)
	}
	t.Logf("progress: %q", s.texts)
	if len(s.texts) < 2 || len(s.texts)+len(s.lines) < 6 { // BuildKit counts only steps that make a layer
		t.Errorf("progress %q, lines %q", s.texts, s.lines)
	}
	reg := newRegistry()
	to := Repository{Name: repo, Transport: reg}
	digest, err := img.Push(t.Context(), to, "src-1", s.reporter())
	must(t, err)
	got, err := Resolve(t.Context(), repo+":src-1", "linux/amd64", reg, nil)
	if err != nil || got.Ref != repo+"@"+digest || got.Config.Config.Labels["word"] != "said" {
		t.Errorf("resolved %+v, %v", got, err)
	}
	t.Logf("progress: %q", s.texts[len(s.texts)-3:])
	// The same image again sends nothing.
	again, err := machine.Build(t.Context(), src, Reporter{})
	must(t, err)
	defer again.Release()
	before := reg.count("PATCH")
	if _, err := again.Push(t.Context(), to, "src-2", Reporter{}); err != nil || reg.count("PATCH") != before {
		t.Errorf("again %d uploads, %v", reg.count("PATCH")-before, err)
	}
	// Nor does it when it has to be taken out of the store.
	saved, free, err := again.(*stored).save(t.Context(), Reporter{})
	must(t, err)
	must(t, validate.Image(saved))
	free()
	_, err = machine.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64", Args: map[string]string{"BASE": "registry.invalid/no-such-image:1"}}, Reporter{})
	if f := fail.From(err); err == nil || !strings.HasPrefix(f.Cause, "the image build failed") || !strings.Contains(f.Remedy, "docker login") && !strings.Contains(f.Remedy, "network") {
		t.Errorf("an unknown base image: %+v", f)
	} else {
		t.Logf("%s\n%s\n%s", f.Cause, f.Evidence, f.Remedy)
	}
	img.Release()
	again.Release()
	args := []string{"image", "ls", "--format", "{{.Repository}}:{{.Tag}}"}
	if p.kind == "buildah" {
		args = []string{"images", "--format", "{{.Name}}:{{.Tag}}"}
	}
	out, _, err := p.output(t.Context(), args...)
	if must(t, err); strings.Contains(out, "berth-build") || strings.Contains(out, "/berth/shop:") {
		t.Errorf("left in %s: %q", p.name, out)
	}
}

func TestDockerLocal(t *testing.T) {
	needDocker(t)
	dir := hello(t)
	docker := Machine{Program: "docker"}
	p, err := docker.find(t.Context())
	must(t, err)
	const tag = "berth-test-local:1"
	if _, errs, err := p.output(t.Context(), "build", "-q", "--build-arg", "WORD=local", "-t", tag, dir); err != nil {
		t.Fatal(errs)
	}
	defer p.untag(context.Background(), tag)
	img, found, err := docker.Local(t.Context(), tag)
	if err != nil || !found || img.Facts().Config.Config.Labels["word"] != "local" {
		t.Fatal(found, err)
	}
	for _, ref := range []string{"berth-test-local:2", "--help", "Bad Ref"} {
		if _, found, err := docker.Local(t.Context(), ref); found || err != nil {
			t.Errorf("%s: %v, %v", ref, found, err)
		}
	}
	// Releasing it, or what was built from the same source, does not take the user's own tag along.
	img.Release()
	again, err := docker.Build(t.Context(), Source{Dir: dir, Platform: "linux/amd64", Args: map[string]string{"WORD": "local"}}, Reporter{})
	must(t, err)
	again.Release()
	if _, _, err := p.output(t.Context(), "image", "inspect", tag); err != nil {
		t.Errorf("the user's tag is gone: %v", err)
	}
}

func TestDockerCancelled(t *testing.T) {
	needDocker(t)
	dir := hello(t)
	must(t, os.WriteFile(filepath.Join(dir, "sleep.go"), []byte("//go:build ignore\n\npackage main\n\nimport \"time\"\n\nfunc main() { time.Sleep(time.Minute) }\n"), 0o644))
	c := exec.CommandContext(t.Context(), "go", "build", "-o", "sleeps-in-a-build", "sleep.go")
	c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY sleeps-in-a-build /sleeps-in-a-build\nRUN [\"/sleeps-in-a-build\"]\n"), 0o644))
	for _, b := range dockers {
		t.Run(b.name, func(t *testing.T) { testCancelled(t, dir, b.use(t)) })
	}
}

func testCancelled(t *testing.T, dir string, docker Machine) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := Reporter{Progress: func(text string, _, _ int64, _ string) {
		if strings.HasPrefix(text[strings.Index(text, "]")+1:], " RUN") || strings.HasPrefix(text, "RUN") {
			cancel()
		}
	}}
	start := time.Now()
	_, err := docker.Build(ctx, Source{Dir: dir, Platform: "linux/amd64"}, r)
	if !errors.Is(err, context.Canceled) || time.Since(start) > 40*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.Command("pgrep", "-x", "sleeps-in-a-bui").Output() // as much of a name as the kernel keeps
		if len(out) == 0 && err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a step of the build still runs: %s", out)
		}
	}
}
