package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A journey is a user's time with the real program on a terminal, from the first question to the last resource.
// Everything happens in one process and on one simulated account, so that each step builds on the one before.

const (
	down = "\x1b[B"
	esc  = "\x1b"
)

// journey opens the demo, answers everything at once by typing ahead, and stops where something is to be confirmed.
func journey(t *testing.T, args ...string) (m *terminal, wait func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	t.Cleanup(cancel)
	m, wait = open(ctx, t, 110, 34, t.TempDir(), append([]string{"demo", "--sim-speed", "150"}, args...)...)
	if len(args) == 0 {
		m.until("All goes well", "enter begin")
	} else {
		m.until("Project")
	}
	m.press(strings.Repeat(enter, 12)) // more than there are questions: nothing is confirmed by that
	m.until("● Review", "a month", "y yes")
	if seen := m.look(); strings.Contains(seen, "● Deploy") {
		t.Fatalf("typing ahead has confirmed the plan:\n%s", seen)
	}
	return m, wait
}

// choose moves the cursor of the settings to the line with that label.
func (m *terminal) choose(label string) {
	m.t.Helper()
	for range 80 {
		for line := range strings.Lines(m.look()) {
			if strings.Contains(line, "› "+label) {
				return
			}
		}
		m.press(down)
		time.Sleep(60 * time.Millisecond)
	}
	m.t.Fatalf("there is no setting %q:\n%s", label, m.look())
}

func TestJourney(t *testing.T) {
	m, wait := journey(t)
	m.deploys()
	m.until("is live", "https://", "verified")

	m.press(enter)
	m.until("harbor runs", "2 of 2 instances", "nothing changed", "Load", "requests")

	// Another setting, and back to the version before it.
	m.press("s")
	m.until("Overview › Settings", "Instances")
	m.choose("+ variable")
	m.press(" ")
	m.until("enter take it")
	m.press("GREETING" + enter + "hello" + enter)
	m.until("GREETING", "enter continue")
	m.press(enter)
	m.until("Review", "env GREETING: + hello", "y yes")
	m.press("y")
	m.until("is live", "verified")
	m.press(enter)
	m.until("harbor runs", ":2", "nothing changed")
	m.press("b")
	m.until("Roll back?", "It can start")
	m.press("y")
	m.until("back at", "verified")
	m.press(enter)
	m.until("harbor runs", "settings changed") // what the settings say is not what runs

	// One instance more.
	m.press("+" + enter)
	m.until("Review", "y yes")
	m.press("y")
	m.until("is live", "verified")
	m.press(enter)
	m.until("3 of 3 instances")

	m.press("l")
	m.until("Overview › Log", "GET /")
	m.press(esc)
	m.until("harbor runs")

	m.press("d")
	m.until("Type harbor to destroy it")
	m.press("harbour" + enter)
	m.until("Type harbor to go ahead")
	m.press("\x7f\x7f\x7f" + "or" + enter)
	m.until("is gone")
	m.press("q")
	if err := wait(); err != nil {
		t.Errorf("ended with %v:\n%s", err, m.look())
	}
}

// The app needs more memory than it has: the deployment fails, the card's key changes the setting, shows what
// would change, and the next run succeeds.
func TestJourneyOfAFailure(t *testing.T) {
	m, wait := journey(t, "--sim-fault", "oom=1024")
	m.deploys()
	m.until("needs more memory", "f set memory to 1024 MiB and deploy again")
	m.press("f")
	m.until("Settings", "1024")
	m.press(enter)
	m.until("Review", "y yes")
	m.press("y")
	m.until("is live", "https://", "verified")
	m.press("q")
	if err := wait(); err != nil {
		t.Errorf("ended with %v:\n%s", err, m.look())
	}
}
