package resource

import (
	"testing"

	"pgregory.net/rapid"
)

// No two apps and environments have one name, nor does the name of one begin with that of another and the mark of a
// process.
func TestNamesAreTheirOwn(t *testing.T) {
	word := rapid.StringMatching(`[a-c](-?[a-c]){1,4}`)
	draw := func(t *rapid.T) Owner { return Owner{App: word.Draw(t, "app"), Env: word.Draw(t, "env")} }
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t), draw(t)
		process := "_" + word.Draw(t, "process")
		if !a.Same(b) && (a.Name() == b.Name() || a.Name() == b.Name()+process || a.Name()+process == b.Name()+process) {
			t.Fatalf("%v and %v are both called %s", a, b, a.Name())
		}
		if env, ok := EnvOf(a.Name(), a.App); !ok || env != a.Env {
			t.Fatalf("%s has the environment %q", a.Name(), env)
		}
	})
}
