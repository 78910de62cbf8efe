package price

import (
	"errors"
	"fmt"
	"math"
	"regexp"
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

// Encode writes the table in the form that Decode reads: a header line, one line per source (s), one per SKU
// (k), and under a SKU one line per region with the price, the number of its source, and AWS's number of the price
// where the source names one.
func (t *Table) Encode() string {
	var b strings.Builder
	b.WriteString(header + t.asOf + "\n")
	number := t.usedSources()
	for i, s := range t.sources {
		if number[i] >= 0 {
			fmt.Fprintf(&b, "s\t%s\t%s\t%s\n", s.confidence, s.asOf, s.text)
		}
	}
	for _, k := range t.keys {
		fmt.Fprintf(&b, "k\t%s\t%s\n", k.key, k.unit)
		for _, r := range k.prices() {
			fmt.Fprintf(&b, "%s\t%s\t%d", r.region, strconv.FormatFloat(r.usd, 'g', -1, 64), number[r.source])
			if r.sku != "" {
				b.WriteString("\t" + r.sku)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// usedSources numbers the sources that some row has, in their order; the others, of rows that were replaced, get -1.
func (t *Table) usedSources() []int {
	number := make([]int, len(t.sources))
	for i := range number {
		number[i] = -1
	}
	for _, k := range t.keys {
		for _, r := range k.prices() {
			number[r.source] = 0
		}
	}
	next := 0
	for i, n := range number {
		if n == 0 {
			number[i] = next
			next++
		}
	}
	return number
}

// Decode reads what Encode wrote. Every row is checked; the first fault is an error with its line number.
func Decode(text string) (*Table, error) {
	t, err := index(text)
	if err != nil {
		return nil, err
	}
	for _, s := range t.sources {
		if err := check(Row{SKU: "source", Region: "*", Unit: "-", Source: s.text, AsOf: s.asOf, Confidence: s.confidence}); err != nil {
			return nil, fmt.Errorf("decode prices: %w", err)
		}
	}
	for _, k := range t.keys {
		if err := k.read(len(t.sources)); err != nil {
			return nil, fmt.Errorf("decode prices: %w", err)
		}
	}
	return t, nil
}

// index finds the sources and the SKUs of a table in its text. The prices of a SKU are read when it is first asked
// for: a run of berth needs some thirty of them.
func index(text string) (*Table, error) {
	rest, ok := strings.CutPrefix(text, header)
	if !ok {
		rest, ok = strings.CutPrefix(text, header1)
	}
	if !ok {
		return nil, errors.New("decode prices: the first line is not that of a price table")
	}
	t := &Table{byKey: make(map[string]*sku, 256)}
	t.asOf, rest, _ = strings.Cut(rest, "\n")
	if _, ok := Date(t.asOf); !ok {
		return nil, fmt.Errorf("decode prices: line 1: %q is not a date", t.asOf)
	}
	n := 2
	for strings.HasPrefix(rest, "s\t") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		f := strings.SplitN(line, "\t", 4)
		if len(f) != 4 {
			return nil, fmt.Errorf("decode prices: line %d: %q is not a source", n, line)
		}
		t.sources = append(t.sources, source{f[1], f[2], f[3]})
		n++
	}
	for rest != "" {
		var head, rows string
		head, rest, _ = strings.Cut(rest, "\n")
		if head == "" {
			n++
			continue
		}
		rows, rest = untilNext(rest)
		key, unit, ok := strings.Cut(strings.TrimPrefix(head, "k\t"), "\t")
		switch {
		case !ok || !strings.HasPrefix(head, "k\t") || key == "" || unit == "":
			return nil, fmt.Errorf("decode prices: line %d: %q is not a sku with its unit", n, head)
		case t.byKey[key] != nil:
			return nil, fmt.Errorf("decode prices: line %d: sku %q comes twice", n, key)
		}
		k := &sku{key: key, unit: unit, allowance: isAllowance(unit), text: rows, line: n + 1}
		t.keys = append(t.keys, k)
		t.byKey[key] = k
		n += 1 + strings.Count(rows, "\n")
	}
	return t, nil
}

// untilNext splits off what comes before the next SKU.
func untilNext(rest string) (rows, next string) {
	if strings.HasPrefix(rest, "k\t") {
		return "", rest
	}
	if i := strings.Index(rest, "\nk\t"); i >= 0 {
		return rest[:i+1], rest[i+1:]
	}
	return rest, ""
}

// prices is the rows of the SKU, read at the first call. The table was checked when it was decoded, the one in the
// binary by a test; what is broken all the same is left out.
func (k *sku) prices() []row {
	k.once.Do(func() {
		if k.text != "" {
			_ = k.parse(math.MaxInt32)
		}
	})
	return k.rows
}

// read is prices for a table that is not trusted.
func (k *sku) read(sources int) (err error) {
	k.once.Do(func() { err = k.parse(sources) })
	return err
}

func (k *sku) parse(sources int) error {
	k.rows = make([]row, 0, strings.Count(k.text, "\n")+1)
	rest := k.text
	for n := k.line; rest != ""; n++ {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if line == "" {
			continue
		}
		r, err := parseRow(line, sources)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if slices.ContainsFunc(k.rows, func(o row) bool { return o.region == r.region }) {
			return fmt.Errorf("line %d: %s has two prices in %s", n, k.key, r.region)
		}
		k.rows = append(k.rows, r)
	}
	return nil
}

func parseRow(line string, sources int) (row, error) {
	region, rest, _ := strings.Cut(line, "\t")
	amount, rest, _ := strings.Cut(rest, "\t")
	src, number, _ := strings.Cut(rest, "\t")
	usd, err := strconv.ParseFloat(amount, 64)
	if err != nil || !(usd >= 0 && usd <= 1e9) {
		return row{}, fmt.Errorf("%q is not a price", amount)
	}
	i, err := strconv.ParseInt(src, 10, 32)
	if err != nil || i < 0 || int(i) >= sources {
		return row{}, fmt.Errorf("%q is not the number of a source", src)
	}
	if region == "" || strings.ContainsAny(region+number, "{}") {
		return row{}, fmt.Errorf("%q is not a row", line)
	}
	return row{region, usd, int32(i), number}, nil
}
