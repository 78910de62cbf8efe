package ecs

import (
	"math"
	"testing"

	"berth/compare/price"
	"berth/engine/spec"
	"berth/engine/target"
)

// TestTasksCostWhatThePlanSays compares the sums of the tasks on each platform with the table that the operator plans
// with, which may be newer than the one in the binary.
func TestTasksCostWhatThePlanSays(t *testing.T) {
	rows := price.Default().Rows()
	for i := range rows {
		rows[i].USD *= 3
	}
	dearer, err := price.Default().With("2026-12-01", rows)
	if err != nil {
		t.Fatal(err)
	}
	s := &spec.Spec{App: "web", Region: "eu-west-2"}
	if err := s.Complete(nil, nil); err != nil {
		t.Fatal(err)
	}
	usd := func(o target.Options, platform string) (float64, bool) {
		t.Helper()
		b, err := newBlueprint(s, o)
		if err != nil {
			t.Fatal(err)
		}
		return b.Build.Tasks(platform)
	}
	for _, platform := range []string{spec.AMD64, spec.ARM64} {
		now, ok := usd(target.Options{Prices: price.Default()}, platform)
		then, okToo := usd(target.Options{Prices: dearer}, platform)
		if !ok || !okToo || now <= 0 || math.Abs(then-3*now) > 1e-6 {
			t.Errorf("%s: $%.2f (%v), with prices three times as high $%.2f (%v)", platform, now, ok, then, okToo)
		}
	}
	if usd, ok := usd(target.Options{}, spec.AMD64); ok {
		t.Errorf("without prices the tasks cost $%.2f", usd)
	}
}
