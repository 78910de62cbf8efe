package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"berth/engine"
	"berth/engine/event"
)

// TestInterrupt stops a deployment with Ctrl-C, once and twice, and then lets the same command finish it.
func TestInterrupt(t *testing.T) {
	for _, c := range []struct {
		name  string
		times int
	}{{"once", 1}, {"twice", 2}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			dir := t.TempDir()
			args := []string{
				"deploy", "--simulate", "--yes", "--image", pushImage(t), "--port", "8080",
				"--app", "stop", "--region", "eu-west-2", "--sim-speed",
			}
			cmd := berth(ctx, t, dir, append(args, "40")...)
			told, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			sent := false
			for lines := bufio.NewScanner(told); lines.Scan(); {
				out.WriteString(lines.Text() + "\n")
				if !sent && strings.Contains(lines.Text(), "waiting for the load balancer") {
					sent = true
					for range c.times {
						if err := cmd.Process.Signal(os.Interrupt); err != nil {
							t.Fatal(err)
						}
						time.Sleep(50 * time.Millisecond)
					}
				}
			}
			err = cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Fatalf("ended with %v, want exit code 130\n%s", err, out.String())
			}
			if !strings.Contains(out.String(), "\nStopped after ") || !strings.Contains(out.String(), "remedy") {
				t.Errorf("it does not say that it stopped and how to go on:\n%s", out.String())
			}

			again := events(t, output(t, dir, append(args, "1000", "--json")...))
			if end := again[len(again)-1]; end.Outcome != event.Succeeded {
				t.Errorf("the same command did not finish: %s, %+v", end.Outcome, end.Error)
			}
			for _, e := range again {
				if e.Type == event.NodePlanned && e.Node == "load-balancer" && e.Action != event.None {
					t.Errorf("the load balancer that was there was planned to be %sd", e.Action)
				}
			}
		})
	}
}

// TestFollowLogsUntilInterrupt follows the log of an app until Ctrl-C, which is the way to end it and no problem
// to tell about.
func TestFollowLogsUntilInterrupt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	args := []string{"--simulate", "--app", "talk", "--region", "eu-west-2", "--sim-speed"}
	output(t, dir, append([]string{"deploy", "--yes", "--quiet", "--image", pushImage(t), "--port", "8080"}, append(args, "1000")...)...)
	cmd := berth(ctx, t, dir, append([]string{"logs", "--follow", "--json"}, append(args, "100")...)...)
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begin, lines := time.Time{}, 0
	for s := bufio.NewScanner(out); s.Scan(); lines++ {
		var line engine.LogLine
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		if begin.IsZero() {
			begin = line.Time
		}
		if line.Time.Sub(begin) > 5*time.Minute { // of the account: what came since it follows
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			begin = line.Time.Add(time.Hour)
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 || told.Len() > 0 {
		t.Errorf("ended with %v, and said %q", err, told.String())
	}
	t.Logf("%d lines", lines)
}
