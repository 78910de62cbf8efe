//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

// lock marks the file as one that is being written, until the process closes it or ends.
func lock(f *os.File) error { return flock(f, syscall.LOCK_EX) }

// held says whether somebody writes the file.
func held(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // which gives the lock back
	return errors.Is(flock(f, syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
