package operation

import (
	"context"
	"fmt"

	"berth/engine/account"
	"berth/engine/journal"
	"berth/engine/plan"
	"berth/engine/spec"
	"berth/engine/target"
)

// elsewhere is what runs of this folder's app by another name, in another region or account, as far as this machine knows
// of it. Whoever types the name or the region of a first deployment means a second one, so nothing is told then.
func (o *Operator) elsewhere(ctx context.Context, p *plan.Plan, s *spec.Spec) []plan.Elsewhere {
	if o.Runs == "" || p.Endpoint != "" || s.Origins["app"].Kind == spec.Flag || s.Origins["region"].Kind == spec.Flag {
		return nil
	}
	var all []plan.Elsewhere
	for _, h := range journal.Deployed(o.Runs, s.Dir, s.EnvName, o.Environment.Simulated != "") {
		if h.App == p.App && h.Region == p.Region && h.Account == p.Account {
			continue
		}
		one := plan.Elsewhere{App: h.App, Env: h.Env, Region: h.Region, Account: h.Account}
		one.Remove = fmt.Sprintf("berth destroy --app %s --env %s --region %s", h.App, h.Env, h.Region)
		if id := account.ID(s); id != "" {
			one.Remove += " --id " + id
		}
		if h.Account == p.Account {
			there := &spec.Spec{App: h.App, EnvName: h.Env, Region: h.Region, ID: account.ID(s), Target: s.Target, Dir: s.Dir}
			st, err := o.Status(ctx, there)
			if err == nil && st.State == target.Absent {
				continue
			}
			if err == nil {
				one.Seen, one.MonthlyUSD = true, st.MonthlyUSD
			}
			one.Leave = func(ctx context.Context) (*plan.Plan, error) { return o.Plan(ctx, Request{Spec: there, Destroy: true}) }
		}
		all = append(all, one)
	}
	return all
}
