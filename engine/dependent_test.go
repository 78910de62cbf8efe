package engine_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// documented reads which actions AWS documents that an operation needs besides its own.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	table, err := os.ReadFile("testdata/dependent-actions.txt")
	must(t, err)
	needs := map[string][]string{}
	for line := range strings.Lines(string(table)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			needs[words[0]] = append(needs[words[0]], words[1:]...)
		}
	}
	return needs
}

// Whoever may call an operation may do what AWS documents that it does on their behalf, whatever our own simulation
// thinks of it; and what AWS documents has been looked up for all that is called.
func TestPolicyHoldsTheDocumentedDependentActions(t *testing.T) {
	needs := documented(t)
	called := slices.Collect(maps.Keys(needs))
	for _, more := range needs {
		called = append(called, more...)
	}
	all := maps.Clone(fullest)
	all["cache, uploads, firewall"] = func(t *testing.T) *harbor {
		h := newShop(t, sim.Options{})
		h.spec.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro"}
		h.spec.Uploads = &spec.Uploads{Store: "s3", Versioning: true}
		h.spec.Network.Firewall = true
		return h
	}
	all["firewall at the load balancer"] = func(t *testing.T) *harbor {
		h := newDomainHarbor(t)
		h.zone("example.com", true)
		h.spec.Network.Firewall = true
		return h
	}
	all["gateway"] = func(t *testing.T) *harbor {
		h := newShop(t, sim.Options{})
		h.spec.Network.HTTPS = "gateway"
		return h
	}
	all["alarms"] = func(t *testing.T) *harbor { return newWatched(t, sim.Options{}) }
	all["built in AWS"] = func(t *testing.T) *harbor {
		h := newShop(t, sim.Options{})
		h.spec.Image.Builder = "codebuild"
		return h
	}
	for name, open := range all {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t)
				least, note, err := h.engine.Policy(t.Context(), engine.Request{Spec: h.spec})
				if err != nil || note != nil {
					t.Fatal(note, err)
				}
				allowed := least.Actions()
				for _, action := range allowed {
					if !slices.Contains(called, action) {
						t.Errorf("what %s needs has not been looked up", action)
					}
					for _, need := range needs[action] {
						if !slices.Contains(allowed, need) {
							t.Errorf("%s is allowed, and %s, which it needs, is not", action, need)
						}
					}
				}
			})
		})
	}
}
