package price

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Bill gathers what an app costs a month in one region, line by line. The parts of an app (parts.go) are its
// methods: the comparison calls those that a service is made of, and a resource of a plan calls the one that it
// is, so that both count the same app by the same lines.
type Bill struct {
	t     *Table
	p     place
	u     Usage
	lines []Line

	silent bool    // only the total is wanted
	total  float64 // USD, when silent
	gaps   bool    // a price is missing, when silent
}

// Bill begins a bill of this usage in a region. An unknown region is an *InputError.
func (t *Table) Bill(region string, u Usage) (*Bill, error) {
	p, err := t.place(region)
	if err != nil {
		return nil, err
	}
	return &Bill{t: t, p: p, u: u, lines: make([]Line, 0, 16)}, nil
}

// Usage is what the bill counts with.
func (b *Bill) Usage() Usage { return b.u }

// Estimate is the sum of the lines so far.
func (b *Bill) Estimate() Estimate {
	e := Estimate{Lines: slices.Clone(b.lines)}
	e.sum()
	return e
}

// fixed appends a line that is billed in any case, use one that depends on how much the app is used. A quantity of
// zero is no line.
func (b *Bill) fixed(key string, q float64, format string, args ...any) {
	b.add(false, key, q, format, args...)
}

func (b *Bill) use(key string, q float64, format string, args ...any) {
	b.add(true, key, q, format, args...)
}

func (b *Bill) add(use bool, key string, q float64, format string, args ...any) {
	if q > 0 {
		b.always(use, key, q, format, args...)
	}
}

// always appends a line even when its quantity is zero, for what one expects to see on the bill.
func (b *Bill) always(use bool, key string, q float64, format string, args ...any) {
	q = max(0, q)
	if b.silent {
		usd, _, known := b.unit(key)
		b.total += round(q * usd)
		b.gaps = b.gaps || !known
		return
	}
	item := format
	if len(args) > 0 {
		item = fmt.Sprintf(format, args...)
	}
	l := b.t.line(b.p, Item{SKU: key, Item: item, Quantity: q})
	l.Use = use
	b.lines = append(b.lines, l)
}

// unit is the price of one unit here. Where the table has none it is the lowest of the regions that have one, with
// known false; priced is false when no region has one.
func (b *Bill) unit(key string) (usd float64, priced, known bool) {
	if r, ok := b.t.find(b.p, key); ok {
		return r.USD, true, true
	}
	low, _, n := b.t.span(key)
	return low, n > 0, false
}

// missing appends a line that cannot be priced.
func (b *Bill) missing(key, format string, args ...any) {
	b.gaps = true
	if !b.silent {
		b.lines = append(b.lines, Line{SKU: key, Item: fmt.Sprintf(format, args...), Quantity: 1})
	}
}

// free is a free quantity of the table, zero when the table does not have it.
func (b *Bill) free(key string) float64 {
	r, _ := b.t.find(b.p, key)
	return r.USD
}

// tiers splits a quantity over the tiers key.tier1, key.tier2 and so on. The free part is taken off the
// first tiers and still counts towards their width.
func (b *Bill) tiers(key string, q, free float64, widths []float64, item string) {
	for i, part := range split(q, free, widths) {
		b.use(key+".tier"+strconv.Itoa(i+1), part, "%s beyond the free %s GB", item, num(free))
	}
}

// split walks the tiers and returns what is billed in each.
func split(q, free float64, widths []float64) []float64 {
	out := make([]float64, len(widths))
	for i, w := range widths {
		in := min(q, w)
		q -= in
		gratis := min(in, free)
		free -= gratis
		out[i] = in - gratis
	}
	return out
}

// num writes a number short.
func num(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
