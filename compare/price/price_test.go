package price

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"berth/assets"
	"berth/compare/catalog"
)

func TestEveryPriceHasSourceAndDate(t *testing.T) {
	a := catalog.Regions()
	rows := Default().Rows()
	if len(rows) < 1600 {
		t.Fatalf("only %d rows", len(rows))
	}
	areas := []string{"*", "us", "eu", "me-za", "sa", "jp", "au", "apac", "in", "na,eu", "apac,oceania,sa", "africa,india"}
	undated := 0
	for _, r := range rows {
		if err := check(r); err != nil {
			t.Error(err)
		}
		if r.AsOf == "unknown" {
			undated++
		}
		_, aws := a.Region(r.Region)
		_, fly := a.FlyRegion(r.Region)
		if !aws && !fly && !slices.Contains(areas, r.Region) {
			t.Errorf("%s has a price in %q, which is no region", r.SKU, r.Region)
		}
		if d, ok := Date(r.AsOf); ok && d.Format(time.DateOnly) > Default().AsOf() {
			t.Errorf("%s in %s is dated %s, after the table of %s", r.SKU, r.Region, r.AsOf, Default().AsOf())
		}
	}
	t.Logf("%d prices of %d SKUs; %d of them are unverified and without a date, and are shown so", len(rows), len(Default().Keys()), undated)
}

