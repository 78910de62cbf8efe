package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/sim"
)

// runOnce runs a command and gives its output and exit code.
func (h *harbor) runOnce(ctx context.Context, process string, command ...string) (lines []string, exit int, err error) {
	w, err := h.engine.Watch(ctx, h.spec)
	must(h.t, err)
	exit, err = w.Run(ctx, engine.Once{
		Process: process, Command: command, Doing: func(string) {},
		Each: func(more []string) error { lines = append(lines, more...); return nil },
	})
	return lines, exit, err
}

func TestRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShop(t, sim.Options{})
		if _, _, err := h.runOnce(t.Context(), "", "true"); fail.From(err) == nil || fail.From(err).Class != fail.Refused {
			t.Errorf("before it is deployed: %v", err)
		}
		h.must(h.deploy())
		lines, exit, err := h.runOnce(t.Context(), "", "sh", "-c", "echo hello there; exit 7")
		if err != nil || exit != 7 || !slices.Contains(lines, "hello there") {
			t.Errorf("exit code %d, %v, output %q", exit, err, lines)
		}
		if _, exit, err = h.runOnce(t.Context(), "report"); err != nil || exit != 0 {
			t.Errorf("the report: exit code %d, %v", exit, err)
		}
		if _, _, err = h.runOnce(t.Context(), "nobody"); fail.From(err) == nil || fail.From(err).Class != fail.Usage {
			t.Errorf("a process that is none: %v", err)
		}

		// a long output, whole and in order, through a connection that breaks
		h.account.SetFaults(fault(t, "lost=ecs:RunTask"))
		lines, exit, err = h.runOnce(t.Context(), "", "seq", "100000")
		if err != nil || exit != 0 || len(lines) < 100000 || lines[len(lines)-1] != "100000" || lines[len(lines)-100000] != "1" {
			t.Errorf("exit code %d, %v, %d lines", exit, err, len(lines))
		}
		h.account.SetFaults()

		// whoever stops it ends the task
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Minute, cancel)
		_, _, err = h.runOnce(ctx, "worker", "sleep", "3600")
		if fail.From(err) == nil || fail.From(err).Class != fail.Stopped {
			t.Errorf("stopped: %v", err)
		}
		time.Sleep(5 * time.Minute)
		h.must(h.apply(h.plan(engine.Request{Destroy: true})))
		if left := h.left(); len(left) > 0 {
			t.Errorf("destroy leaves %v", left)
		}
	})
}

// A connection that is gone for a while in the middle costs no line, and runs nothing twice.
func TestRunOnceGoesOnAfterACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarbor(t, sim.Options{}, 0)
		h.must(h.deploy())
		for cut := range 6 {
			at := len(h.account.Calls()) + 3 + 9*cut // behind the look at the service and the start
			h.account.SetFaults(fault(t, fmt.Sprintf("cut=%d/60s", at)))
			lines, exit, err := h.runOnce(t.Context(), "", "sh", "-c", "seq 20000; exit 3")
			h.account.SetFaults()
			if err == nil && (exit != 3 || lines[len(lines)-1] != "20000" || len(lines) > 20001) {
				t.Errorf("cut %d: exit code %d, %v, %d lines", cut, exit, err, len(lines))
			}
			if err != nil {
				t.Errorf("cut %d: %v", cut, err)
			}
		}
	})
}
