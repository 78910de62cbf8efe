//go:build unix

package rehearse

import (
	"os/exec"
	"syscall"
)

// apart puts a program into a session of its own, so that the Ctrl-C of the terminal comes to us alone.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
