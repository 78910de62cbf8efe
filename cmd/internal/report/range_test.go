package report

import (
	"strings"
	"testing"
	"time"

	"berth/engine"
	"berth/engine/interview"
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
	out.Reset()
	PlanMarkdown(&out, p, interview.Open{})
	if !strings.Contains(out.String(), "$40.00 to $95.50 a month") {
		t.Errorf("no range in\n%s", out.String())
	}
}

// So is what an app costs that runs, and what all of them cost.
func TestWhatRunsTellsTheRangeOfScaling(t *testing.T) {
	var out strings.Builder
	Status(&out, &engine.Status{App: "shop", State: "running", Sum: plan.Sum{MonthlyUSD: 40, MostUSD: 95.5, Complete: true}}, time.Now())
	Apps(&out, &engine.Apps{Apps: []engine.App{{App: "shop", MonthlyUSD: 40, MostUSD: 95.5}}, MonthlyUSD: 40, MostUSD: 95.5})
	for _, want := range []string{"costs      $40.00 to $95.50 a month", "$40.00 to $95.50 a month in total"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
