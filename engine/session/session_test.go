package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"berth/engine/fail"
)

// TestMain lets this test binary be the plugin. Like Amazon's it prints words of its own, ends when its input does, and
// ends well however the command ended; the command runs for real, in a terminal of this machine.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_PLUGIN") == "" {
		os.Exit(m.Run())
	}
	var opened struct{ StreamUrl, TokenValue string }
	args := os.Args[1:]
	if len(args) != 6 || args[2] != "StartSession" || json.Unmarshal([]byte(args[0]), &opened) != nil || opened.TokenValue != "token" {
		fmt.Printf("Invalid Operation %q\n", args)
		os.Exit(0)
	}
	stream, _ := url.Parse(opened.StreamUrl)
	fmt.Printf("\nStarting session with SessionId: %s\n", "s-1")
	if os.Getenv("BE_THE_PLUGIN") == "refused" {
		fmt.Println("Cannot perform start session: EOF")
		os.Exit(0)
	}
	cmd := exec.Command("sh", "-c", stream.Query().Get("command"))
	far, err := pty.Start(cmd)
	if err != nil {
		panic(err)
	}
	go func() { // as Amazon's: it looks twice a second; here more often
		for ; ; time.Sleep(10 * time.Millisecond) {
			_ = pty.InheritSize(os.Stdout, far)
		}
	}()
	go func() {
		_, _ = io.Copy(far, os.Stdin)
		fmt.Println("Cannot perform start session: EOF")
		os.Exit(0)
	}()
	if os.Getenv("BE_THE_PLUGIN") == "broken" {
		time.AfterFunc(300*time.Millisecond, func() { os.Exit(0) })
	}
	_, _ = io.Copy(os.Stdout, far)
	_ = cmd.Wait()
	fmt.Printf("\n\nExiting session with sessionId: s-1.\n")
	os.Exit(0)
}

// try runs a command through the plugin.
func try(t *testing.T, how string, in io.Reader, command ...string) (string, int, error) {
	t.Helper()
	t.Setenv("BE_THE_PLUGIN", how)
	var out bytes.Buffer
	s := Session{StreamURL: "wss://x/?" + url.Values{"command": {Wrap(command)}}.Encode(), Token: "token", Region: "eu-west-2", Target: "ecs:a_b_c"}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	exit, err := Plugin{os.Args[0]}.Attach(ctx, s, Streams{In: in, Out: &out, Err: io.Discard})
	return out.String(), exit, err
}

func TestAttachGivesOutputAndExitCode(t *testing.T) {
	for _, c := range []struct {
		command []string
		in      string
		out     string
		exit    int
	}{
		{command: []string{"sh", "-c", "exit 7"}, exit: 7},
		{command: []string{"echo", "it's  $HOME", `"so"`}, out: "it's  $HOME \"so\"\n"},
		{command: []string{"sh", "-c", "seq 20000 | tail -1; exit 3"}, out: "20000\n", exit: 3},
		{command: []string{"no-such-command-here"}, exit: 127},
		{command: []string{"sh", "-c", "stty -echo; read x; echo got $x"}, in: "hello\n", out: "got hello\n"},
		{command: []string{"printf", `\033_berth-exit no\033\\`}, out: "\x1b_berth-exit no\x1b\\"},
	} {
		out, exit, err := try(t, "well", strings.NewReader(c.in), c.command...)
		if err != nil || exit != c.exit {
			t.Errorf("%q: exit code %d, %v, want %d", c.command, exit, err, c.exit)
		}
		if c.exit != 127 && !strings.HasSuffix(out, c.out) {
			t.Errorf("%q: output %q, want %q", c.command, out, c.out)
		}
		if strings.Contains(out, "session") && c.exit != 127 {
			t.Errorf("%q: the plugin's own words are in %q", c.command, out)
		}
	}
}

func TestAttachPassesManyLines(t *testing.T) {
	out, exit, err := try(t, "well", strings.NewReader(""), "seq", "100000")
	if err != nil || exit != 0 || strings.Count(out, "\n") != 100000 || !strings.HasSuffix(out, "\n100000\n") {
		t.Errorf("%d lines, exit code %d, %v", strings.Count(out, "\n"), exit, err)
	}
}

func TestAttachTellsWhatBroke(t *testing.T) {
	_, _, err := try(t, "refused", strings.NewReader(""), "true")
	if f := fail.From(err); !strings.Contains(f.Cause, "did not start") || !strings.Contains(f.Evidence, "Cannot perform start session: EOF") {
		t.Errorf("a session that does not begin: %+v", f)
	}
	_, _, err = try(t, "broken", blocked(t), "sleep", "10")
	if f := fail.From(err); !strings.Contains(f.Cause, "ended before the command did") {
		t.Errorf("a session that breaks off: %+v", f)
	}
}

