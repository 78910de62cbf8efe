package image

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"berth/engine/fail"
)

// buildKit starts a BuildKit beside Docker's own, and has buildx use it.
func buildKit(t *testing.T) Machine {
	t.Helper()
	needDocker(t)
	m := dockers[0].use(t)
	config := os.Getenv("BERTH_TEST_BUILDX")
	dir, err := os.MkdirTemp("", "bk") // the path of a socket is short
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	sock := filepath.Join(dir, "sock")
	c := exec.Command(filepath.Join(config, "buildkitd"), "--root", dir, "--addr", "unix://"+sock)
	if err := c.Start(); err != nil {
		t.Skip("NOT RUN: ", err)
	}
	t.Cleanup(func() { _ = c.Process.Signal(os.Interrupt); _ = c.Wait() })
	for range 100 {
		if conn, err := net.Dial("unix", sock); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Setenv("BUILDX_CONFIG", t.TempDir())
	out, err := exec.CommandContext(t.Context(), "docker", "buildx", "create", "--use", "--driver", "remote", "unix://"+sock).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return m
}

// A builder that has nothing takes the steps of an earlier build from the registry, and the image does not need the
// cache to be there.
func TestDockerCache(t *testing.T) {
	m := buildKit(t)
	must(t, m.KeepsCache(t.Context()))
	there := (&shipBench{}).registry(t) + "/shop"
	dir := hello(t)
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch AS build\nCOPY hello /hello\nRUN [\"/hello\"]\nFROM scratch\nCOPY --from=build /hello /hello\nCMD [\"/hello\"]\n"), 0o600))
	src := Source{Dir: dir, Platform: "linux/amd64", Cache: &Cache{Repository: there, Auth: &authn.Basic{Username: "AWS", Password: "secret"}}}
	build := func() string {
		var s steps
		img, err := m.Build(t.Context(), src, s.reporter())
		must(t, err)
		img.Release()
		return strings.Join(s.lines, "\n")
	}
	if out := build(); !strings.Contains(out, "hello") {
		t.Fatalf("the step did not run: %s", out)
	}
	tag, err := name.NewTag(there + ":" + CacheTag)
	must(t, err)
	if img, err := remote.Image(tag); err != nil { // an image, and no index of blobs, which ECR would not take
		t.Fatal(err)
	} else if layers, err := img.Layers(); err != nil || len(layers) < 2 {
		t.Errorf("%d layers, %v", len(layers), err)
	}
	prune := func() {
		out, err := exec.CommandContext(t.Context(), "docker", "buildx", "prune", "--all", "--force").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	prune()
	if out := build(); strings.Contains(out, "hello") {
		t.Errorf("the step ran again: %s", out)
	}
	prune()
	src.Fresh = true
	if out := build(); !strings.Contains(out, "hello") {
		t.Errorf("the step did not run anew: %s", out)
	}
	prune()
	src.Fresh, src.Cache.Repository = false, "127.0.0.1:1/shop"
	if out := build(); !strings.Contains(out, "hello") {
		t.Errorf("without the registry: %s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "berth-docker-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Builders that can write into Docker's store only are told from those that keep a cache.
func TestKeepsCache(t *testing.T) {
	t.Setenv("DOCKER_BUILDKIT", "")
	const version = `"version --format") echo '{"Client":{"Version":"28.0.1"},"Server":{"Version":"28.0.1"}}';;` + "\n" + `"--version ") ;;` + "\n"
	const plugin = `"buildx version") echo github.com/docker/buildx v0.23.0;;` + "\n"
	for builder, tt := range map[string]struct{ script, remedy string }{
		"classic":            {`"buildx version") exit 1;;`, "build with Docker and its buildx plugin"},
		"Docker's own":       {plugin + `"buildx inspect") echo "Driver: docker";;` + "\n" + `"info --format") echo '[["Backing Filesystem","extfs"]]';;`, "make a builder that can: docker buildx create --use"},
		"Docker, containerd": {plugin + `"buildx inspect") echo "Driver: docker";;` + "\n" + `"info --format") echo '[["driver-type","io.containerd.snapshotter.v1"]]';;`, ""},
		"a container":        {plugin + `"buildx inspect") echo "Driver:        docker-container";;`, ""},
		"a broken one":       {plugin + `"buildx inspect") exit 1;;`, "make a builder that can"},
	} {
		docker, _ := fakeDocker(t, version+tt.script)
		err := docker.KeepsCache(t.Context())
		if tt.remedy == "" {
			if err != nil {
				t.Errorf("%s: %v", builder, err)
			}
			continue
		}
		if f := fail.From(err); err == nil || f.Class != fail.Refused || !strings.HasPrefix(f.Remedy, tt.remedy) {
			t.Errorf("%s: %+v", builder, f)
		}
	}
}

// The builder is signed in to the app's registry beside what the user has: helpers, contexts, plugins.
func TestSignedIn(t *testing.T) {
	home := plant(t, map[string]string{
		"config.json": `{"credsStore":"desktop","auths":{"ghcr.io":{}},"credHelpers":{"gcr.io":"gcloud"},"currentContext":"mine"}`, "cli-plugins/docker-buildx": "",
	})
	t.Setenv("DOCKER_CONFIG", home)
	dir, err := signedIn("1.dkr.ecr.eu-west-2.amazonaws.com/shop", &authn.Basic{Username: "AWS", Password: "p"})
	must(t, err)
	defer os.RemoveAll(dir) //nolint:errcheck // a test's
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	must(t, err)
	const want = `{"auths":{"1.dkr.ecr.eu-west-2.amazonaws.com":{"username":"AWS","password":"p","auth":"QVdTOnA="},"ghcr.io":{}},` +
		`"credHelpers":{"1.dkr.ecr.eu-west-2.amazonaws.com":"","gcr.io":"gcloud"},"credsStore":"desktop","currentContext":"mine"}`
	if string(text) != want {
		t.Errorf("%s", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "cli-plugins", "docker-buildx")); err != nil {
		t.Error(err)
	}
	if mine, err := os.ReadFile(filepath.Join(home, "config.json")); err != nil || !json.Valid(mine) || strings.Contains(string(mine), "amazonaws") {
		t.Errorf("the user's own: %s, %v", mine, err)
	}
	flags := cacheFlags("r:cache", true)
	if !slices.Contains(flags, "--cache-to") || slices.Contains(flags, "--cache-from") {
		t.Errorf("a build of every step anew: %q", flags)
	}
}
