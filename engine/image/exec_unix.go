//go:build unix

package image

import (
	"os/exec"
	"syscall"
)

// ownGroup puts c into a process group of its own and ends it as Ctrl-C would, so that docker can tell the
// daemon to stop.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
}
