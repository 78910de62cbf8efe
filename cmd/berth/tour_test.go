package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// toReview accepts all that the wizard proposes.
func (m *terminal) toReview() {
	m.t.Helper()
	m.until("● Project", "continue")
	m.press(enter)
	for _, name := range []string{"Needs", "Compare", "Settings"} {
		m.until("● "+name, "? help")
		m.press(enter)
	}
	m.until("● Review", "y yes")
}

// deploys says yes to the review of the sample app, which has something to settle: all the same.
func (m *terminal) deploys() {
	m.t.Helper()
	m.press("y")
	m.until("Deploy anyway?", "SECRET_KEY_BASE", "d deploy anyway")
	m.press("d")
}

// TestTour tells two stories in one go: a deployment that fails and is finished by the key of its card, and, by
// ctrl+t, a new version that ECS goes back from. The exit code is the last story's.
func TestTour(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 80, 24, t.TempDir(), "demo", "--sim-speed", "200")
	m.until("› All goes well", "nothing costs", "begin")
	m.press("\x1b[B")
	m.until("› The app listens on another port", "f on the card")
	m.press(enter)
	m.toReview()
	m.deploys()
	m.until("f set port to 9999 and deploy again")
	m.press("f")
	m.until("● Settings", "Port is 9999 now")
	m.press(enter)
	m.until("● Review", "Target group", "y yes")
	m.press("y")
	m.until("harbor is live", "verified", "ctrl+t other stories")
	m.press("\x14")

	m.until("› All goes well", "begin")
	m.press("\x1b[F")
	m.until("› A new version fails")
	m.press(enter)
	m.until("harbor runs", "source changed", "r redeploy")
	m.press("r")
	m.until("y yes", "a new revision with the new image")
	m.press("y")
	m.until("rolled back", "with an error 500")
	m.press("q")
	var exit interface{ ExitCode() int }
	if err := wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("ended with %v, want exit code 3", err)
	}
	if seen := m.look(); !strings.Contains(seen, "ECS rolled back") {
		t.Errorf("the normal screen does not say how it ended:\n%s", seen)
	}
}

// TestTourBeginsTheNamedStory needs no list, and takes keys that are typed ahead.
func TestTourBeginsTheNamedStory(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 120, 40, t.TempDir(), "demo", "--story", "connection", "--sim-speed", "100")
	m.toReview()
	m.deploys()
	m.until("AWS cannot be reached", "r try again")
	time.Sleep(time.Second) // more than a minute of the account
	m.press("r")
	m.until("● Review", "y yes")
	m.press("y")
	m.until("harbor is live")
	m.press("q")
	if err := wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
