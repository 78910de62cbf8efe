package ecs

import (
	"context"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/orphan"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/spec"
	"berth/engine/target"
)

// Target is ECS on Fargate as a target.
type Target struct{}

// name is the target's name in berth.toml.
const name = "ecs-fargate"

// Name implements target.Target.
func (Target) Name() string { return name }

// Standing implements target.Target.
func (Target) Standing(ctx context.Context, c *cloud.Clients, o resource.Owner) ([]string, error) {
	return compute.Processes(ctx, c, o)
}

// Blueprint implements target.Target.
func (t Target) Blueprint(s *spec.Spec, o target.Options) (target.Blueprint, error) {
	if all := t.Unsupported(s); len(all) > 0 && !o.Made { // rather than leaving it out silently
		return nil, &fail.Error{Class: fail.Usage, Cause: all[0].Text, Remedy: all[0].Want}
	}
	b, err := newBlueprint(s, o)
	if err != nil {
		return nil, err // not a Blueprint that holds nil
	}
	return b, nil
}

// Owners implements target.Target: an app with a cluster runs, or is ready to.
func (Target) Owners(ctx context.Context, c *cloud.Clients) ([]resource.Owner, error) {
	return orphan.Apps(ctx, c)
}

// Apps implements target.Target.
func (Target) Apps(ctx context.Context, c *cloud.Clients) ([]resource.Owner, []string, error) {
	return orphan.Owners(ctx, c)
}
