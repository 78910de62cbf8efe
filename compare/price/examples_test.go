package price

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"berth/compare/catalog"
)

// example is one published calculation: what was bought, at which unit prices, and what it came to.
type example struct {
	ID        string         `json:"id"`
	Region    string         `json:"region"`
	What      string         `json:"what"`
	Inputs    map[string]any `json:"inputs"`
	Changed   string         `json:"changed"` // whether AWS has changed a unit price since
	Expected  float64        `json:"expected_usd"`
	Tolerance float64        `json:"tolerance_usd"`
	Lines     []struct {
		SKU string  `json:"sku"`
		Qty float64 `json:"qty"`
		USD float64 `json:"usd"`
	} `json:"lines"`
}

// asGiven is the amounts that an example names without saying what they are made of. They are added as they
// stand; the lines around them are what is tested.
var asGiven = []string{
	"ancillary_usd", "snapshots_usd_as_given", "storage as published", "puppeteer",
	"volumes as published", "egress as published",
}

// notCovered is the examples that are left out, with the reason.
var notCovered = map[string]string{
	"aws-lambda-7-managed-instances": "Lambda Managed Instances under a Savings Plan: berth models neither",
	"defang-affordable-us-west-2":    "bills the 20 GB of disk that AWS includes, and a discount that is assumed: the model must not agree",
}

// TestExamples runs every published example through the table or the model. Quantities come from the model
// where the example says what was used; prices come from the embedded table, from the example itself where
// AWS has changed them since or where they are samples.
func TestExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []example
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var byModel, byTable, byOwn, circular int
	for _, e := range list {
		if why := notCovered[e.ID]; why != "" {
			t.Logf("not covered: %s: %s", e.ID, why)
			continue
		}
		got, how := e.run(t)
		if math.Abs(got-e.Expected) > e.Tolerance+1e-9 {
			t.Errorf("%s (%s, by %s): %.6f USD, published %.6f, tolerance %g", e.ID, e.What, how, got, e.Expected, e.Tolerance)
			continue
		}
		switch how {
		case "model":
			byModel++
		case "table":
			byTable++
			if e.circular() {
				circular++
			}
		default:
			byOwn++
		}
	}
	covered := byModel + byTable + byOwn
	t.Logf("%d of %d examples are covered: %d from usage through the cost model, %d from quantities through the table "+
		"(in %d of these a price of the table was read in the example itself), %d at the example's own unit prices because "+
		"they have changed or are samples", covered, len(list), byModel, byTable, circular, byOwn)
	if len(list) != 110 || covered < 100 {
		t.Errorf("%d of %d covered", covered, len(list))
	}
}

// circular says whether the table has a price of the example from nowhere but published examples.
func (e example) circular() bool {
	only := []string{
		"ebs.gp2", "ec2.cpu_credit", "cw.", "alb.truststore", "efs.onezone_ia", "efs.ia_read", "efs.ia_write",
		"vpc.interface_endpoint_gb.t", "route53.latency", "route53.geo", "rds.postgres.db.t3.large", "rds.db.t4g.small_multiaz",
		"rds.gp3_multiaz", "fly.reservation", "fly.shared-cpu-1x.1gb_month.sjc", "clb.", "apigw.http_million.t2",
	}
	for _, l := range e.Lines {
		if slices.ContainsFunc(only, func(p string) bool { return strings.HasPrefix(l.SKU, p) }) {
			return true
		}
	}
	return false
}

