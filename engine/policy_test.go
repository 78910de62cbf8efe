package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
)

// life is what berth policy is for: a first deployment, a look at all there is to see, a version that fails and goes back, one that
// works, and a destroy.
func (h *harbor) life() {
	h.t.Helper()
	h.must(h.deploy())
	time.Sleep(time.Hour)
	h.must(h.deploy())
	h.look()
	write(h.t, h.spec.Dir, "server", "version 2, which crashes")
	h.account.SetFaults(fault(h.t, "crash-task"))
	if res, _ := h.deploy(); res.Outcome == event.Succeeded {
		h.t.Error("a version that crashes was deployed")
	}
	h.account.SetFaults()
	time.Sleep(time.Hour)
	write(h.t, h.spec.Dir, "server", "version 3")
	h.must(h.deploy())
	h.attach()
	h.must(h.apply(h.plan(engine.Request{Destroy: true})))
}

// look is everything that a screen on a running app looks at.
func (h *harbor) look() {
	h.t.Helper()
	w := h.watch()
	_, err := w.Status(h.t.Context())
	must(h.t, err)
	_, err = w.Pulse(h.t.Context())
	must(h.t, err)
	_, err = w.Metrics(h.t.Context())
	must(h.t, err)
	_, err = w.Logs(h.t.Context(), time.Time{})
	must(h.t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The least policy holds exactly the actions that AWS checks over the life of an app: no more, no less.
func TestPolicyIsExact(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(t *testing.T) *harbor
	}{
		{"plain app, default VPC", func(t *testing.T) *harbor { return newHarbor(t, sim.Options{}, 0) }},
		{"fullest app, own VPC", func(t *testing.T) *harbor { return newFullHarbor(t, t.TempDir()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := c.open(t)
				policy, note, err := h.engine.Policy(t.Context(), engine.Request{Spec: h.spec})
				if err != nil || note != nil {
					t.Fatal(note, err)
				}
				h.life()
				allowed, used := policy.Actions(), h.account.ActionsUsed()
				used = slices.DeleteFunc(used, func(a string) bool { return a == "iam:AttachRolePolicy" }) // it was somebody else
				surplus := slices.DeleteFunc(slices.Clone(allowed), func(a string) bool { return slices.Contains(used, a) })
				// Stopping a task that runs on its own is for lives in which one is forgotten, deleting files for those in which
				// some were uploaded, taking images off for those of more than ten versions, removing a provider for those in
				// which a pipeline deployed, and seeing who has network interfaces for those in which others hold a group.
				surplus = slices.DeleteFunc(surplus, func(a string) bool {
					return a == "ecs:StopTask" || a == "ecr:BatchDeleteImage" || a == "ec2:DescribeNetworkInterfaces" || strings.HasPrefix(a, "s3:DeleteObject") ||
						strings.HasSuffix(a, "OpenIDConnectProvider")
				})
				missing := slices.DeleteFunc(slices.Clone(used), func(a string) bool { return slices.Contains(allowed, a) })
				t.Logf("%d actions allowed, %d used, %d in surplus, %d missing; %d statements, %d characters",
					len(allowed), len(used), len(surplus), len(missing), len(policy.Statement), policy.Size())
				if len(surplus) > 0 || len(missing) > 0 {
					t.Errorf("surplus %v\nmissing %v", surplus, missing)
				}
			})
		})
	}
}
