package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"berth/compare"
	"berth/compare/catalog"
	"berth/compare/price"
	"berth/engine/fail"
	"berth/engine/latency"
	"berth/engine/prices"
)

// priceCache is the folder of the price cache. The environment is read anew, because xdg reads it only once.
func priceCache() string {
	xdg.Reload()
	return filepath.Join(xdg.CacheHome, "berth")
}

// prices is the table to price with: the one in the binary under what prices refresh has read since. A cache
// that cannot be used is told, and passed over.
func (a *app) prices() *price.Table {
	l := prices.Load(priceCache())
	if l.Err != nil {
		fmt.Fprintf(a.Err, "the price cache is not used: %v\n", l.Err)
	}
	return l.Table
}

func (a *app) pricesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "prices", Short: "Show, quote and refresh the prices of the estimates", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.pricesShow(), a.pricesQuote(), a.pricesRefresh())
	return cmd
}

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
		Use: "show [SKU-PREFIX...]", Short: "Show prices with date, confidence and source",
		ValidArgsFunction: words(func(*cobra.Command) []word { return skuWords("") }),
		Long: "Lists the price table, or the SKUs that begin with one of the words given. With --region it is what\n" +
			"that region has.",
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
				return &fail.Error{Class: fail.Usage, Cause: "no SKU begins with " + strings.Join(prefixes, " or "), Remedy: "see berth prices show"}
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
			mark, old = compare.MarkOld, true
		}
		if p.Confidence == "unverified" {
			mark, unverified = mark+compare.MarkUnverified, true
		}
		fmt.Fprintf(w, "%-38s %-15s %14s%-2s %-10s %s\n", p.SKU, p.Region, strconv.FormatFloat(p.USD, 'f', -1, 64), mark, p.AsOf, p.Unit)
	}
	if old {
		fmt.Fprintf(w, "\n%s older than 180 days: berth prices refresh reads AWS's list\n", compare.MarkOld)
	}
	if unverified {
		fmt.Fprintf(w, "%s not verified\n", compare.MarkUnverified)
	}
}

// quoted is what prices quote answers.
type quoted struct {
	Region     string       `json:"region"`
	PricesAsOf string       `json:"prices_as_of"`
	Confidence string       `json:"confidence"`
	Complete   bool         `json:"complete"`
	MonthlyUSD float64      `json:"monthly_usd"`
	Lines      []price.Line `json:"lines"`
}

func (a *app) pricesQuote() *cobra.Command {
	return &cobra.Command{
		Use: "quote SKU=QUANTITY...", Short: "Price quantities of SKUs in a region",
		ValidArgsFunction: completeQuote,
		Example:           "  berth prices quote --region eu-west-2 fargate.x86.vcpu_hour=365 alb.hour=730",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, "prices quote needs at least one SKU=QUANTITY")
			}
			items, err := quoteItems(args)
			if err != nil {
				return asUsage(cmd, err)
			}
			dir, err := a.dir()
			if err != nil {
				return err
			}
			region, err := a.compareRegion(cmd.Context(), dir)
			if err != nil {
				return err
			}
			e, err := a.prices().Quote(region, items)
			if err != nil {
				return asUsage(cmd, err)
			}
			e = e.Aged(time.Now())
			out := quoted{region, e.PricesAsOf, e.Confidence, e.Complete, e.MonthlyUSD, e.Lines}
			return a.answer(out, func(w io.Writer) { _, _ = io.WriteString(w, compare.QuoteText(region, e, textWidth)) })
		},
	}
}

// quoteItems reads SKU=QUANTITY words.
func quoteItems(args []string) ([]price.Item, error) {
	var out []price.Item
	for _, arg := range args {
		sku, text, ok := strings.Cut(arg, "=")
		if !ok || sku == "" {
			return nil, &price.InputError{Text: fmt.Sprintf("%q is not SKU=QUANTITY", arg)}
		}
		q, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, &price.InputError{Field: sku, Text: fmt.Sprintf("the quantity %q of %s is not a number", text, sku)}
		}
		out = append(out, price.Item{SKU: sku, Quantity: q})
	}
	return out, nil
}

// refreshed is what prices refresh answers.
type refreshed struct {
	Regions []string         `json:"regions"`
	Prices  int              `json:"prices"`
	Cache   string           `json:"cache"`
	Changed []refreshedPrice `json:"changed"`
	Missing []string         `json:"missing"` // not found in AWS's list; the old price stays
	Absent  []string         `json:"absent"`  // AWS does not offer it there
}

type refreshedPrice struct {
	SKU    string  `json:"sku"`
	Region string  `json:"region"`
	OldUSD float64 `json:"old_usd"`
	NewUSD float64 `json:"new_usd"`
}

