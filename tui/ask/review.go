package ask

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/widget"
)

// review plans, tells what would be done, and asks for the word that confirms it.
func (a *asker) review(ctx context.Context, destroy bool) (turn, error) {
	req := a.s.Request()
	req.Destroy = destroy
	return a.planned(ctx, req)
}

// planned plans what is asked for, tells it, and asks for it.
func (a *asker) planned(ctx context.Context, req screen.Request) (turn, error) {
	a.say("")
	a.say("Looking at AWS.")
	p, err := a.s.Engine.Plan(ctx, req)
	if err != nil {
		return end, err
	}
	if lost, _ := p.Data(); len(lost) > 0 {
		a.say("This deletes %s.", strings.Join(lost, ", "))
		answer, t, err := a.ask("Keep the data, and delete the rest? [no]")
		if err != nil || t != on {
			return t, err
		}
		if strings.HasPrefix(strings.ToLower(answer), "y") {
			req.KeepData = true
			return a.planned(ctx, req)
		}
	}
	if _, kept := p.Data(); len(kept) > 0 {
		a.say("Kept: %s, for %s a month. The next deployment uses it again.", strings.Join(kept, ", "), widget.USD(p.KeptUSD))
	}
	t, err := a.confirm(ctx, p)
	if err == nil && a.confirmed != nil && p.Verb == "deploy" {
		_, err = req.Spec.Save()
	}
	return t, err
}

// confirm tells a plan, checks what it depends on, and asks for it.
func (a *asker) confirm(ctx context.Context, p *screen.Plan) (turn, error) { //nolint:gocognit // a list of cases, one after the other
	changes := 0
	for _, c := range p.Changes {
		if c.Action == event.None {
			continue
		}
		changes++
		line := fmt.Sprintf("- %s %s", c.Action, widget.Title(c.ID))
		if c.Why != "" && c.Why != c.Ends && c.Action != event.Create {
			line += ": " + c.Why
		}
		if c.MonthlyUSD > 0 {
			line += ", " + widget.USD(c.MonthlyUSD) + " a month"
		}
		if c.Exposes != "" {
			line += ". Public: " + c.Exposes
		}
		if c.Keeps != "" && c.Action == event.Delete {
			line += ". " + widget.Sentence(c.Keeps) + " go with it"
		}
		if c.Ends != "" {
			line += ". " + widget.Sentence(c.Ends)
		}
		a.say("%s.", line)
	}
	if changes == 0 {
		a.say("Nothing would change.")
		return end, nil
	}
	word := "yes"
	if p.Destroy {
		word = p.App
	}
	cost := ", " + monthlyOf(p)
	if always, use := price.Split(p.MonthlyUSD, p.AlwaysUSD); !p.Destroy && always > 0 && use > 0 {
		cost += fmt.Sprintf(", of which %s in any case and %s with %s", widget.USD(always), widget.USD(use), p.Usage.Kind())
	}
	a.say("%s in %s of account %s%s. Plan %s.", widget.Count(changes, "change"), p.Region, p.Account, cost, p.Hash)
	if t, err := a.check(ctx, p); err != nil || t != on {
		return t, err
	}
	if p.Verb == "deploy" {
		for _, d := range a.s.Doubts(p) {
			a.say("Not settled: %s.", d)
		}
	}
	if t, err := a.beside(p); err != nil || t != on {
		return t, err
	}
	for {
		answer, t, err := a.ask(fmt.Sprintf("Type %s to do exactly this:", word))
		if err != nil || t != on {
			return t, err
		}
		if answer == word {
			a.confirmed = p
			return end, nil
		}
		a.say("Nothing is done without %s; back and quit leave.", word)
	}
}

// beside asks what becomes of the same app elsewhere, if there is one.
func (a *asker) beside(p *screen.Plan) (turn, error) {
	for p.Unsaid() != nil {
		choices := "Type both to keep both: [stop]"
		if p.Movable() {
			choices = "Move it, which removes the first one once the new one was verified, or keep both? Type move or both: [stop]"
		}
		answer, t, err := a.ask(choices)
		if err != nil || t != on {
			return t, err
		}
		if answer == "" || strings.EqualFold(answer, "stop") {
			return back, nil
		}
		if !p.Choose(answer) {
			a.say("%q is not one of the answers.", answer)
		}
	}
	return on, nil
}

