package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// wrote waits for a text among all that was written since the mark, which it returns anew.
func (m *terminal) wrote(mark int, text string) int {
	m.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		m.mu.Lock()
		all := m.raw.String()
		m.mu.Unlock()
		if i := strings.Index(all[mark:], text); i >= 0 {
			return mark + i + len(text)
		}
	}
	m.t.Fatalf("%q was not written; the screen is\n%s", text, m.look())
	return 0
}

// stays presses Ctrl-C, which asks whether to leave, and stays.
func (m *terminal) stays() {
	m.t.Helper()
	m.press("\x03")
	m.until("Leave berth?")
	m.press("n")
	m.gone("Leave berth?")
}

// gone waits for a text to be no longer on the screen.
func (m *terminal) gone(text string) {
	m.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); strings.Contains(m.look(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("%q does not go:\n%s", text, m.look())
		}
	}
}

// TestCtrlCOnEachScreen asks on every screen whether to leave, and stops a deployment instead.
func TestCtrlCOnEachScreen(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 100, 30, t.TempDir(), "demo", "--sim-speed", "60")
	m.until("All goes well", "? help")
	for _, name := range []string{"Project", "Needs", "Compare", "Settings", "Review"} {
		m.stays()
		m.press(enter)
		m.until("● "+name, "? help")
		if name == "Project" {
			m.until("continue")
		}
	}
	m.until("y yes")
	m.stays()
	m.deploys()
	m.until("● Deploy", " left")
	m.press("\x03")
	m.until("topped", "overview") // what a stop does to the run is told by TestInterrupt and TestClosedTerminal
	m.stays()
	m.press("r")
	m.until("Review", "y yes")
	m.press("y")
	m.until("harbor is live")
	m.stays()
	m.press(enter)
	m.until("harbor runs", "l log")
	m.stays()
	m.press("l")
	m.until("› Log", "The app's log")
	m.stays()
	m.press(esc)
	m.until("harbor runs")
	m.press("b")
	m.until("There is no earlier healthy version")
	m.press("d")
	m.until("Type harbor to destroy it")
	m.stays()
	m.press("\x03")
	m.until("Leave berth?")
	m.press("\x03") // twice is enough anywhere
	if err := wait(); err != nil {
		t.Errorf("ended with %v:\n%s", err, m.look())
	}
}

// TestEightKeys counts what it takes from the first question to the address, accepting every default.
func TestEightKeys(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 80, 24, t.TempDir(), "demo", "--sim-speed", "200")
	m.until("All goes well", "begin")
	keys := 0
	for _, step := range []struct{ key, then string }{
		{enter, "● Project"}, {enter, "● Needs"}, {enter, "● Compare"}, {enter, "● Settings"}, {enter, "y yes"}, {"y", "d deploy anyway"}, {"d", "harbor is live"},
	} {
		m.press(step.key)
		keys++
		m.until(step.then, "? help")
		if step.then == "● Project" {
			m.until("continue")
		}
	}
	if keys > 8 {
		t.Errorf("%d keys", keys)
	}
	m.until("https://", "verified")
	m.press("q")
	if err := wait(); err != nil {
		t.Error(err)
	}
}

// TestResizeStormOfARun changes the size of the terminal while a deployment goes on, and somebody presses keys.
func TestResizeStormOfARun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	m, cmd := begin(ctx, t, 100, 30, t.TempDir(), append(deployArgs(t, "deploy", "60"), "--yes")...)
	m.until("Deploying shop", " left")
	for i := range 300 {
		if err := pty.Setsize(m.tty, &pty.Winsize{Rows: uint16(1 + i*7%60), Cols: uint16(1 + i*31%220)}); err != nil { //nolint:gosec // small
			t.Fatal(err)
		}
		if i%10 == 0 {
			m.press([]string{"l", down, " ", "\x1b[5~", "f", "?", esc}[i/10%7])
		}
		time.Sleep(2 * time.Millisecond)
	}
	if err := pty.Setsize(m.tty, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	<-m.done
	if seen := m.normal(); !strings.Contains(seen, "shop is live: https://") {
		t.Errorf("the normal screen says\n%s", seen)
	}
}

// onNeeds opens the demo on a terminal of 100x30 and goes to the questions. leave leaves it by the dialog.
func onNeeds(t *testing.T, args ...string) (m *terminal, cmd *exec.Cmd, tty *os.File, leave func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	cmd = berth(ctx, t, t.TempDir(), append([]string{"demo"}, args...)...)
	cmd.Env = append(cmd.Env, "LANG=C.UTF-8")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = tty.Close() })
	m = &terminal{t: t, tty: tty, view: newScreen(100, 30), done: make(chan struct{})}
	go m.read()
	m.begin()
	m.press(enter)
	m.until("● Needs", "WebSockets", "space change") // the footer is drawn last
	return m, cmd, tty, func() {
		t.Helper()
		m.press("\x03")
		m.until("Leave berth?")
		m.press("y")
		if err := cmd.Wait(); err != nil {
			t.Errorf("ended with %v", err)
		}
		<-m.done
	}
}

