package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/sim"
	"berth/engine/spec"
)

// watchable makes the harbor's runs leave journals in the folder that it returns.
func (h *harbor) watchable() (runs string) {
	runs = filepath.Join(h.t.TempDir(), "berth", "runs")
	h.engine = engine.Open(engine.Options{Environment: h.account.Environment(), Builder: h.account.Builder(), Runs: runs})
	return runs
}

// Somebody else finds the run while it goes on, sees what it tells, and is told by AWS who it is.
func TestWatchARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{Speed: 4}, 0)
		runs := h.watchable()
		if err := h.spec.SetText("service.port", "4000", spec.Origin{Kind: spec.Flag, Text: "--port"}); err != nil {
			t.Fatal(err)
		}
		watch, err := h.engine.Watch(t.Context(), h.spec)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := watch.Busy(t.Context()); who != nil || err != nil {
			t.Errorf("busy before anything runs: %v %v", who, err)
		}
		run := h.engine.Apply(t.Context(), h.plan(engine.Request{}))
		time.Sleep(10 * time.Second)
		w := engine.Live(t.Context(), runs, h.spec.Dir, "production", true)
		if w == nil {
			t.Fatal("no live run is found")
		}
		if w.ID() != run.ID() || w.PID != os.Getpid() || w.Verb != "deploy" || w.App != "live-beats" || w.Given["service.port"] != "4000" {
			t.Errorf("header %+v", w.Header)
		}
		if off := w.Now().Sub(h.engine.Clock().Now()); off < -time.Second || off > time.Second {
			t.Errorf("the watching side's clock is %s off", off)
		}
		who, err := watch.Busy(t.Context())
		if err != nil || who == nil || who.Run != run.ID() || !who.Alive(h.engine.Clock().Now()) {
			t.Errorf("busy: %+v %v", who, err)
		}
		<-w.Done()
		<-run.Done()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		own, _ := run.Events().Next(ctx)
		seen, _ := w.Events().Next(ctx)
		if own, seen := kept(own), kept(seen); len(own) < 50 || !reflect.DeepEqual(own, seen) {
			t.Errorf("the run told %d events that are kept, seen were %d", len(own), len(seen))
		}
		if last := seen[len(seen)-1]; last.Outcome != event.Succeeded {
			t.Errorf("it ended %s: %v", last.Outcome, last.Error)
		}
		if engine.Live(t.Context(), runs, h.spec.Dir, "production", true) != nil {
			t.Error("it is live after its end")
		}
	})
}

// kept are the events that a journal keeps, without the line that says what it leaves out, and without numbers,
// which have no gap there either.
func kept(all []event.Event) (out []event.Event) {
	for _, e := range all {
		if e.Type == event.NodeLog && (e.Stream == "app" || e.Stream == "build" || strings.Contains(e.Text, "not saved to files")) {
			continue
		}
		e.Seq = 0
		out = append(out, e)
	}
	return out
}

// A home that cannot be written does not concern a run.
func TestNoRoomForAJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		runs := h.watchable()
		write(t, filepath.Dir(filepath.Dir(runs)), "berth", "a file where the folder should be")
		h.must(h.deploy())
	})
}
