package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuildScript says to the shell elsewhere all that a build on this machine is told, whatever is in it.
func TestBuildScript(t *testing.T) {
	src := Source{Platform: "linux/arm64", Target: "app", Args: map[string]string{"GREETING": "it's $HOME"}}
	plain := buildScript(src, PackOptions{})
	for _, want := range []string{"--platform linux/arm64 --file Dockerfile --target app ", `--build-arg 'GREETING=it'"'"'s $HOME'`, `--tag "$BERTH_IMAGE" context`} {
		if !strings.Contains(plain, want) {
			t.Errorf("no %s in %s", want, plain)
		}
	}
	for _, flag := range []string{"--no-cache", "--pull"} {
		if strings.Contains(plain, flag) {
			t.Errorf("%s without being asked for: %s", flag, plain)
		}
		for name, script := range map[string]string{
			"Fresh":   buildScript(Source{Platform: "linux/arm64", Fresh: true}, PackOptions{}),
			"options": buildScript(src, PackOptions{NoCache: true, Pull: true}),
		} {
			if !strings.Contains(script, " "+flag+" ") {
				t.Errorf("%s: no %s in %s", name, flag, script)
			}
		}
	}
}

// A build elsewhere keeps its steps beside the image where Docker there has a builder that can, and goes on without.
func TestBuildScriptWithACache(t *testing.T) {
	script := buildScript(Source{Platform: "linux/amd64", Args: map[string]string{"WORD": "it's"}}, PackOptions{Cache: true})
	for create, want := range map[string]string{
		"exit 0": "buildx build --load --provenance=false --progress=plain --platform linux/amd64 --file Dockerfile --build-arg WORD=it's " +
			"--cache-to type=registry,ref=1.example/shop:cache,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true " +
			"--cache-from type=registry,ref=1.example/shop:cache --tag 1.example/shop:built context",
		"exit 1": "build --progress=plain --platform linux/amd64 --file Dockerfile --build-arg WORD=it's --tag 1.example/shop:built context",
	} {
		docker, calls := fakeDocker(t, `"buildx create") `+create+`;;`)
		c := exec.CommandContext(t.Context(), "sh", "-c", script)
		c.Env = append(os.Environ(), "PATH="+filepath.Dir(docker.Program)+":"+os.Getenv("PATH"), "BERTH_IMAGE=1.example/shop:built")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got := calls(); !strings.HasSuffix(got, "1 "+want+"\n") {
			t.Errorf("%s:\n%s", create, got)
		}
	}
}
