package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// fileSystems are the file systems of the account, as the inventory tells them.
func (h *harbor) fileSystems() (all []string) {
	for _, i := range h.account.Inventory() {
		if strings.HasPrefix(i.Kind, "efs.FileSystem") {
			all = append(all, i.String()+i.Detail)
		}
	}
	return all
}

func TestStorageLife(t *testing.T) {
	for name, o := range map[string]sim.Options{"default VPC": {}, "own VPC": {NoDefaultVPC: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, o, 0)
				h.spec.Storage = []spec.Storage{{Path: "/app/uploads"}}
				first := h.plan(engine.Request{})
				if got := actions(first); !slices.Contains(got, "file-system:create") || !slices.Contains(got, "mount-target-b:create") {
					t.Errorf("plan does %v", got)
				}
				res, events := h.apply(first)
				h.must(res, events)
				p := h.plan(engine.Request{})
				if got := actions(p); len(got) > 0 {
					t.Fatalf("unchanged app: plan does %v: %v", got, p.Changes)
				}
				was := h.fileSystems()

				write(t, h.spec.Dir, "server", "version 2")
				h.spec.Storage = append(h.spec.Storage, spec.Storage{Path: "/data"})
				h.must(h.deploy())
				h.spec.Storage = nil
				h.must(h.deploy())
				if now := h.fileSystems(); len(was) != 1 || !slices.Equal(was, now) {
					t.Errorf("the file system is another one: %v, then %v", was, now)
				}

				h.must(h.apply(h.plan(engine.Request{Destroy: true})))
				if left := h.left(); len(left) > 0 {
					t.Errorf("destroy leaves %v", left)
				}
			})
		})
	}
}
