package engine_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"berth/engine"
	"berth/engine/sim"
	"berth/engine/spec"
)

// All apps and environments of the account come with what runs and what that costs, whatever berth.toml says; the sum
// is the one that a status shows.
func TestApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		none, err := h.engine.Apps(t.Context(), engine.AppsRequest{Region: "eu-west-2"})
		must(t, err)
		if len(none.Apps) != 0 || none.Apps == nil || none.Account == "" {
			t.Errorf("apps of an empty account: %+v", none)
		}
		h.must(h.deploy())
		h.spec.EnvName, h.spec.Service.Instances = "staging", 3
		h.must(h.deploy())
		h.spec.Region = "us-east-1"
		h.must(h.deploy())

		h.spec.Region = "eu-west-2"
		here, err := h.engine.Apps(t.Context(), engine.AppsRequest{Region: "eu-west-2"})
		must(t, err)
		everywhere, err := h.engine.Apps(t.Context(), engine.AppsRequest{Region: "eu-west-2", AllRegions: true})
		must(t, err)
		if got := names(here); !slices.Equal(got, []string{"eu-west-2 live-beats production running 1", "eu-west-2 live-beats staging running 3"}) {
			t.Errorf("here: %q", got)
		}
		if got := names(everywhere); len(got) != 3 || !slices.Contains(got, "us-east-1 live-beats staging running 3") {
			t.Errorf("everywhere: %q", got)
		}
		if len(everywhere.Blind) > 0 || len(everywhere.Regions) < 20 {
			t.Errorf("regions %v, blind %v", everywhere.Regions, everywhere.Blind)
		}
		sum := 0.0
		for _, a := range here.Apps {
			sum += a.MonthlyUSD
			if a.Endpoint == "" || a.Unpriced || a.AlwaysUSD <= 0 || a.AlwaysUSD >= a.MonthlyUSD {
				t.Errorf("%+v", a)
			}
		}
		if sum != here.MonthlyUSD {
			t.Errorf("the sum is %.2f, those of the apps %.2f", here.MonthlyUSD, sum)
		}
		st, err := h.engine.Status(t.Context(), h.spec)
		must(t, err)
		p := h.plan(engine.Request{})
		if !near(st.MonthlyUSD, here.Apps[1].MonthlyUSD) || !near(st.MonthlyUSD, p.MonthlyUSD) {
			t.Errorf("status %.4f, apps %.4f, plan %.4f", st.MonthlyUSD, here.Apps[1].MonthlyUSD, p.MonthlyUSD)
		}
	})
}

func near(a, b float64) bool { return math.Abs(a-b) < 0.005 }

func names(a *engine.Apps) (out []string) {
	for _, x := range a.Apps {
		out = append(out, strings.Join([]string{x.Region, x.App, x.Env, x.State, string(rune('0' + x.Running))}, " "))
	}
	return out
}

// Status, destroy and rollback price what runs, not what the file says by now.
func TestWhatRunsIsPriced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		first := h.plan(engine.Request{}).MonthlyUSD
		write(t, h.spec.Dir, "server", "version 2")
		h.must(h.deploy())
		h.spec.Service.CPU, h.spec.Service.Memory, h.spec.Service.Instances = 1, 2048, 4
		file := h.plan(engine.Request{}).MonthlyUSD
		if file < first+50 {
			t.Fatalf("the file asks for %.2f instead of %.2f", file, first)
		}
		st, err := h.engine.Status(t.Context(), h.spec)
		must(t, err)
		destroy, back := h.plan(engine.Request{Destroy: true}), h.plan(engine.Request{Rollback: engine.Previous})
		for what, usd := range map[string]float64{"status": st.MonthlyUSD, "destroy": destroy.MonthlyUSD, "rollback": back.MonthlyUSD} {
			if !near(usd, first) {
				t.Errorf("%s says %.2f, what runs costs %.2f", what, usd, first)
			}
		}
		sum := 0.0
		for _, r := range st.Resources {
			sum += r.MonthlyUSD
		}
		if !near(sum, st.MonthlyUSD) {
			t.Errorf("the parts are %.2f, the sum %.2f", sum, st.MonthlyUSD)
		}
	})
}

// Scaling is priced from the least to the most, by the file and by what is there.
func TestScalingHasARange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		one := h.plan(engine.Request{})
		h.spec.Service.Autoscale = &spec.Autoscale{Max: 4, CPUPercent: 60}
		scaled := h.plan(engine.Request{})
		h.spec.Service.Autoscale = nil
		h.spec.Service.Instances = 4
		four := h.plan(engine.Request{})
		alarms := scaled.MonthlyUSD - one.MonthlyUSD // which the scaling goes by
		if one.MostUSD != 0 || alarms < 0 || alarms > 0.5 || !near(scaled.MostUSD, four.MonthlyUSD+alarms) {
			t.Errorf("from %.2f to %.2f, want from %.2f to %.2f", scaled.MonthlyUSD, scaled.MostUSD, one.MonthlyUSD, four.MonthlyUSD)
		}
		h.spec.Service.Instances, h.spec.Service.Autoscale = 1, &spec.Autoscale{Max: 4, CPUPercent: 60}
		h.must(h.deploy())
		st, err := h.engine.Status(t.Context(), h.spec)
		must(t, err)
		if !near(st.MonthlyUSD, scaled.MonthlyUSD) || !near(st.MostUSD, scaled.MostUSD) {
			t.Errorf("what runs costs from %.2f to %.2f", st.MonthlyUSD, st.MostUSD)
		}
	})
}
