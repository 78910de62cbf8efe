package orphan

import (
	"context"

	"berth/compare/price"
	"berth/engine/cloud"
)

// Everywhere is what is left over in all regions of an account. It marshals to the JSON of the command line.
type Everywhere struct {
	Regions    []*Report `json:"regions"` // those with leftovers, or where something could not be looked at; never nil
	Looked     []string  `json:"looked"`  // all regions that were looked at
	Blind      []string  `json:"could_not_look"`
	MonthlyUSD float64   `json:"monthly_usd"`
}

// FindEverywhere looks through all regions that the account has enabled, the one of the settings first: that one must
// answer, others that do not are told of. Connect opens a region, empty for the one of the settings.
func FindEverywhere(ctx context.Context, connect func(context.Context, string) (*cloud.Clients, error), region string, prices *price.Table) (*Everywhere, error) {
	first, err := connect(ctx, region)
	if err != nil {
		return nil, err
	}
	reports, blind, err := cloud.Look(ctx, cloud.EveryRegion(first.Region), func(ctx context.Context, region string) (*Report, error) {
		c, err := connect(ctx, region)
		if err != nil {
			return nil, err
		}
		return Find(ctx, c, prices)
	})
	if err != nil {
		return nil, err
	}
	all := &Everywhere{Regions: []*Report{}, Looked: []string{}, Blind: append([]string{}, blind...)}
	for _, in := range reports {
		all.Looked = append(all.Looked, in.Region)
		if r := in.Found; len(r.Groups)+len(r.Blind) > 0 {
			all.Regions = append(all.Regions, r)
		}
		all.MonthlyUSD = cents(all.MonthlyUSD + in.Found.MonthlyUSD)
	}
	return all, nil
}