// check looks at what the plan depends on. A plan that is certain to fail is not asked for: what is in the way is
// told, and looked at again when asked to.
func (a *asker) check(ctx context.Context, p *screen.Plan) (turn, error) {
	for {
		a.say("Checking permissions and quotas.")
		r, err := a.s.Engine.Preflight(ctx, p)
		if ctx.Err() != nil {
			return end, ctx.Err()
		}
		if err != nil {
			a.say("They could not be checked: %s.", fail.From(err).Cause)
			return on, nil
		}
		if r.Refusal() == nil {
			for _, n := range r.Notes() {
				a.say("Note: %s.", n)
			}
			a.say("All checks passed.")
			return on, nil
		}
		policy := ""
		for _, c := range r.Checks {
			if c.State != "fail" {
				continue
			}
			a.say("This would fail: %s.", c.Text)
			if len(c.Missing) > 1 { // a single one is named already
				a.say("- %s", strings.Join(c.Missing, "\n- "))
			}
			a.say("%s.", widget.Sentence(c.Remedy))
			if b, err := json.MarshalIndent(c.Policy, "", "  "); err == nil && c.Policy != nil {
				policy = string(b)
			}
		}
		if t, err := a.again(policy); err != nil || t != on {
			return t, err
		}
	}
}

// again waits until what is in the way was put right, and shows the policy for it when asked to.
func (a *asker) again(policy string) (turn, error) {
	prompt := "Fix it, then press Enter to check again; back and quit leave:"
	if policy != "" {
		prompt = "Fix it, then press Enter to check again; policy prints one that allows what is missing; back and quit leave:"
	}
	for {
		answer, t, err := a.ask(prompt)
		if err != nil || t != on || answer == "" {
			return t, err
		}
		if answer == "policy" && policy != "" {
			a.say("%s", policy)
			continue
		}
		a.say("%q is not one of the answers.", answer)
	}
}

// rollback lists the versions that one can go back to and asks for one. A version that cannot start is told,
// and another one can be chosen.
func (a *asker) rollback(ctx context.Context, st *screen.Status) (turn, error) {
	var can []string
	for _, d := range st.Deployments {
		if d.State != "successful" || d.Revision == "" || d.Revision == st.Revision {
			continue
		}
		number := d.Revision[strings.LastIndexByte(d.Revision, ':')+1:]
		can = append(can, number)
		a.say("- %s, deployed %s.", number, d.Started.Local().Format("2006-01-02 15:04"))
	}
	if len(can) == 0 {
		a.say("There is no earlier healthy version to roll back to.")
		return back, nil
	}
	for {
		answer, t, err := a.ask(fmt.Sprintf("Roll back to which one? [%s]", can[0]))
		if err != nil || t != on {
			return t, err
		}
		if answer == "" {
			answer = can[0]
		}
		req := a.s.Request()
		req.Rollback = answer
		p, err := a.s.Engine.Plan(ctx, req)
		if err != nil {
			f := fail.From(err)
			a.say("%s. %s.", widget.Sentence(f.Cause), widget.Sentence(a.s.Flags.In(f.Remedy)))
			continue
		}
		return a.confirm(ctx, p)
	}
}

// monthlyOf is what the app costs after a plan, or what of it a destroy ends.
func monthlyOf(p *screen.Plan) string {
	least, most := p.MonthlyUSD, p.MostUSD
	if p.Destroy {
		least, most = least-p.KeptUSD, most-p.KeptUSD
	}
	cost := widget.Range(least, most)
	if !p.Complete {
		cost = "at least " + cost
	}
	if p.Destroy {
		return "which end a cost of " + cost + " a month"
	}
	if change := p.CostChange(); change != "" {
		return cost + " a month in total (" + change + ")"
	}
	return cost + " a month in total"
}
