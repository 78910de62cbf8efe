package engine_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"berth/compare"
	"berth/compare/advise"
	"berth/compare/catalog"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
	"berth/engine/target/ecs"
)

// goldenApp is one of the twelve apps that the comparison is held to.
type goldenApp struct {
	Name  string              `json:"name"`
	Needs advise.Requirements `json:"requirements"`
	Usage price.Usage         `json:"usage"`
}

func goldenApps(t *testing.T) []goldenApp {
	t.Helper()
	text, err := os.ReadFile("../compare/testdata/apps.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []goldenApp
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// settings is the app as berth.toml has it. What this version of berth cannot deploy is left out, of the needs, too.
func (a *goldenApp) settings(t *testing.T) *spec.Spec {
	t.Helper()
	region, _, err := catalog.Regions().Resolve(a.Needs.Region)
	if err != nil {
		t.Fatal(err)
	}
	a.Needs.Region = region.Code
	s := &spec.Spec{App: a.Name, EnvName: "production", Region: region.Code, Dir: t.TempDir()}
	write(t, s.Dir, "Dockerfile", dockerfile)
	write(t, s.Dir, "server", "version 1")
	s.Service.Port, s.Service.CPU, s.Service.Memory = 4000, a.Usage.VCPU, int(a.Usage.MemoryGB*1024)
	s.Service.Instances = a.Usage.Instances
	if a.Usage.MostInstances > 0 {
		s.Service.Autoscale = &spec.Autoscale{Max: a.Usage.MostInstances}
	}
	s.Network.WebSockets = a.Needs.WebSockets
	if a.Needs.Clustering {
		s.Network.Clustering = "dns"
	}
	if a.Usage.Arch == "arm" {
		s.Image.Platform = spec.ARM64
	}
	if err := s.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	with := *s.Clone()
	with.Network.Domain, with.Storage, with.Database = "www.example.com", []spec.Storage{{Path: "/data"}}, &spec.Database{Engine: "postgres"}
	cannot := map[string]bool{}
	for _, p := range (ecs.Target{}).Unsupported(&with) {
		cannot[p.Key] = true
	}
	if a.Needs.CustomDomain = a.Needs.CustomDomain && !cannot["network.domain"]; a.Needs.CustomDomain {
		s.Network.Domain = "www.example.com"
	}
	if a.Needs.PersistentStorage = a.Needs.PersistentStorage && !cannot["storage[0].path"]; a.Needs.PersistentStorage {
		s.Storage = with.Storage
	}
	if a.Usage.Database != "" && !cannot["database.engine"] {
		s.Database = &spec.Database{Engine: "postgres", Class: a.Usage.Database, StorageGB: int(a.Usage.DatabaseGB)}
	} else {
		a.Usage.Database, a.Usage.DatabaseGB = "", 0
	}
	return s
}

// TestPlanCostsWhatTheComparisonSays plans each of the twelve apps and holds the plan's lines to those of the
// comparison: the same things counted, the same quantities, prices and sums, in any case and with use.
func TestPlanCostsWhatTheComparisonSays(t *testing.T) {
	apps := goldenApps(t)
	if len(apps) != 12 {
		t.Fatalf("%d apps", len(apps))
	}
	apps = append(apps, goldenApp{"light-use", advise.Requirements{Region: "eu-west-2"}, price.DefaultUsage()})
	scaled := price.DefaultUsage()
	scaled.MostInstances = 6
	apps = append(apps, goldenApp{"scaled", advise.Requirements{Region: "eu-west-2", Autoscaling: true}, scaled})
	for _, a := range apps {
		t.Run(a.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := a.settings(t)
				account, err := sim.Open(sim.Options{Region: s.Region})
				if err != nil {
					t.Fatal(err)
				}
				e := engine.Open(engine.Options{Environment: account.Environment(), Builder: account.Builder()})
				p, err := e.Plan(context.Background(), engine.Request{Spec: s, Usage: &a.Usage})
				if err != nil {
					t.Fatal(err)
				}
				r, err := compare.Advisor{Today: time.Now()}.Compare(a.Needs, a.Usage)
				if err != nil {
					t.Fatal(err)
				}
				said := r.Service("ecs-fargate").Estimate
				if diff := cmp.Diff(byItem(said.Lines), byItem(planned(p))); diff != "" {
					t.Errorf("said (-) and planned (+) differ:\n%s", diff)
				}
				if math.Abs(p.MonthlyUSD-said.MonthlyUSD) > 1e-6 || math.Abs(p.AlwaysUSD-said.AlwaysUSD) > 1e-6 || p.PricesAsOf != said.PricesAsOf {
					t.Errorf("planned %.6f, of it %.6f in any case, as of %s; said %.6f, %.6f, %s",
						p.MonthlyUSD, p.AlwaysUSD, p.PricesAsOf, said.MonthlyUSD, said.AlwaysUSD, said.PricesAsOf)
				}
				if math.Abs(p.MostUSD-said.MostUSD) > 0.005 || (said.MostUSD > 0) != (a.Usage.MostInstances > 0) {
					t.Errorf("with as many tasks as the scaling may start it is planned for %.4f, and said to cost %.4f", p.MostUSD, said.MostUSD)
				}
			})
		})
	}
}

func planned(p *engine.Plan) []price.Line {
	var out []price.Line
	for _, c := range p.Costs {
		out = append(out, c.Line)
	}
	return out
}

func byItem(lines []price.Line) map[string]price.Line {
	out := map[string]price.Line{}
	for _, l := range lines {
		l.Old = false
		out[l.SKU+" "+l.Item] = l
	}
	return out
}
