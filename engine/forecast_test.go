package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
	"berth/engine/view"
)

// played is a run as a screen saw it.
type played struct {
	said   time.Duration // what the first forecast said that the whole run would take
	known  time.Duration // the same with each node taking as long as it did
	took   time.Duration
	events []event.Event
}

// play carries a plan out. The first forecast is what the plan said, because both go by the same steps. It is
// taken the way a screen does, with every batch and ten times a second, and must only shrink.
func play(t *testing.T, eng *engine.Engine, r engine.Request) played {
	t.Helper()
	p, err := eng.Plan(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	run := eng.Apply(context.Background(), p)
	var snap view.Snapshot
	var forecast view.Forecast
	last := time.Duration(1 << 62)
	var out played
	for reader, over := run.Events(), false; !over; {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		events, _ := reader.Next(ctx) // a tenth of a second without an event is no error
		cancel()
		out.events = append(out.events, events...)
		for _, e := range events {
			snap.Apply(e)
			over = over || e.Type == event.RunFinished
		}
		now := eng.Clock().Now()
		forecast.Update(&snap, now)
		left, _, known := forecast.Left()
		if !known || !snap.Running() {
			continue
		}
		if left > last {
			t.Errorf("the forecast grew from %s to %s", last, left)
		}
		if last = left; out.said == 0 {
			out.said = snap.Elapsed(now) + left
		}
	}
	if snap.Outcome != event.Succeeded {
		t.Fatalf("%s: %v", snap.Outcome, snap.Error)
	}
	if off := out.said - p.Usually; off.Abs() > time.Second {
		t.Errorf("the plan says %s, the first forecast %s", p.Usually, out.said)
	}
	out.took = snap.Elapsed(eng.Clock().Now())
	out.known = out.hindsight(&snap)
	return out
}

// hindsight is the first forecast when the usual times are those that this run's nodes took.
func (p played) hindsight(end *view.Snapshot) time.Duration {
	var s view.Snapshot
	for _, e := range p.events {
		if e.Type == event.NodePlanned {
			e.UsuallyS = end.Node(e.Node).Elapsed(end.Ended).Seconds()
		}
		s.Apply(e)
		if e.Type == event.NodeStarted {
			break
		}
	}
	var f view.Forecast
	f.Update(&s, s.Last)
	left, _, _ := f.Left()
	return s.Elapsed(s.Last) + left
}

func percent(said, took time.Duration) float64 {
	return 100 * (said.Seconds() - took.Seconds()) / took.Seconds()
}

// A forecast only shrinks, and it knows the way: given how long each node takes it is near to what the run
// takes. How near the usual times are to those of this account is told beside it.
func TestTheFirstForecastIsNear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account, err := sim.Open(sim.Options{Region: "eu-west-2"})
		if err != nil {
			t.Fatal(err)
		}
		eng := engine.Open(engine.Options{Environment: account.Environment(), Builder: account.Builder(), Runs: t.TempDir()})
		app := &spec.Spec{App: "live-beats", EnvName: "production", Region: "eu-west-2", Dir: t.TempDir()}
		app.Service.Port = 4000
		version := func(text string) {
			for name, text := range map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\nCMD [\"/server\"]\n", "server": text} {
				if err := os.WriteFile(filepath.Join(app.Dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		version("1")
		if err := app.Complete(nil, nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name  string
			r     engine.Request
			known bool // the same was done before, so that it is known how long that takes here
		}{
			{"first deployment", engine.Request{}, false},
			{"redeploy", engine.Request{}, false},
			{"and again", engine.Request{}, true},
			{"destroy", engine.Request{Destroy: true}, false},
			{"first anew", engine.Request{}, true},
			{"destroy again", engine.Request{Destroy: true}, true},
		} {
			c.r.Spec = app
			run := play(t, eng, c.r)
			t.Logf("%-16s took %s; said at the start: %s (%+.0f %%), with the times that it turned out to take %s (%+.0f %%)", c.name,
				run.took.Round(time.Second), run.said.Round(time.Second), percent(run.said, run.took),
				run.known.Round(time.Second), percent(run.known, run.took))
			if off := percent(run.known, run.took); off < -10 || off > 10 {
				t.Errorf("%s: the longest way is %+.0f %% off, though all times are known", c.name, off)
			}
			if off := percent(run.said, run.took); c.known && (off < -15 || off > 15) {
				t.Errorf("%s: %+.0f %% off, though the same was done before", c.name, off)
			}
			version(c.name)
		}
	})
}
