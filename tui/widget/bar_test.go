package widget

import (
	"math"
	"testing"
	"unicode/utf8"

	"berth/tui/theme"
)

// What AWS says of a load may be no number, without end or below nothing.
func TestASparkOfOddNumbers(t *testing.T) {
	th := theme.New(theme.Options{Plain: true})
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{[]float64{0, 1, 2, 4}, " ▃▅█"},
		{[]float64{inf, 1, inf}, "█▁█"},
		{[]float64{nan, -inf, -1, 0}, "    "},
		{[]float64{math.MaxFloat64, inf}, "▁█"},
		{[]float64{math.SmallestNonzeroFloat64}, "█"},
		{nil, ""},
	} {
		got := Spark{Theme: th, Values: c.values}.Render(10, 1)
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
		if n := utf8.RuneCountInString(got); n != len(c.values) {
			t.Errorf("%v takes %d columns", c.values, n)
		}
	}
}
