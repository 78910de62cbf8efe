package watch

import (
	"math"
	"testing"
	"time"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Values go where their times belong; what AWS does not tell stays unknown, save that no errors is zero errors
// where there were requests.
func TestMetricsFill(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 1, 30, 0, time.UTC)
	m := NoMetrics(now)
	if want := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC); !m.From.Equal(want) || m.Step != 3*time.Minute {
		t.Errorf("from %s in steps of %s", m.From, m.Step)
	}
	if end := m.From.Add(time.Duration(len(m.CPU)) * m.Step); end.After(now) {
		t.Errorf("the step that goes on is part of it: %s", end)
	}
	m.fill(m.Requests, cwtypes.MetricDataResult{
		Timestamps: []time.Time{m.From.Add(-m.Step), m.From, m.From.Add(2 * m.Step), m.From.Add(60 * m.Step)}, Values: []float64{9, 30, 60, 9},
	}, 1/m.Step.Minutes())
	m.fill(m.Errors, cwtypes.MetricDataResult{Timestamps: []time.Time{m.From.Add(2 * m.Step)}, Values: []float64{3}}, 1/m.Step.Minutes())
	// the load balancer's own errors come on top, and are told although nothing answers
	m.fill(m.Errors, cwtypes.MetricDataResult{Timestamps: []time.Time{m.From.Add(2 * m.Step), m.From.Add(3 * m.Step)}, Values: []float64{6, 9}}, 1/m.Step.Minutes())
	m.noErrors()
	if m.Errors[3] != 3 {
		t.Errorf("errors while nothing answers: %v", m.Errors[3])
	}
	m.Errors[3] = math.NaN()
	for i, want := range [][2]float64{{10, 0}, {math.NaN(), math.NaN()}, {20, 3}, {math.NaN(), math.NaN()}} {
		if got := [2]float64{m.Requests[i], m.Errors[i]}; !same(got[0], want[0]) || !same(got[1], want[1]) {
			t.Errorf("step %d: %v, want %v", i, got, want)
		}
	}
	for _, s := range [][]float64{m.CPU, m.Memory, m.Requests, m.Errors, m.Latency} {
		if len(s) != points {
			t.Errorf("%d values", len(s))
		}
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
