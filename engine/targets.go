package engine

import (
	"fmt"
	"slices"
	"strings"

	"berth/engine/spec"
	"berth/engine/target"
	"berth/engine/target/ecs"
)

// targets are the ways to run an app, the usual one first.
var targets = []target.Target{
	ecs.Target{},
}

// targetOf is the target that a spec names, or the usual one. An unknown name is a Usage failure.
func targetOf(s *spec.Spec) (target.Target, error) {
	if s.Target == "" {
		return targets[0], nil
	}
	i := slices.IndexFunc(targets, func(t target.Target) bool { return t.Name() == s.Target })
	if i < 0 {
		return nil, spec.AsError([]spec.Problem{unknownTarget(s)})
	}
	return targets[i], nil
}

// unknownTarget says that there is no such target as a spec names.
func unknownTarget(s *spec.Spec) spec.Problem {
	var names []string
	for _, t := range targets {
		names = append(names, t.Name())
	}
	return s.Problem("target", fmt.Sprintf("berth cannot deploy to %q", s.Target), "it can deploy to "+strings.Join(names, ", "))
}

// blueprint is the app as its target builds it.
func (e *Engine) blueprint(r Request) (target.Blueprint, error) {
	t, err := targetOf(r.Spec)
	if err != nil {
		return nil, err
	}
	return t.Blueprint(r.Spec, target.Options{
		Builder: e.opts.Builder, SkipVerify: r.SkipVerify, NoRehearsal: r.NoRehearsal, RolloutTimeout: r.RolloutTimeout,
	})
}
