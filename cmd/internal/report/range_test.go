package report

import (
	"strings"
	"testing"

	"berth/engine/plan"
)

// What an app that scales costs is told from the least to the most.
func TestPlanTellsTheRangeOfScaling(t *testing.T) {
	p := &plan.Plan{App: "shop", Env: "production", Sum: plan.Sum{
		MonthlyUSD: 40, MostUSD: 95.5, Complete: true, Costs: []plan.Cost{{}},
	}}
	var out strings.Builder
	Plan(&out, p)
	if !strings.Contains(out.String(), "$95.50  together with as many tasks") {
		t.Errorf("no range in\n%s", out.String())
	}
}
