package price

import (
	"math"
	"testing"
	"time"
)

func TestSoFar(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name, made, now string
		want            float64
	}{
		{"made in this month", "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z", 48},
		{"made long ago", "2025-01-01T00:00:00Z", "2026-11-03T00:00:00Z", 48},
		{"the month begins in UTC", "2025-01-01T00:00:00Z", "2026-11-01T01:00:00+02:00", 30*24 + 23},
		{"made later than now, by clocks that differ", "2026-11-22T12:00:01Z", "2026-11-22T12:00:00Z", 0},
	} {
		if got := SoFar(HoursPerMonth, at(c.made), at(c.now)); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v hours, want %v", c.name, got, c.want)
		}
	}
}
