//go:build unix

package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// carry runs the plugin in a terminal of its own: it ends a session whose input is none, and it must be read to know how
// the command ended. Keys and the size of the real terminal go through to it.
func carry(cmd *exec.Cmd, with Streams) (exit int, err error) {
	ours, its, err := pty.Open()
	if err != nil {
		return 0, fmt.Errorf("open a terminal: %w", err)
	}
	defer func() { _ = ours.Close() }()
	if _, err := term.MakeRaw(int(its.Fd())); err != nil { // what is typed before the plugin listens is its, too
		return 0, errors.Join(fmt.Errorf("set up a terminal: %w", err), its.Close())
	}
	if out, ok := with.Out.(*os.File); ok && term.IsTerminal(int(out.Fd())) {
		defer follow(out, ours)()
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = its, its, its
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	if closing := its.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", program, err)
	}
	stop, err := feed(with.In, ours)
	if err != nil {
		return 0, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	defer stop()
	t := &told{out: with.Out, plain: !isTerminal(with.Out)}
	_, copying := io.Copy(t, ours)
	if errors.Is(copying, syscall.EIO) { // how the end of a terminal reads
		copying = nil
	}
	if copying != nil {
		_ = cmd.Process.Kill() // nobody reads it any longer
	}
	ended := cmd.Wait()
	if err := errors.Join(copying, t.flush()); err != nil {
		return 0, err
	}
	return t.verdict(ended)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// follow keeps the size of a terminal that of another until it is stopped.
func follow(from, to *os.File) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	_ = pty.InheritSize(from, to) // one of any size is better than none
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-changed:
				_ = pty.InheritSize(from, to)
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(done)
	}
}

// feed passes input on until it is stopped: every key of a terminal as it is; the end of anything else as Ctrl-D.
func feed(in io.Reader, to *os.File) (stop func(), err error) {
	f, _ := in.(*os.File)
	if f == nil || !term.IsTerminal(int(f.Fd())) {
		go func() { // a read cannot be taken back
			if _, err := io.Copy(to, in); err == nil {
				_, _ = to.WriteString("\x04") // nobody may be there to read it
			}
		}()
		return func() {}, nil
	}
	was, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("take over the terminal: %w", err)
	}
	back := func() { _ = term.Restore(int(f.Fd()), was) }
	done, left := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		pass(f, to, done)
	}()
	return func() {
		close(done)
		<-left
		back()
	}, nil
}

// pass passes keys on until done. It never reads where there is no key: whoever reads the terminal next gets the next one.
func pass(from, to *os.File, done <-chan struct{}) {
	for keys := make([]byte, 4096); ; {
		select {
		case <-done:
			return
		default:
		}
		fd := int(from.Fd())
		var set unix.FdSet
		set.Set(fd)
		n, err := unix.Select(fd+1, &set, nil, nil, &unix.Timeval{Usec: 50_000})
		if n < 1 || err != nil {
			if err != nil && !errors.Is(err, unix.EINTR) {
				return
			}
			continue
		}
		if n, err = from.Read(keys); err != nil {
			return
		}
		if _, err := to.Write(keys[:n]); err != nil {
			return
		}
	}
}
