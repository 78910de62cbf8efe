package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth/engine/event"
	"berth/engine/plan"
)

// TestDockerDeploy takes a folder with a real Dockerfile through its life on the simulated account, with
// images built by each builder of this machine: deploy, deploy again, edit, destroy.
func TestDockerDeploy(t *testing.T) {
	if os.Getenv("BERTH_TEST_DOCKER") == "" {
		t.Skip("BERTH_TEST_DOCKER is not set; .ci/run sets it")
	}
	config, buildx := os.Getenv("BERTH_TEST_BUILDX"), "docker with buildx"
	for _, builder := range []string{"docker", buildx, "podman"} {
		t.Run(builder, func(t *testing.T) {
			program, _, _ := strings.Cut(builder, " ")
			if _, err := exec.LookPath(program); err != nil || builder == buildx && config == "" {
				t.Skip("NOT RUN: there is no " + builder)
			}
			if builder == buildx {
				t.Setenv("DOCKER_CONFIG", config)
			}
			testDeploys(t, program)
		})
	}
}

func testDeploys(t *testing.T, builder string) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nCOPY page.html /page.html\nEXPOSE 8080\nCMD [\"/app\"]\n")
	write(t, filepath.Join(dir, "page.html"), "one")
	sim := func(args ...string) []byte {
		t.Helper()
		args = append(args, "--simulate", "--sim-speed", "1000", "--app", "dock", "--region", "eu-west-2")
		if args[0] == "deploy" || args[0] == "plan" {
			args = append(args, "--builder", builder)
		}
		return output(t, dir, args...)
	}

	first := events(t, sim("deploy", "--yes", "--json"))
	end := first[len(first)-1]
	if end.Outcome != event.Succeeded || !strings.HasPrefix(end.Endpoint, "https://") {
		t.Fatalf("the first deploy ended as %s at %q: %+v", end.Outcome, end.Endpoint, end.Error)
	}
	if n := acted(first); len(n) < 15 {
		t.Errorf("the first deploy changed only %q", n)
	}

	second := events(t, sim("deploy", "--yes", "--json"))
	if n := acted(second); len(n) != 0 {
		t.Errorf("the second deploy changed %q", n)
	}
	if again := second[len(second)-1]; again.Outcome != event.Succeeded || again.Endpoint != end.Endpoint {
		t.Errorf("the second deploy ended as %s at %q", again.Outcome, again.Endpoint)
	}
	if n := planned(t, sim("plan", "--json")); len(n) != 0 {
		t.Errorf("the plan after the second deploy is %q", n)
	}

	write(t, filepath.Join(dir, "page.html"), "two")
	third := events(t, sim("deploy", "--yes", "--json"))
	got := acted(third)
	slices.Sort(got)
	if want := []string{"build", "image", "service", "task-definition"}; !slices.Equal(got, want) {
		t.Errorf("after an edit, deploy changed %q, want %q", got, want)
	}

	gone := events(t, sim("destroy", "--yes", "--json"))
	if end := gone[len(gone)-1]; end.Outcome != event.Succeeded {
		t.Errorf("destroy ended as %s: %+v", end.Outcome, end.Error)
	}
	var status struct {
		State     string
		Resources []any
	}
	if err := json.Unmarshal(sim("status", "--json"), &status); err != nil {
		t.Fatal(err)
	}
	if status.State != "absent" || len(status.Resources) != 0 {
		t.Errorf("after destroy the state is %s with %d resources", status.State, len(status.Resources))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// output runs the real program, which must succeed, and returns its stdout.
func output(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := berth(t.Context(), t, dir, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("berth %s: %v\n%s\n%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.Bytes()
}

// events reads NDJSON.
func events(t *testing.T, ndjson []byte) []event.Event {
	t.Helper()
	var all []event.Event
	for line := range bytes.Lines(ndjson) {
		var e event.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("stdout has a line that is no event: %q", line)
		}
		all = append(all, e)
	}
	if len(all) == 0 || all[len(all)-1].Type != event.RunFinished {
		t.Fatalf("the run has no end:\n%s", ndjson)
	}
	return all
}

// acted are the nodes that a run meant to change.
func acted(all []event.Event) []string {
	var nodes []string
	for _, e := range all {
		if e.Type == event.NodePlanned && e.Action != event.None {
			nodes = append(nodes, e.Node)
		}
	}
	return nodes
}

// planned are the changes of plan --json that do something.
func planned(t *testing.T, out []byte) []string {
	t.Helper()
	var p plan.Plan
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Changes) == 0 {
		t.Fatal("the plan has no resources at all")
	}
	var ids []string
	for _, c := range p.Changes {
		if c.Action != event.None {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
