package price

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

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