func TestEncodeDecode(t *testing.T) {
	if got := Default().Encode(); got != assets.Prices {
		t.Error("the embedded table does not encode to itself")
	}
	for name, text := range map[string]string{
		"empty":              "",
		"another header":     "berth-prices\t2\t2026-01-01\n",
		"no date":            header + "soon\n",
		"row before sku":     header + "2026-01-01\ns\thigh\t2026\tx\n*\t1\t0\n",
		"no such source":     header + "2026-01-01\nk\ta\tunit\n*\t1\t0\n",
		"negative price":     header + "2026-01-01\ns\thigh\t2026\tx\nk\ta\tunit\n*\t-1\t0\n",
		"not a number":       header + "2026-01-01\ns\thigh\t2026\tx\nk\ta\tunit\n*\tNaN\t0\n",
		"two prices":         header + "2026-01-01\ns\thigh\t2026\tx\nk\ta\tunit\n*\t1\t0\n*\t2\t0\n",
		"sku twice":          header + "2026-01-01\nk\ta\tunit\nk\ta\tunit\n",
		"source without day": header + "2026-01-01\ns\thigh\tlately\tx\n",
		"cut in a line":      header + "2026-01-01\ns\thigh",
	} {
		if _, err := Decode(text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestWithKeepsTheRest(t *testing.T) {
	fresh := Row{SKU: "alb.hour", Unit: "ALB-hour", Region: "us-east-2", USD: 0.0225, Source: "a list", AsOf: "2026-11-20", Confidence: "high"}
	n, err := Default().With("2026-11-23", []Row{fresh})
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := n.Exact("alb.hour", "us-east-2"); r != fresh {
		t.Errorf("got %+v", r)
	}
	if r, _ := Default().Exact("alb.hour", "us-east-2"); r.Confidence != "unverified" {
		t.Error("With changed the table it was made from")
	}
	old, _ := Default().Exact("alb.hour", "eu-west-2")
	if r, _ := n.Exact("alb.hour", "eu-west-2"); r != old || len(n.Rows()) != len(Default().Rows()) {
		t.Error("With lost something")
	}
	if _, err := Default().With("2026-11-23", []Row{{SKU: "x", Unit: "y", Region: "*", USD: math.NaN(), Source: "s", AsOf: "2026", Confidence: "high"}}); err == nil {
		t.Error("NaN was accepted")
	}
}

func TestQuote(t *testing.T) {
	q := func(region, sku string, n float64) (Line, Estimate, error) {
		e, err := Default().Quote(region, []Item{{SKU: sku, Quantity: n}})
		if err != nil {
			return Line{}, e, err
		}
		return e.Lines[0], e, nil
	}
	for _, tt := range []struct {
		region, sku string
		n, usd      float64
		known       bool
		complete    bool
	}{
		{"eu-west-2", "fargate.x86.vcpu_hour", 365, 16.9944, true, true},
		{"lhr", "fargate.x86.vcpu_hour", 365, 0, false, false}, // a Fly.io code prices Fly.io
		{"eu-west-2", "route53.zone_month", 2, 1, true, true},
		{"eu-west-2", "cloudfront.gb.tier1", 10, 0.85, true, true},
		{"ap-south-1", "cloudfront.gb.tier1", 10, 1.09, true, true},
		{"us-east-2", "alb.hour", 730, 16.425, true, false}, // unverified
		{"eu-west-2", "codebuild.linux.general1.small_minute", 10, 0, false, false},
		{"ap-east-1", "fargate.x86.vcpu_hour", 1, 0, false, false}, // a region without prices
		{"eu-west-2", "rds.postgres.db.r6g.large_hour", 1, 0, false, false},
		{"sa-east-1", "fly.egress_gb", 10, 0.4, true, true},
		{"iad", "fly.shared-cpu-1x.512mb_month", 1, 3.32, true, true},
		{"eu-west-2", "fly.shared-cpu-1x.512mb_month", 1, 3.32, true, true},
		{"us-west-1", "fly.shared-cpu-1x.1gb_month", 3, 20.37, true, true}, // sjc has its own price
		{"fly", "fly.volume_gb_month", 2, 0.3, true, true},
	} {
		l, e, err := q(tt.region, tt.sku, tt.n)
		if err != nil || l.USD != tt.usd || l.Known != tt.known || e.Complete != tt.complete || e.MonthlyUSD != tt.usd {
			t.Errorf("%s in %s: %+v, complete %v, %v", tt.sku, tt.region, l, e.Complete, err)
		}
		if l.Known == (l.Source == "") || l.Known == (l.AsOf == "") {
			t.Errorf("%s in %s: known %v, source %q, as of %q", tt.sku, tt.region, l.Known, l.Source, l.AsOf)
		}
	}
	if l, _, _ := q("eu-west-2", "fly.shared-cpu-1x.512mb_month", 1); l.Confidence != "low" || !strings.Contains(l.Source, "1.0 to 1.6") {
		t.Errorf("a Fly.io price of another region must say so: %+v", l)
	}
	for _, tt := range []struct {
		region, sku string
		n           float64
		want        string
	}{
		{"eu-west-9", "alb.hour", 1, "did you mean eu-west-1"},
		{"eu-west-2", "fargate.x86.vcpu_hours", 1, "of fargate it has fargate.arm.gb_hour"},
		{"eu-west-2", "nonsense", 1, `no SKU "nonsense"`},
		{"eu-west-2", "egress.free_gb_month", 1, "not a price"},
		{"eu-west-2", "alb.hour", -1, "not between"},
		{"eu-west-2", "alb.hour", math.NaN(), "not between"},
		{"eu-west-2", "alb.hour", math.Inf(1), "not between"},
	} {
		_, _, err := q(tt.region, tt.sku, tt.n)
		var in *InputError
		if !errors.As(err, &in) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s in %s: %v", tt.sku, tt.region, err)
		}
	}
}

func TestEstimateSums(t *testing.T) {
	e, _ := Default().Quote("eu-west-2", []Item{{SKU: "fargate.x86.vcpu_hour", Quantity: 1}, {SKU: "alb.hour", Quantity: 1}, {SKU: "ecr.gb_month", Quantity: 1}})
	if e.PricesAsOf != "2025-10-27" || e.Confidence != "high" || !e.Complete || e.MonthlyUSD != round(0.04656+0.02646+0.1) {
		t.Errorf("%+v", e)
	}
	e, _ = Default().Quote("us-east-2", []Item{{SKU: "alb.hour", Quantity: 1}, {SKU: "ipv4.public_hour", Quantity: 1}})
	if e.PricesAsOf != "unknown" || e.Confidence != "unverified" || e.Complete {
		t.Errorf("%+v", e)
	}
}

func TestOldPrices(t *testing.T) {
	day := func(s string) time.Time { d, _ := Date(s); return d }
	e, _ := Default().Quote("eu-west-2", []Item{{SKU: "fargate.x86.vcpu_hour", Quantity: 1}, {SKU: "alb.hour", Quantity: 1}, {SKU: "nat.gb", Quantity: 1}})
	for _, tt := range []struct {
		today string
		want  []bool
	}{
		{"2026-04-25", []bool{false, false, false}},
		{"2026-04-26", []bool{true, false, false}},
		{"2026-11-22", []bool{true, false, true}},
		{"2027-06-01", []bool{true, true, true}},
	} {
		var got []bool
		for _, l := range e.Aged(day(tt.today)).Lines {
			got = append(got, l.Old)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("on %s: %v, want %v", tt.today, got, tt.want)
		}
	}
	if e.Lines[0].Old || e.Aged(time.Time{}).Lines[0].Old {
		t.Error("without a day nothing is old")
	}
	if !Old("unknown", day("2026-01-01")) || Old("2026", day("2026-06-29")) || !Old("2026", day("2026-07-01")) {
		t.Error("a year counts from its first day; an unknown date is old")
	}
}

func TestLCU(t *testing.T) {
	for _, tt := range []struct {
		name string
		u    Usage
		lcu  float64
	}{
		{"new connections", Usage{NewConnectionsPerSecond: 100}, 4},
		{"active connections", Usage{NewConnectionsPerSecond: 100, ConnectionMinutes: 3}, 6},
		{"bytes", Usage{KBPerSecond: 300, NewConnectionsPerSecond: 1, ConnectionMinutes: 2, RequestsPerSecond: 5, LBRules: 60}, 1.08},
		{"rule evaluations", Usage{RequestsPerSecond: 100, LBRules: 60}, 5},
		{"nothing", Usage{RequestsPerSecond: 100, LBRules: 10}, 0},
		{"bytes", Usage{EgressGB: 1460, ActiveHoursPerDay: 24, Days: 730.0 / 24}, 2},
	} {
		if got, name := tt.u.LCU(); math.Abs(got-tt.lcu) > 1e-9 || name != tt.name {
			t.Errorf("%+v: %v by %s, want %v by %s", tt.u, got, name, tt.lcu, tt.name)
		}
	}
}

func TestTiers(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		q, free float64
		want    []float64
	}{
		{50, 100, []float64{0, 0, 0, 0}},
		{150, 100, []float64{50, 0, 0, 0}},
		{51200, 100, []float64{10140, 40960, 0, 0}},
		{200000, 100, []float64{10140, 40960, 102400, 46400}},
		{12000, 11000, []float64{0, 1000, 0, 0}},
	} {
		if got := split(tt.q, tt.free, []float64{10240, 40960, 102400, inf}); !slices.Equal(got, tt.want) {
			t.Errorf("%v with %v free: %v, want %v", tt.q, tt.free, got, tt.want)
		}
	}
}

// line finds a line of an estimate.
func line(e Estimate, sku string) Line {
	for _, l := range e.Lines {
		if l.SKU == sku {
			return l
		}
	}
	return Line{}
}

func estimate(t *testing.T, service, region string, s Shape, change func(*Usage)) Estimate {
	t.Helper()
	u := DefaultUsage()
	change(&u)
	if err := u.Validate(); err != nil {
		t.Fatal(err)
	}
	e, err := Default().Estimate(catalog.Default().Service(service), region, u, s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestModelByService(t *testing.T) {
	plain := func(*Usage) {}
	for _, tt := range []struct {
		name, service, region string
		shape                 Shape
		change                func(*Usage)
		sku                   string
		qty                   float64
	}{
		{"one minute at least", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.Instances, u.Days, u.ActiveHoursPerDay = 1, 30, 1.0/3600 }, "fargate.x86.gb_hour", 0.25},
		{"a task has a public address", "ecs-fargate", "eu-west-2", Shape{}, plain, "ipv4.public_hour", 1460},
		{"cluster zone", "ecs-fargate", "eu-west-2", Shape{Clustering: true}, plain, "route53.zone_month", 1},
		{"EFS", "ecs-fargate", "eu-west-2", Shape{Storage: true}, func(u *Usage) { u.StorageGB = 5 }, "efs.standard_gb_month", 5},
		{"no EFS when not needed", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.StorageGB = 5 }, "efs.standard_gb_month", 0},
		{"CloudFront takes the first terabyte", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.EgressGB = 2024 }, "cloudfront.gb.tier1", 1000},
		{"own domain pays data out", "ecs-fargate", "eu-west-2", Shape{OwnDomain: true}, func(u *Usage) { u.EgressGB = 300 }, "egress.gb.tier1", 200},
		{"Express pays data out", "ecs-express", "eu-west-2", Shape{}, func(u *Usage) { u.EgressGB = 300 }, "egress.gb.tier1", 200},
		{"CloudFront requests", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.RequestsPerSecond, u.Days = 10, 100 }, "cloudfront.https_10k", 7640},
		{"NAT", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.NATGateways, u.NATGB = 2, 7 }, "nat.hour", 1460},
		{"NAT data", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.NATGateways, u.NATGB = 2, 7 }, "nat.gb", 7},
		{"arm", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.Arch = "arm" }, "fargate.arm.vcpu_hour", 365},
		{"logs", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.LogGB = 3 }, "logs.ingest_gb", 3},
		{"both directions", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.CrossZoneGB = 3 }, "egress.crossaz_gb", 6},
		{"Lightsail is flat", "lightsail", "eu-west-2", Shape{}, plain, "lightsail.container.nano_month", 2},
		{"Lightsail's month has 744 hours", "lightsail", "eu-west-2", Shape{}, func(u *Usage) { u.Days = 31 }, "lightsail.container.nano_month", 2},
		{"Lightsail by the hour", "lightsail", "eu-west-2", Shape{}, func(u *Usage) { u.Days = 10 }, "lightsail.container.nano_hour", 480},
		{"Lightsail's traffic", "lightsail", "eu-west-2", Shape{}, func(u *Usage) { u.EgressGB = 600 }, "lightsail.transfer_overage_gb", 100},
		{"Lightsail's next size", "lightsail", "eu-west-2", Shape{}, func(u *Usage) { u.MemoryGB = 1.5 }, "lightsail.container.medium_month", 2},
		{"App Runner's memory all day", "app-runner", "us-east-1", Shape{}, func(u *Usage) { u.ActiveHoursPerDay = 2 }, "apprunner.gb_hour", 730},
		{"App Runner's CPU when active", "app-runner", "us-east-1", Shape{}, func(u *Usage) { u.ActiveHoursPerDay, u.Days = 2, 30 }, "apprunner.vcpu_hour", 30},
		{"Lambda's requests", "lambda", "eu-west-2", Shape{}, func(u *Usage) { u.RequestsPerSecond, u.Days = 1, 30 }, "lambda.request", 1592000},
		{"EKS control plane", "eks", "eu-west-2", Shape{}, plain, "eks.cluster_hour", 730},
		{"EKS nodes are medium at least", "eks", "eu-west-2", Shape{}, plain, "ec2.t3a.medium_hour", 1460},
		{"two tasks on two instances", "ecs-ec2", "eu-west-2", Shape{}, plain, "ec2.t3a.micro_hour", 1460},
		{"an instance each", "ec2", "eu-west-2", Shape{}, func(u *Usage) { u.Instances = 3 }, "ec2.t3a.nano_hour", 2190},
		{"EC2 keeps files on its disk", "ec2", "us-east-1", Shape{Storage: true}, func(u *Usage) { u.StorageGB = 5 }, "ebs.gp3_gb_month", 21},
		{"machines stop", "fly", "us-east-1", Shape{}, func(u *Usage) { u.ActiveHoursPerDay = 12 }, "fly.shared-cpu-1x.512mb_month", 1},
		{"memory by the GB", "fly", "us-east-1", Shape{}, func(u *Usage) { u.MemoryGB = 2 }, "fly.extra_ram_gb_month", 2},
		{"builds", "ecs-fargate", "us-east-1", Shape{}, func(u *Usage) { u.BuildMinutes = 30 }, "codebuild.linux.general1.small_minute", 30},
		{"secrets", "ecs-fargate", "us-east-1", Shape{}, func(u *Usage) { u.Secrets = 3 }, "secretsmanager.secret_month", 3},
	} {
		if got := line(estimate(t, tt.service, tt.region, tt.shape, tt.change), tt.sku); math.Abs(got.Quantity-tt.qty) > 1e-6 {
			t.Errorf("%s: %s is %v, want %v", tt.name, tt.sku, got.Quantity, tt.qty)
		}
	}
}

