package plan

import "testing"

func TestCostChange(t *testing.T) {
	usd := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		was  *float64
		want string
	}{
		{nil, ""},
		{usd(40), ""},
		{usd(40.004), ""},
		{usd(25.99), "$14.01 a month more than now"},
		{usd(54.01), "$14.01 a month less than now"},
	} {
		p := Plan{Sum: Sum{MonthlyUSD: 40, Complete: true}, WasUSD: c.was}
		if got := p.CostChange(); got != c.want {
			t.Errorf("%v: %q, not %q", c.was, got, c.want)
		}
		p.Complete = false
		if got := p.CostChange(); got != "" {
			t.Errorf("with an unknown price: %q", got)
		}
	}
}