// TestSuspend goes to the shell and back. It does not resize afterwards: Bubble Tea 1.3.10 reads its output in
// the resize listener while it sets it anew after a suspension, which the race detector tells.
func TestSuspend(t *testing.T) {
	m, cmd, _, leave := onNeeds(t)
	before := m.look()
	mark := m.wrote(0, "\x1b[?1049h")
	m.press("\x1a")
	mark = m.wrote(mark, "\x1b[?1049l") // the shell's screen is back
	time.Sleep(50 * time.Millisecond)   // until it listens for the signal that a shell's fg sends
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	m.wrote(mark, "\x1b[?1049h")
	if m.until("● Needs", "WebSockets", "space change") != before {
		t.Errorf("after fg the screen is\n%s\nit was\n%s", m.look(), before)
	}
	leave()
}

// TestResizeStorm changes the size of the terminal faster than anybody can.
func TestResizeStorm(t *testing.T) {
	log := filepath.Join(t.TempDir(), "debug.log")
	m, _, tty, leave := onNeeds(t, "--debug", log)
	for i := range 200 {
		if err := pty.Setsize(tty, &pty.Winsize{Rows: uint16(1 + i*7%60), Cols: uint16(1 + i*31%220)}); err != nil { //nolint:gosec // small
			t.Fatal(err)
		}
		if i%20 == 0 {
			_, _ = io.WriteString(tty, "\x1b[B") // and somebody goes on typing
		}
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	m.until("● Needs", "Where and how much", "? help") // how far down the cursor got is nobody's matter
	leave()
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "size 100x30") {
		t.Errorf("the debug file: %v\n%s", err, text)
	}
}

// TestAccessible walks the whole way line by line: no other screen is opened, no cursor is moved.
func TestAccessible(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	m, wait := open(ctx, t, 100, 60, t.TempDir(), "demo", "--accessible", "--sim-speed", "2000")
	mark := m.wrote(0, "Generate one?")
	m.press(enter)
	mark = m.wrote(mark, "Enter leaves it open:")
	m.press(enter)
	mark = m.wrote(mark, "accept all:")
	m.press(enter)
	mark = m.wrote(mark, "ECS on Fargate: fits")
	m.press(enter)
	mark = m.wrote(mark, "accept all:")
	m.press(enter)
	mark = m.wrote(mark, "Type yes to do exactly this:")
	m.press("yes" + enter)
	m.wrote(mark, "https://")
	if err := wait(); err != nil {
		t.Errorf("ended with %v:\n%s", err, m.look())
	}
	for _, seq := range []string{"\x1b[?1049h", "\x1b[H", "\x1b[A", "\x1b[2K"} {
		if strings.Contains(m.raw.String(), seq) {
			t.Errorf("%q was written", seq)
		}
	}
}

// TestColours sees that a terminal gets the colours that it can show, and only those, and that they go with its
// background. What it answers when it is asked for that is no key.
func TestColours(t *testing.T) {
	const onDark, onLight = "\x1b[38;2;138;168;255", "\x1b[38;2;47;79;195"
	for _, c := range []struct {
		env, want, never string
		light            bool
	}{
		{"COLORTERM=truecolor", onDark, onLight, false},
		{"COLORTERM=truecolor", onLight, "", true},
		{"COLORTERM=", "\x1b[38;5;", "\x1b[38;2;", false}, // TERM says 256
		{"NO_COLOR=1", "\x1b[1m", "\x1b[38;", true},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := berth(ctx, t, t.TempDir(), "demo")
		cmd.Env = append(cmd.Env, "LANG=C.UTF-8", c.env)
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 100})
		if err != nil {
			t.Fatal(err)
		}
		m := &terminal{t: t, tty: tty, view: newScreen(100, 30), done: make(chan struct{})}
		m.view.light = c.light
		go m.read()
		m.until("All goes well", "begin")
		m.press("\x03")
		m.until("Leave berth?")
		m.press("y")
		_ = cmd.Wait() // how it ends is another test's matter
		<-m.done
		_ = tty.Close()
		cancel()
		raw := m.raw.String()
		if strings.Contains(m.look(), "rgb:") {
			t.Errorf("%s: the answer was taken for keys:\n%s", c.env, m.look())
		}
		if !strings.Contains(raw, c.want) || c.never != "" && strings.Contains(raw, c.never) {
			t.Errorf("%s: no %q, or %q, in %.500q", c.env, c.want, c.never, raw)
		}
	}
}
