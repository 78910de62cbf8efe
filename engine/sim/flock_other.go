//go:build !unix

package sim

import "os"

// flock does nothing where the system has no flock: there, one process at a time may use a state file.
func flock(*os.File) error { return nil }
