package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"berth/compare/advise"
	"berth/compare/price"
)

// scaling is the answer for two instances that may become six, and ECS on Fargate in it.
func scaling(t *testing.T, most int, budget float64) (*Report, *Service) {
	t.Helper()
	u := price.DefaultUsage()
	u.MostInstances = most
	r, err := Advisor{}.Report(advise.Requirements{Region: "eu-west-2", Autoscaling: most > 0, MaxMonthlyUSD: budget}, u)
	if err != nil {
		t.Fatal(err)
	}
	return r, r.Result.Service("ecs-fargate")
}

// An app whose instances follow the load costs from so much to so much, and the comparison shows both ends.
func TestScalingIsARange(t *testing.T) {
	r, s := scaling(t, 6, 0)
	six := price.DefaultUsage()
	six.Instances = 6
	fixed, err := Advisor{}.Compare(advise.Requirements{Region: "eu-west-2", Autoscaling: true}, six)
	if err != nil {
		t.Fatal(err)
	}
	if want := fixed.Service("ecs-fargate").Estimate.MonthlyUSD; math.Abs(s.Estimate.MostUSD-want) > 0.005 {
		t.Errorf("at most %.2f, six instances cost %.2f", s.Estimate.MostUSD, want)
	}
	_, steady := scaling(t, 0, 0)
	if steady.Estimate.MostUSD != 0 {
		t.Errorf("what does not scale costs up to %.2f", steady.Estimate.MostUSD)
	}
	if e := r.Result.Service("lightsail").Estimate; e.MostUSD != 0 {
		t.Errorf("Lightsail does not scale by itself, and costs up to %.2f", e.MostUSD)
	}
	r.Only([]string{"ecs-fargate"})
	sums := fmt.Sprintf("%.2f to %.2f", s.Estimate.MonthlyUSD, s.Estimate.MostUSD)
	for name, text := range map[string]string{"text": r.Text(80, false), "markdown": r.Markdown()} {
		for _, want := range []string{"2 to 6 x 0.25 vCPU", sums} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s does not say %q:\n%s", name, want, text)
			}
		}
	}
}

// A budget that holds only as long as the load is low is no plain yes.
func TestScalingAgainstABudget(t *testing.T) {
	_, s := scaling(t, 6, 0)
	between := (s.Estimate.MonthlyUSD + s.Estimate.MostUSD) / 2
	for budget, want := range map[float64]advise.Verdict{
		s.Estimate.MonthlyUSD - 1: advise.No, between: advise.Changes, s.Estimate.MostUSD + 1: advise.Fits,
	} {
		_, s := scaling(t, 6, budget)
		for _, r := range s.Reasons {
			if r.Requirement == "max_monthly_usd" && r.Verdict != want {
				t.Errorf("with a budget of %.2f: %s, %s; want %s", budget, r.Verdict, r.Text, want)
			}
		}
	}
	_, s = scaling(t, 6, between)
	if text := strings.Join(s.WouldChange, " "); !strings.Contains(text, fmt.Sprintf("%.2f USD a month more to spend", s.Estimate.MostUSD-between)) {
		t.Errorf("what would change it: %q", text)
	}
}

// Fly.io manages no MySQL: what is counted there is a machine with one, not its PostgreSQL.
func TestFlyHasNoManagedMySQL(t *testing.T) {
	for engine, want := range map[string]string{"mysql": "a machine with MySQL", "postgres": "managed Postgres"} {
		u := price.DefaultUsage()
		u.Database, u.DatabaseEngine, u.DatabaseGB = "db.t4g.micro", engine, 20
		r, err := Advisor{}.Compare(advise.Requirements{Region: "eu-west-2", Database: true}, u)
		if err != nil {
			t.Fatal(err)
		}
		var items []string
		for _, l := range r.Service("fly").Estimate.Lines {
			items = append(items, l.Item)
		}
		if text := strings.Join(items, "; "); !strings.Contains(text, want) || (engine == "mysql") == strings.Contains(text, "Postgres") {
			t.Errorf("%s on Fly.io: %s", engine, text)
		}
	}
}
