package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"berth/engine"
)

// Apps writes what runs of each app of an account, and what it costs a month.
func Apps(w io.Writer, apps *engine.Apps) {
	if len(apps.Apps) == 0 {
		fmt.Fprintf(w, "No apps in %s.\n", strings.Join(apps.Regions, ", "))
	} else {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "APP\tENVIRONMENT\tREGION\tSTATE\tTASKS\tA MONTH\tADDRESS")
		for _, x := range apps.Apps {
			cost := dollarRange(x.MonthlyUSD, x.MostUSD)
			if x.Unpriced {
				cost = "at least " + cost
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d of %d\t%s\t%s\n", x.App, x.Env, x.Region, x.State, x.Running, x.Desired, cost, cmp.Or(x.Endpoint, "-"))
		}
		_ = t.Flush() // into w, whose errors nobody reads here either
		fmt.Fprintf(w, "\n%s a month in total%s\n", dollarRange(apps.MonthlyUSD, apps.MostUSD), asOf(apps.PricesAsOf, false))
	}
	if len(apps.Blind) > 0 {
		fmt.Fprintln(w, "\ncould not look at")
		for _, b := range apps.Blind {
			fmt.Fprintf(w, "  %s\n", b)
		}
	}
}
