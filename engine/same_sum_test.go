package engine_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/interview"
	"berth/engine/project"
	"berth/engine/sim"
	"berth/engine/spec"
)

// What the comparison says that an app costs is what its plan costs, for whatever the settings can have made: a sum that is
// shown in two places is the same sum.
func TestTheComparisonOfAnAppCostsWhatItsPlanCosts(t *testing.T) {
	postgres := func(s *spec.Spec) {
		s.Database = &spec.Database{Engine: "postgres", Class: "db.t4g.micro", StorageGB: 20}
	}
	for name, change := range map[string]func(*spec.Spec){
		"as it is": func(*spec.Spec) {},
		"larger": func(s *spec.Spec) {
			s.Service.CPU, s.Service.Memory, s.Service.Instances, s.Service.EphemeralGB = 1, 4096, 3, 50
			s.Origins = map[string]spec.Origin{"service.ephemeral_gb": {Kind: spec.File}}
		},
		"arm":     func(s *spec.Spec) { s.Image.Platform = spec.ARM64 },
		"spot":    func(s *spec.Spec) { s.Service.Instances, s.Service.Spot = 4, 0.5 },
		"scaling": func(s *spec.Spec) { s.Service.Autoscale = &spec.Autoscale{Max: 6, CPUPercent: 60} },
		"scaling spot": func(s *spec.Spec) {
			s.Service.Instances, s.Service.Spot, s.Service.Autoscale = 2, 0.5, &spec.Autoscale{Max: 7, MemoryPercent: 60}
		},
		"two aims":      func(s *spec.Spec) { s.Service.Autoscale = &spec.Autoscale{Max: 4, CPUPercent: 60, MemoryPercent: 70} },
		"clustering":    func(s *spec.Spec) { s.Network.Clustering = "dns" },
		"domain":        func(s *spec.Spec) { s.Network.Domain = "www.example.com" },
		"files":         func(s *spec.Spec) { s.Storage = []spec.Storage{{Path: "/data"}} },
		"uploads":       func(s *spec.Spec) { s.Uploads = &spec.Uploads{} },
		"cache":         func(s *spec.Spec) { s.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro"} },
		"postgres":      postgres,
		"mysql":         func(s *spec.Spec) { s.Database = &spec.Database{Engine: "mysql", Class: "db.t4g.small", StorageGB: 30} },
		"two caches":    func(s *spec.Spec) { s.Cache = &spec.Cache{Engine: "valkey", Node: "cache.t4g.micro", MultiAZ: true} },
		"two zones":     func(s *spec.Spec) { postgres(s); s.Database.MultiAZ = true },
		"private":       func(s *spec.Spec) { s.Network.Tasks = "private" },
		"private front": func(s *spec.Spec) { s.Network.Front = "private" },
		"firewall":      func(s *spec.Spec) { s.Network.Firewall = true },
		"rate limit":    func(s *spec.Spec) { s.Network.Firewall, s.Network.RateLimit = true, 1000 },
		"worker": func(s *spec.Spec) {
			s.Processes = map[string]*spec.Process{
				"worker": {Command: []string{"/w"}, CPU: 0.5, Memory: 1024, Instances: 2, Spot: 0.5, Autoscale: &spec.Autoscale{Max: 5, CPUPercent: 60}},
			}
		},
		"alarms": func(s *spec.Spec) {
			postgres(s)
			s.Alarms = spec.Alarms{Notify: []string{"ops@example.com"}, Rollback: true}
			s.Service.Autoscale = &spec.Autoscale{Max: 4, CPUPercent: 60}
			s.Processes = map[string]*spec.Process{
				"worker": {Command: []string{"/w"}, CPU: 0.5, Memory: 1024, Instances: 2}, "paused": {Command: []string{"/p"}},
				"report": {Command: []string{"/r"}, Schedule: "rate(1 day)"},
			}
			s.Origins = map[string]spec.Origin{"processes.paused.instances": {Kind: spec.File}}
		},
		"alarms without http": func(s *spec.Spec) {
			s.Service.Port = 0
			s.Alarms = spec.Alarms{Notify: []string{"ops@example.com"}, MonthlyUSD: 10}
		},
		"build cache":  func(s *spec.Spec) { s.Image.Cache = true },
		"built in AWS": func(s *spec.Spec) { s.Image.Builder = spec.InCloud },
		"looked for":   func(*spec.Spec) {},
		"no http":      func(s *spec.Spec) { s.Service.Port = 0 },
	} {
		found := &project.Findings{}
		if name == "looked for" { // and the settings make neither
			found.Needs.Database, found.Needs.Cache = true, true
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarbor(t, sim.Options{}, 0)
				change(h.spec)
				must(t, h.spec.Complete(nil, nil))
				p := h.plan(engine.Request{})
				d := interview.Given(h.spec, found)
				r, err := h.engine.Advisor(time.Now()).Compare(d.Requirements(), d.Usage())
				must(t, err)
				if (r.NotCounted() != "") != (name == "looked for") {
					t.Errorf("the comparison says %q", r.NotCounted())
				}
				said := r.Service("ecs-fargate").Estimate
				if math.Abs(said.MonthlyUSD-p.MonthlyUSD) > 0.005 || math.Abs(said.MostUSD-p.MostUSD) > 0.005 {
					t.Errorf("the comparison says %.2f to %.2f, the plan %.2f to %.2f", said.MonthlyUSD, said.MostUSD, p.MonthlyUSD, p.MostUSD)
					for _, l := range said.Lines {
						t.Logf("said     %8.2f %s", l.USD, l.Item)
					}
					for _, c := range p.Costs {
						t.Logf("planned  %8.2f %s", c.USD, c.Item)
					}
				}
			})
		})
	}
}
