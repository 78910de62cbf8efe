package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"berth/engine/spec"
)

// deployArgs are what deploys an image on the simulated account of a folder.
func deployArgs(t *testing.T, verb, speed string) []string {
	t.Helper()
	return []string{
		verb, "--simulate", "--image", pushImage(t), "--port", "8080", "--app", "shop", "--region", "eu-west-2",
		"--sim-speed", speed,
	}
}

// normal is what was written after the screens were left.
func (m *terminal) normal() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.raw.String()
	i := strings.LastIndex(all, "\x1b[?1049l")
	if i < 0 {
		m.t.Fatal("the terminal was not given back, or no screen was opened")
	}
	return all[i:]
}

func code(err error) int {
	var exit interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// TestVerbsOnScreens walks deploy, rollback and destroy on a terminal: what would change, yes, the run, its
// result, and the same again on the normal screen. None of them writes berth.toml.
func TestVerbsOnScreens(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dir := t.TempDir()
	first := deployArgs(t, "deploy", "300")
	m, wait := open(ctx, t, 100, 30, dir, first...)
	m.until("Review", "a month", "y yes, do this", "All checks passed")
	m.press("y")
	m.until("shop is live", "https://", "q leave")
	m.press("q")
	if err := wait(); err != nil || !address.MatchString(m.normal()) {
		t.Fatalf("deploy: %v\n%s", err, m.normal())
	}

	m, wait = open(ctx, t, 100, 30, dir, first...) // nothing to do, nothing to ask, no key at the end
	if err := wait(); err != nil || !strings.Contains(m.normal(), "Nothing changed. shop is live: https://") {
		t.Errorf("deploy again: %v\n%s", err, m.normal())
	}

	m, wait = open(ctx, t, 100, 30, dir, append(deployArgs(t, "deploy", "300"), "--yes")...)
	if err := wait(); err != nil || !strings.Contains(m.normal(), "shop is live: https://") || strings.Contains(m.raw.String(), "yes, do this") {
		t.Errorf("deploy --yes: %v\n%s", err, m.normal())
	}

	m, wait = open(ctx, t, 100, 30, dir, deployArgs(t, "rollback", "300")...)
	m.until("Review", "Back to berth-shop-production", "y yes, do this")
	m.press("y")
	m.until("shop is back at berth-shop-production", "q leave")
	m.press("q")
	if err := wait(); err != nil || !strings.Contains(m.normal(), "back at") {
		t.Errorf("rollback: %v\n%s", err, m.normal())
	}

	if kept, err := spec.Load(dir, ""); err != nil || kept.App != "shop" || kept.ID == "" || kept.Said("region") {
		t.Errorf("berth.toml has more or less than the app and its identity: %+v, %v", kept, err)
	}

	m, wait = open(ctx, t, 100, 30, dir, "destroy", "--simulate", "--app", "shop", "--region", "eu-west-2", "--sim-speed", "300")
	m.until("Review", "Type shop to destroy it")
	m.press("shop" + enter)
	m.until("shop is gone", "q leave")
	m.press("q")
	if err := wait(); err != nil || !strings.Contains(m.normal(), "shop is gone") {
		t.Errorf("destroy: %v\n%s", err, m.normal())
	}
}

// TestVerbIsNotConfirmed leaves the review of deploy: nothing is made, and the exit code says so.
func TestVerbIsNotConfirmed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	m, wait := open(ctx, t, 100, 30, dir, deployArgs(t, "deploy", "300")...)
	m.until("y yes, do this")
	m.press("\x1b")
	m.until("Leave berth?")
	m.press("y")
	if got := code(wait()); got != 130 || !strings.Contains(m.normal(), "Not confirmed, so nothing was changed.") {
		t.Errorf("exit code %d\n%s", got, m.normal())
	}
	if status := string(output(t, dir, "status", "--simulate", "--app", "shop", "--region", "eu-west-2")); !strings.Contains(status, "not deployed") {
		t.Errorf("something was deployed: %s", status)
	}
}

// TestVerbIsStopped stops deploy with Ctrl-C, where somebody reads the card and where nobody does.
func TestVerbIsStopped(t *testing.T) {
	for name, yes := range map[string]bool{"asked": false, "yes": true} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			args := deployArgs(t, "deploy", "30")
			if yes {
				args = append(args, "--yes")
			}
			m, wait := open(ctx, t, 100, 30, t.TempDir(), args...)
			if !yes {
				m.until("y yes, do this")
				m.press("y")
			}
			m.until("Deploying shop", " left")
			m.press("\x03")
			if !yes {
				m.until("Deploy stopped", "q leave")
				m.press("q")
			}
			if got := code(wait()); got != 130 || !strings.Contains(m.normal(), "Stopped. What exists stays") {
				t.Errorf("exit code %d\n%s", got, m.normal())
			}
		})
	}
}

// TestVerbFails lets a deployment fail: the card has keys, and with --yes the program says all by itself.
func TestVerbFails(t *testing.T) {
	for name, yes := range map[string]bool{"asked": false, "yes": true} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			args := append(deployArgs(t, "deploy", "300"), "--sim-fault", "crash-task")
			if yes {
				args = append(args, "--yes")
			}
			m, wait := open(ctx, t, 100, 30, t.TempDir(), args...)
			if !yes {
				m.until("y yes, do this")
				m.press("y")
				m.until("Deploy failed", "r try again", "q leave")
				m.press("q")
			}
			if got := code(wait()); got != 1 || !strings.Contains(m.normal(), "exit code: 1") {
				t.Errorf("exit code %d\n%s", got, m.normal())
			}
		})
	}
}

// TestVerbIsRefused rolls back what is not deployed.
func TestVerbIsRefused(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 100, 30, t.TempDir(), append(deployArgs(t, "rollback", "300"), "--yes")...)
	if got := code(wait()); got != 4 || !strings.Contains(m.normal(), "shop is not deployed") {
		t.Errorf("exit code %d\n%s", got, m.normal())
	}
}
