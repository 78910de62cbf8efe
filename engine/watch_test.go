package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/sim"
)

func (h *harbor) watch() *engine.Watch {
	h.t.Helper()
	w, err := h.engine.Watch(h.t.Context(), h.spec)
	must(h.t, err)
	return w
}

// A screen that is left open makes at most twelve calls a minute: a pulse every 30 s, metrics once a minute, the
// log every 20 s.
func TestIdleMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		time.Sleep(time.Hour)
		w := h.watch()
		ctx := t.Context()
		st, err := w.Status(ctx)
		must(t, err)
		lines, err := w.Logs(ctx, time.Time{})
		must(t, err)
		first := w.Calls()
		before := len(h.account.Calls())
		for second := range 60 {
			if second%30 == 0 {
				p, err := w.Pulse(ctx)
				must(t, err)
				if p.State != st.State || p.Running != st.Running || p.Healthy != st.Healthy || !p.HealthKnown || p.Revision != st.Revision {
					t.Errorf("pulse %+v, status %+v", p, st)
				}
			}
			if second%60 == 0 {
				_, err := w.Metrics(ctx)
				must(t, err)
			}
			if second%20 == 0 {
				more, err := w.Logs(ctx, lines[len(lines)-1].Time)
				must(t, err)
				lines = append(lines, more...)
			}
			time.Sleep(time.Second)
		}
		n := len(h.account.Calls()) - before
		t.Logf("%d calls to AWS in an idle minute, after %d for the first look", n, first)
		if n > 12 || n != w.Calls()-first {
			t.Errorf("%d calls, and the watch counts %d", n, w.Calls()-first)
		}
	})
}
