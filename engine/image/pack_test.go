package image

import (
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
