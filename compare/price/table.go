package price

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"berth/assets"
)

// Row is one price: what one unit of a SKU costs in one region, and where and when that was read.
type Row struct {
	SKU        string
	Unit       string
	Region     string // AWS region, an area such as "eu" or "na,eu", a Fly.io region, or "*" for everywhere
	USD        float64
	Source     string
	AsOf       string // YYYY, YYYY-MM, YYYY-MM-DD or "unknown"
	Confidence string // high, medium, low, unverified
}

// Table is a dated price table. It is read-only after it was made and safe for concurrent use.
type Table struct {
	asOf    string
	sources []source
	keys    []*sku          // in the order of the text
	byKey   map[string]*sku // the same
}

type source struct{ confidence, asOf, text string }

type sku struct {
	key, unit string
	allowance bool // the number is a free quantity or a fraction, not a price
	rows      []row
}

type row struct {
	region string
	usd    float64
	source int32
}

// header opens the text form of a table. The number is the version of the form.
const header = "berth-prices\t1\t"

var embedded = sync.OnceValues(func() (*Table, error) { return Decode(assets.Prices) })

// Default returns the table that is part of the binary. A test holds that it decodes.
func Default() *Table {
	t, err := embedded()
	if err != nil {
		panic("price: the table in this binary is broken: " + err.Error())
	}
	return t
}

// AsOf is the day on which the table was put together, YYYY-MM-DD.
func (t *Table) AsOf() string { return t.asOf }

// Keys returns every SKU with its unit, in the order of the table.
func (t *Table) Keys() []Row {
	out := make([]Row, 0, len(t.keys))
	for _, k := range t.keys {
		out = append(out, Row{SKU: k.key, Unit: k.unit})
	}
	return out
}

// Has says whether the table knows the SKU in any region.
func (t *Table) Has(key string) bool { return t.byKey[key] != nil }

// Rows returns every row of the table, grouped by SKU.
func (t *Table) Rows() []Row {
	var out []Row
	for _, k := range t.keys {
		for _, r := range k.rows {
			out = append(out, t.row(k, r))
		}
	}
	return out
}

func (t *Table) row(k *sku, r row) Row {
	s := t.sources[r.source]
	return Row{
		SKU: k.key, Unit: k.unit, Region: r.region, USD: r.usd,
		Source: s.text, AsOf: s.asOf, Confidence: s.confidence,
	}
}

// Exact returns the row that the table has for exactly this region key.
func (t *Table) Exact(key, region string) (Row, bool) {
	k := t.byKey[key]
	if k == nil {
		return Row{}, false
	}
	for _, r := range k.rows {
		if r.region == region {
			return t.row(k, r), true
		}
	}
	return Row{}, false
}

// With returns a table in which rows replace or join those of t. The rows keep their own dates; asOf is the
// day of the result.
func (t *Table) With(asOf string, rows []Row) (*Table, error) {
	n := &Table{asOf: asOf, byKey: make(map[string]*sku, len(t.keys)), sources: slices.Clone(t.sources)}
	for _, k := range t.keys {
		c := &sku{key: k.key, unit: k.unit, allowance: k.allowance, rows: slices.Clone(k.rows)}
		n.keys = append(n.keys, c)
		n.byKey[k.key] = c
	}
	for _, r := range rows {
		if err := check(r); err != nil {
			return nil, err
		}
		n.put(r)
	}
	return n, nil
}

func (t *Table) put(r Row) {
	k := t.byKey[r.SKU]
	if k == nil {
		k = &sku{key: r.SKU, unit: r.Unit, allowance: isAllowance(r.Unit)}
		t.byKey[r.SKU] = k
		t.keys = append(t.keys, k)
	}
	src := source{r.Confidence, r.AsOf, r.Source}
	i := slices.Index(t.sources, src)
	if i < 0 {
		i = len(t.sources)
		t.sources = append(t.sources, src)
	}
	n := row{r.Region, r.USD, int32(i)}
	for j := range k.rows {
		if k.rows[j].region == r.Region {
			k.rows[j] = n
			return
		}
	}
	k.rows = append(k.rows, n)
}

// New makes a table of rows.
func New(asOf string, rows []Row) (*Table, error) {
	return (&Table{byKey: map[string]*sku{}}).With(asOf, rows)
}

func isAllowance(unit string) bool { return strings.HasPrefix(unit, "qty:") }