// blocked is an input on which nothing comes.
func blocked(t *testing.T) io.Reader {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r
}

// A terminal is handed over whole: its size, Ctrl-C, and back as it was.
func TestAttachHandsTheTerminalOver(t *testing.T) {
	t.Setenv("BE_THE_PLUGIN", "well")
	person, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = person.Close(), terminal.Close() }()
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 31, Cols: 97}); err != nil {
		t.Fatal(err)
	}
	before := settings(t, terminal)
	seen := make(chan string, 100)
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := person.Read(b)
			if err != nil {
				return
			}
			seen <- string(b[:n])
		}
	}()
	var screen strings.Builder
	wait := func(text string) {
		t.Helper()
		for late := time.After(10 * time.Second); !strings.Contains(screen.String(), text); {
			select {
			case s := <-seen:
				screen.WriteString(s)
			case <-late:
				t.Fatalf("%q does not come: %q", text, screen.String())
			}
		}
	}
	command := []string{"sh", "-c", `trap 'echo caught; stty size; exit 9' INT; sleep 0.3; echo ready; while :; do sleep 0.05; done`}
	s := Session{StreamURL: "wss://x/?" + url.Values{"command": {Wrap(command)}}.Encode(), Token: "token"}
	type end struct {
		exit int
		err  error
	}
	ended := make(chan end)
	go func() {
		exit, err := Plugin{os.Args[0]}.Attach(t.Context(), s, Streams{In: terminal, Out: terminal, Err: terminal})
		ended <- end{exit, err}
	}()
	wait("ready")
	if settings(t, terminal) == before {
		t.Error("the terminal is not raw while the session lasts")
	}
	if _, err := person.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	wait("caught")
	wait("31 97")
	if e := <-ended; e.err != nil || e.exit != 9 {
		t.Errorf("exit code %d, %v", e.exit, e.err)
	}
	if after := settings(t, terminal); after != before {
		t.Errorf("the terminal is left as %s, was %s", after, before)
	}
}

func settings(t *testing.T, terminal *os.File) string {
	cmd := exec.Command("stty", "-g")
	cmd.Stdin = terminal
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestFindSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find()
	var f *fail.Error
	if !errors.As(err, &f) || f.Class != fail.Refused || f.Remedy == "" || f.Doc == "" {
		t.Errorf("without a plugin: %v", err)
	}
}

func TestTokenGoesToThePluginAlone(t *testing.T) {
	cmd, err := Plugin{"p"}.Command(t.Context(), Session{ID: "i", Token: "secret", Request: map[string]any{"DocumentName": "AWS-StartPortForwardingSession"}, Target: "t"})
	if err != nil || !strings.Contains(cmd.Args[1], "secret") || !strings.Contains(cmd.Args[5], "AWS-StartPortForwardingSession") {
		t.Errorf("%q, %v", cmd.Args, err)
	}
}

func TestTunnelWithoutThePluginSaysTheCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, missing := Find()
	command := Forward{Host: "db.example.com", Port: 5432, Local: 15432}.Command("ecs:c_t_r", "eu-west-2", "work")
	want := `aws ssm start-session --region eu-west-2 --target ecs:c_t_r --document-name AWS-StartPortForwardingSessionToRemoteHost ` +
		`--parameters '{"host":["db.example.com"],"localPortNumber":["15432"],"portNumber":["5432"]}' --profile work`
	if command != want {
		t.Errorf("the command is %s", command)
	}
	f := fail.From(Elsewhere(missing, command))
	if f.Class != fail.Refused || !strings.Contains(f.Cause, "tunnel") || !strings.Contains(f.Remedy, want) || strings.Contains(f.Remedy, "berth run") {
		t.Errorf("%+v", f)
	}
}

func TestCarryTellsWhyATunnelEnded(t *testing.T) {
	var said strings.Builder
	err := Plugin{"sh", "-c", "echo Port 1 opened; echo Cannot perform start session: EOF >&2"}.Carry(t.Context(), Session{}, &said)
	if f := fail.From(err); f.Class != fail.Failed || !strings.Contains(f.Evidence, "EOF") || !strings.Contains(said.String(), "Port 1 opened") {
		t.Errorf("%+v, said %q", f, &said)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := (Plugin{"sh", "-c", "exec sleep 30"}).Carry(ctx, Session{}, io.Discard); err != nil {
		t.Errorf("a tunnel that somebody closes failed: %v", err)
	}
}
