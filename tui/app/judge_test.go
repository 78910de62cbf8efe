package app

import (
	"berth/compare"
	"berth/compare/advise"
	"berth/compare/price"
	"berth/tui/screen"
)

// judge is a comparison with made-up prices, so that goldens do not change with the price table.
type judge struct{ compare.Advisor }

func (judge) Months(string, advise.Requirements, price.Usage) (compare.Months, error) {
	month := func(usd float64) price.Estimate { return price.Estimate{MonthlyUSD: usd, Complete: true} }
	return compare.Months{Low: month(31.20), Typical: month(41.26), Busy: month(88.10)}, nil
}

func (judge) CostTables(services []string, _ advise.Requirements, _ price.Usage) ([]compare.CostTable, error) {
	t := compare.CostTable{
		Dimension: "instances", Values: []float64{1, 2, 4, 8, 16},
		Breaks: []compare.BreakEven{{Cheaper: "lightsail", Then: "ecs-fargate", At: 5, USD: 35}},
	}
	for i, s := range services {
		row := compare.CostRow{Service: s}
		for _, n := range t.Values {
			row.USD = append(row.USD, 20/float64(i+1)+n*(7+4*float64(i)))
		}
		t.Rows = append(t.Rows, row)
	}
	return []compare.CostTable{t}, nil
}

func (judge) RankRegions(string, advise.Requirements, price.Usage) ([]compare.RankedRegion, error) {
	return []compare.RankedRegion{
		{Code: "us-east-1", Name: "US East (N. Virginia)", MonthlyUSD: 38.10, Complete: true, Priced: true},
		{Code: "eu-west-2", Name: "Europe (London)", MonthlyUSD: 41.26, Complete: true, Priced: true},
		{Code: "af-south-1", Name: "Africa (Cape Town)", OptIn: true},
	}, nil
}

func (judge) Compare(r advise.Requirements, u price.Usage) (*compare.Result, error) {
	n := float64(u.Instances)
	fargate := compare.Service{
		ID: "ecs-fargate", Name: "ECS on Fargate", Verdict: advise.Fits, Deployable: true, OpenToNewAccounts: true,
		Reasons: []advise.Reason{
			{Requirement: "websockets", Verdict: advise.Fits, Text: "the load balancer passes WebSockets on", Source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/", AsOf: "2026-08-20", Confidence: "high"},
			{Requirement: "clustering", Verdict: advise.Fits, Text: "tasks reach each other in their own network", Source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/", AsOf: "2026-08-20", Confidence: "high"},
			{Requirement: "region", Verdict: advise.Fits, Text: "there is Fargate in " + r.Region, Source: "https://docs.aws.amazon.com/general/latest/gr/ecs-service.html", AsOf: "2026-08-07", Confidence: "high"},
		},
		Estimate: price.Estimate{MonthlyUSD: 19.32 + 10.97*n, Complete: true, PricesAsOf: "2026-08-21", Lines: []price.Line{
			{SKU: "fargate.x86.vcpu_hour", Item: "tasks, vCPU", Quantity: 365, Unit: "vCPU-hour", UnitUSD: 0.0467, USD: 8.52 * n, AsOf: "2026-08-21", Known: true},
			{SKU: "fargate.x86.gb_hour", Item: "tasks, memory", Quantity: 730, Unit: "GB-hour", UnitUSD: 0.005, USD: 2.45 * n, AsOf: "2026-08-21", Known: true},
			{SKU: "alb.hour", Item: "load balancer", Quantity: 730, Unit: "hour", UnitUSD: 0.02646, USD: 19.32, AsOf: "2026-10-01", Known: true},
		}},
	}
	runner := compare.Service{
		ID: "app-runner", Name: "App Runner", Verdict: advise.Fits,
		Estimate: price.Estimate{MonthlyUSD: 14.2 * n, PricesAsOf: "2024-01-01", Confidence: "low"},
	}
	light := compare.Service{
		ID: "lightsail", Name: "Lightsail containers", Verdict: advise.Fits, OpenToNewAccounts: true,
		Estimate: price.Estimate{MonthlyUSD: 7 * n, Complete: true, PricesAsOf: "2026-06-01"},
	}
	no := func(s *compare.Service, requirement, text, change string) {
		s.Verdict = advise.No
		s.Reasons = append(s.Reasons, advise.Reason{
			Requirement: requirement, Verdict: advise.No, Text: text,
			Source: "https://docs.aws.amazon.com/apprunner/latest/dg/develop.html", AsOf: "2026-10-01", Confidence: "high",
		})
		s.WouldChange = append(s.WouldChange, change)
	}
	no(&runner, "account", "takes no new customers since 2026-04-30", "an account that used App Runner before")
	if r.WebSockets {
		no(&runner, "websockets", "no WebSockets: the upgrade is answered with 403", "long polling instead of WebSockets")
	}
	if r.Clustering {
		no(&runner, "clustering", "instances cannot reach each other", "a PubSub beside the app, such as Redis")
		no(&light, "clustering", "nodes cannot talk to each other", "a PubSub beside the app, such as Redis")
	}
	services := []compare.Service{fargate, light, runner}
	recommended := fargate.ID
	if light.Verdict == advise.Fits {
		services, recommended = []compare.Service{light, fargate, runner}, light.ID
	}
	return &compare.Result{AsOf: "2026-11-22", Region: r.Region, Requirements: r, Usage: u, Recommended: recommended, Services: services}, nil
}

// unfit says no to every service.
type unfit struct{ screen.Advisor }

func (u unfit) Compare(r advise.Requirements, use price.Usage) (*compare.Result, error) {
	result, err := u.Advisor.Compare(r, use)
	if err != nil {
		return nil, err
	}
	for i := range result.Services {
		s := &result.Services[i]
		s.Verdict = advise.No
		s.Reasons = append(s.Reasons, advise.Reason{Requirement: "region", Verdict: advise.No, Text: "it is not in this region"})
	}
	return result, nil
}
