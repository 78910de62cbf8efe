package price

import (
	"fmt"
	"regexp"
	"slices"
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
	// AtLeast says that the price stands for another region's, which is higher by a factor that is not known. A
	// table has no such rows; a look-up makes them.
	AtLeast bool
}

// Table is a dated price table. It is read-only after it was made and safe for concurrent use.
type Table struct {
	asOf    string
	sources []source
	keys    []*sku          // in the order of the text; their rows are read when they are asked for
	byKey   map[string]*sku // the same
}

// source is where prices were read. Its text is a pattern: {region} and {sku} stand for the region of a row and for
// AWS's own number of it, so that one source serves many rows.
type source struct{ confidence, asOf, text string }

type sku struct {
	key, unit string
	allowance bool // the number is a free quantity or a fraction, not a price

	once sync.Once
	text string // its rows as text, until they are read
	line int    // where the text begins
	rows []row
}

type row struct {
	region string
	usd    float64
	source int32
	sku    string // AWS's number of the price, where the source names one
}

// header opens the text form of a table. The number is the version of the form; the first had no patterns and is
// read still.
const (
	header  = "berth-prices\t2\t"
	header1 = "berth-prices\t1\t"
)

var embedded = sync.OnceValues(func() (*Table, error) { return index(assets.Prices) })

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
		for _, r := range k.prices() {
			out = append(out, t.row(k, r))
		}
	}
	return out
}

func (t *Table) row(k *sku, r row) Row {
	s := t.sources[r.source]
	return Row{
		SKU: k.key, Unit: k.unit, Region: r.region, USD: r.usd,
		Source: s.of(r), AsOf: s.asOf, Confidence: s.confidence,
	}
}

// of is the text of the source for one row.
func (s source) of(r row) string {
	if !strings.Contains(s.text, "{") {
		return s.text
	}
	return strings.ReplaceAll(strings.ReplaceAll(s.text, "{region}", r.region), "{sku}", r.sku)
}

// skuNumber is how sources quote AWS's numbers of a price. It is compiled at the first use: reading a table needs none.
var skuNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`SKU [A-Z0-9]{16}(/[A-Z0-9]{16})*`) })

// pattern takes what is a row's own out of the text of its source.
func pattern(r Row) (text, sku string) {
	text = strings.ReplaceAll(r.Source, "/"+r.Region+"/", "/{region}/")
	if at := skuNumber().FindStringIndex(text); at != nil {
		sku = text[at[0]+len("SKU ") : at[1]]
		text = text[:at[0]] + "SKU {sku}" + text[at[1]:]
	}
	return text, sku
}

// Exact returns the row that the table has for exactly this region key.
func (t *Table) Exact(key, region string) (Row, bool) {
	k := t.byKey[key]
	if k == nil {
		return Row{}, false
	}
	for _, r := range k.prices() {
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
		c := &sku{key: k.key, unit: k.unit, allowance: k.allowance, rows: slices.Clone(k.prices())}
		n.keys = append(n.keys, c)
		n.byKey[k.key] = c
	}
	for _, r := range rows {
		if err := check(r); err != nil {
			return nil, err
		}
		if strings.ContainsAny(r.Source+r.Region, "{}") {
			return nil, fmt.Errorf("price row %q: braces are the table's own marks", r.SKU+" in "+r.Region)
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
	text, number := pattern(r)
	src := source{r.Confidence, r.AsOf, text}
	i := slices.Index(t.sources, src)
	if i < 0 {
		i = len(t.sources)
		t.sources = append(t.sources, src)
	}
	n := row{r.Region, r.USD, int32(i), number}
	for j := range k.prices() {
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
