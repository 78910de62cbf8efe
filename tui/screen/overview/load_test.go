package overview

import (
	"math"
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
	p := engine.Sum{MonthlyUSD: 80, AlwaysUSD: 73, Complete: true}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if got := soFar(p, now.Add(-10*time.Hour), now); got != "$1.00 of it this month" {
		t.Errorf("ten hours of 73 dollars a month: %q", got)
	}
	if got := soFar(p, time.Time{}, now); got != "" {
		t.Errorf("made nobody knows when: %q", got)
	}
}
