package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codebuild"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// newCloudHarbor is an app whose image is built in AWS.
func newCloudHarbor(t *testing.T, dir string) *harbor {
	t.Helper()
	h := newHarbor(t, sim.Options{}, slowPoll)
	write(t, dir, "Dockerfile", dockerfile)
	write(t, dir, "server", "version 1")
	h.spec.Dir, h.spec.Image.Builder = dir, "codebuild"
	return h
}

func TestBuildInAWS(t *testing.T) {
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		t.Run(platform, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { testBuildInAWS(t, newCloudHarbor(t, dir), platform) })
		})
	}
}

func testBuildInAWS(t *testing.T, h *harbor, platform string) {
	h.spec.Image.Platform = platform
	first := h.plan(engine.Request{})
	got := actions(first)
	for _, want := range []string{"build-role:create", "build-log-group:create", "source-bucket:create", "build-project:create", "build:create", "image:create"} {
		if !slices.Contains(got, want) {
			t.Errorf("the plan has no %s: %v", want, got)
		}
	}
	if i := slices.IndexFunc(first.Changes, func(c engine.Change) bool { return c.ID == "build-project" }); i >= 0 && first.Changes[i].MonthlyUSD <= 0 {
		t.Error("builds in AWS cost nothing")
	}
	res, events := h.apply(first)
	h.must(res, events)
	var steps, lines []string
	for _, e := range events {
		switch {
		case e.Node == "build" && e.Type == event.NodeProgress && e.Unit == "steps":
			steps = append(steps, e.Text)
		case e.Node == "build" && e.Stream == "build":
			lines = append(lines, e.Text)
		}
	}
	if !slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, "COPY") }) || !slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, "exporting") }) {
		t.Errorf("steps %q, lines %q", steps, lines)
	}
	if got := actions(h.plan(engine.Request{})); len(got) > 0 {
		t.Errorf("unchanged app: plan does %v", got)
	}
	c := h.clients().CodeBuild
	names, err := c.ListProjects(t.Context(), &codebuild.ListProjectsInput{})
	must(t, err)
	out, err := c.BatchGetProjects(t.Context(), &codebuild.BatchGetProjectsInput{Names: names.Projects})
	must(t, err)
	if len(out.Projects) != 1 || (out.Projects[0].Environment.Type == "ARM_CONTAINER") != (platform == "linux/arm64") {
		t.Errorf("the project is %+v", out.Projects)
	}

	// A build that fails says at which step, with what it printed, and is stopped by nobody.
	write(t, h.spec.Dir, "Dockerfile", dockerfile+"RUN false\n")
	res, _ = h.deploy()
	if res.Err == nil || !strings.Contains(res.Err.Cause, "RUN false") || !strings.Contains(res.Err.Evidence, "exit code: 1") {
		t.Errorf("a failed build: %+v", res.Err)
	}

	// Once it is built here, a destroy still finds what building in AWS left.
	write(t, h.spec.Dir, "Dockerfile", dockerfile)
	h.spec.Image.Builder = ""
	h.must(h.apply(h.plan(engine.Request{Destroy: true})))
	if left := h.left(); len(left) > 0 {
		t.Errorf("destroy leaves %v", left)
	}
}

// A build that nobody waits for any more costs money for each minute: it is stopped with the run.
func TestStoppedRunStopsItsBuild(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := newCloudHarbor(t, dir)
		res, _ := h.stop(25*time.Second, 2)
		if res.Err == nil {
			t.Fatal("the run went on")
		}
		c := h.clients().CodeBuild
		names, err := c.ListProjects(t.Context(), &codebuild.ListProjectsInput{})
		must(t, err)
		if len(names.Projects) != 1 {
			t.Fatalf("projects: %v", names.Projects)
		}
		ids, err := c.ListBuildsForProject(t.Context(), &codebuild.ListBuildsForProjectInput{ProjectName: &names.Projects[0]})
		must(t, err)
		if len(ids.Ids) != 1 {
			t.Fatalf("builds: %v", ids.Ids)
		}
		out, err := c.BatchGetBuilds(t.Context(), &codebuild.BatchGetBuildsInput{Ids: ids.Ids})
		must(t, err)
		if got := out.Builds[0].BuildStatus; got != "STOPPED" {
			t.Errorf("the build is %s", got)
		}
		h.must(h.deploy())
	})
}

func TestCutMatrixOfBuildsInAWS(t *testing.T) {
	for _, s := range scenarios {
		s.app = newCloudHarbor
		t.Run(s.name, func(t *testing.T) { s.sample(t, 5) })
	}
}
