package cli

import (
	"context"
	"os"
	"slices"
	"testing"
	"testing/synctest"
)

// recorder is a run that writes down how it is stopped.
type recorder struct{ calls *[]string }

func (r recorder) Stop()   { *r.calls = append(*r.calls, "stop") }
func (r recorder) Cancel() { *r.calls = append(*r.calls, "cancel run") }

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		name   string
		during bool // a run is under way
		want   []string
	}{
		{"during a run", true, []string{"stop", "cancel run", "exit"}},
		{"outside of a run", false, []string{"cancel", "cancel", "exit"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls []string
			s := &stopper{
				cancel: func() { calls = append(calls, "cancel") },
				exit: func(code int) {
					if code != 130 {
						t.Errorf("exit code %d", code)
					}
					calls = append(calls, "exit")
				},
			}
			if c.during {
				s.during(recorder{&calls})
			}
			for range 3 {
				s.signal(false)
			}
			if !slices.Equal(calls, c.want) {
				t.Errorf("got %q, want %q", calls, c.want)
			}
		})
	}
}

// A signal that comes between planning and the run has cancelled the context, which the run does not go by: it stops
// the run as soon as there is one. The next signal must not be taken for the first of the run.
func TestSignalsAreCountedAcross(t *testing.T) {
	var calls []string
	s := &stopper{cancel: func() { calls = append(calls, "cancel") }, exit: func(int) {}}
	s.signal(false)
	s.during(recorder{&calls})
	s.signal(false)
	if want := []string{"cancel", "stop", "cancel run"}; !slices.Equal(calls, want) {
		t.Errorf("got %q, want %q", calls, want)
	}
	if !s.asked() {
		t.Error("the signals are forgotten")
	}
}

// A terminal that is closed is told to a process once or several times: it is a soft stop, and no more.
func TestAClosedTerminalStopsSoftly(t *testing.T) {
	var calls []string
	s := &stopper{cancel: func() { calls = append(calls, "cancel") }, exit: func(int) { calls = append(calls, "exit") }}
	s.during(recorder{&calls})
	for range 4 {
		s.signal(true)
	}
	s.signal(false)
	if want := []string{"stop", "cancel run"}; !slices.Equal(calls, want) {
		t.Errorf("got %q, want %q", calls, want)
	}

	calls = nil
	s = &stopper{cancel: func() { calls = append(calls, "cancel") }}
	s.signal(true)
	s.during(recorder{&calls})
	if want := []string{"cancel", "stop"}; !slices.Equal(calls, want) {
		t.Errorf("closed before the run began: got %q, want %q", calls, want)
	}
}

func TestListenEndsWithTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &stopper{cancel: cancel}
		signals := make(chan os.Signal, 1)
		go s.listen(signals)
		signals <- os.Interrupt
		<-ctx.Done()
		close(signals) // synctest fails the test when listen is still there at its end
	})
}