// run computes an example and says how.
func (e example) run(t *testing.T) (usd float64, how string) {
	if f := models[e.ID]; f != nil {
		return f(t, e), "model"
	}
	if e.Changed == "yes" || strings.HasPrefix(e.Changed, "n/a") {
		return e.own(t), "own prices"
	}
	var items []Item
	for _, l := range e.Lines {
		switch {
		case slices.Contains(asGiven, l.SKU):
			usd += l.Qty * l.USD
		default:
			items = append(items, tableItems(l.SKU, l.Qty)...)
		}
	}
	region := e.Region
	if strings.HasPrefix(e.Lines[0].SKU, "fly.") && strings.HasSuffix(e.Lines[0].SKU, ".sjc") {
		region = "sjc"
	}
	q, err := Default().Quote(region, items)
	if err != nil {
		t.Errorf("%s: %v", e.ID, err)
	}
	if m := q.Missing(); m != nil {
		t.Errorf("%s: no price for %v in %s", e.ID, m, region)
	}
	return usd + q.MonthlyUSD, "table"
}

// own computes an example at its own unit prices: a table is made of them and quoted, so that the arithmetic
// and the walk through tiers are ours.
func (e example) own(t *testing.T) float64 {
	if strings.HasPrefix(e.ID, "aws-doc-tiering-s3") {
		widths, prices, total := []float64{1000, 49000, math.Inf(1)}, []float64{}, 0.0
		for _, l := range e.Lines {
			prices = append(prices, l.USD)
			total += l.Qty
		}
		usd := 0.0
		for i, part := range split(total, 0, widths) {
			usd += part * prices[i]
		}
		return usd
	}
	var rows []Row
	var items []Item
	usd := 0.0
	for _, l := range e.Lines {
		if slices.Contains(asGiven, l.SKU) {
			usd += l.Qty * l.USD
			continue
		}
		rows = append(rows, Row{SKU: l.SKU, Unit: "unit", Region: "*", USD: l.USD, Source: e.ID, AsOf: "2026", Confidence: "high"})
		items = append(items, Item{SKU: l.SKU, Quantity: l.Qty})
	}
	tab, err := New("2026-01-01", rows)
	if err != nil {
		t.Fatal(err)
	}
	q, err := tab.Quote("us-east-1", items)
	if err != nil {
		t.Fatal(err)
	}
	return usd + q.MonthlyUSD
}

// tableItems turns a line of an example into items of the table, whose units may differ.
func tableItems(key string, q float64) []Item {
	switch key {
	case "lambda.request_million":
		return []Item{{SKU: "lambda.request", Quantity: q * 1e6}}
	case "fargate.windows+os.vcpu_hour":
		return []Item{{SKU: "fargate.windows.vcpu_hour", Quantity: q}, {SKU: "fargate.windows.os_vcpu_hour", Quantity: q}}
	case "fargate.windows+os.gb_hour":
		return []Item{{SKU: "fargate.windows.gb_hour", Quantity: q}}
	case "eks.cluster_hour+extended":
		return []Item{{SKU: "eks.cluster_hour", Quantity: q}, {SKU: "eks.extended_support_extra_hour", Quantity: q}}
	case "rds.db.t4g.small_multiaz_hour":
		return []Item{{SKU: "rds.postgres.db.t4g.small_multiaz_hour", Quantity: q}}
	case "rds.gp3_iops_multiaz":
		return []Item{{SKU: "rds.gp3_iops_multiaz_month", Quantity: q}}
	}
	if k, ok := strings.CutSuffix(key, "_second"); ok && strings.HasPrefix(key, "fargate.") {
		return []Item{{SKU: k + "_hour", Quantity: q / 3600}}
	}
	if k, ok := strings.CutSuffix(key, ".t2"); ok {
		key = k + ".tier2"
	}
	if k, ok := strings.CutSuffix(key, ".t3"); ok {
		key = k + ".tier3"
	}
	return []Item{{SKU: strings.TrimSuffix(key, ".sjc"), Quantity: q}}
}