// check refuses a row that could not be shown honestly or written as text.
func check(r Row) error {
	what := r.SKU + " in " + r.Region
	switch {
	case r.SKU == "" || r.Region == "" || r.Unit == "":
		return fmt.Errorf("price row %q: sku, region and unit must be there", what)
	case strings.ContainsAny(r.SKU+r.Unit+r.Region+r.Source+r.AsOf+r.Confidence, "\t\n\r"):
		return fmt.Errorf("price row %q: a field has a tab or a line break", what)
	case !(r.USD >= 0 && r.USD <= 1e9):
		return fmt.Errorf("price row %q: the price %v is not between 0 and 1e9", what, r.USD)
	case r.Source == "":
		return fmt.Errorf("price row %q: no source", what)
	case rank(r.Confidence) < 0:
		return fmt.Errorf("price row %q: confidence %q is none of high, medium, low, unverified", what, r.Confidence)
	}
	if _, ok := Date(r.AsOf); !ok && (r.AsOf != "unknown" || r.Confidence != "unverified") {
		return fmt.Errorf("price row %q: date %q is not YYYY, YYYY-MM or YYYY-MM-DD", what, r.AsOf)
	}
	return nil
}

// rank orders confidences, best first; -1 for a word that is none.
func rank(confidence string) int {
	return slices.Index([]string{"high", "medium", "low", "unverified"}, confidence)
}

// Date reads YYYY, YYYY-MM or YYYY-MM-DD as the earliest day it can mean.
func Date(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if len(s) == len(layout) {
			if d, err := time.Parse(layout, s); err == nil {
				return d, true
			}
		}
	}
	return time.Time{}, false
}

// Encode writes the table in the form that Decode reads: a header line, one line per source (s), one per SKU
// (k), and under a SKU one line per region with the price and the number of its source.
func (t *Table) Encode() string {
	var b strings.Builder
	b.WriteString(header + t.asOf + "\n")
	for _, s := range t.sources {
		fmt.Fprintf(&b, "s\t%s\t%s\t%s\n", s.confidence, s.asOf, s.text)
	}
	for _, k := range t.keys {
		fmt.Fprintf(&b, "k\t%s\t%s\n", k.key, k.unit)
		for _, r := range k.rows {
			fmt.Fprintf(&b, "%s\t%s\t%d\n", r.region, strconv.FormatFloat(r.usd, 'g', -1, 64), r.source)
		}
	}
	return b.String()
}

// Decode reads what Encode wrote. Every row is checked; the first fault is an error with its line number.
func Decode(text string) (*Table, error) {
	rest, ok := strings.CutPrefix(text, header)
	if !ok {
		return nil, errors.New("decode prices: the first line is not that of a price table")
	}
	t := &Table{byKey: make(map[string]*sku, 256)}
	t.asOf, rest, _ = strings.Cut(rest, "\n")
	if _, ok := Date(t.asOf); !ok {
		return nil, fmt.Errorf("decode prices: line 1: %q is not a date", t.asOf)
	}
	var k *sku
	for n := 2; rest != ""; n++ {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if line == "" {
			continue
		}
		if err := t.decodeLine(line, &k); err != nil {
			return nil, fmt.Errorf("decode prices: line %d: %w", n, err)
		}
	}
	return t, nil
}

func (t *Table) decodeLine(line string, at **sku) error {
	a, rest, _ := strings.Cut(line, "\t")
	b, c, ok := strings.Cut(rest, "\t")
	if !ok || a == "" || b == "" || c == "" {
		return fmt.Errorf("%q does not have its fields", line)
	}
	switch a {
	case "s":
		asOf, text, ok := strings.Cut(c, "\t")
		if !ok {
			return fmt.Errorf("%q is not a source", line)
		}
		t.sources = append(t.sources, source{b, asOf, text})
		return check(Row{SKU: "source", Region: "*", Unit: "-", Source: text, AsOf: asOf, Confidence: b})
	case "k":
		if t.byKey[b] != nil {
			return fmt.Errorf("sku %q comes twice", b)
		}
		*at = &sku{key: b, unit: c, allowance: isAllowance(c)}
		t.keys = append(t.keys, *at)
		t.byKey[b] = *at
		return nil
	}
	usd, err := strconv.ParseFloat(b, 64)
	if err != nil || !(usd >= 0 && usd <= 1e9) {
		return fmt.Errorf("%q is not a price", b)
	}
	i, err := strconv.Atoi(c)
	if err != nil || i < 0 || i >= len(t.sources) {
		return fmt.Errorf("%q is not the number of a source", c)
	}
	if *at == nil {
		return fmt.Errorf("a price stands before any sku")
	}
	for _, r := range (*at).rows {
		if r.region == a {
			return fmt.Errorf("%s has two prices in %s", (*at).key, a)
		}
	}
	(*at).rows = append((*at).rows, row{a, usd, int32(i)})
	return nil
}