func TestTooLargeIsNotCheap(t *testing.T) {
	for _, s := range catalog.Default().IDs() {
		e := estimate(t, s, "us-east-1", Shape{}, func(u *Usage) { u.VCPU, u.MemoryGB = 300, 3000 })
		if e.Complete || len(e.Missing()) == 0 {
			t.Errorf("%s has a whole price for 300 vCPU: %+v", s, e)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := DefaultUsage().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Usage){
		"egress-gb":            func(u *Usage) { u.EgressGB = -1 },
		"vcpu":                 func(u *Usage) { u.VCPU = math.NaN() },
		"memory-gb":            func(u *Usage) { u.MemoryGB = math.Inf(1) },
		"instances":            func(u *Usage) { u.Instances = 0 },
		"active-hours-per-day": func(u *Usage) { u.ActiveHoursPerDay = 25 },
		"days":                 func(u *Usage) { u.Days = 0 },
		"requests-per-second":  func(u *Usage) { u.RequestsPerSecond = 1e9 },
		"arch":                 func(u *Usage) { u.Arch = "mips" },
		"database":             func(u *Usage) { u.Database = "postgres" },
	} {
		u := DefaultUsage()
		change(&u)
		var in *InputError
		if err := u.Validate(); !errors.As(err, &in) || in.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// drawUsage draws any sensible usage.
func drawUsage(t *rapid.T) Usage {
	u := DefaultUsage()
	f := func(name string, hi float64) float64 { return rapid.Float64Range(0, hi).Draw(t, name) }
	u.VCPU, u.MemoryGB = 0.05+f("vcpu", 8), 0.1+f("memory", 32)
	u.Instances = rapid.IntRange(1, 30).Draw(t, "instances")
	u.Arch = rapid.SampledFrom([]string{"x86", "arm"}).Draw(t, "arch")
	u.ActiveHoursPerDay, u.Days = f("active", 24), 0.1+f("days", 60)
	u.EphemeralGB, u.StorageGB, u.EgressGB, u.LogGB = f("ephemeral", 200), f("storage", 500), f("egress", 300000), f("log", 500)
	u.ImageGB = f("image", 10)
	u.RequestsPerSecond, u.NewConnectionsPerSecond, u.ConnectionMinutes = f("rps", 500), f("connections", 100), f("minutes", 60)
	u.KBPerSecond, u.LBRules = f("kb", 5000), rapid.IntRange(0, 100).Draw(t, "rules")
	u.CrossZoneGB, u.NATGB, u.BuildMinutes = f("cross", 100), f("natgb", 100), f("build", 1000)
	u.Secrets, u.NATGateways = rapid.IntRange(0, 20).Draw(t, "secrets"), rapid.IntRange(0, 1).Draw(t, "nat")
	if rapid.Bool().Draw(t, "db") {
		u.Database, u.DatabaseGB = "db.t4g.micro", f("dbgb", 100)
	}
	return u
}

// Using more never costs less, whatever is used more, on every service and in every region that has prices.
// Where the larger usage no longer has a size, its bill has no total and is not compared.
func TestMoreUsageNeverCostsLess(t *testing.T) {
	regions := []string{"us-east-1", "eu-west-2", "ap-northeast-1", "sa-east-1", "ap-south-1", "eu-north-1", "us-east-2", "ap-east-1"}
	rapid.Check(t, func(t *rapid.T) {
		a := drawUsage(t)
		b := a
		by := 1 + rapid.Float64Range(0, 3).Draw(t, "by")
		n := rapid.IntRange(1, 10).Draw(t, "n")
		more := map[string]func(){
			"vcpu": func() { b.VCPU *= by }, "memory": func() { b.MemoryGB *= by }, "instances": func() { b.Instances += n },
			"active": func() { b.ActiveHoursPerDay = min(24, b.ActiveHoursPerDay*by) }, "days": func() { b.Days *= by },
			"ephemeral": func() { b.EphemeralGB *= by }, "storage": func() { b.StorageGB *= by }, "egress": func() { b.EgressGB *= by },
			"log": func() { b.LogGB *= by }, "image": func() { b.ImageGB = min(10, b.ImageGB*by) }, "rps": func() { b.RequestsPerSecond *= by },
			"connections": func() { b.NewConnectionsPerSecond *= by }, "minutes": func() { b.ConnectionMinutes *= by },
			"kb": func() { b.KBPerSecond *= by }, "rules": func() { b.LBRules += n }, "cross": func() { b.CrossZoneGB *= by },
			"build": func() { b.BuildMinutes *= by }, "secrets": func() { b.Secrets += n }, "dbgb": func() { b.DatabaseGB *= by },
		}
		names := make([]string, 0, len(more))
		for k := range more {
			names = append(names, k)
		}
		slices.Sort(names)
		what := rapid.SampledFrom(names).Draw(t, "what")
		more[what]()
		region := rapid.SampledFrom(regions).Draw(t, "region")
		shape := Shape{rapid.Bool().Draw(t, "domain"), rapid.Bool().Draw(t, "cluster"), rapid.Bool().Draw(t, "storageNeeded")}
		s := &catalog.Default().Services[rapid.IntRange(0, 9).Draw(t, "service")]
		ea, err := Default().Estimate(s, region, a, shape)
		eb, err2 := Default().Estimate(s, region, b, shape)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if usd, whole, _ := Default().Monthly(s, region, a, shape); math.Abs(usd-ea.MonthlyUSD) > 1e-5 || whole != (len(ea.Missing()) == 0) {
			t.Fatalf("%s in %s: Monthly says %v, the lines %v", s.ID, region, usd, ea.MonthlyUSD)
		}
		if slices.ContainsFunc(eb.Lines, func(l Line) bool { return !l.Known && strings.HasPrefix(l.Item, "no ") }) {
			return // outgrew the service
		}
		if eb.MonthlyUSD < ea.MonthlyUSD-1e-5 {
			t.Fatalf("%s in %s: more %s costs %.6f instead of %.6f\n%+v\n%+v", s.ID, region, what, eb.MonthlyUSD, ea.MonthlyUSD, ea.Lines, eb.Lines)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("eu-west-2", "fargate.x86.vcpu_hour", 730.0)
	f.Add("lhr", "fly.volume_gb_month", 1.0)
	f.Add("", "", math.Inf(-1))
	f.Fuzz(func(t *testing.T, region, sku string, n float64) {
		e, err := Default().Quote(region, []Item{{SKU: sku, Quantity: n}})
		if err != nil {
			var in *InputError
			if !errors.As(err, &in) || in.Text == "" {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		l := e.Lines[0]
		if !(e.MonthlyUSD >= 0) || math.IsInf(e.MonthlyUSD, 0) || l.Known == (l.Source == "") || (!l.Known && (l.USD != 0 || e.Complete)) {
			t.Fatalf("%+v", e)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(assets.Prices[:4000])
	f.Add(header + "2026-01-01\ns\thigh\t2026\tx\nk\ta\tunit\n*\t1\t0\n")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := Decode(text)
		if err != nil {
			return
		}
		again, err := Decode(tab.Encode())
		if err != nil || again.Encode() != tab.Encode() {
			t.Fatalf("does not survive a round trip: %v", err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(assets.Prices); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEstimate(b *testing.B) {
	b.ReportAllocs()
	s, u := catalog.Default().Service("ecs-fargate"), DefaultUsage()
	for b.Loop() {
		if _, err := Default().Estimate(s, "eu-west-2", u, Shape{}); err != nil {
			b.Fatal(err)
		}
	}
}
