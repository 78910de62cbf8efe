package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/compare"
	"berth/compare/catalog"
	"berth/compare/price"
	"berth/engine/fail"
	"berth/engine/prices"
)

// shownPrice is one row of prices show.
type shownPrice struct {
	SKU        string  `json:"sku"`
	Unit       string  `json:"unit"`
	Region     string  `json:"region"`
	USD        float64 `json:"usd"`
	AsOf       string  `json:"as_of"`
	Confidence string  `json:"confidence"`
	Source     string  `json:"source"`
	Old        bool    `json:"old"`
}

// shownPrices is what prices show answers.
type shownPrices struct {
	AsOf   string       `json:"as_of"`            // of the table
	Cache  string       `json:"cache,omitempty"`  // file that is laid over the table in the binary
	Region string       `json:"region,omitempty"` // when one was asked for
	Prices []shownPrice `json:"prices"`
}

func (a *app) pricesShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [SKU-PREFIX...]", Short: "Show prices with their date, confidence and source",
		ValidArgsFunction: words(func(*cobra.Command) []word { return skuWords("") }),
		Long: "Lists all prices, or those of the SKUs that begin with one of the given prefixes. With --region it lists\n" +
			"only that region's.",
		RunE: func(_ *cobra.Command, prefixes []string) error {
			l := prices.Load(priceCache())
			if l.Err != nil {
				fmt.Fprintf(a.Err, "the price cache is not used: %v\n", l.Err)
			}
			region := ""
			if a.flags.region != "" {
				r, _, err := catalog.Regions().Resolve(a.flags.region)
				if err != nil {
					return &fail.Error{Class: fail.Usage, Cause: err.Error(), Remedy: "give another --region"}
				}
				region = r.Code
			}
			out := shownPrices{AsOf: l.Table.AsOf(), Cache: l.Cache, Region: region, Prices: []shownPrice{}}
			now := time.Now()
			for _, r := range l.Table.Rows() {
				if (region == "" || r.Region == region || r.Region == "*") && begins(r.SKU, prefixes) {
					out.Prices = append(out.Prices, shownPrice{r.SKU, r.Unit, r.Region, r.USD, r.AsOf, r.Confidence, r.Source, price.Old(r.AsOf, now)})
				}
			}
			if len(out.Prices) == 0 && len(prefixes) > 0 {
				return &fail.Error{Class: fail.Usage, Cause: "no SKU starts with " + strings.Join(prefixes, " or "), Remedy: "see berth prices show"}
			}
			return a.answer(out, func(w io.Writer) { writePrices(w, out) })
		},
	}
}

func begins(sku string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(sku, p) {
			return true
		}
	}
	return len(prefixes) == 0
}

// oldMark stands behind an old price in the list of prices, where each row has a date of its own.
const oldMark = "*"

func writePrices(w io.Writer, s shownPrices) {
	fmt.Fprintf(w, "Prices as of %s, in USD", s.AsOf)
	if s.Cache != "" {
		fmt.Fprintf(w, ", refreshed into %s", s.Cache)
	}
	fmt.Fprint(w, "\n\n")
	old, unverified := false, false
	for _, p := range s.Prices {
		mark := ""
		if p.Old {
			mark, old = oldMark, true
		}
		if p.Confidence == "unverified" {
			mark, unverified = mark+compare.MarkUnverified, true
		}
		fmt.Fprintf(w, "%-38s %-15s %14s%-2s %-10s %s\n", p.SKU, p.Region, strconv.FormatFloat(p.USD, 'f', -1, 64), mark, p.AsOf, p.Unit)
	}
	if old {
		fmt.Fprintf(w, "\n%s older than six months: berth prices refresh reads AWS's list\n", oldMark)
	}
	if unverified {
		fmt.Fprintf(w, "%s not verified\n", compare.MarkUnverified)
	}
}
