package spec

import (
	"testing"
	"time"
)

// A busy task keeps its place for the better part of a minute, however often it is asked, as far as AWS counts: up to ten.
func TestForgiving(t *testing.T) {
	for every, long := range map[time.Duration][2]time.Duration{
		5 * time.Second: {45 * time.Second, time.Minute}, 10 * time.Second: {45 * time.Second, time.Minute},
		20 * time.Second: {40 * time.Second, time.Minute}, 30 * time.Second: {time.Minute, time.Minute},
	} {
		s := &Spec{Region: "eu-west-2", Dir: t.TempDir()}
		s.Service.Health.Interval = Duration(every)
		if err := s.Complete(nil, nil); err != nil {
			t.Fatal(err)
		}
		n := s.Service.Health.Unhealthy
		if held := time.Duration(n) * every; held < long[0] || held > long[1] || n < 2 || n > 10 {
			t.Errorf("every %s: %d checks, %s", every, n, held)
		}
	}
}
