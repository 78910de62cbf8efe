package advise

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"berth/compare/catalog"
	"berth/compare/price"
)

// more adds needs. Each may only make a verdict worse.
var more = map[string]func(*Requirements){
	"websockets": func(r *Requirements) { r.WebSockets = true },
	"uploads":    func(r *Requirements) { r.WebSockets, r.WebSocketUploads = true, true },
	"clustering": func(r *Requirements) { r.Clustering = true },
	"sticky":     func(r *Requirements) { r.StickySessions = true },
	"storage":    func(r *Requirements) { r.PersistentStorage = true },
	"grpc":       func(r *Requirements) { r.GRPC = true },
	"arm64":      func(r *Requirements) { r.ARM64 = true },
	"zero":       func(r *Requirements) { r.ScaleToZero = true },
	"domain":     func(r *Requirements) { r.CustomDomain = true },
	"release":    func(r *Requirements) { r.ReleaseCommand = true },
	"shell":      func(r *Requirements) { r.Shell = true },
	"secrets":    func(r *Requirements) { r.Secrets = true },
	"long":       func(r *Requirements) { r.LongestRequestSeconds += 100 },
	"budget": func(r *Requirements) {
		if r.MaxMonthlyUSD == 0 {
			r.MaxMonthlyUSD = 40
		} else {
			r.MaxMonthlyUSD /= 2
		}
	},
}

// A need more never turns a no into a fits. An own domain is the one need that also takes something off the
// bill, CloudFront, so with a budget it is judged by the same estimate.
func TestAnotherNeedNeverHelps(t *testing.T) {
	names := make([]string, 0, len(more))
	for k := range more {
		names = append(names, k)
	}
	slices.Sort(names)
	services := catalog.Default().Services
	rapid.Check(t, func(rt *rapid.T) {
		u := price.DefaultUsage()
		u.VCPU = rapid.Float64Range(0.1, 6).Draw(rt, "vcpu")
		u.MemoryGB = rapid.Float64Range(0.1, 12).Draw(rt, "memory")
		u.Instances = rapid.IntRange(1, 30).Draw(rt, "instances")
		u.Arch = "arm"
		u.StorageGB = rapid.Float64Range(0, 100).Draw(rt, "storage")
		var r Requirements
		for _, n := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(rt, "needs") {
			more[n](&r)
		}
		with := r
		added := rapid.SampledFrom(names).Draw(rt, "added")
		more[added](&with)
		s := services[rapid.IntRange(0, len(services)-1).Draw(rt, "service")]
		region := rapid.SampledFrom([]string{"eu-west-2", "us-east-1", "sa-east-1", "ap-east-1", "us-west-1"}).Draw(rt, "region")
		before := judged(t, s.ID, region, r, u)
		after := judged(t, s.ID, region, with, u)
		if added == "domain" {
			c := after.Case
			c.Estimate = before.Estimate
			after.Verdict, after.Reasons = Judge(c)
		}
		if before.Verdict == No && after.Verdict == Fits {
			rt.Fatalf("%s in %s: %s turned no into fits\n%+v\n%+v", s.ID, region, added, before.Reasons, after.Reasons)
		}
		// Stronger, and true of every need but the two that open a way: an own domain.
		if added != "domain" && after.Verdict.badness() < before.Verdict.badness() {
			rt.Fatalf("%s in %s: %s made %s of %s", s.ID, region, added, after.Verdict, before.Verdict)
		}
	})
}
