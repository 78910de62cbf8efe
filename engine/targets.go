package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"berth/engine/cloud"
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

// standing are the processes that an earlier deployment made. Who may not list them deploys without that, and destroys
// nothing: a cluster with a process in it would stay.
func standing(ctx context.Context, t target.Target, c *cloud.Clients, r Request, o Owner) ([]string, error) {
	names, err := t.Standing(ctx, c, o)
	if cloud.Unknown(err) || cloud.Denied(err) && !r.Destroy {
		return nil, nil
	}
	return names, cloud.Refused(cloud.Explain("list the app's processes", err))
}

// blueprint is the app as its target builds it, with the processes that an earlier deployment made.
func (e *Engine) blueprint(r Request, o Owner, standing []string) (target.Blueprint, error) {
	t, err := targetOf(r.Spec)
	if err != nil {
		return nil, err
	}
	return t.Blueprint(r.Spec, target.Options{
		Owner: o, Standing: standing, Given: r.Given,
		Builder: e.opts.Builder, SkipVerify: r.SkipVerify, NoRehearsal: r.NoRehearsal, RolloutTimeout: r.RolloutTimeout,
	})
}
