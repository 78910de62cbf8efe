//go:build unix

package sim

import (
	"os"
	"syscall"
)

// flock waits until this process alone holds the file.
func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}
