package price

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"berth/assets"
	"berth/compare/catalog"
)

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
		d := func(name string) bool { return rapid.Bool().Draw(t, name) }
		shape := Shape{d("domain"), d("cluster"), d("storageNeeded"), d("noHTTP"), d("zones"), d("auto")}
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
		if !(e.MonthlyUSD >= 0) || math.IsInf(e.MonthlyUSD, 0) || (l.Known && l.Source == "") || (!l.Known && (l.HighUSD < l.USD || e.Complete)) {
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

func BenchmarkIndex(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := index(assets.Prices); err != nil {
			b.Fatal(err)
		}
	}
}