// models computes the examples that say what was used, not just how many units were billed.
var models = map[string]func(*testing.T, example) float64{
	"aws-fargate-1-linux-x86": func(t *testing.T, e example) float64 {
		u := e.usage()
		u.ActiveHoursPerDay = e.in("seconds_per_day") / 3600
		return bySKU(t, "ecs-fargate", e.Region, u, "fargate.")
	},
	"aws-lambda-1-mobile":   lambdaExample,
	"apprunner-tokyo-2h":    appRunnerExample,
	"apprunner-tokyo-4h":    appRunnerExample,
	"apprunner-tokyo-12h":   appRunnerExample,
	"apprunner-mumbai-0h":   appRunnerExample,
	"apprunner-mumbai-730h": appRunnerExample,
	"gms-fargate-task":      fargateExample,
	"gms-fargate-two-tasks": fargateExample,
	"aws-alb-lcu-2": func(t *testing.T, e example) float64 {
		u := e.usage()
		u.Days, u.RequestsPerSecond, u.LBRules = 30, 4, int(e.in("rules"))
		u.NewConnectionsPerSecond, u.ConnectionMinutes = e.in("new_conn_per_s"), e.in("conn_minutes")
		return bySKU(t, "ecs-fargate", e.Region, u, "alb.")
	},
	"aws-alb-lcu-1-hourly": func(t *testing.T, e example) float64 {
		// The published setting: one new connection a second that lives two minutes, five requests a second,
		// 300 KB a second, 60 rules.
		u := e.usage()
		u.Days = 1.0 / 24
		u.NewConnectionsPerSecond, u.ConnectionMinutes, u.RequestsPerSecond, u.KBPerSecond, u.LBRules = 1, 2, 5, 300, 60
		return bySKU(t, "ecs-fargate", e.Region, u, "alb.")
	},
	"ecs-express-baseline":              expressExample,
	"ecs-express-quarter-lcu-ancillary": expressExample,
	"ecs-express-stress":                expressExample,
	"fargate-regime-x86":                regimeExample,
	"fargate-regime-arm":                regimeExample,
}

func (e example) in(key string) float64 {
	v, _ := e.Inputs[key].(float64)
	return v
}

// usage starts from the inputs that the examples name alike.
func (e example) usage() Usage {
	u := DefaultUsage().Traffic(0) // what an example does not name was not used
	u.ImageGB = 0
	u.Instances = 1
	for key, to := range map[string]*float64{"vcpu": &u.VCPU, "gb": &u.MemoryGB, "days": &u.Days, "ephemeral_gb": &u.EphemeralGB} {
		if v := e.in(key); v > 0 {
			*to = v
		}
	}
	if v := e.in("tasks"); v > 0 {
		u.Instances = int(v)
	}
	return u
}

// bySKU is the sum of the lines of an estimate whose SKU has one of the prefixes.
func bySKU(t *testing.T, service, region string, u Usage, prefixes ...string) float64 {
	t.Helper()
	if err := u.Validate(); err != nil {
		t.Fatal(err)
	}
	e, err := Default().Estimate(catalog.Default().Service(service), region, u, Shape{})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, l := range e.Lines {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(l.SKU, p) }) {
			if !l.Known {
				t.Errorf("%s in %s has no price", l.SKU, region)
			}
			sum += l.USD
		}
	}
	return sum
}

func fargateExample(t *testing.T, e example) float64 {
	return bySKU(t, "ecs-fargate", e.Region, e.usage(), "fargate.")
}

func appRunnerExample(t *testing.T, e example) float64 {
	u := e.usage()
	u.ActiveHoursPerDay = e.in("active_h_per_day")
	if total, ok := e.Inputs["active_h"].(float64); ok {
		u.ActiveHoursPerDay = total / u.Days
	}
	return bySKU(t, "app-runner", e.Region, u, "apprunner.")
}

func lambdaExample(t *testing.T, e example) float64 {
	u := e.usage()
	u.VCPU, u.MemoryGB, u.RequestMS = 0.1, e.in("mb")/1024, e.in("ms")
	u.RequestsPerSecond = e.in("requests") / (HoursPerMonth * 3600)
	return bySKU(t, "lambda", e.Region, u, "lambda.")
}

