package main

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"berth/engine/event"
)

// twoTerminals begins a deployment in one terminal and watches it in another one.
func twoTerminals(ctx context.Context, t *testing.T, speed string) (first, second *terminal, running, watching waiter, dir string) {
	t.Helper()
	dir = t.TempDir()
	first, cmd := begin(ctx, t, 100, 30, dir, append(deployArgs(t, "deploy", speed), "--yes")...)
	first.until("Deploying shop", " left")
	second, other := begin(ctx, t, 100, 30, dir, "--simulate", "--sim-speed", speed)
	second.until("Watching the deployment in another terminal", "Deploying shop", "ctrl+c leave")
	return first, second, waiter{first, cmd.Wait, cmd.Process.Signal}, waiter{second, other.Wait, other.Process.Signal}, dir
}

// waiter is a process on a terminal.
type waiter struct {
	on     *terminal
	wait   func() error
	signal func(os.Signal) error
}

func (w waiter) code() int {
	err := w.wait()
	<-w.on.done
	return code(err)
}

// nodes are the lines of the tree on a screen: state, name and what goes on, without times that go on.
func nodes(seen string) []string {
	var out []string
	for line := range strings.SplitSeq(seen, "\n") {
		if f := strings.Fields(strings.ReplaceAll(line, "▏", " ")); len(f) > 2 && (f[0] == "✓" || f[0] == "○" || f[0] == "–") {
			out = append(out, strings.Join(f[:3], " "))
		}
	}
	return out
}

// TestWatch shows a deployment in a second terminal, up to its result.
func TestWatch(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	first, second, running, watching, dir := twoTerminals(ctx, t, "20")
	first.until("Cluster", "✓")
	second.until("Cluster", "✓")
	same := false
	for deadline := time.Now().Add(20 * time.Second); !same && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		a, b := nodes(first.look()), nodes(second.look())
		same = len(a) > 3 && strings.Join(a, "\n") == strings.Join(b, "\n")
	}
	if !same {
		t.Errorf("the two trees differ:\n%s\n%s", first.look(), second.look())
	}
	if got := running.code(); got != 0 {
		t.Errorf("the deployment ended with %d", got)
	}
	seen := second.until("shop is live", "https://", "verified", "enter overview")
	url := address.FindString(seen)
	second.press("q")
	if got := watching.code(); got != 0 || !strings.Contains(second.normal(), url) {
		t.Errorf("the watching ended with %d\n%s", got, second.normal())
	}
	files, err := filepath.Glob(filepath.Join(dir+"-home", "state", "berth", "runs", "*.ndjson"))
	if err != nil || len(files) != 1 {
		t.Fatalf("journals: %v %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || strings.Contains(string(text), `"stream":"app"`) {
		t.Errorf("%v, or the app's log is in the journal", err)
	}
}

// TestWatcherLeaves leaves the view: the deployment goes on.
func TestWatcherLeaves(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	_, second, running, watching, dir := twoTerminals(ctx, t, "30")
	second.press("\x03")
	second.until("Leave berth?", "The deployment continues")
	second.press("\x03")
	if got := watching.code(); got != 0 || !strings.Contains(second.normal(), "The deployment continues in the other terminal.") {
		t.Errorf("the watching ended with %d\n%s", got, second.normal())
	}
	told := events(t, output(t, dir, "--simulate", "--json")) // a third one, without a terminal
	if first, last := told[0], told[len(told)-1]; first.Type != event.RunStarted || first.Seq != 1 || last.Outcome != event.Succeeded {
		t.Errorf("as events it began with %+v and ended with %+v", first, last)
	}
	if got := running.code(); got != 0 {
		t.Errorf("the deployment ended with %d", got)
	}
}

// TestWatchedRunDies kills the deployment: the second terminal says so, and its key goes on to the URL.
func TestWatchedRunDies(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	_, second, running, watching, dir := twoTerminals(ctx, t, "30")
	if err := running.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := running.code(); got == 0 {
		t.Error("it was not killed")
	}
	second.until("The other berth ended before the deployment did", "r look at AWS and go on")
	second.press("r")
	second.until("Review", "y yes, do this")
	second.press("y")
	url := address.FindString(second.until("shop is live", "https://", "verified"))
	second.press("q")
	if got := watching.code(); got != 0 || url == "" || !strings.Contains(second.normal(), url) {
		t.Errorf("going on ended with %d\n%s", got, second.normal())
	}
	if status := string(output(t, dir, "status", "--simulate", "--app", "shop", "--region", "eu-west-2")); !strings.Contains(status, url) {
		t.Errorf("no %s in\n%s", url, status)
	}
}

// TestClosedPipe ends the program that reads the lines of a deployment: that does not cut it off in the middle of a
// call. It goes on to its end, and the exit code says that the answer could not be given.
func TestClosedPipe(t *testing.T) {
	for _, how := range []string{"--plain", "--json"} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		dir := t.TempDir()
		args := append(deployArgs(t, "deploy", "200"), "--yes", how)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := berth(ctx, t, dir, args...)
		cmd.Stdout, cmd.Stderr = w, w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		for lines := bufio.NewScanner(r); lines.Scan() && !strings.Contains(lines.Text(), "load-balancer"); {
		}
		_ = r.Close()
		if got := code(cmd.Wait()); got != 1 {
			t.Errorf("%s: ended with %d, want 1", how, got)
		}
		again := events(t, output(t, dir, append(args[:len(args)-1], "--json")...))
		for _, e := range again {
			if e.Type == event.NodePlanned && e.Action != event.None {
				t.Errorf("%s: %s was not done: %s", how, e.Node, e.Action)
			}
		}
	}
}

// TestClosedTerminal closes the terminal of a deployment: the run stops by itself, and the same command goes on
// from there. It does so with the screens and without.
func TestClosedTerminal(t *testing.T) {
	for name, more := range map[string][]string{"screens": nil, "plain": {"--plain"}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			dir := t.TempDir()
			args := append(deployArgs(t, "deploy", "30"), "--yes")
			m, cmd := begin(ctx, t, 100, 30, dir, append(args, more...)...)
			if more == nil {
				m.until("Deploying shop", " left")
			} else {
				m.until("load-balancer")
			}
			_ = m.tty.Close()
			if got := code(cmd.Wait()); got != 130 {
				t.Errorf("ended with %d, want 130", got)
			}
			again := events(t, output(t, dir, append(args, "--json", "--sim-speed", "1000")...))
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
