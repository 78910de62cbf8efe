package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/compare"
	"berth/compare/price"
)

// completeQuote offers SKUs, behind which a quantity is to be typed.
func completeQuote(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(typed, "=") {
		return nil, noFiles
	}
	return offer(skuWords("="), typed), noFiles | cobra.ShellCompDirectiveNoSpace
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
			return nil, &price.InputError{Text: fmt.Sprintf("%q is not of the form SKU=QUANTITY", arg)}
		}
		q, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, &price.InputError{Field: sku, Text: fmt.Sprintf("the quantity %q of %s is not a number", text, sku)}
		}
		out = append(out, price.Item{SKU: sku, Quantity: q})
	}
	return out, nil
}
