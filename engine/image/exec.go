package image

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"berth/engine/fail"
)

const (
	// killAfter is how long docker may take to stop after its interrupt.
	killAfter    = 5 * time.Second
	untagTimeout = 20 * time.Second
	// answerTimeout is how long a program may take to answer a question. One that waits for an engine that hangs never does.
	answerTimeout = 30 * time.Second
	// maxTail is how much of a program's output is kept as evidence, in bytes.
	maxTail = 8 << 10
)

// prepare makes a command of the program that cannot reach the terminal: it reads nothing, is in a process group
// of its own, so that the Ctrl-C of the terminal comes to us alone, and is interrupted when ctx ends.
func (p program) prepare(ctx context.Context, env []string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.command, args...)
	c.Env = append(os.Environ(), "DOCKER_CLI_HINTS=false", "BUILDKIT_COLORS=", "NO_COLOR=1")
	c.Env = append(c.Env, env...)
	c.WaitDelay = killAfter
	ownGroup(c)
	return c
}

// errSilent is a program that did not answer in time.
var errSilent = errors.New("no answer for " + answerTimeout.String())

// output runs a short command of the program.
func (p program) output(ctx context.Context, args ...string) (out, errs string, err error) {
	return p.answer(ctx, answerTimeout, args...)
}

// answer is output for a program that may take so long.
func (p program) answer(ctx context.Context, within time.Duration, args ...string) (out, errs string, err error) {
	short, cancel := context.WithTimeoutCause(ctx, within, errSilent)
	defer cancel()
	var stdout bytes.Buffer
	var stderr tail
	c := p.prepare(short, nil, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	if err != nil && errors.Is(context.Cause(short), errSilent) {
		err = errSilent
	}
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

// output of a build, line by line.
type follower interface {
	// line is one line of stdout or stderr.
	line(text string)
	// failed says what went wrong as far as the output told: the step, and what it said last.
	failed() (step, evidence string)
}

// pipe runs a command of the program and hands each line of its output to line.
func (p program) pipe(ctx context.Context, env, args []string, line func(string)) error {
	c := p.prepare(ctx, env, args...)
	lines := &lineWriter{each: line}
	c.Stdout, c.Stderr = lines, lines // the same writer: the order of the lines stays, and one comes at a time
	err := c.Run()
	lines.flush()
	return err
}

// follow runs a build and hands its output to f.
func (p program) follow(ctx context.Context, env, args []string, f follower) error {
	err := p.pipe(ctx, env, args, f.line)
	if ctx.Err() != nil {
		return fmt.Errorf("build image: %w", ctx.Err())
	}
	if err == nil {
		return nil
	}
	step, evidence := f.failed()
	if known := p.fault(evidence); known != nil {
		known.Err = err
		return known
	}
	return buildFailed(step, evidence, p.buildRemedy(evidence), err)
}

// buildFailed is a build that failed at a step, "" when it told none.
func buildFailed(step, evidence, remedy string, err error) error {
	cause := "the image build failed"
	if step != "" {
		cause += " at " + shorten(step)
	}
	return &fail.Error{Class: fail.Failed, Cause: cause, Evidence: fail.Quoted(evidence), Remedy: remedy, Err: err}
}

// lineWriter cuts what is written to it into lines, at carriage returns, too.
type lineWriter struct {
	each func(string)
	rest []byte
	seen int // how much of rest has no line end
}

// maxLine is where a line is cut that does not end, in bytes. The JSON of BuildKit has long lines.
const maxLine = 4 << 20

// Write takes output, and passes whole lines on.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	start := 0
	for {
		i := bytes.IndexAny(w.rest[w.seen:], "\r\n")
		if i < 0 {
			w.seen = len(w.rest)
			if w.seen-start < maxLine {
				break
			}
			i = w.seen - 1
		} else {
			i += w.seen
		}
		if line := strings.TrimRight(string(w.rest[start:i]), " \t"); line != "" {
			w.each(line)
		}
		start, w.seen = i+1, i+1
	}
	if start > 0 {
		w.rest = append(w.rest[:0], w.rest[start:]...)
		w.seen -= start
	}
	return len(p), nil
}

func (w *lineWriter) flush() {
	if line := strings.TrimSpace(string(w.rest)); line != "" {
		w.each(line)
	}
	w.rest, w.seen = nil, 0
}

// longestLine is how much of a line of output is passed on, in bytes.
const longestLine = 2000

// shorten cuts a long line and says how much of it is missing.
func shorten(line string) string {
	if len(line) <= longestLine {
		return line
	}
	cut := longestLine
	for cut > 0 && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return fmt.Sprintf("%s … (%s more)", line[:cut], human(int64(len(line)-cut)))
}

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

// Write keeps the end of what is written.
func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > maxTail {
		t.b = append(t.b[:0], t.b[len(t.b)-maxTail:]...)
	}
	return len(p), nil
}

// String is what was kept.
func (t *tail) String() string { return strings.TrimSpace(string(t.b)) }

// lastLines keeps the newest lines.
type lastLines struct{ lines []string }

// evidenceLines is how many lines of output a failure shows.
const evidenceLines = 20

func (l *lastLines) add(line string) {
	l.lines = append(l.lines, shorten(line))
	if len(l.lines) > evidenceLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
}

// String is the lines that were kept.
func (l *lastLines) String() string { return strings.Join(l.lines, "\n") }

// contextReader ends with ctx.
type contextReader struct {
	ctx context.Context
	r   *bufio.Reader
}

// Read reads on until the context ends.
func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

var _ io.Reader = (*contextReader)(nil)

// pattern compiles an expression when it is first needed.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
