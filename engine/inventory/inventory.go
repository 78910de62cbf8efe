// Package inventory lists all apps of an account, from whichever folder they were deployed: what runs of each, and what
// it costs. AWS is asked, no file is read and nothing is changed.
package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"berth/compare/price"
	"berth/engine/account"
	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/target"
)

// Request says where to look for apps.
type Request struct {
	Region     string // empty: the one of the settings
	AllRegions bool   // beyond it, too
}

// App is what runs of one app in one environment. It marshals to the JSON of the command line.
type App struct {
	App      string `json:"app"`
	Env      string `json:"env"`
	Target   string `json:"target"`
	Region   string `json:"region"`
	State    string `json:"state"` // as in a Status
	Endpoint string `json:"endpoint"`
	Revision string `json:"revision"`
	Running  int    `json:"running"`
	Desired  int    `json:"desired"`
	// MonthlyUSD is what all of it costs as it runs, with light use. AlwaysUSD is the part that is billed in any
	// case, MostUSD the sum with as many tasks as the scaling may start (zero when nothing scales).
	MonthlyUSD float64 `json:"monthly_usd"`
	AlwaysUSD  float64 `json:"always_usd"`
	MostUSD    float64 `json:"most_monthly_usd,omitempty"`
	Unpriced   bool    `json:"unpriced,omitempty"` // a part of it could not be priced: it costs more
}

// Apps are all apps of an account. It marshals to the JSON of the command line.
type Apps struct {
	Account    string   `json:"account"`
	Regions    []string `json:"regions"` // that were looked at
	Apps       []App    `json:"apps"`    // by region, app and environment; never nil
	MonthlyUSD float64  `json:"monthly_usd"`
	MostUSD    float64  `json:"most_monthly_usd,omitempty"` // as of an App
	PricesAsOf string   `json:"prices_as_of"`               // the oldest date among the prices used
	Blind      []string `json:"could_not_look"`             // one sentence each: there may be more
}

// looksAtOnce is how many apps of a region are looked at at the same time.
const looksAtOnce = 6

// Find lists all apps and environments of the account with what runs and what that costs, by what AWS has: it needs
// no berth.toml. Who we are must be known; what may not be looked at beyond that is told in Blind.
func Find(ctx context.Context, a account.Account, r Request) (*Apps, error) {
	clients, err := a.Connect(ctx, r.Region)
	if err != nil {
		return nil, err
	}
	id, err := clients.WhoAmI(ctx)
	if err != nil {
		return nil, err
	}
	all := &Apps{Account: id.Account, Regions: []string{clients.Region}, Apps: []App{}, Blind: []string{}}
	if r.AllRegions {
		all.Regions = cloud.EveryRegion(clients.Region)
	}
	found, blind, err := cloud.Look(ctx, all.Regions, func(ctx context.Context, region string) (regionApps, error) {
		return inRegion(ctx, a, region)
	})
	if err != nil {
		return nil, err
	}
	all.Blind = append(all.Blind, blind...)
	for _, in := range found {
		all.add(in.Found)
	}
	return all, nil
}

// regionApps is what was found in one region.
type regionApps struct {
	apps  []App
	blind []string
	asOf  string
}

func (a *Apps) add(one regionApps) {
	a.Apps, a.Blind = append(a.Apps, one.apps...), append(a.Blind, one.blind...)
	a.PricesAsOf = price.Older(a.PricesAsOf, one.asOf)
	for _, app := range one.apps {
		if a.MostUSD > 0 || app.MostUSD > 0 {
			a.MostUSD = max(a.MostUSD, a.MonthlyUSD) + max(app.MostUSD, app.MonthlyUSD)
		}
		a.MonthlyUSD += app.MonthlyUSD
	}
}

// inRegion looks through one region.
func inRegion(ctx context.Context, a account.Account, region string) (one regionApps, err error) {
	clients, err := a.Connect(ctx, region)
	if err != nil {
		return one, err
	}
	for _, t := range a.Targets {
		owners, blind, err := t.Apps(ctx, clients)
		if err != nil {
			return one, err
		}
		for _, text := range blind {
			one.blind = append(one.blind, region+": "+text)
		}
		apps, more := make([]*target.Status, len(owners)), make([]error, len(owners))
		var g errgroup.Group
		g.SetLimit(looksAtOnce)
		for i, o := range owners {
			o.ID = resource.AnyID
			g.Go(func() error {
				apps[i], more[i] = a.StatusOf(ctx, t, clients, o)
				return nil
			})
		}
		_ = g.Wait() // none fails
		if ctx.Err() != nil {
			return one, ctx.Err()
		}
		for i, st := range apps {
			if more[i] != nil {
				one.blind = append(one.blind, fmt.Sprintf("%s: %s (%s): %s", region, owners[i].App, owners[i].Env, fail.From(more[i]).Cause))
				continue
			}
			one.asOf = price.Older(one.asOf, st.PricesAsOf)
			one.apps = append(one.apps, App{
				App: st.App, Env: st.Env, Target: st.Target, Region: st.Region, State: st.State, Endpoint: st.Endpoint,
				Revision: st.Revision, Running: st.Running, Desired: st.Desired,
				MonthlyUSD: st.MonthlyUSD, AlwaysUSD: st.AlwaysUSD, MostUSD: st.MostUSD, Unpriced: !st.Complete,
			})
		}
	}
	slices.SortFunc(one.apps, func(a, b App) int { return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Env, b.Env)) })
	return one, nil
}
