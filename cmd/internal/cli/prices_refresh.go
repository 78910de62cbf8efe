package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/compare/catalog"
	"berth/compare/price"
	"berth/engine/fail"
	"berth/engine/prices"
	"berth/engine/spec"
)

// refreshed is what prices refresh answers.
type refreshed struct {
	Regions []string         `json:"regions"`
	Prices  int              `json:"prices"`
	Cache   string           `json:"cache"`
	Changed []refreshedPrice `json:"changed"`
	Missing []string         `json:"missing"` // not found in AWS's list; the old price stays
	Absent  []string         `json:"absent"`  // AWS does not offer it there
	Bills   []refreshedBill  `json:"bills"`   // what this app costs a month in each region, before and after
}

type refreshedBill struct {
	Region string  `json:"region"`
	OldUSD float64 `json:"old_usd"`
	NewUSD float64 `json:"new_usd"`
}

type refreshedPrice struct {
	SKU    string  `json:"sku"`
	Region string  `json:"region"`
	OldUSD float64 `json:"old_usd"`
	NewUSD float64 `json:"new_usd"`
}

func (a *app) pricesRefresh() *cobra.Command {
	from := ""
	cmd := &cobra.Command{
		Use: "refresh [REGION...]", Short: "Download AWS's public price list; needs no credentials",
		ValidArgsFunction: words(func(*cobra.Command) []word { return regionWords() }),
		Long: "Downloads AWS's public bulk price list for the given regions, or for --region, and keeps the prices\n" +
			"with their date. A download that is broken, partial or implausible (a price that moved by more than half) is\n" +
			"rejected as a whole, and the old prices stay. The EC2 list is hundreds of MB; it is read as a stream.\n" +
			"With --from it reads the files of the list from a folder, laid out as on AWS's host.",
		Example: "  berth prices refresh eu-west-2\n  berth prices refresh --from ~/price-list eu-west-2",
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
			var src prices.Source = prices.HTTP{Client: &http.Client{Timeout: 20 * time.Minute}}
			if from != "" {
				if info, err := os.Stat(from); err != nil || !info.IsDir() {
					return usage(cmd, "--from "+from+" is no folder")
				}
				src = prices.Folder(from)
			}
			return a.refresh(cmd.Context(), src, dir, regions)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "read the price list from this folder instead of AWS's host")
	return cmd
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
func (a *app) refresh(ctx context.Context, src prices.Source, dir string, regions []string) error {
	today := time.Now().UTC().Format(time.DateOnly)
	before := a.prices()
	out, err := prices.Refresh(ctx, src, before, regions, today, func(p prices.Progress) {
		if !a.flags.quiet && !a.flags.json {
			fmt.Fprintf(a.Err, "%2d of %d  %s %s: %d prices\n", p.Done, p.All, p.Offer, p.Region, p.Prices)
		}
	})
	if err != nil {
		return refreshFailed(ctx, err)
	}
	if len(out.Rows) == 0 {
		return &fail.Error{Class: fail.Failed, Cause: "AWS's price list has none of the prices that berth uses", Remedy: "the old prices stay in use"}
	}
	cache := priceCache()
	if err := prices.Save(cache, today, out.Rows); err != nil {
		return &fail.Error{Class: fail.Failed, Cause: "the prices were downloaded but cannot be saved", Evidence: err.Error(), Remedy: "make " + cache + " writable", Err: err}
	}
	r := refreshed{
		Regions: regions, Prices: len(out.Rows), Cache: filepath.Join(cache, prices.FileName),
		Changed: []refreshedPrice{}, Missing: append([]string{}, out.Missing...), Absent: append([]string{}, out.Absent...),
	}
	for _, c := range out.Changed {
		r.Changed = append(r.Changed, refreshedPrice{c.SKU, c.Region, c.Old, c.New})
	}
	if r.Bills, err = a.bills(dir, regions, before, a.prices()); err != nil {
		return err
	}
	return a.answer(r, func(w io.Writer) { writeRefreshed(w, r) })
}

// bills is what the app in dir, with light use, costs a month by two tables.
func (a *app) bills(dir string, regions []string, before, after *price.Table) ([]refreshedBill, error) {
	u := price.DefaultUsage()
	if s, err := spec.Load(dir, a.flags.env); err == nil && s.Service.CPU > 0 && s.Service.Memory > 0 && s.Service.Instances > 0 {
		u.VCPU, u.MemoryGB, u.Instances = s.Service.CPU, float64(s.Service.Memory)/1024, s.Service.Instances
	}
	out := []refreshedBill{}
	for _, region := range regions {
		old, err := before.Estimate(catalog.Default().Service("ecs-fargate"), region, u, price.Shape{})
		if err != nil {
			return nil, err
		}
		now, err := after.Estimate(catalog.Default().Service("ecs-fargate"), region, u, price.Shape{})
		if err != nil {
			return nil, err
		}
		out = append(out, refreshedBill{region, old.MonthlyUSD, now.MonthlyUSD})
	}
	return out, nil
}

// refreshFailed says why nothing was taken over. In every case the old table stays.
func refreshFailed(ctx context.Context, err error) error {
	var refused *prices.Refused
	var dns *net.DNSError
	f := &fail.Error{Class: fail.Failed, Cause: "AWS's price list could not be read; the old prices stay", Evidence: err.Error(), Remedy: "try again later", Err: err}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused):
		f.Cause = refused.Error() + "; the old prices stay"
		f.Evidence, f.Remedy = "", "try again later; if AWS really changed the price, a new version of berth has it"
	case errors.As(err, &dns):
		f.Remedy = "this needs the internet: " + prices.Host + " must be reachable"
	}
	return f
}

func writeRefreshed(w io.Writer, r refreshed) {
	fmt.Fprintf(w, "%d prices for %s, kept in %s\n", r.Prices, strings.Join(r.Regions, ", "), r.Cache)
	for _, b := range r.Bills {
		fmt.Fprintf(w, "this app in %s: %.2f USD a month, was %.2f\n", b.Region, b.NewUSD, b.OldUSD)
	}
	for _, c := range r.Changed {
		fmt.Fprintf(w, "changed  %s in %s: %v, was %v USD\n", c.SKU, c.Region, c.NewUSD, c.OldUSD)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(w, "not in the list, keeps the old price  %s\n", m)
	}
	for _, m := range r.Absent {
		fmt.Fprintf(w, "not offered  %s\n", m)
	}
}
