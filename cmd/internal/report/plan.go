package report

import (
	"fmt"
	"io"
	"strings"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/plan"
)

// Plan writes a plan for people: what would happen to each resource and why, by group, the monthly cost line
// by line, what is unsure about it, and the hash that a confirmation is bound to.
func Plan(w io.Writer, p *plan.Plan) {
	fmt.Fprintf(w, "%s: %s (%s), %s in %s", planVerb(p), p.App, p.Env, target(p.Target), p.Region)
	if p.Account != "" {
		fmt.Fprintf(w, ", account %s", p.Account)
	}
	fmt.Fprintln(w)
	changes(w, p.Changes)
	fmt.Fprintln(w)
	costs(w, p)
	by := map[event.Action]int{}
	for _, c := range p.Changes {
		by[c.Action]++
	}
	if lost, kept := p.Data(); len(lost)+len(kept) > 0 {
		dataOf(w, p, lost, kept)
	}
	for _, e := range p.Elsewhere {
		fmt.Fprintf(w, "Note: %s. To remove that: %s\n", e, e.Remove)
		for _, moving := range e.Moving {
			fmt.Fprintf(w, "  %s\n", moving)
		}
		fmt.Fprintln(w)
	}
	summary := tally(by)
	if by[event.None] == len(p.Changes) {
		summary = "Nothing to do"
	}
	if p.Usually > 0 && summary != "Nothing to do" {
		summary += ", " + usually(p.Usually)
	}
	fmt.Fprintf(w, "%s. Plan %s.\n", summary, p.Hash)
}

// PlanToSettle is a plan with what is still to settle before its first deployment, as it goes into JSON.
type PlanToSettle struct {
	*plan.Plan
	interview.Open
}

// ToSettle is what of that is still to settle before the first deployment of a plan's app: nothing once it runs.
func ToSettle(p *plan.Plan, open interview.Open) interview.Open {
	if p.Runs() {
		return interview.Open{}
	}
	return open
}

// Unsettled writes what is still to settle before the first deployment of a plan's app. The flags are for the command
// that tells more.
func Unsettled(w io.Writer, p *plan.Plan, open interview.Open, flags fail.Flags) {
	tellOpen(w, ToSettle(p, open), flags)
}

func tellOpen(w io.Writer, open interview.Open, flags fail.Flags) {
	var names []string
	for _, x := range open.Musts {
		names = append(names, x.Name())
	}
	if len(names) > 0 {
		fmt.Fprintf(w, "To be answered before the first deployment (%d): %s. %s\n", len(names), strings.Join(names, ", "),
			flags.In("berth inspect says what to do."))
	}
	for _, text := range open.Unbuilt {
		fmt.Fprintf(w, "Not built: %s.\n", text)
	}
}

// dataOf says what a destroy does to the data of people, and what is left goes on costing.
func dataOf(w io.Writer, p *plan.Plan, lost, kept []string) {
	for _, d := range lost {
		fmt.Fprintf(w, "  deleted with it: %s\n", d)
	}
	if len(lost) > 0 {
		fmt.Fprintln(w, "  berth destroy --keep-data leaves that where it is.")
	}
	for _, d := range kept {
		fmt.Fprintf(w, "  kept: %s\n", d)
	}
	if len(kept) > 0 {
		fmt.Fprintf(w, "  What is kept goes on costing %s a month; the next deployment finds it again.\n", dollars(p.KeptUSD))
	}
	fmt.Fprintln(w)
}

func planVerb(p *plan.Plan) string {
	switch p.Verb {
	case "destroy":
		return "Destroy"
	case "rollback":
		return "Back to " + p.Revision
	case "restart":
		return "Restart"
	case "ci":
		return "Pipeline"
	}
	return "Plan"
}

