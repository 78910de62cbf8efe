package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/assets"
	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
)

// rawPrices reads the price snapshot by itself: no code of package price has a part in the second count.
func rawPrices(t *testing.T) map[string]float64 {
	t.Helper()
	out, key := map[string]float64{}, ""
	for _, line := range strings.Split(assets.Prices, "\n")[1:] {
		f := strings.Split(line, "\t")
		switch {
		case line == "" || f[0] == "s":
		case f[0] == "k":
			key = f[1]
		default:
			usd, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			out[key+" "+f[0]] = usd
		}
	}
	return out
}

// month is the hours that AWS counts a month with.
const month = 730.0

// A case is an app that people bring, with what is recommended, and its bill counted by hand: quantities of SKUs.
var cases = []struct {
	name, region string
	needs        advise.Requirements
	usage        func(*price.Usage)
	best         string
	verdict      advise.Verdict
	bill         map[string]float64
}{
	{
		"hobby-liveview", "us-east-1",
		advise.Requirements{WebSockets: true},
		func(u *price.Usage) { u.Instances = 1 },
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 0.25 * month, "fargate.x86.gb_hour": 0.5 * month, "alb.hour": month,
			"ipv4.public_hour": (1 + 2) * month, // the task, and the load balancer in two zones
			"alb.lcu_hour":     10,              // 10 GB at a GB an hour for a unit
			"ecr.gb_month":     0.6,
		},
	},
	{
		"two-nodes-postgres", "eu-central-1",
		advise.Requirements{WebSockets: true, Clustering: true, Database: true},
		func(*price.Usage) {},
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 2 * 0.25 * month, "fargate.x86.gb_hour": 2 * 0.5 * month, "alb.hour": month,
			"ipv4.public_hour": (2 + 2) * month, "alb.lcu_hour": 10, "ecr.gb_month": 0.6, "route53.zone_month": 1,
			"rds.postgres.db.t4g.micro_hour": month, "rds.gp3_gb_month": 20,
		},
	},
	{
		"api-50-requests", "eu-west-1",
		advise.Requirements{CustomDomain: true, ReleaseCommand: true, Secrets: true},
		func(u *price.Usage) {
			u.VCPU, u.MemoryGB, u.RequestsPerSecond, u.NewConnectionsPerSecond = 0.5, 1, 50, 5
			u.EgressGB, u.LogGB, u.ImageGB = 300, 10, 1
		},
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 2 * 0.5 * month, "fargate.x86.gb_hour": 2 * 1 * month, "alb.hour": month,
			"ipv4.public_hour": (2 + 2) * month,
			"alb.lcu_hour":     300,       // bytes: more than 5/25 of new and 300/3000 of active connections
			"egress.gb.tier1":  300 - 100, // no distribution with a domain of one's own
			"logs.ingest_gb":   10 - 5, "logs.store_gb_month": 10 - 5, "ecr.gb_month": 1,
		},
	},
	{
		"idle-23-hours", "us-east-1",
		advise.Requirements{ScaleToZero: true},
		func(u *price.Usage) { u.Instances, u.ActiveHoursPerDay = 1, 1 },
		"lambda", advise.Changes,
		map[string]float64{
			// 27,375 requests of 0.1 s and 512 MB: within the free million and the free 400,000 GB-seconds
			"lambda.x86.gb_second": 0, "lambda.request": 0, "ecr.gb_month": 0.6,
		},
	},
	{
		"brazil-websockets", "sa-east-1",
		advise.Requirements{WebSockets: true},
		func(*price.Usage) {},
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 2 * 0.25 * month, "fargate.x86.gb_hour": 2 * 0.5 * month, "alb.hour": month,
			"ipv4.public_hour": (2 + 2) * month, "alb.lcu_hour": 10, "ecr.gb_month": 0.6,
		},
	},
	{
		"uploads-100-gb", "eu-west-1",
		advise.Requirements{UploadsToS3: true},
		func(u *price.Usage) { u.StorageGB = 100 },
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 2 * 0.25 * month, "fargate.x86.gb_hour": 2 * 0.5 * month, "alb.hour": month,
			"ipv4.public_hour": (2 + 2) * month, "alb.lcu_hour": 10, "ecr.gb_month": 0.6, "s3.standard_gb_month": 100,
		},
	},
	{
		"arm64", "us-west-2",
		advise.Requirements{ARM64: true},
		func(u *price.Usage) { u.Arch = "arm" },
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.arm.vcpu_hour": 2 * 0.25 * month, "fargate.arm.gb_hour": 2 * 0.5 * month, "alb.hour": month,
			"ipv4.public_hour": (2 + 2) * month, "alb.lcu_hour": 10, "ecr.gb_month": 0.6,
		},
	},
	{
		"5400-websockets", "us-east-1",
		advise.Requirements{WebSockets: true},
		func(u *price.Usage) {
			u.VCPU, u.MemoryGB, u.NewConnectionsPerSecond, u.ConnectionMinutes = 1, 2, 3, 30 // 3 a second x 1800 s
		},
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 2 * 1 * month, "fargate.x86.gb_hour": 2 * 2 * month, "alb.hour": month,
			"ipv4.public_hour": (2 + 2) * month, "alb.lcu_hour": 5400.0 / 3000 * month, "ecr.gb_month": 0.6,
		},
	},
	{
		"static-files", "us-east-1",
		advise.Requirements{StaticOnly: true},
		func(u *price.Usage) { u.Instances = 1 },
		"s3-cloudfront", advise.Fits,
		map[string]float64{"s3.standard_gb_month": 1, "route53.zone_month": 1}, // 10 GB out are free at CloudFront
	},
	{
		"worker", "us-east-1",
		advise.Requirements{NoHTTP: true, Secrets: true},
		func(u *price.Usage) { u.Instances, u.VCPU, u.MemoryGB = 1, 0.5, 1 },
		"ecs-fargate", advise.Fits,
		map[string]float64{
			"fargate.x86.vcpu_hour": 0.5 * month, "fargate.x86.gb_hour": 1 * month, "ipv4.public_hour": month, "ecr.gb_month": 0.6,
		},
	},
}

