package compare

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"berth/compare/price"
)

// RegionsText writes ranked regions for a terminal of this width.
func RegionsText(service string, list []RankedRegion, width int, ascii bool) string {
	p := &page{width: max(width, 40), ascii: ascii}
	p.line("Regions by what %s costs a month for this usage", service)
	p.line("")
	most := 0.0
	for _, x := range list {
		if x.Priced {
			most = max(most, x.MonthlyUSD)
		}
	}
	measured := false
	for _, x := range list {
		measured = measured || x.Measured != ""
	}
	for _, x := range list {
		usd := MarkMissing
		switch {
		case x.Priced:
			usd = fmt.Sprintf("%.2f", x.MonthlyUSD) + mark(!x.Complete, false)
		case x.Partly:
			usd = fmt.Sprintf("%.2f", x.MonthlyUSD) + MarkMissing
		}
		name := x.Name
		if x.OptIn {
			name += ", opt-in"
		}
		lead := fmt.Sprintf("  %-15s%-35s%9s  ", x.Code, clip(name, 34), usd)
		if measured {
			lead += fmt.Sprintf("%10s  ", connect(x))
		}
		bar := ""
		if x.Priced {
			bar = Bar(x.MonthlyUSD, most, p.width-utf8.RuneCountInString(lead), ascii)
		}
		p.line("%s%s", lead, bar)
	}
	if l := legend(p.b.String()); l != nil {
		p.line("")
		for _, s := range l {
			p.wrap("", s)
		}
	}
	return p.b.String()
}

func connect(x RankedRegion) string {
	if x.Measured == "ok" {
		return fmt.Sprintf("%.0f ms", x.ConnectMS)
	}
	return x.Measured
}

// QuoteText writes a quote for a terminal of this width.
func QuoteText(region string, e price.Estimate, width int) string {
	p := &page{width: max(width, 40)}
	p.line("Prices in %s", region)
	p.line("")
	e.Lines = slices.Clone(e.Lines)
	for i, l := range e.Lines {
		e.Lines[i].Item = strings.TrimSuffix(l.SKU+", "+l.Unit, ", ")
	}
	bill(p, e, "")
	if l := legend(p.b.String()); l != nil {
		p.line("")
		for _, s := range l {
			p.wrap("", s)
		}
	}
	return p.b.String()
}
