package cli

import (
	"fmt"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"berth/compare/price"
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
		Use: "prices", Short: "Show, quote and refresh the prices behind the estimates", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.pricesShow(), a.pricesQuote(), a.pricesRefresh())
	return cmd
}

// skuWords are the SKUs of the price table with their units, and an ending behind each.
func skuWords(ending string) []word {
	var out []word
	for _, k := range prices.Load(priceCache()).Table.Keys() {
		out = append(out, word{k.SKU + ending, k.Unit})
	}
	return out
}
