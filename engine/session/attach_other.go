//go:build !unix

package session

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/term"
)

// carry gives a console to the plugin itself, which sets it up as it needs it; the exit code is the plugin's then. From
// anywhere else the output is read as it passes, with how the command ended.
func carry(cmd *exec.Cmd, with Streams) (exit int, err error) {
	t := &told{out: with.Out}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = with.In, t, with.Err
	console, _ := with.Out.(*os.File)
	direct := console != nil && term.IsTerminal(int(console.Fd()))
	if direct {
		cmd.Stdout = console
	}
	ended := cmd.Run()
	var code *exec.ExitError
	if ended != nil && !errors.As(ended, &code) {
		return 0, fmt.Errorf("run %s: %w", program, ended)
	}
	if direct {
		return cmd.ProcessState.ExitCode(), nil
	}
	if err := t.flush(); err != nil {
		return 0, err
	}
	return t.verdict(ended)
}
