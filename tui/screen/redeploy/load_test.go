package redeploy

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"berth/engine"
)

// However few columns there are, a peak is seen, and nothing is made up.
func TestCoarserKeepsThePeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Custom(func(t *rapid.T) float64 {
			if rapid.Bool().Draw(t, "none") {
				return math.NaN()
			}
			return rapid.Float64Range(0, 100).Draw(t, "v")
		})).Draw(t, "values")
		n := rapid.IntRange(0, 80).Draw(t, "columns")
		out := coarser(values, n)
		if n > 0 && len(out) > n {
			t.Fatalf("%d values for %d columns", len(out), n)
		}
		if want, got := top(values), top(out); want != got && !(math.IsNaN(want) && math.IsNaN(got)) {
			t.Fatalf("peak %v of %v, want %v", got, out, want)
		}
	})
}

func top(values []float64) float64 {
	most := math.NaN()
	for _, v := range values {
		if !math.IsNaN(v) && (math.IsNaN(most) || v > most) {
			most = v
		}
	}
	return most
}

func TestCostsSoFar(t *testing.T) {
	p := &engine.Plan{MonthlyUSD: 80, AlwaysUSD: 73, Complete: true}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		made time.Time
		want string
	}{
		{now.Add(-10 * time.Hour), "$80.00 a month by the price list, $1.00 of it this month so far"},
		{time.Time{}, "$80.00 a month by the price list"},
	} {
		if got := costs(p, c.made, now); got != c.want {
			t.Errorf("made %v: %q, want %q", c.made, got, c.want)
		}
	}
	p.Complete = false
	if got := costs(p, now.Add(-time.Hour), now); !strings.HasPrefix(got, "at least $80.00 a month") {
		t.Errorf("%q", got)
	}
}
