package engine

import (
	"slices"
	"testing"

	"berth/compare/catalog"
	"berth/engine/fail"
	"berth/engine/spec"
)

// What the comparison calls deployable is what there is a target for, and a spec says so by the same name.
func TestEveryDeployableServiceHasATarget(t *testing.T) {
	var named, deployable []string
	for _, x := range targets {
		named = append(named, x.Name())
	}
	for _, s := range catalog.Default().Services {
		if s.Deployable {
			deployable = append(deployable, s.ID)
		}
	}
	slices.Sort(named)
	slices.Sort(deployable)
	if !slices.Equal(named, deployable) {
		t.Errorf("targets %v, deployable services %v", named, deployable)
	}
}

// A target that there is not is refused at its line, by every verb.
func TestAnUnknownTargetIsRefused(t *testing.T) {
	s := &spec.Spec{App: "shop", EnvName: "production", Region: "eu-west-2", Target: "app-runner"}
	s.Service.Port = 4000
	if err := s.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	want := `target: berth cannot deploy to "app-runner"; it can deploy to ecs-fargate`
	if i := slices.IndexFunc(Problems(s), func(p spec.Problem) bool { return p.String() == want }); i < 0 {
		t.Errorf("problems: %v", Problems(s))
	}
	e := Open(Options{})
	if _, err := e.Watch(t.Context(), s); fail.From(err).Class != fail.Usage {
		t.Errorf("watch: %v", err)
	}
	if _, err := e.Plan(t.Context(), Request{Spec: s, Rollback: Previous}); fail.From(err).Class != fail.Usage {
		t.Errorf("plan: %v", err)
	}
}
