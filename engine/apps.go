package engine

import (
	"context"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/inventory"
	"berth/engine/resource"
	"berth/engine/run"
	"berth/engine/spec"
	"berth/engine/target"
)

// Owner is an app in one environment.
type Owner = resource.Owner

// AnyID is the identity of whoever has an app of that name.
const AnyID = resource.AnyID

// Owners lists the apps of a region (empty: the one of the settings), running or not, by two calls.
func (e *Engine) Owners(ctx context.Context, region string) ([]Owner, error) {
	clients, err := e.connect(ctx, region)
	if err != nil {
		return nil, err
	}
	var all []Owner
	for _, t := range targets {
		some, err := t.Owners(ctx, clients)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// AppsRequest says where to look for apps.
type AppsRequest = inventory.Request

// App is what runs of one app in one environment. It marshals to the JSON of the command line.
type App = inventory.App

// Apps are all apps of an account. It marshals to the JSON of the command line.
type Apps = inventory.Apps

// Apps lists all apps and environments of the account with what runs and what that costs, by what AWS has: it needs
// no berth.toml.
func (e *Engine) Apps(ctx context.Context, r AppsRequest) (*Apps, error) {
	return inventory.Account{Targets: targets, Connect: e.connect, Status: e.statusOf}.Apps(ctx, r)
}

// statusOf looks at one app of a target.
func (e *Engine) statusOf(ctx context.Context, t target.Target, c *cloud.Clients, o Owner) (*Status, error) {
	o, err := old(ctx, t, c, o)
	if err != nil {
		return nil, err
	}
	w, err := t.Watch(c, o, e.prices(price.DefaultUsage()))
	if err != nil {
		return nil, err
	}
	return w.Status(ctx)
}

// left is what there is of the app of a plan by now.
func (e *Engine) left(ctx context.Context, p *Plan) (run.Left, error) {
	t, err := targetOf(&spec.Spec{Target: p.Target})
	if err != nil {
		return run.Left{}, err
	}
	st, err := e.statusOf(ctx, t, p.Scope.Clients, p.Scope.Owner)
	if err != nil {
		return run.Left{}, err
	}
	left := run.Left{MonthlyUSD: st.MonthlyUSD, Complete: st.Complete}
	for _, r := range st.Resources {
		left.Parts = append(left.Parts, run.Part{Label: r.Label, MonthlyUSD: r.MonthlyUSD})
	}
	return left, nil
}
