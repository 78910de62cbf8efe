package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// binary builds the real program once for all tests of this package and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "berth-test-")
	if err != nil {
		return "", err
	}
	built.dir = dir
	path := filepath.Join(dir, "berth")
	args := []string{"build", "-o", path}
	if raced {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

var built struct{ dir string }

func TestMain(m *testing.M) {
	// Tests may run under nohup, which the program would respect: a signal that is caught here is none that is
	// ignored there.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// berth is the command of the real program in a folder of the test's own, with a home that goes with it.
func berth(ctx context.Context, t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	home := dir + "-home" // beside the folder, so that it is no part of the app
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if name == "CI" || name == "NO_COLOR" || name == "TERM" || strings.HasPrefix(name, "AWS_") {
			continue
		}
		cmd.Env = append(cmd.Env, kv)
	}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"),
		"AWS_EC2_METADATA_DISABLED=true")
	return cmd
}

// TestSilentTerminal runs commands on a terminal that never answers a question. Bubble Tea v1 would wait five
// seconds for its background colour; the bound is far above what a slow machine needs and far below that.
func TestSilentTerminal(t *testing.T) {
	const bound = 2 * time.Second
	for _, args := range [][]string{{"--help"}, {"version"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		cmd := berth(ctx, t, t.TempDir(), args...)
		start := time.Now()
		tty, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		_, _ = out.ReadFrom(tty) // a pty's end is an error of its own
		err = cmd.Wait()
		took := time.Since(start)
		cancel()
		_ = tty.Close()
		if err != nil {
			t.Errorf("berth %s: %v\n%s", args[0], err, out.String())
		}
		if took > bound {
			t.Errorf("berth %s took %v on a terminal that does not answer", args[0], took)
		}
		if strings.Contains(out.String(), "\x1b]") {
			t.Errorf("berth %s asked the terminal: %q", args[0], out.String())
		}
		t.Logf("berth %s took %v", args[0], took.Round(time.Millisecond))
	}
}