// TestCases holds verdict, sum and reason of ten apps. Each sum is counted a second time, from quantities that stand
// here and from the rows of the snapshot, and each line of the estimate from its own row.
func TestCases(t *testing.T) {
	if len(cases) != 10 {
		t.Fatal("ten cases are promised")
	}
	rows := rawPrices(t)
	at := func(sku, region string) float64 {
		usd, ok := rows[sku+" "+region]
		if !ok {
			usd, ok = rows[sku+" *"]
		}
		if !ok {
			t.Errorf("no row for %s in %s", sku, region)
		}
		return usd
	}
	day, _ := price.Date("2026-11-27")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			u := price.DefaultUsage()
			c.usage(&u)
			c.needs.Region = c.region
			r, err := Advisor{Today: day}.Report(c.needs, u)
			if err != nil {
				t.Fatal(err)
			}
			best, verdict, e := r.Result.Recommended, advise.Fits, price.Estimate{}
			if i := r.Result.Instead; i != nil {
				best, e = i.ID, i.Estimate
			} else {
				s := r.Result.Service(best)
				verdict, e = s.Verdict, s.Estimate
			}
			if best != c.best || verdict != c.verdict {
				t.Errorf("%s %s, want %s %s", best, verdict, c.best, c.verdict)
			}
			want, said := 0.0, map[string]float64{}
			for sku, q := range c.bill {
				want += q * at(sku, c.region)
			}
			for _, l := range e.Lines {
				said[l.SKU] += l.Quantity
				if by := l.Quantity * at(l.SKU, c.region); math.Abs(by-l.USD) > 1e-5 || !l.Known {
					t.Errorf("%s: %.6f, by its row %.6f", l.Item, l.USD, by)
				}
			}
			for sku, q := range c.bill {
				if math.Abs(said[sku]-q) > 1e-5 {
					t.Errorf("%v of %s, want %v", said[sku], sku, q)
				}
				delete(said, sku)
			}
			if len(said) > 0 {
				t.Errorf("counted, too: %v", said)
			}
			if math.Abs(e.MonthlyUSD-want) > 1e-4 {
				t.Errorf("%.6f USD a month, counted %.6f", e.MonthlyUSD, want)
			}
			golden(t, "case-"+c.name+".txt", caseText(r))
		})
	}
}

