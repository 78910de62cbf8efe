package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
)

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		d                    time.Duration
		watch, span, usually string
	}{
		{0, "0:00", "0.0s", ""},
		{400 * time.Millisecond, "0:00", "0.4s", "usually a few seconds"},
		{9 * time.Second, "0:09", "9s", "usually a few seconds"},
		{42 * time.Second, "0:42", "42s", "usually 40 s"},
		{59700 * time.Millisecond, "1:00", "1m", "usually 60 s"},
		{80 * time.Second, "1:20", "1m20s", "usually 80 s"},
		{3 * time.Minute, "3:00", "3m", "usually 3 min"},
		{150 * time.Second, "2:30", "2m30s", "usually 2-3 min"},
		{62*time.Minute + 3*time.Second, "1:02:03", "1h02m", "usually 62 min"},
	} {
		if got := stopwatch(c.d); got != c.watch {
			t.Errorf("stopwatch(%v) = %q, want %q", c.d, got, c.watch)
		}
		if got := span(c.d); got != c.span {
			t.Errorf("span(%v) = %q, want %q", c.d, got, c.span)
		}
		if got := usually(c.d); got != c.usually {
			t.Errorf("usually(%v) = %q, want %q", c.d, got, c.usually)
		}
	}
}

func TestPlanText(t *testing.T) {
	p := &plan.Plan{
		App: "hello", Env: "production", Target: "ecs-fargate", Region: "eu-west-2", Hash: "3f2a9c1b",
		Account: "123456789012", Usually: 150 * time.Second,
		Changes: []plan.Change{
			{ID: "cluster", Group: "compute", Action: event.Create, Why: "there is none"},
			{ID: "vpc", Group: "network", Action: event.None, Why: "the default VPC fits"},
			{ID: "service", Group: "compute", Action: event.Update, Why: "image changed"},
			{ID: "repository", Group: "image", Action: event.Delete, Keeps: "3 images"},
		},
		Sum: plan.Sum{MonthlyUSD: 18.40, PricesAsOf: "2026-11-20", Costs: []plan.Cost{
			{Line: price.Line{Item: "Fargate vCPU", Quantity: 182.5, Unit: "hours", UnitUSD: 0.04656, USD: 8.4972, Known: true}},
			{Unsure: true, Line: price.Line{
				Item: "Fargate memory", Quantity: 365, Unit: "GB-hours", UnitUSD: 0.00511, USD: 1.865, Known: true, AsOf: "2025-01-01",
			}},
			{Line: price.Line{Item: "CloudFront requests", Quantity: 1, Unit: "million"}},
		}},
	}
	var out bytes.Buffer
	Plan(&out, p)
	same(t, out.String(), `
Plan: hello (production), ECS on Fargate in eu-west-2, account 123456789012

  compute
    create     cluster     there is none
    update     service     image changed

  network
    unchanged  vpc         the default VPC fits

  image
    delete     repository
                           goes with it: 3 images

  monthly cost, prices as of 2026-11-20
        $8.50  Fargate vCPU         182.5 hours at $0.04656
        $1.86  Fargate memory       365 GB-hours at $0.00511
      unknown  CloudFront requests  1 million
       $18.40  together a month at least: some prices are unknown
    unsure     Fargate memory: the price of 2025-01-01 is not well confirmed
    unsure     CloudFront requests: no price for eu-west-2 is known

1 to create, 1 to update, 1 to delete, 1 unchanged, usually 2-3 min. Plan 3f2a9c1b.
`)
}

func TestPlanTextOfNothing(t *testing.T) {
	var out bytes.Buffer
	Plan(&out, &plan.Plan{
		App: "a", Env: "e", Target: "ecs-fargate", Region: "r", Hash: "h", Usually: time.Hour,
		Changes: []plan.Change{{ID: "vpc", Group: "network", Action: event.None}},
	})
	same(t, out.String(), `
Plan: a (e), ECS on Fargate in r

  network
    unchanged  vpc

Nothing to do. Plan h.
`)
}

// Evidence quotes what an app wrote, which must not steer the terminal of whoever reads it.
func TestEvidenceDoesNotSteerTheTerminal(t *testing.T) {
	var b strings.Builder
	Problem(&b, &fail.Error{Cause: "the app ended", Evidence: "exit code: 1\n  \x1b[2J\x1b]0;title\x07gone\rover\x9b31m"})
	if strings.ContainsAny(b.String(), "\x1b\x07\r\u009b") || !strings.Contains(b.String(), "goneover") {
		t.Errorf("%q", b.String())
	}
}
