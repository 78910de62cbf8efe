package plan

import (
	"context"
	"fmt"
	"time"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/resource"
)

// Prices is what resources are priced with.
type Prices struct {
	Table *price.Table // nil leaves the costs out
	Usage price.Usage  // how much the app is used
	Today time.Time    // for the age of prices
}

// Sum is what resources cost a month.
type Sum struct {
	MonthlyUSD float64 `json:"monthly_usd"`
	// MostUSD is the same with as many tasks as their scaling may start; zero when nothing scales.
	MostUSD    float64 `json:"most_monthly_usd,omitempty"`
	AlwaysUSD  float64 `json:"-"` // the part of MonthlyUSD that is billed in any case
	Costs      []Cost  `json:"-"`
	PricesAsOf string  `json:"-"` // the oldest date among the prices used
	PricesOld  bool    `json:"-"` // a price is older than six months
	Complete   bool    `json:"-"` // every line has a price; else MonthlyUSD is the least that it costs
}

// of prices one resource, nothing when it costs nothing.
func (p Prices) of(r resource.Resource, region string) (Sum, error) {
	sum := Sum{Complete: true}
	if p.Table == nil {
		return sum, nil
	}
	if coster, ok := r.(resource.Coster); ok {
		est, err := p.estimate(coster.Costs, r, region)
		if err != nil {
			return sum, err
		}
		for _, l := range est.Lines {
			sum.Costs = append(sum.Costs, Cost{Node: r.Info().ID, Line: l, Unsure: unsure(l)})
			sum.Complete = sum.Complete && l.Known
		}
		sum.MonthlyUSD, sum.AlwaysUSD = est.MonthlyUSD, est.AlwaysUSD
		sum.PricesAsOf, sum.PricesOld = est.PricesAsOf, est.Old
	}
	if grower, ok := r.(resource.Grower); ok {
		est, err := p.estimate(grower.CostsMore, r, region)
		if err != nil {
			return sum, err
		}
		if est.MonthlyUSD > 0 {
			sum.MostUSD = sum.MonthlyUSD + est.MonthlyUSD
		}
	}
	return sum, nil
}

// estimate is the bill that a resource fills in.
func (p Prices) estimate(fill func(*price.Bill), r resource.Resource, region string) (price.Estimate, error) {
	bill, err := p.Table.Bill(region, p.Usage)
	if err != nil {
		return price.Estimate{}, fmt.Errorf("price %s: %w", r.Info().Label, err)
	}
	fill(bill)
	return bill.Estimate().Aged(p.Today), nil
}

// add adds another sum to s.
func (s *Sum) add(other Sum) {
	if s.MostUSD > 0 || other.MostUSD > 0 {
		s.MostUSD = max(s.MostUSD, s.MonthlyUSD) + max(other.MostUSD, other.MonthlyUSD)
	}
	s.Costs = append(s.Costs, other.Costs...)
	s.MonthlyUSD += other.MonthlyUSD
	s.AlwaysUSD += other.AlwaysUSD
	s.PricesAsOf, s.PricesOld = price.Older(s.PricesAsOf, other.PricesAsOf), s.PricesOld || other.PricesOld
	s.Complete = s.Complete && other.Complete
}

// Standing prices what exists of observed resources as it was found, whatever the settings want. A resource whose
// size may not be looked up leaves the sum incomplete.
func Standing(ctx context.Context, rs resource.Set, s *resource.Scope, p Prices) (Sum, error) {
	sum := Sum{Complete: true}
	for _, r := range rs {
		if !r.Exists() {
			continue
		}
		if f, ok := r.(resource.AsFound); ok {
			err := f.AsFound(ctx, s)
			if cloud.Denied(err) || cloud.Unknown(err) {
				sum.Complete = false
				continue
			}
			if err != nil {
				return Sum{}, cloud.Explain("look up the size of "+r.Info().Label, err)
			}
		}
		one, err := p.of(r, s.Region)
		if err != nil {
			return Sum{}, err
		}
		sum.add(one)
	}
	return sum, nil
}

// ByNode is the monthly cost of each resource, by id.
func (s *Sum) ByNode() map[string]float64 {
	by := map[string]float64{}
	for _, c := range s.Costs {
		by[c.Node] += c.USD
	}
	return by
}

// With is s with the costs of some resources replaced by those of other.
func (s *Sum) With(other Sum) Sum {
	replaced := other.ByNode()
	out := other
	out.Costs, out.MonthlyUSD, out.AlwaysUSD = nil, 0, 0
	for _, c := range s.Costs {
		if _, ok := replaced[c.Node]; !ok {
			out.Costs = append(out.Costs, c)
		}
	}
	out.Costs = append(out.Costs, other.Costs...)
	for _, c := range out.Costs {
		out.MonthlyUSD += c.USD
		if !c.Use {
			out.AlwaysUSD += c.USD
		}
	}
	if s.MostUSD > 0 {
		out.MostUSD = out.MonthlyUSD + s.MostUSD - s.MonthlyUSD
	}
	out.PricesAsOf, out.PricesOld = price.Older(s.PricesAsOf, other.PricesAsOf), s.PricesOld || other.PricesOld
	out.Complete = s.Complete && other.Complete
	return out
}