// caseText is what decides: per service verdict, sum and reason, and what is told about the recommended one.
func caseText(r *Report) string {
	var b strings.Builder
	res := r.Result
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n", res.Region, Needs(res.Requirements), UsageText(res.Usage))
	if i := res.Instead; i != nil {
		fmt.Fprintf(&b, "%s: %s USD a month. %s\n\n", i.ID, Sum(i.Estimate), i.Text)
	}
	for _, s := range res.Services {
		fmt.Fprintf(&b, "%-18s %-13s %10s  %s\n", s.ID, Word(s.Verdict), Money(s.Estimate), s.Why)
	}
	fmt.Fprintf(&b, "\nrecommended: %s\n", res.Recommended)
	if s := res.Service(res.Recommended); s != nil {
		fmt.Fprintf(&b, "%s\n", Parts(s.Estimate, res.Usage))
		for _, l := range s.Estimate.Lines {
			fmt.Fprintf(&b, "  %-70s %10s %10s  %s\n", l.Item, quantity(l.Quantity), LineMoney(l), l.AsOf)
		}
	}
	if res.Credits != "" {
		fmt.Fprintln(&b, res.Credits)
	}
	for _, s := range res.Savings {
		fmt.Fprintf(&b, "  saves %.2f: %s\n", s.USD, s.Text)
	}
	return b.String()
}

// A price that nobody has written down neither wins nor loses: Lightsail costs the same in all regions that are known,
// so in São Paulo, where a row is missing, it stands where it stands in Virginia.
func TestAMissingPriceDoesNotTurnTheOrder(t *testing.T) {
	place := func(region string) (int, price.Estimate) {
		r, err := Advisor{}.Compare(advise.Requirements{Region: region}, price.DefaultUsage())
		if err != nil {
			t.Fatal(err)
		}
		return slices.IndexFunc(r.Services, func(s Service) bool { return s.ID == "lightsail" }), r.Service("lightsail").Estimate
	}
	known, _ := place("us-east-1")
	missing, e := place("sa-east-1")
	if known != missing || e.MonthlyUSD != 14 || e.HighUSD != 14 {
		t.Errorf("place %d with a price, %d without; %+v", known, missing, e)
	}
	rows := price.Default().Rows()
	without, err := price.New("2026-11-27", slices.DeleteFunc(rows, func(r price.Row) bool {
		return strings.HasPrefix(r.SKU, "lightsail.") && r.Region == "us-east-1"
	}))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Advisor{Prices: without}.Compare(advise.Requirements{Region: "us-east-1"}, price.DefaultUsage())
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(r.Services, func(s Service) bool { return s.ID == "lightsail" }); i != known {
		t.Errorf("without its row Lightsail stands at %d, with it at %d", i, known)
	}
}

// BenchmarkSixTimesTheRows prices all services from a table of six times the rows. It fails beyond a millisecond.
func BenchmarkSixTimesTheRows(b *testing.B) {
	rows := price.Default().Rows()
	all := slices.Clone(rows)
	for i := range 5 {
		for _, r := range rows {
			r.Region = fmt.Sprintf("xx-%d-%s", i, r.Region)
			all = append(all, r)
		}
	}
	table, err := price.New("2026-11-27", all)
	if err != nil {
		b.Fatal(err)
	}
	services, u := catalog.Default().Services, price.DefaultUsage()
	shape := advise.ShapeOf(advise.Requirements{WebSockets: true, Clustering: true})
	b.ReportAllocs()
	for b.Loop() {
		for i := range services {
			if _, err := table.Estimate(&services[i], "eu-west-2", u, shape); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(all)), "rows")
	if each := b.Elapsed() / time.Duration(b.N); each > time.Millisecond {
		b.Errorf("all services are priced in %v", each)
	}
}
