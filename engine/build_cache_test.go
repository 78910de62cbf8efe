package engine_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"berth/engine"
	"berth/engine/image"
	"berth/engine/sim"
)

// The repository keeps the steps of builds beside the versions: it is priced, moves on with each build, counts as no
// version, goes when no build writes it any more, and is gone after destroy.
func TestBuildCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, slowPoll)
		cost := func(p *engine.Plan) float64 {
			i := slices.IndexFunc(p.Changes, func(c engine.Change) bool { return c.ID == "repository" })
			return p.Changes[i].MonthlyUSD
		}
		without := cost(h.plan(engine.Request{}))
		h.spec.Image.Cache = true
		p := h.plan(engine.Request{})
		if with := cost(p); with <= without {
			t.Errorf("the repository costs $%.2f with a cache, and $%.2f without", with, without)
		}
		h.must(h.apply(p))
		if p := h.plan(engine.Request{}); p.Changed() {
			t.Errorf("the same app: %v", actions(p))
		}
		first := h.cacheDigest(t)
		if first == "" {
			t.Fatal("nothing was kept of the build")
		}
		write(t, h.spec.Dir, "server", "another version")
		h.must(h.deploy())
		second := h.cacheDigest(t)
		if second == "" || second == first {
			t.Errorf("the cache was %s and is %q", first, second)
		}
		time.Sleep(10 * 24 * time.Hour)
		if h.cacheDigest(t) != second {
			t.Error("the cache is gone after ten days")
		}
		time.Sleep(10 * 24 * time.Hour)
		if h.cacheDigest(t) != "" {
			t.Error("the cache is still there after twenty days without a build")
		}
		h.must(h.apply(h.plan(engine.Request{Restart: true})))
		h.must(h.apply(h.plan(engine.Request{Rollback: engine.Previous})))
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// cacheDigest is the digest of the build cache in the repository, empty when there is none.
func (h *harbor) cacheDigest(t *testing.T) string {
	t.Helper()
	name, tag := "berth-"+h.spec.App+"-"+h.spec.EnvName, image.CacheTag
	out, err := h.clients().ECR.BatchGetImage(t.Context(), &ecr.BatchGetImageInput{
		RepositoryName: &name, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: &tag}},
	})
	must(t, err)
	if len(out.Images) == 0 {
		return ""
	}
	return *out.Images[0].ImageId.ImageDigest
}
