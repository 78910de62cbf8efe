package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// The image that runs stays in the repository, whatever is pushed after it and never comes up.
func TestFailedVersionsDoNotPushTheRunningImageOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		for i := range 3 { // as thirty would
			write(t, h.spec.Dir, "server", fmt.Sprintf("broken version %d", i))
			h.account.SetFaults(fault(t, "crash-task"))
			if res, _ := h.deploy(); res.Outcome == event.Succeeded {
				t.Fatal("a version that crashes was deployed")
			}
			h.account.SetFaults()
		}
		h.countTagged(t, 1)
		time.Sleep(60 * 24 * time.Hour)
		h.must(h.apply(h.plan(engine.Request{Restart: true})))
	})
}

// Versions that never came up do not count among those that one can go back to, however many there were.
func TestFailedVersionsDoNotUseUpTheKeptOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		good, err := h.watch().Status(t.Context())
		must(t, err)
		for i := range 11 {
			write(t, h.spec.Dir, "server", fmt.Sprintf("broken version %d", i))
			h.account.SetFaults(fault(t, "crash-task"))
			if res, _ := h.deploy(); res.Outcome != event.RolledBack {
				t.Fatalf("a version that crashes ended %s", res.Outcome)
			}
			h.account.SetFaults()
		}
		write(t, h.spec.Dir, "server", "a version that works")
		h.must(h.deploy())
		time.Sleep(48 * time.Hour)
		h.must(h.apply(h.plan(engine.Request{Rollback: engine.Previous})))
		now, err := h.watch().Status(t.Context())
		must(t, err)
		if now.Revision != good.Revision {
			t.Errorf("%s runs, the version that worked was %s", now.Revision, good.Revision)
		}
	})
}

// countTagged has the repository keep only so many images that nothing needs, so that a test does with fewer.
func (h *harbor) countTagged(t *testing.T, n int) {
	t.Helper()
	name := "berth-" + h.spec.App + "-" + h.spec.EnvName
	c := h.clients()
	out, err := c.ECR.GetLifecyclePolicy(t.Context(), &ecr.GetLifecyclePolicyInput{RepositoryName: &name})
	must(t, err)
	text := strings.ReplaceAll(*out.LifecyclePolicyText, `"countNumber":30}`, fmt.Sprintf(`"countNumber":%d}`, n))
	_, err = c.ECR.PutLifecyclePolicy(t.Context(), &ecr.PutLifecyclePolicyInput{RepositoryName: &name, LifecyclePolicyText: &text})
	must(t, err)
}

// An image that is built anew takes the place of the one before, which stays for as long as one can go back to it.
func TestRebuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Fatalf("a second deployment would change %v", p.Changes)
		}
		h.must(h.apply(h.plan(engine.Request{Rebuild: true})))
		st, err := h.watch().Status(t.Context())
		must(t, err)
		if len(st.Deployments) != 2 || st.Deployments[0].Image == st.Deployments[1].Image {
			t.Fatalf("deployments %+v", st.Deployments)
		}
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("after the rebuild a deployment would change %v", p.Changes)
		}
		time.Sleep(30 * 24 * time.Hour) // the first image is long without the tag of its source
		h.must(h.apply(h.plan(engine.Request{Rollback: engine.Previous})))
	})
}

// The images of revisions that are retired go, and no other.
func TestRetiredRevisionsLetTheirImagesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		for i := range 13 {
			write(t, h.spec.Dir, "server", fmt.Sprintf("version %d", i))
			h.must(h.deploy())
		}
		h.countTagged(t, 1)
		time.Sleep(48 * time.Hour)
		name := "berth-" + h.spec.App + "-" + h.spec.EnvName
		out, err := h.clients().ECR.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: &name})
		must(t, err)
		if len(out.ImageDetails) != 10 {
			t.Errorf("%d images are left of those of 13 revisions, 10 of which can run again", len(out.ImageDetails))
		}
	})
}
