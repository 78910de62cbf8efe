// Package account is the AWS account that somebody works in: its regions, the credentials in use, and the apps that
// are deployed there. Of what is deployed it changes nothing but secrets; changes are the business of operations.
package account

import (
	"cmp"
	"context"

	"berth/compare/price"
	"berth/engine/clock"
	"berth/engine/cloud"
	"berth/engine/plan"
	"berth/engine/resource"
	"berth/engine/spec"
	"berth/engine/target"
)

// Account is where and with what somebody works. It is safe for concurrent use.
type Account struct {
	Targets     target.List
	Settings    cloud.Settings    // region and profile
	Environment cloud.Environment // the zero Environment is AWS
	Prices      *price.Table
}

// Connect makes the clients for a region; an empty one is that of the settings.
func (a Account) Connect(ctx context.Context, region string) (*cloud.Clients, error) {
	s := a.Settings
	s.Region = cmp.Or(region, s.Region)
	return a.Environment.Connect(ctx, s)
}

// Clock is the clock of the environment.
func (a Account) Clock() clock.Clock { return a.Environment.Clock }

// Priced is what resources are priced with today.
func (a Account) Priced(u price.Usage) plan.Prices {
	return plan.Prices{Table: a.Prices, Usage: u, Today: a.Clock().Now().UTC()}
}

// Region is the region that the settings, the environment or the AWS profile name. None is a Usage failure.
func (a Account) Region(ctx context.Context) (string, error) {
	c, err := a.Connect(ctx, "")
	if err != nil {
		return "", err
	}
	return c.Region, nil
}

// Identity says whose credentials are in use. Missing or expired ones are a Refused fail.Error.
func (a Account) Identity(ctx context.Context, region string) (cloud.Identity, error) {
	c, err := a.Connect(ctx, region)
	if err != nil {
		return cloud.Identity{}, err
	}
	return c.WhoAmI(ctx)
}

// Owners lists the apps of a region, running or not, by two calls for each target.
func (a Account) Owners(ctx context.Context, region string) ([]resource.Owner, error) {
	c, err := a.Connect(ctx, region)
	if err != nil {
		return nil, err
	}
	return a.Targets.Owners(ctx, c)
}

// Status says what runs of an app, whose App, EnvName and Region suffice; see Watch.
func (a Account) Status(ctx context.Context, s *spec.Spec) (*target.Status, error) {
	w, err := a.Watch(ctx, s)
	if err != nil {
		return nil, err
	}
	return w.Status(ctx)
}

// StatusOf says what runs of an app of a target, whoever it belongs to.
func (a Account) StatusOf(ctx context.Context, t target.Target, c *cloud.Clients, o resource.Owner) (*target.Status, error) {
	o, err := named(ctx, t, c, o)
	if err != nil {
		return nil, err
	}
	w, err := t.Watch(c, o, a.Priced(price.DefaultUsage()))
	if err != nil {
		return nil, err
	}
	return w.Status(ctx)
}
