package compare

import (
	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
)

// Months is the bill of a low, a typical and a busy month. The typical one is the usage as it was given.
type Months struct {
	Low, Typical, Busy price.Estimate
}

// How much traffic and how many instances a low and a busy month have, against the typical one. These are
// assumptions, and the texts that show the months say so.
const (
	LowTraffic  = 1.0 / 3
	BusyTraffic = 3.0
	BusyScale   = 2 // times the instances
)

// Months prices a service for the three months.
func (a Advisor) Months(service string, r advise.Requirements, u price.Usage) (Months, error) {
	busy := u.Traffic(BusyTraffic)
	busy.Instances = min(5000, busy.Instances*BusyScale)
	var out Months
	for _, m := range []struct {
		to *price.Estimate
		u  price.Usage
	}{{&out.Low, u.Traffic(LowTraffic)}, {&out.Typical, u}, {&out.Busy, busy}} {
		e, err := a.estimate(service, r, m.u)
		if err != nil {
			return Months{}, err
		}
		*m.to = e
	}
	return out, nil
}

// estimate checks the input and prices one service.
func (a Advisor) estimate(service string, r advise.Requirements, u price.Usage) (price.Estimate, error) {
	r, u = advise.Complete(r, u)
	if err := advise.Validate(r, u); err != nil {
		return price.Estimate{}, err
	}
	region, _, err := catalog.Regions().Resolve(r.Region)
	if err != nil {
		return price.Estimate{}, &advise.InputError{Field: "region", Text: err.Error()}
	}
	s := catalog.Default().Service(service)
	if s == nil {
		return price.Estimate{}, &advise.InputError{Field: "service", Text: "there is no service " + service}
	}
	e, err := a.prices().Estimate(s, region.Code, u, advise.ShapeOf(r))
	return e.Aged(a.Today), err
}

// A dimension is what a table of costs or a break-even point runs along.
type dimension struct {
	name   string
	values []float64 // shown in the table
	most   float64   // up to where break-even points are looked for
	whole  bool      // only whole numbers make sense
	set    func(*price.Usage, float64)
}

var dimensions = []dimension{
	{"instances", []float64{1, 2, 4, 8, 16}, 40, true, func(u *price.Usage, x float64) { u.Instances = int(x) }},
	{"GB out", []float64{0, 100, 500, 1000, 5000}, 20000, false, func(u *price.Usage, x float64) { u.EgressGB = x }},
	{"active hours a day", []float64{1, 4, 8, 16, 24}, 24, false, func(u *price.Usage, x float64) { u.ActiveHoursPerDay = x }},
}

// CostTable is what services cost along one dimension of the usage.
type CostTable struct {
	Dimension string // such as "instances"
	Values    []float64
	Rows      []CostRow
	Breaks    []BreakEven
}

// CostRow is one service. A cost below zero means that there is no whole price.
type CostRow struct {
	Service string
	USD     []float64
}

// BreakEven is where one service stops being the cheaper of two.
type BreakEven struct {
	Cheaper string  // up to At
	Then    string  // from At on
	At      float64 // in the table's dimension
	USD     float64 // what both cost there, or the first does at the step before
}

// CostTables prices services along instances, traffic and active hours, and finds where they cross. Services
// without a whole price are left out of the crossings.
func (a Advisor) CostTables(services []string, r advise.Requirements, u price.Usage) ([]CostTable, error) {
	for _, s := range services {
		if _, err := a.estimate(s, r, u); err != nil { // checks all of the input
			return nil, err
		}
	}
	r, u = advise.Complete(r, u)
	if region, _, err := catalog.Regions().Resolve(r.Region); err == nil {
		r.Region = region.Code
	}
	var out []CostTable
	for _, d := range dimensions {
		t := CostTable{Dimension: d.name, Values: d.values}
		for _, s := range services {
			row := CostRow{Service: s}
			for _, x := range d.values {
				usd, err := a.at(d, s, r, u, x)
				if err != nil {
					return nil, err
				}
				row.USD = append(row.USD, usd)
			}
			t.Rows = append(t.Rows, row)
		}
		for i := range services {
			for j := i + 1; j < len(services); j++ {
				b, err := a.crossings(d, services[i], services[j], r, u)
				if err != nil {
					return nil, err
				}
				t.Breaks = append(t.Breaks, b...)
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// at is what a service costs at one point of a dimension, -1 without a whole price.
func (a Advisor) at(d dimension, service string, r advise.Requirements, u price.Usage, x float64) (float64, error) {
	d.set(&u, x)
	usd, whole, err := a.prices().Monthly(catalog.Default().Service(service), r.Region, u, advise.ShapeOf(r))
	if err != nil || !whole {
		return -1, err
	}
	return usd, nil
}

// crossings walks a dimension in steps and narrows down every change of sign.
func (a Advisor) crossings(d dimension, one, two string, r advise.Requirements, u price.Usage) ([]BreakEven, error) {
	lo, step := d.values[0], (d.most-d.values[0])/40
	if d.whole {
		step = 1
	}
	var out []BreakEven
	before, _, ok, err := a.gap(d, one, two, r, u, lo)
	for err == nil && ok && lo < d.most {
		hi := min(d.most, lo+step)
		var after float64
		after, _, ok, err = a.gap(d, one, two, r, u, hi)
		if err != nil || !ok {
			break
		}
		if before*after < 0 {
			b := BreakEven{Cheaper: one, Then: two, At: hi}
			if before > 0 {
				b.Cheaper, b.Then = two, one
			}
			if !d.whole {
				b.At = a.narrow(d, one, two, r, u, lo, hi, before)
			}
			_, b.USD, _, err = a.gap(d, one, two, r, u, b.At)
			out = append(out, b)
		}
		if after != 0 {
			before = after
		}
		lo = hi
	}
	return out, err
}

// gap is how much more one service costs than another at one point, and what the cheaper costs; false when
// one of them has no whole price.
func (a Advisor) gap(d dimension, one, two string, r advise.Requirements, u price.Usage, x float64) (more, least float64, ok bool, err error) {
	p, err := a.at(d, one, r, u, x)
	if err != nil {
		return 0, 0, false, err
	}
	q, err := a.at(d, two, r, u, x)
	return p - q, min(p, q), p >= 0 && q >= 0, err
}

// narrow halves the span in which the sign changes until it is known to a hundredth, and returns its upper
// end.
func (a Advisor) narrow(d dimension, one, two string, r advise.Requirements, u price.Usage, lo, hi, before float64) float64 {
	for hi-lo > 0.01 {
		m := (lo + hi) / 2
		v, _, ok, err := a.gap(d, one, two, r, u, m)
		if err != nil || !ok {
			break
		}
		if before*v > 0 {
			lo = m
		} else {
			hi = m
		}
	}
	return hi
}
