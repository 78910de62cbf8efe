package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/plan"
	"berth/engine/run"
)

// costChange is by how much a plan changes the monthly cost, to go on a sentence with.
func costChange(p *plan.Plan) string {
	if change := p.CostChange(); change != "" {
		return ", " + change
	}
	return ""
}

// PlanMarkdown writes a plan as a comment on a change, or as a part of a summary: what would happen, what changes in it,
// and what it costs; open is what is still to settle.
func PlanMarkdown(w io.Writer, p *plan.Plan, open interview.Open) {
	by := map[event.Action]int{}
	for _, c := range p.Changes {
		by[c.Action]++
	}
	fmt.Fprintf(w, "### %s: %s (%s)\n\n", planVerb(p), p.App, p.Env)
	fmt.Fprintf(w, "%s in %s: %s. %s%s%s, %s.\n\n", target(p.Target), p.Region, planned(by), dollarRange(p.MonthlyUSD, p.MostUSD), atLeast(p), costChange(p), cmp.Or(price.Dated(p.PricesAsOf, p.PricesOld), "without prices"))
	if open = ToSettle(p, open); len(open.Musts)+len(open.Unbuilt) > 0 {
		fmt.Fprintf(w, "To be settled before the first deployment:\n\n")
		for _, x := range open.Musts {
			means, _, _ := strings.Cut(x.Means, "\n")
			fmt.Fprintf(w, "- [ ] %s: %s\n", cell(x.Name()), cell(strings.TrimSuffix(means, ":")))
		}
		for _, text := range open.Unbuilt {
			fmt.Fprintf(w, "- [ ] %s\n", cell(text))
		}
		fmt.Fprintln(w)
	}
	if p.Changed() {
		fmt.Fprint(w, "| | what | why |\n|---|---|---|\n")
		for _, c := range p.Changes {
			if c.Action == event.None {
				continue
			}
			why := []string{}
			if c.Why != "" {
				why = append(why, cell(c.Why))
			}
			for _, f := range c.Diff {
				why = append(why, cell(f.String()))
			}
			if c.Exposes != "" {
				why = append(why, "public: "+cell(c.Exposes))
			}
			if c.Keeps != "" && c.Action == event.Delete {
				why = append(why, "goes with it: "+cell(c.Keeps))
			}
			fmt.Fprintf(w, "| %s | `%s` | %s |\n", c.Action, c.ID, strings.Join(why, "<br>"))
		}
		fmt.Fprintln(w)
	}
	if len(p.Costs) > 0 {
		fmt.Fprint(w, "<details><summary>What it costs a month</summary>\n\n| USD | item | quantity |\n|---:|---|---|\n")
		for _, c := range p.Costs {
			fmt.Fprintf(w, "| %s | %s | %s |\n", dollars(c.USD), cell(c.Item), cell(quantity(c)))
		}
		fmt.Fprint(w, "\n</details>\n\n")
	}
	for _, e := range p.Elsewhere {
		fmt.Fprintf(w, "Note: %s\n\n", strings.Join(e.Says(), "; "))
	}
	fmt.Fprintf(w, "Plan `%s`\n", p.Hash)
}

// planned is a plan in one line.
func planned(by map[event.Action]int) string {
	if len(by) == 1 && by[event.None] > 0 {
		return "nothing to do"
	}
	return tally(by)
}

// SummaryMarkdown writes how a run ended, with its address, for the page that a pipeline shows of a job.
func SummaryMarkdown(w io.Writer, p *plan.Plan, r run.Result) {
	fmt.Fprintf(w, "## %s (%s): %s\n\n", p.App, p.Env, strings.ReplaceAll(string(r.Outcome), "_", " "))
	if r.Endpoint != "" {
		fmt.Fprintf(w, "<%s>\n\n", r.Endpoint)
	}
	if r.Err != nil {
		FailureMarkdown(w, r.Err)
	}
	waiting(w, r.Waiting)
	PlanMarkdown(w, p, interview.Open{})
}

// FailureMarkdown writes what went wrong: cause, evidence and remedy.
func FailureMarkdown(w io.Writer, err error) {
	f := fail.From(err)
	fmt.Fprintf(w, "**%s**\n\n", strings.TrimSpace(f.Cause))
	if f.Evidence != "" {
		fmt.Fprintf(w, "````text\n%s\n````\n\n", strings.TrimSpace(f.Evidence))
	}
	if f.Remedy != "" {
		fmt.Fprintf(w, "What to do: %s\n\n", f.Remedy)
	}
}

// cell is a text in a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", ">", "&gt;").Replace(text)
}
