package artifact

import (
	"testing"
	"testing/synctest"
	"time"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// A build whose builder is silent for 12 minutes is told of every half minute.
func TestSilentBuildIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		s := &resource.Scope{Clients: &cloud.Clients{}, Emit: func(e event.Event) {
			if e.Type == event.NodeProgress && e.Text == "[build 3/9] RUN make" && e.Current == 3 && e.Total == 9 {
				at = append(at, time.Since(start))
			}
		}}
		told, done := alive(t.Context(), s, reporter(s, "build"))
		told.Progress("[build 3/9] RUN make", 3, 9, "steps")
		time.Sleep(12 * time.Minute)
		done()
		time.Sleep(time.Minute)
		if len(at) < 20 || len(at) > 30 {
			t.Fatalf("told of %d times: %v", len(at), at)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap > 45*time.Second {
				t.Errorf("silent for %s", gap)
			}
		}
	})
}
