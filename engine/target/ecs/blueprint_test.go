package ecs

import (
	"testing"

	"berth/engine/resource"
	"berth/engine/spec"
	"berth/engine/target"
)

// Every kind of a blueprint says which permissions it needs.
func TestEveryKindSaysItsPermissions(t *testing.T) {
	s := &spec.Spec{App: "a", EnvName: "b", Region: "eu-west-2", Dir: t.TempDir()}
	s.Service.Port, s.Service.ReleaseCommand = 4000, "/server migrate"
	b, err := newBlueprint(s, target.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b.Release == nil || b.Build == nil {
		t.Fatal("the app does without a kind")
	}
	for _, r := range b.Resources() {
		if _, ok := r.(resource.Permissioned); !ok {
			t.Errorf("%s (%T) does not say which permissions it needs", r.Info().Label, r)
		}
	}
}
