package session

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// The signs that a wrapped command prints before and after its own output. They are application program commands, which
// terminals show nothing of.
const (
	begin  = "\x1b_berth-begin\x1b\\"
	ended  = "\x1b_berth-exit "
	ending = "\x1b\\"
)

// Wrap is a command, or an interactive shell where there is none, as the one line that ECS Exec takes. It makes the
// command tell where its output begins and how it ended.
func Wrap(command []string) string {
	if len(command) == 0 {
		command = []string{"/bin/sh", "-c", `exec "$(command -v bash || echo /bin/sh)"`}
	}
	// Ctrl-C reaches the wrapper, too, which must outlive the command.
	words := append([]string{"/bin/sh", "-c", `trap : INT QUIT; printf '\033_berth-begin\033\\'; "$@"; printf '\033_berth-exit %d\033\\' "$?"`, "berth"}, command...)
	return shellescape.QuoteCommand(words)
}

// told passes the output of a wrapped command on, without what the plugin says around it, and keeps how it ended.
type told struct {
	out   io.Writer
	plain bool // out is no terminal: lines end as they do in files

	held  []byte // what may be the beginning of a sign, or of the end of a line
	state int    // before, within or after the command's output
	said  bytes.Buffer
	exit  int
}

const (
	before = iota
	within
	after
)

// Write takes what the plugin printed.
func (t *told) Write(p []byte) (int, error) {
	t.held = append(t.held, p...)
	for {
		more, err := t.step()
		if err != nil {
			return 0, err
		}
		if !more {
			return len(p), nil
		}
	}
}

// step handles what is held up to the next sign.
func (t *told) step() (more bool, err error) {
	switch t.state {
	case before:
		said, rest, ok := bytes.Cut(t.held, []byte(begin))
		if !ok {
			return false, nil
		}
		t.said.Write(said)
		t.held, t.state = rest, within
		return true, nil
	case within:
		return t.pass()
	}
	t.said.Write(t.held)
	t.held = nil
	return false, nil
}

// pass passes output on until a sign of the end.
func (t *told) pass() (more bool, err error) {
	out, rest, ok := bytes.Cut(t.held, []byte(ended))
	if ok {
		code, behind, whole := bytes.Cut(rest, []byte(ending))
		if n, err := strconv.Atoi(string(code)); whole && err == nil {
			t.held, t.state, t.exit = behind, after, n
			return true, t.emit(out)
		}
		if whole { // somebody else's
			t.held = behind
			return true, t.emit(append(append(out, ended...), append(code, ending...)...))
		}
	}
	keep := 0
	if !ok {
		keep = beginning(t.held)
		out = t.held[:len(t.held)-keep]
	}
	t.held = bytes.Clone(t.held[len(out):])
	return false, t.emit(out)
}

// beginning is how many bytes at the end of b may be the beginning of a sign, or of the end of a line.
func beginning(b []byte) int {
	for n := min(len(ended)-1, len(b)); n > 0; n-- {
		if bytes.HasSuffix(b, []byte(ended[:n])) {
			return n
		}
	}
	if bytes.HasSuffix(b, []byte("\r")) {
		return 1
	}
	return 0
}

func (t *told) emit(b []byte) error {
	if t.plain {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	if _, err := t.out.Write(b); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// flush passes the rest on when nothing more comes.
func (t *told) flush() error {
	rest := t.held
	t.held = nil
	if t.state == within {
		return t.emit(rest)
	}
	t.said.Write(rest)
	return nil
}

// words are what the plugin itself said, without empty lines.
func (t *told) words() string {
	var lines []string
	for line := range strings.Lines(t.said.String()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
