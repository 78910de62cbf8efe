package orphan

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"berth/compare/catalog"
	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/fail"
)

// Everywhere is what is left over in all regions of an account. It marshals to the JSON of the command line.
type Everywhere struct {
	Regions    []*Report `json:"regions"` // those with leftovers, or where something could not be looked at; never nil
	Looked     []string  `json:"looked"`  // all regions that were looked at
	Blind      []string  `json:"could_not_look"`
	MonthlyUSD float64   `json:"monthly_usd"`
}

// looksAtOnce is how many regions are looked at at the same time.
const looksAtOnce = 6

// FindEverywhere looks through all regions that the account has enabled, the one of the settings first: that one must
// answer, others that do not are told of. Connect opens a region, empty for the one of the settings.
func FindEverywhere(ctx context.Context, connect func(context.Context, string) (*cloud.Clients, error), region string, prices *price.Table) (*Everywhere, error) {
	first, err := connect(ctx, region)
	if err != nil {
		return nil, err
	}
	codes := []string{first.Region}
	for _, other := range catalog.Regions().Regions {
		if other.Code != first.Region {
			codes = append(codes, other.Code)
		}
	}
	reports, failed := make([]*Report, len(codes)), make([]error, len(codes))
	var g errgroup.Group
	g.SetLimit(looksAtOnce)
	for i, code := range codes {
		g.Go(func() error {
			c, err := connect(ctx, code)
			if err == nil {
				reports[i], err = Find(ctx, c, prices)
			}
			failed[i] = err
			return nil
		})
	}
	_ = g.Wait() // none fails
	if failed[0] != nil || ctx.Err() != nil {
		return nil, cmp.Or(failed[0], ctx.Err())
	}
	all := &Everywhere{Regions: []*Report{}, Looked: []string{}, Blind: []string{}}
	for i, r := range reports {
		switch {
		case cloud.Rejected(failed[i]): // a region that the account has not enabled has nothing of it
		case failed[i] != nil:
			all.Blind = append(all.Blind, codes[i]+": "+fail.From(failed[i]).Cause)
		default:
			all.Looked = append(all.Looked, codes[i])
			if len(r.Groups)+len(r.Blind) > 0 {
				all.Regions = append(all.Regions, r)
			}
			all.MonthlyUSD = cents(all.MonthlyUSD + r.MonthlyUSD)
		}
	}
	return all, nil
}
