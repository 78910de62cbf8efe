package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"berth/engine"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/sim"
)

func TestRollbackGoesToThePreviousVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		if _, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: engine.Previous}); fail.ExitCode(err) != 4 {
			t.Errorf("rollback of nothing: %v", err)
		}
		h.must(h.deploy())
		if _, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: engine.Previous}); fail.ExitCode(err) != 4 {
			t.Errorf("rollback of a first version: %v", err)
		}
		for action, says := range map[string]string{ // whether there is an earlier one is known, or is not
			"elasticloadbalancing:DescribeTargetHealth": "there is no earlier healthy version",
			"ecs:ListServiceDeployments":                "the permission ecs:ListServiceDeployments is missing",
		} {
			h.account.SetFaults(fault(t, "deny="+action))
			_, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: engine.Previous})
			if f := fail.From(err); fail.ExitCode(err) != 4 || !strings.Contains(f.Cause, says) {
				t.Errorf("rollback of a first version without %s: %v", action, err)
			}
		}
		h.account.SetFaults()
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())

		p, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: engine.Previous})
		if err != nil {
			t.Fatal(err)
		}
		if got := actions(p); !slices.Equal(got, []string{"service:update"}) {
			t.Errorf("plan does %v", got)
		}
		res, events := h.apply(p)
		h.must(res, events)
		if events[0].Verb != "rollback" {
			t.Errorf("verb %q", events[0].Verb)
		}
		st, err := h.engine.Status(t.Context(), h.spec)
		if err != nil || !strings.HasSuffix(st.Revision, ":1") || st.State != "running" {
			t.Errorf("status %+v, err %v", st, err)
		}

		// and forward again, by its number
		p, err = h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: "2"})
		if err != nil {
			t.Fatal(err)
		}
		h.must(h.apply(p))
		for revision, cause := range map[string]string{"7": "there is no revision"} {
			_, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: revision})
			if fail.ExitCode(err) != 4 || !strings.Contains(fail.From(err).Cause, cause) {
				t.Errorf("rollback to %s: %v", revision, err)
			}
		}
	})
}

// A version whose image has gone cannot be gone back to, and that is found before anything changes.
func TestRollbackToAVersionWithoutImage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		h.deleteOldestImage()
		_, err := h.engine.Plan(t.Context(), engine.Request{Spec: h.spec, Rollback: engine.Previous})
		if fail.ExitCode(err) != 4 || !strings.Contains(err.Error(), "no longer in the registry") {
			t.Errorf("got %v", err)
		}
		st, err := h.engine.Status(t.Context(), h.spec)
		if err != nil || !strings.HasSuffix(st.Revision, ":2") || st.State != "running" {
			t.Errorf("status %+v, err %v", st, err)
		}
	})
}

// deleteOldestImage removes the image of the first version from the registry, as a lifecycle policy may.
func (h *harbor) deleteOldestImage() {
	h.t.Helper()
	c, err := h.account.Environment().Connect(h.t.Context(), cloud.Settings{Region: "eu-west-2"})
	if err != nil {
		h.t.Fatal(err)
	}
	repo := aws.String("berth-live-beats-production")
	out, err := c.ECR.DescribeImages(h.t.Context(), &ecr.DescribeImagesInput{RepositoryName: repo})
	if err != nil || len(out.ImageDetails) != 2 {
		h.t.Fatalf("%d images, err %v", len(out.ImageDetails), err)
	}
	oldest := slices.MinFunc(out.ImageDetails, func(a, b ecrtypes.ImageDetail) int { return a.ImagePushedAt.Compare(*b.ImagePushedAt) })
	_, err = c.ECR.BatchDeleteImage(h.t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: repo, ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: oldest.ImageDigest}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
}
