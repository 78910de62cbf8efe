package account

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/spec"
	"berth/engine/target"
)

// ID is the identity that tells an app from others of its name: the one of the spec, else the one that berth.toml has
// got since the spec was read. Empty: it has none yet, or is older than identities.
func ID(s *spec.Spec) string {
	if s.ID != "" || s.Dir == "" {
		return s.ID
	}
	kept, err := spec.Load(s.Dir, s.EnvName)
	if err != nil {
		return "" // told by whoever reads the file
	}
	return kept.ID
}

// Owner is the app of a spec, by the names that its resources have in that account.
func (a Account) Owner(ctx context.Context, c *cloud.Clients, s *spec.Spec) (resource.Owner, error) {
	o := resource.Owner{App: s.App, Env: s.EnvName, ID: ID(s), Demanded: resource.Demand(s.AccountRules.Tags)}
	t, err := a.Targets.Of(s)
	if err != nil {
		return o, err
	}
	return named(ctx, t, c, o)
}

// named says of an app whose name is ambiguous whether its resources have the old one.
func named(ctx context.Context, t target.Target, c *cloud.Clients, o resource.Owner) (resource.Owner, error) {
	if !o.Ambiguous() {
		return o, nil
	}
	known, err := t.Known(ctx, c, o)
	o.Old = known.Old
	return o, err
}

// reader is the owner for a look that changes nothing: somebody who types a name means whichever app has it.
func (a Account) reader(ctx context.Context, c *cloud.Clients, s *spec.Spec) (resource.Owner, error) {
	o, err := a.Owner(ctx, c, s)
	if s.Origins["app"].Kind == spec.Flag {
		o.ID = resource.AnyID
	}
	return o, err
}

// NewID gives an app that has no identity one when nothing of its name is deployed yet; the spec is changed. Keep
// writes it to berth.toml; it is nil where the app has one, or goes on without.
func (a Account) NewID(ctx context.Context, c *cloud.Clients, s *spec.Spec) (keep func() error, err error) {
	t, err := a.Targets.Of(s)
	if err != nil {
		return nil, err
	}
	known, err := t.Known(ctx, c, resource.Owner{App: s.App, Env: s.EnvName})
	if err != nil || known.Exists {
		return nil, err
	}
	s.ID = strings.TrimLeft(strings.ToLower(rand.Text()), "234567")[:8]
	id := s.ID
	return func() error { return spec.KeepID(s.Dir, s.EnvName, s.App, id) }, nil
}

// Namesake refuses what is meant for the app of a spec when another app of its name is deployed there.
func (a Account) Namesake(ctx context.Context, s *spec.Spec) error {
	c, err := a.Connect(ctx, s.Region)
	if err != nil {
		return err
	}
	t, err := a.Targets.Of(s)
	if err != nil {
		return err
	}
	o := resource.Owner{App: s.App, Env: s.EnvName, ID: ID(s)}
	known, err := t.Known(ctx, c, o)
	if err != nil || known.ID == "" || known.ID == o.ID {
		return err
	}
	return &fail.Error{
		Class: fail.Refused, Cause: fmt.Sprintf("a different app is already named %s (%s) in %s", o.App, o.Env, c.Region),
		Evidence: fmt.Sprintf("the deployed app has the identity %q", known.ID),
		Remedy:   fmt.Sprintf("if it is the same app, write id = %q in its berth.toml, or give --id %s; otherwise name another one with --app", known.ID, known.ID),
	}
}
