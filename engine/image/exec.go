package image

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"berth/engine/fail"
)

const (
	// killAfter is how long docker may take to stop after its interrupt.
	killAfter    = 5 * time.Second
	untagTimeout = 20 * time.Second
	// maxTail is how much of a program's output is kept as evidence, in bytes.
	maxTail = 8 << 10
)

// command prepares a docker command that cannot reach the terminal: it reads nothing, is in a process group
// of its own, so that the Ctrl-C of the terminal comes to us alone, and is interrupted when ctx ends.
func (d Docker) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, cmp.Or(d.Command, "docker"), args...)
	c.Env = append(os.Environ(), "DOCKER_CLI_HINTS=false", "BUILDKIT_COLORS=", "NO_COLOR=1")
	c.Env = append(c.Env, env...)
	c.WaitDelay = killAfter
	ownGroup(c)
	return c
}

// output runs a short docker command.
func (d Docker) output(ctx context.Context, args ...string) (out, errs string, err error) {
	var stdout bytes.Buffer
	var stderr tail
	c := d.command(ctx, nil, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

// output of a build, line by line.
type follower interface {
	// line is one line of stdout or stderr.
	line(text string)
	// failed says what went wrong as far as the output told: the step, and what it said last.
	failed() (step, evidence string)
}

// follow runs a build and hands its output to f.
func (d Docker) follow(ctx context.Context, env, args []string, f follower) error {
	c := d.command(ctx, env, args...)
	var mu sync.Mutex
	lines := &lineWriter{each: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		f.line(text)
	}}
	c.Stdout, c.Stderr = lines, lines // the same writer: the order of the lines stays
	err := c.Run()
	lines.flush()
	if ctx.Err() != nil {
		return fmt.Errorf("build image: %w", ctx.Err())
	}
	if err == nil {
		return nil
	}
	step, evidence := f.failed()
	if known := dockerFault(evidence); known != nil {
		known.Err = err
		return known
	}
	cause := "the image build failed"
	if step != "" {
		cause += " at " + step
	}
	return &fail.Error{Class: fail.Failed, Cause: cause, Evidence: fail.Quoted(evidence), Remedy: buildRemedy(evidence), Err: err}
}

// lineWriter cuts what is written to it into lines, at carriage returns, too.
type lineWriter struct {
	each func(string)
	rest []byte
}

// maxLine is where a line is cut that does not end, in bytes. The JSON of BuildKit has long lines.
const maxLine = 4 << 20

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexAny(w.rest, "\r\n")
		if i < 0 && len(w.rest) < maxLine {
			return len(p), nil
		}
		if i < 0 {
			i = len(w.rest) - 1
		}
		if line := strings.TrimRight(string(w.rest[:i]), " \t"); line != "" {
			w.each(line)
		}
		w.rest = append(w.rest[:0], w.rest[i+1:]...)
	}
}

func (w *lineWriter) flush() {
	if line := strings.TrimSpace(string(w.rest)); line != "" {
		w.each(line)
	}
	w.rest = nil
}

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > maxTail {
		t.b = append(t.b[:0], t.b[len(t.b)-maxTail:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.b)) }

// lastLines keeps the newest lines.
type lastLines struct{ lines []string }

// evidenceLines is how many lines of output a failure shows.
const evidenceLines = 20

func (l *lastLines) add(line string) {
	l.lines = append(l.lines, line)
	if len(l.lines) > evidenceLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
}

func (l *lastLines) String() string { return strings.Join(l.lines, "\n") }

// contextReader ends with ctx.
type contextReader struct {
	ctx context.Context
	r   *bufio.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

var _ io.Reader = (*contextReader)(nil)
