package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/sim"
)

// An app can run an image of another repository of the account: it is looked up with the account's own sign-in, and
// the role that starts tasks may fetch it. One of another account is refused before anything changes.
func TestAnImageOfAnotherRepositoryOfTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		st, err := h.engine.Status(context.Background(), h.spec)
		if err != nil || !strings.Contains(st.Image, ".dkr.ecr.eu-west-2.") {
			t.Fatalf("image %q, %v", st.Image, err)
		}
		h.spec = h.spec.Clone()
		h.spec.App, h.spec.Image.Ref = "second", st.Image
		p := h.plan(engine.Request{})
		rep, err := h.engine.Preflight(context.Background(), p)
		if err != nil || rep.Refusal() != nil {
			t.Fatalf("refused: %v, %v", rep.Refusal(), err)
		}
		h.must(h.apply(p))

		elsewhere := h.spec.Clone()
		elsewhere.Image.Ref = strings.Replace(st.Image, "123456789012", "999999999999", 1)
		if _, err := h.engine.Plan(context.Background(), engine.Request{Spec: elsewhere}); err == nil || fail.From(err).Class != fail.Refused {
			t.Errorf("an image of another account: %v", err)
		}
	})
}
