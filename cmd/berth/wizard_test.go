package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal drives a program the way a person does: it looks at the screen and presses keys.
type terminal struct {
	t    *testing.T
	tty  *os.File
	mu   sync.Mutex
	view *screen
	raw  strings.Builder // all that was written
	done chan struct{}   // closed when the program has closed its side
}

// open starts the real program on a terminal of the given size.
func open(ctx context.Context, t *testing.T, width, height uint16, dir string, args ...string) (*terminal, func() error) {
	t.Helper()
	term, cmd := begin(ctx, t, width, height, dir, args...)
	return term, func() error {
		err := cmd.Wait()
		<-term.done
		return err
	}
}

// begin is open for tests that need the process.
func begin(ctx context.Context, t *testing.T, width, height uint16, dir string, args ...string) (*terminal, *exec.Cmd) {
	t.Helper()
	cmd := berth(ctx, t, dir, args...)
	cmd.Env = append(cmd.Env, "LANG=C.UTF-8")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: height, Cols: width})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	term := &terminal{t: t, tty: tty, view: newScreen(int(width), int(height)), done: make(chan struct{})}
	go term.read()
	return term, cmd
}

func (m *terminal) read() {
	defer close(m.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := m.tty.Read(buf)
		m.mu.Lock()
		m.raw.Write(buf[:n])
		answer := m.view.write(string(buf[:n]))
		m.mu.Unlock()
		if answer != "" {
			_, _ = io.WriteString(m.tty, answer)
		}
		if err != nil {
			return // a pty ends with an error of its own
		}
	}
}

func (m *terminal) look() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view.String()
}

// until waits for all of the texts to be on the screen together.
func (m *terminal) until(texts ...string) string {
	m.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		seen, all := m.look(), true
		for _, text := range texts {
			all = all && strings.Contains(seen, text)
		}
		if all {
			return seen
		}
		select {
		case <-m.done:
			m.t.Fatalf("the program has ended; wanted %q on the screen:\n%s", texts, seen)
		default:
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("no %q on the screen:\n%s", texts, seen)
		}
	}
}

func (m *terminal) press(keys string) {
	m.t.Helper()
	if _, err := io.WriteString(m.tty, keys); err != nil {
		m.t.Fatal(err)
	}
}

const enter = "\r"

// begin takes the first story of the demo.
func (m *terminal) begin() {
	m.t.Helper()
	m.until("› All goes well", "begin")
	m.press(enter)
	m.until("● Project", "continue")
}

var address = regexp.MustCompile(`https://[a-z0-9.-]+`)

// TestWizard drives the real program on a terminal from its start to a URL, accepting what it proposes.
func TestWizard(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 100, 30, t.TempDir(), "demo", "--sim-speed", "100")
	m.begin()
	m.until("EXPOSE 4000")
	m.press(enter)
	m.until("● Needs", "WebSockets")
	m.press(enter)
	m.until("● Compare", "ECS on Fargate", "a month")
	m.press(enter)
	m.until("● Settings", "4000")
	m.press(enter)
	m.until("● Review", "a month", "y yes")
	m.deploys()
	m.until("● Deploy")
	seen := m.until("is live", "https://", "verified")
	url := address.FindString(seen)
	m.press("q")
	if err := wait(); err != nil {
		t.Fatalf("berth ended with %v:\n%s", err, m.look())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, after, left := strings.Cut(m.raw.String(), "\x1b[?1049l")
	if !left {
		t.Error("the terminal was not given back")
	}
	if url == "" || !strings.Contains(after, url) {
		t.Errorf("the URL %q is not on the normal screen: %q", url, after)
	}
}

// TestWizardLeaves presses Ctrl-C in the middle of the questions and confirms: nothing is made, exit code 130
// or 0, and the terminal is given back.
func TestWizardLeaves(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 80, 24, t.TempDir(), "demo")
	m.begin()
	m.press(enter)
	m.until("● Needs")
	m.press("\x03")
	m.until("Leave berth?")
	m.press("y")
	err := wait()
	var exit interface{ ExitCode() int }
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 130) {
		t.Errorf("berth ended with %v", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !strings.Contains(m.raw.String(), "\x1b[?1049l") {
		t.Error("the terminal was not given back")
	}
}

// TestWizardTooSmall opens a window that nothing fits into.
func TestWizardTooSmall(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 40, 10, t.TempDir(), "demo")
	m.until("60")
	m.press("\x03")
	time.Sleep(100 * time.Millisecond)
	m.press("y")
	_ = wait() // how it ends is the other test's matter
}

// TestDeployAsks runs deploy --plain on a terminal without --yes: it shows the plan and asks; anything but yes changes
// nothing.
func TestDeployAsks(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	args := []string{
		"deploy", "--plain", "--simulate", "--sim-speed", "1000", "--image", pushImage(t), "--port", "8080",
		"--app", "asked", "--region", "eu-west-2",
	}
	m, wait := open(ctx, t, 120, 60, dir, args...)
	m.until("create     load-balancer", "a month", "Deploy this? [y/N]")
	m.press("n\r")
	m.until("not confirmed, so nothing was changed")
	var exit interface{ ExitCode() int }
	if err := wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("ended with %v, want exit code 130", err)
	}
	if status := string(output(t, dir, "status", "--simulate", "--app", "asked", "--region", "eu-west-2")); !strings.Contains(status, "not deployed") {
		t.Errorf("something was deployed: %s", status)
	}

	m, wait = open(ctx, t, 120, 60, dir, args...)
	m.until("Deploy this? [y/N]")
	m.press("y\r")
	m.until("Deployed in", "https://")
	if err := wait(); err != nil {
		t.Error(err)
	}
}

// TestNoHalfDrawnScreen starts the wizard where it cannot work: the sentence comes on the normal screen.
func TestNoHalfDrawnScreen(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	write(t, dir+"/berth.toml", "app = shop\n")
	m, wait := open(ctx, t, 100, 30, dir, "--simulate")
	var exit interface{ ExitCode() int }
	if err := wait(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("ended with %v, want exit code 2", err)
	}
	if seen := m.look(); !strings.Contains(seen, "berth: berth.toml:1:7") || !strings.Contains(seen, "remedy") {
		t.Errorf("the screen does not say what is wrong:\n%s", seen)
	}
	if strings.Contains(m.raw.String(), "\x1b[?1049h") {
		t.Error("a screen was opened")
	}
}
