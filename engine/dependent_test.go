package engine_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
)

// Whoever may call an operation may do what AWS documents that it does on their behalf, whatever our own simulation
// thinks of it.
func TestPolicyHoldsTheDocumentedDependentActions(t *testing.T) {
	table, err := os.ReadFile("testdata/dependent-actions.txt")
	must(t, err)
	called := map[string]bool{}
	for name, open := range fullest {
		synctest.Test(t, func(t *testing.T) {
			h := open(t)
			least, note, err := h.engine.Policy(t.Context(), engine.Request{Spec: h.spec})
			if err != nil || note != nil {
				t.Fatal(note, err)
			}
			allowed := least.Actions()
			for line := range strings.Lines(string(table)) {
				words := strings.Fields(line)
				if len(words) == 0 || words[0] == "#" || !slices.Contains(allowed, words[0]) {
					continue
				}
				called[words[0]] = true
				for _, need := range words[1:] {
					if !slices.Contains(allowed, need) {
						t.Errorf("%s: %s is allowed, and %s, which it needs, is not", name, words[0], need)
					}
				}
			}
		})
	}
	if len(called) < 5 {
		t.Errorf("only %v are called", called)
	}
}
