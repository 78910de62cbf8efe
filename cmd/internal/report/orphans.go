package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"berth/engine"
)

// Orphans writes for people what earlier runs left over in a region: by app what it is, what it costs a month,
// and the command that removes it.
func Orphans(w io.Writer, o *engine.Orphans) {
	n := 0
	for _, g := range o.Groups {
		n += len(g.Resources)
	}
	switch {
	case n > 0:
		fmt.Fprintf(w, "%s in %s, %s a month%s\n", count(n, "leftover"), o.Region, dollars(o.MonthlyUSD), asOf(o.PricesAsOf, o.PricesOld))
	case len(o.Blind) > 0:
		fmt.Fprintf(w, "No leftovers in %s among what could be looked at.\n", o.Region)
	default:
		fmt.Fprintln(w, "No leftovers.")
	}
	for _, g := range o.Groups {
		orphans(w, g)
	}
	if len(o.Blind) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  could not look at")
	for _, b := range o.Blind {
		fmt.Fprintf(w, "    %s\n", b)
	}
}

// OrphansEverywhere writes what earlier runs left over in all regions, those without leftovers in one line.
func OrphansEverywhere(w io.Writer, all *engine.Everywhere) {
	for _, o := range all.Regions {
		Orphans(w, o)
		fmt.Fprintln(w)
	}
	if len(all.Regions) == 0 {
		fmt.Fprintf(w, "No leftovers in %s.\n", count(len(all.Looked), "region"))
	} else {
		fmt.Fprintf(w, "%s a month in %s; %s looked at.\n", dollars(all.MonthlyUSD), count(len(all.Regions), "region"), count(len(all.Looked), "region"))
	}
	for _, b := range all.Blind {
		fmt.Fprintf(w, "  could not look at %s\n", b)
	}
}

func orphans(w io.Writer, g engine.OrphanGroup) {
	what := "no service, all of it is left over"
	if g.Alive {
		what = "runs, and does not use this"
	}
	fmt.Fprintf(w, "\n  %s (%s): %s, %s a month\n", g.App, g.Env, what, dollars(g.MonthlyUSD))
	kind, name := 0, 0
	for _, r := range g.Resources {
		kind, name = max(kind, len(r.Kind)), max(name, len(r.Name))
	}
	var remove []string
	for _, r := range g.Resources {
		price := "free"
		if r.Unpriced {
			price = "unknown"
		} else if r.MonthlyUSD > 0 {
			price = dollars(r.MonthlyUSD)
		}
		line := fmt.Sprintf("    %8s  %-*s  %-*s  %s", price, kind, r.Kind, name, r.Name, short(r.ARN, r.Name))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		if g.Alive {
			fmt.Fprintf(w, "    %8s  %s\n", "", r.Why)
		}
		if !slices.Contains(remove, r.Remove) {
			remove = append(remove, r.Remove)
		}
	}
	for _, command := range remove {
		fmt.Fprintf(w, "    remove    %s\n", command)
	}
}

// short is the part of an ARN that tells more than the name does, empty when none does.
func short(arn, name string) string {
	id := arn[strings.LastIndexAny(arn, "/:")+1:]
	if strings.HasSuffix(name, id) {
		return ""
	}
	return id
}