// changes writes the resources under the headings of their groups, groups in the order of their first change.
func changes(w io.Writer, all []plan.Change) {
	var groups []string
	seen, width := map[string]bool{}, 0
	for _, c := range all {
		if !seen[c.Group] {
			seen[c.Group] = true
			groups = append(groups, c.Group)
		}
		width = max(width, len(c.ID))
	}
	for _, g := range groups {
		fmt.Fprintf(w, "\n  %s\n", firstOf(g, "other"))
		for _, c := range all {
			if c.Group != g {
				continue
			}
			line := fmt.Sprintf("    %-9s  %-*s  %s", word(c.Action), width, c.ID, c.Why)
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			for _, f := range c.Diff {
				fmt.Fprintf(w, "    %-9s  %-*s  %s\n", "", width, "", f)
			}
			if c.Exposes != "" {
				fmt.Fprintf(w, "    %-9s  %-*s  public: %s\n", "", width, "", c.Exposes)
			}
			if c.Keeps != "" && c.Action == event.Delete {
				fmt.Fprintf(w, "    %-9s  %-*s  goes with it: %s\n", "", width, "", c.Keeps)
			}
		}
	}
}

// word is the action in a plan's first column. A dash would read as a deletion.
func word(a event.Action) string {
	if a == event.None {
		return "unchanged"
	}
	return string(a)
}

func costs(w io.Writer, p *plan.Plan) {
	if len(p.Costs) == 0 {
		if p.MonthlyUSD > 0 {
			fmt.Fprintf(w, "Monthly cost: %s\n", dollars(p.MonthlyUSD))
		}
		return
	}
	fmt.Fprintf(w, "  monthly cost%s\n", asOf(p.PricesAsOf, p.PricesOld))
	width := 0
	for _, c := range p.Costs {
		width = max(width, len(c.Item))
	}
	var unsure []string
	for _, c := range p.Costs {
		usd := fmt.Sprintf("%9s", dollars(c.USD))
		if !c.Known {
			note := ""
			if usd = "  unknown"; c.HighUSD > 0 {
				usd, note = fmt.Sprintf("%8s+", dollars(c.USD)), "; the lowest of other regions counts"
			}
			unsure = append(unsure, fmt.Sprintf("%s: no price for %s is known%s", c.Item, p.Region, note))
		} else if c.Unsure {
			unsure = append(unsure, fmt.Sprintf("%s: the price of %s is not well confirmed", c.Item, firstOf(c.AsOf, "an unknown date")))
		}
		fmt.Fprintf(w, "    %s  %-*s  %s\n", usd, width, c.Item, quantity(c))
	}
	fmt.Fprintf(w, "    %9s  together%s\n", dollars(p.MonthlyUSD), atLeast(p))
	if change := p.CostChange(); change != "" {
		fmt.Fprintf(w, "               %s\n", change)
	}
	if p.MostUSD > p.MonthlyUSD {
		fmt.Fprintf(w, "    %9s  together with as many tasks as the scaling may start\n", dollars(p.MostUSD))
	}
	if always, use := price.Split(p.MonthlyUSD, p.AlwaysUSD); always > 0 && use > 0 {
		fmt.Fprintf(w, "               %s of it in any case, %s with %s\n", dollars(always), dollars(use), p.Usage.Kind())
	}
	for _, u := range unsure {
		fmt.Fprintf(w, "    unsure     %s\n", u)
	}
	fmt.Fprintln(w)
}

func quantity(c plan.Cost) string {
	if !c.Known {
		return fmt.Sprintf("%s %s", number(c.Quantity), c.Unit)
	}
	return fmt.Sprintf("%s %s at $%s", number(c.Quantity), c.Unit, number(c.UnitUSD))
}

// number is f without trailing zeros, with as many digits as a price needs.
func number(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.6f", f), "0"), ".")
}

func atLeast(p *plan.Plan) string {
	if p.Complete {
		return " a month"
	}
	return " a month at least: some prices are unknown"
}

// asOf says how old the prices of a sum are, to be put behind it.
func asOf(date string, old bool) string {
	text := price.Dated(date, old)
	if text != "" {
		text = ", " + text
	}
	return text
}

// waiting writes what an app waits for that only people can do.
func waiting(w io.Writer, waits *event.Waiting) {
	if waits == nil {
		return
	}
	for _, line := range waits.Text() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
}
