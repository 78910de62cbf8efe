package price

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

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
		"another header":     "berth-prices\t3\t2026-01-01\n",
		"brace in a region":  header + "2026-01-01\ns\thigh\t2026\tx\nk\ta\tunit\n{sku}\t1\t0\n",
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
	if r, _ := Default().Exact("alb.hour", "us-east-2"); r.AsOf == fresh.AsOf {
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
		{"lhr", "fargate.x86.vcpu_hour", 365, 14.7752, false, false}, // a Fly.io code prices Fly.io
		{"eu-west-2", "route53.zone_month", 2, 1, true, true},
		{"eu-west-2", "cloudfront.gb.tier1", 10, 0.85, true, true},
		{"ap-south-1", "cloudfront.gb.tier1", 10, 1.09, true, true},
		{"us-east-2", "alb.hour", 730, 16.425, true, true},
		{"eu-south-1", "alb.hour", 1, 0.0265, true, true},
		{"eu-south-1", "alb.lcu_hour", 1, 0.0084, true, false},                         // unverified
		{"eu-west-2", "codebuild.linux.general1.small_minute", 10, 0.05, false, false}, // known in one region
		{"ap-east-1", "fargate.x86.vcpu_hour", 1, 0.0556, true, true},
		{"ap-east-2", "alb.hour", 1, 0.0225, false, false}, // a region without this price: the lowest there is
		{"eu-west-2", "rds.postgres.db.r6g.large_hour", 1, 0.225, false, false},
		{"eu-west-2", "rds.postgres.db.r6g.huge_hour", 1, 0, false, false}, // no price anywhere
		{"sa-east-1", "fly.egress_gb", 10, 0.4, true, true},
		{"iad", "fly.shared-cpu-1x.512mb_month", 1, 3.32, true, true},
		{"eu-west-2", "fly.shared-cpu-1x.512mb_month", 1, 3.32, true, false}, // at least,
		{"us-west-1", "fly.shared-cpu-1x.1gb_month", 3, 20.37, true, true},   // sjc has its own price
		{"fly", "fly.volume_gb_month", 2, 0.3, true, true},
	} {
		l, e, err := q(tt.region, tt.sku, tt.n)
		if err != nil || l.USD != tt.usd || l.Known != tt.known || e.Complete != tt.complete || e.MonthlyUSD != tt.usd {
			t.Errorf("%s in %s: %+v, complete %v, %v", tt.sku, tt.region, l, e.Complete, err)
		}
		if l.Known == (l.AsOf == "") || (l.Known && l.Source == "") || l.Known == (l.HighUSD > 0 || l.USD == 0) {
			t.Errorf("%s in %s: %+v", tt.sku, tt.region, l)
		}
	}
	if l, _, _ := q("eu-west-2", "fly.shared-cpu-1x.512mb_month", 1); l.Confidence != "low" || !strings.Contains(l.Source, "markup that is not known") {
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
	if e.PricesAsOf != "2026-08-31" || e.Confidence != "high" || !e.Complete || e.MonthlyUSD != round(0.04656+0.02646+0.1) {
		t.Errorf("%+v", e)
	}
	e, _ = Default().Quote("eu-west-3", []Item{{SKU: "alb.lcu_hour", Quantity: 1}, {SKU: "ipv4.public_hour", Quantity: 1}})
	if e.PricesAsOf != "unknown" || e.Confidence != "unverified" || e.Complete {
		t.Errorf("%+v", e)
	}
}

func TestOldPrices(t *testing.T) {
	day := func(s string) time.Time { d, _ := Date(s); return d }
	e, _ := Default().Quote("eu-west-2", []Item{{SKU: "efs.standard_gb_month", Quantity: 1}, {SKU: "alb.hour", Quantity: 1}, {SKU: "nat.gb", Quantity: 1}})
	for _, tt := range []struct {
		today string
		want  []bool
	}{
		{"2026-03-24", []bool{false, false, false}},
		{"2026-03-25", []bool{true, false, false}},
		{"2026-11-22", []bool{true, false, false}},
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
		{"logs", "ecs-fargate", "eu-west-2", Shape{}, func(u *Usage) { u.LogGB = 8 }, "logs.ingest_gb", 3},
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

// What is a row's own in the text of its source is kept once, and comes back as it was.
func TestSourcesAreShared(t *testing.T) {
	row := func(region, number string) Row {
		return Row{
			SKU: "x.hour", Unit: "hour", Region: region, USD: 1, AsOf: "2026-08-31", Confidence: "high",
			Source: "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSELB/1/" + region + "/index.json SKU " + number + " (quoted)",
		}
	}
	rows := []Row{row("eu-west-1", "ABCDEFGHIJ234567"), row("eu-west-2", "BBCDEFGHIJ234567/CBCDEFGHIJ234567"), row("*", "DBCDEFGHIJ234567")}
	a, err := New("2026-11-27", rows)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Decode(a.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Rows(); !slices.Equal(got, rows) {
		t.Errorf("%+v", got)
	}
	if n := strings.Count(a.Encode(), "\ns\t"); n != 1 {
		t.Errorf("%d sources:\n%s", n, a.Encode())
	}
	// A source that nothing has any more is not written.
	c, err := a.With("2026-11-27", []Row{{SKU: "x.hour", Unit: "hour", Region: "*", USD: 2, Source: "a list", AsOf: "2026-11-01", Confidence: "low"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err = c.With("2026-11-27", []Row{row("*", "DBCDEFGHIJ234567")})
	if err != nil || strings.Contains(c.Encode(), "a list") {
		t.Errorf("%v:\n%s", err, c.Encode())
	}
}