func expressExample(t *testing.T, e example) float64 {
	u := e.usage()
	u.VCPU, u.MemoryGB, u.LBZones = 0.25, 0.5, 2 // a VPC of two zones: three public addresses with the task's
	u.KBPerSecond = e.in("lcu") * 1e6 / 3600
	return bySKU(t, "ecs-express", e.Region, u, "fargate.", "alb.", "ipv4.") + e.in("ancillary_usd")
}

// regimeExample is tasks that run 8,800 hours in all, each with a public address.
func regimeExample(t *testing.T, e example) float64 {
	u := e.usage()
	u.Instances, u.Days = 10, e.in("task_hours")/10/24
	if strings.HasSuffix(e.ID, "arm") {
		u.Arch = "arm"
	}
	balancer := float64(Zones) * u.hours() * 0.005
	return bySKU(t, "ecs-fargate", e.Region, u, "fargate.", "ipv4.") - balancer + 2.5
}

// TestAuthorsBill reproduces the bill that the author of the fly-live-beats guide wrote down on 2023-05-23
// for eu-west-2, line by line, and shows beside it what is on a bill of today
// and was not on theirs.
func TestAuthorsBill(t *testing.T) {
	u := DefaultUsage().Traffic(0) // what an example does not name was not used
	u.ImageGB = 0
	u.KBPerSecond = 1e6 / 3600 // 1 LCU
	u.Database = "db.t4g.micro"
	e, err := Default().Estimate(catalog.Default().Service("ecs-fargate"), "eu-west-2", u, Shape{OwnDomain: true})
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]float64{ // USD a month, as the guide has them
		"fargate.x86.vcpu_hour":          2 * 8.4972,
		"fargate.x86.gb_hour":            2 * 1.86515,
		"alb.hour":                       19.3158,
		"alb.lcu_hour":                   6.132,
		"rds.postgres.db.t4g.micro_hour": 13.14,
	}
	sum := 0.0
	for _, l := range e.Lines {
		want, ok := written[l.SKU]
		if !ok {
			t.Logf("not on their bill: %8.2f USD  %s", l.USD, l.Item)
			if l.SKU != "ipv4.public_hour" {
				t.Errorf("unexpected line %s", l.SKU)
			}
			continue
		}
		t.Logf("theirs %8.2f, ours %8.2f USD  %s", want, l.USD, l.Item)
		if math.Abs(l.USD-want) > 1e-6 {
			t.Errorf("%s: %.6f USD, theirs %.6f", l.SKU, l.USD, want)
		}
		delete(written, l.SKU)
		sum += want
	}
	if len(written) > 0 {
		t.Errorf("lines of theirs that are missing: %v", written)
	}
	if missed := e.MonthlyUSD - sum; math.Abs(missed-4*730*0.005) > 1e-6 {
		t.Errorf("public IPv4 comes to %.4f USD, want four addresses for 730 h: 14.60", missed)
	}
	t.Logf("theirs %.2f, ours %.2f USD a month", sum, e.MonthlyUSD)
	// The other unit prices of the guide.
	q, err := Default().Quote("eu-west-2", []Item{
		{SKU: "efs.standard_gb_month", Quantity: 1},
		{SKU: "ecr.gb_month", Quantity: 1},
		{SKU: "logs.ingest_gb", Quantity: 1},
		{SKU: "logs.store_gb_month", Quantity: 1},
		{SKU: "egress.gb.tier1", Quantity: 1},
		{SKU: "rds.gp3_gb_month", Quantity: 1},
		{SKU: "globalaccelerator.hour", Quantity: 730},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.33, 0.10, 0.5985, 0.0315, 0.09, 0.133, 18.25} {
		if q.Lines[i].USD != want {
			t.Errorf("%s: %v, theirs %v", q.Lines[i].SKU, q.Lines[i].USD, want)
		}
	}
}
