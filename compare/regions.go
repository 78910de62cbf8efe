package compare

import (
	"cmp"
	"slices"

	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
)

// RankedRegion is what one service costs in one region.
type RankedRegion struct {
	Code       string  `json:"region"`
	Name       string  `json:"name"`
	OptIn      bool    `json:"opt_in"` // must be enabled in the account first
	MonthlyUSD float64 `json:"monthly_usd"`
	Complete   bool    `json:"complete"`             // no price is missing or unverified
	Priced     bool    `json:"priced"`               // no price is missing
	Partly     bool    `json:"-"`                    // most prices are there
	Confidence string  `json:"confidence"`           // the lowest of the prices used
	ConnectMS  float64 `json:"connect_ms,omitempty"` // TCP connect time, when it was measured
	Measured   string  `json:"measured,omitempty"`   // "ok", or why there is no time
}

// RankRegions orders the regions that have a service by what the usage costs there. Regions with a whole
// price come first, cheapest first; those that miss a price come last, by name.
func (a Advisor) RankRegions(service string, r advise.Requirements, u price.Usage) ([]RankedRegion, error) {
	r, u = advise.Complete(r, u)
	if err := advise.Validate(r, u); err != nil {
		return nil, err
	}
	s := catalog.Default().Service(service)
	if s == nil {
		return nil, &advise.InputError{Field: "service", Text: "there is no service " + service}
	}
	var out []RankedRegion
	for _, region := range catalog.Regions().Regions {
		if !s.Regions.Fly && !slices.Contains(s.Regions.Codes, region.Code) {
			continue
		}
		e, err := a.prices().Estimate(s, region.Code, u, advise.ShapeOf(r))
		if err != nil {
			return nil, err
		}
		out = append(out, RankedRegion{
			Code: region.Code, Name: region.Name, OptIn: region.OptIn, MonthlyUSD: e.MonthlyUSD,
			Complete: e.Complete, Priced: len(e.Missing()) == 0, Partly: len(e.Missing()) < len(e.Lines)/2, Confidence: e.Confidence,
		})
	}
	slices.SortStableFunc(out, func(x, y RankedRegion) int {
		if x.Priced != y.Priced {
			if x.Priced {
				return -1
			}
			return 1
		}
		if !x.Priced {
			return cmp.Compare(x.Code, y.Code)
		}
		return cmp.Or(cmp.Compare(x.MonthlyUSD, y.MonthlyUSD), cmp.Compare(x.Code, y.Code))
	})
	return out, nil
}
