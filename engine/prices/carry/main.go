// Command carry turns a researched price list (CSV with the columns service, sku_key, unit, region, usd,
// source_url, as_of, confidence) into assets/prices.txt. It is for maintainers; berth itself never runs it.
//
//	go run ./engine/prices/carry -as-of 2026-11-22 prices.csv >assets/prices.txt
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"berth/compare/price"
)

func main() {
	asOf := flag.String("as-of", "", "day on which the list was put together, YYYY-MM-DD")
	flag.Parse()
	if err := carry(*asOf, flag.Arg(0), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "carry:", err)
		os.Exit(1)
	}
}

func carry(asOf, file string, out io.Writer) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(f)
	if _, err := in.Read(); err != nil {
		return fmt.Errorf("read header: %w", err)
	}
	var rows []price.Row
	for {
		c, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		usd, err := strconv.ParseFloat(c[4], 64)
		if err != nil {
			return fmt.Errorf("price of %s in %s: %w", c[1], c[3], err)
		}
		r := price.Row{SKU: c[1], Unit: c[2], Region: c[3], USD: usd, Source: c[5], AsOf: c[6], Confidence: c[7]}
		rows = append(rows, dated(r))
	}
	t, err := price.New(asOf, rows)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, t.Encode())
	return err
}

// dated brings a loose date into one of the forms that the table allows. A span counts from its start. A
// value whose date is not known is kept, but as unverified.
func dated(r price.Row) price.Row {
	if from, _, ok := strings.Cut(r.AsOf, "-"); ok && len(r.AsOf) == 9 {
		r.AsOf = from // such as 2021-2025
	}
	if _, ok := price.Date(r.AsOf); !ok {
		r.AsOf, r.Confidence = "unknown", "unverified"
	}
	return r
}