func (a *app) pricesRefresh() *cobra.Command {
	return &cobra.Command{
		Use: "refresh [REGION...]", Short: "Read AWS's public price list into the cache; needs no credentials",
		ValidArgsFunction: words(func(*cobra.Command) []word { return regionWords() }),
		Long: "Reads AWS's public bulk price list for the regions given, or for --region, and keeps what it finds\n" +
			"with its date. A download that is broken, partial or implausible (a price that moved by more than half) is\n" +
			"refused as a whole, and the old table stays. The list of EC2 has hundreds of MB; it is read as a stream.",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				region, err := a.compareRegion(cmd.Context(), dir)
				if err != nil {
					return err
				}
				args = []string{region}
			}
			regions, err := resolveAll(args)
			if err != nil {
				return err
			}
			src := prices.HTTP{Client: &http.Client{Timeout: 20 * time.Minute}}
			return a.refresh(cmd.Context(), src, regions)
		},
	}
}

func resolveAll(args []string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, arg := range args {
		r, _, err := catalog.Regions().Resolve(arg)
		if err != nil {
			return nil, &fail.Error{Class: fail.Usage, Cause: err.Error(), Remedy: "give AWS regions, such as eu-west-2"}
		}
		if !seen[r.Code] {
			seen[r.Code] = true
			out = append(out, r.Code)
		}
	}
	sort.Strings(out)
	return out, nil
}

// refresh reads, checks and keeps the prices of regions.
func (a *app) refresh(ctx context.Context, src prices.Source, regions []string) error {
	today := time.Now().UTC().Format(time.DateOnly)
	out, err := prices.Refresh(ctx, src, a.prices(), regions, today, func(p prices.Progress) {
		if !a.flags.quiet && !a.flags.json {
			fmt.Fprintf(a.Err, "%2d of %d  %s %s: %d prices\n", p.Done, p.All, p.Offer, p.Region, p.Prices)
		}
	})
	if err != nil {
		return refreshFailed(ctx, err)
	}
	if len(out.Rows) == 0 {
		return &fail.Error{Class: fail.Failed, Cause: "AWS's price list has none of the prices that are looked for", Remedy: "the old table stays in use"}
	}
	dir := priceCache()
	if err := prices.Save(dir, today, out.Rows); err != nil {
		return &fail.Error{Class: fail.Failed, Cause: "the prices were read but cannot be kept", Evidence: err.Error(), Remedy: "make " + dir + " writable", Err: err}
	}
	r := refreshed{
		Regions: regions, Prices: len(out.Rows), Cache: filepath.Join(dir, prices.FileName),
		Changed: []refreshedPrice{}, Missing: append([]string{}, out.Missing...), Absent: append([]string{}, out.Absent...),
	}
	for _, c := range out.Changed {
		r.Changed = append(r.Changed, refreshedPrice{c.SKU, c.Region, c.Old, c.New})
	}
	return a.answer(r, func(w io.Writer) { writeRefreshed(w, r) })
}

// refreshFailed says why nothing was taken over. In every case the old table stays.
func refreshFailed(ctx context.Context, err error) error {
	var refused *prices.Refused
	var dns *net.DNSError
	f := &fail.Error{Class: fail.Failed, Cause: "AWS's price list could not be read; the old table stays", Evidence: err.Error(), Remedy: "try again later", Err: err}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused):
		f.Cause = refused.Error() + "; the old table stays"
		f.Evidence, f.Remedy = "", "try again later; if AWS really changed it, a new version of berth has it"
	case errors.As(err, &dns):
		f.Remedy = "this needs the internet: " + prices.Host + " must be reachable"
	}
	return f
}

func writeRefreshed(w io.Writer, r refreshed) {
	fmt.Fprintf(w, "%d prices for %s, kept in %s\n", r.Prices, strings.Join(r.Regions, ", "), r.Cache)
	for _, c := range r.Changed {
		fmt.Fprintf(w, "changed  %s in %s: %v, was %v USD\n", c.SKU, c.Region, c.NewUSD, c.OldUSD)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(w, "not in the list, the old price stays  %s\n", m)
	}
	for _, m := range r.Absent {
		fmt.Fprintf(w, "not offered  %s\n", m)
	}
}

// measureDeadline is how long all connections together may take.
const measureDeadline = 3 * time.Second

// measureRegions adds the connect time of each region to ranked regions. Offline it says so and goes on.
func (a *app) measureRegions(ctx context.Context, list []compare.RankedRegion) {
	codes := make([]string, len(list))
	for i, r := range list {
		codes[i] = r.Code
	}
	got := latency.Measure(ctx, &net.Dialer{}, codes, measureDeadline, time.Now)
	if latency.Offline(got) {
		fmt.Fprintln(a.Err, "no region answered: this machine is offline, or connections to AWS are blocked")
	}
	for i, g := range got {
		list[i].Measured = g.Why()
		list[i].ConnectMS = float64(g.Connect.Microseconds()) / 1000
	}
}
