package tui

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"berth/engine/event"
	"berth/engine/spec"
)

// When the screens are gone nothing of them goes on: no goroutine, no timer, no call.
func TestNothingGoesOnAfterTheScreens(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := start(t, 1000)
	s.toDeployment()
	s.until("is live")
	s.press("\r")
	s.until("runs now")
	s.press("l")
	s.until("The app's log")
	s.press("\x1b")
	s.until("runs now")
	s.press("q")
	if r := s.end(); r.Outcome != event.Succeeded {
		t.Errorf("result %+v", r)
	}
	s.cancel()
	_ = s.ptm.Close()
	shallow()
	goleak.VerifyNone(t, before)
}

// shallow waits until no call to AWS is under way that is too deep for goleak, which cannot read a stack that Go shortens.
func shallow() {
	for buf := make([]byte, 4<<20); bytes.Contains(buf[:runtime.Stack(buf, true)], []byte("frames elided")); {
		time.Sleep(10 * time.Millisecond)
	}
}

// A terminal that goes away without a signal, as of a program that was told not to hear it, stops a run as one that
// is closed does.
func TestInputThatEndsStopsARun(t *testing.T) {
	s := start(t, 50)
	s.toDeployment()
	_ = s.ptm.Close()
	if r := s.end(); r.Outcome != event.Stopped {
		t.Errorf("result %+v", r)
	}
}

// A mistake of berth's own, here in a command of a screen, gives the terminal back and leaves a report.
func TestAPanicGivesTheTerminalBack(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := startWith(t, 1000, func(*spec.Spec) error { panic("a mistake of ours") })
	r := s.end()
	s.until("\x1b[?1049l")
	if s.err == nil || !strings.Contains(s.err.Error(), "bug of its own") || r.Outcome != "" {
		t.Fatalf("ended with %v, %+v", s.err, r)
	}
	reports, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports: %v, %v", reports, err)
	}
	text, err := os.ReadFile(os.Getenv("TMPDIR") + "/" + reports[0].Name())
	if err != nil || !strings.Contains(string(text), "a mistake of ours") {
		t.Errorf("the report is %q, %v", text, err)
	}
}
