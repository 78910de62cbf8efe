package engine

import (
	"context"
	"fmt"

	"berth/engine/journal"
	"berth/engine/plan"
	"berth/engine/spec"
	"berth/engine/target"
)

// elsewhere is what runs of this folder's app by another name, in another region or account, as far as this machine knows
// of it. Whoever types the name or the region of a first deployment means a second one, so nothing is told then.
func (e *Engine) elsewhere(ctx context.Context, p *Plan, s *spec.Spec) []plan.Elsewhere {
	if e.opts.Runs == "" || p.Endpoint != "" || s.Origins["app"].Kind == spec.Flag || s.Origins["region"].Kind == spec.Flag {
		return nil
	}
	var all []plan.Elsewhere
	for _, h := range journal.Deployed(e.opts.Runs, s.Dir, s.EnvName, e.Simulated() != "") {
		if h.App == p.App && h.Region == p.Region && h.Account == p.Account {
			continue
		}
		o := plan.Elsewhere{App: h.App, Env: h.Env, Region: h.Region, Account: h.Account}
		o.Remove = fmt.Sprintf("berth destroy --app %s --env %s --region %s", h.App, h.Env, h.Region)
		if id := identityOf(s); id != "" {
			o.Remove += " --id " + id
		}
		if h.Account == p.Account {
			there := &spec.Spec{App: h.App, EnvName: h.Env, Region: h.Region, ID: identityOf(s), Target: s.Target}
			st, err := e.Status(ctx, there)
			if err == nil && st.State == target.Absent {
				continue
			}
			if err == nil {
				o.Seen, o.MonthlyUSD = true, st.MonthlyUSD
			}
		}
		all = append(all, o)
	}
	return all
}
