// Package early is what must be done before other packages initialise.
//
// It keeps the terminal quiet until a screen is really opened. Bubble Tea v1 asks the terminal for
// its background colour while packages are initialised; a terminal that does not answer stalls every command,
// even --help, for seconds. A terminal that calls itself dumb is not asked, so this package says so until main
// begins.
//
// It keeps the garbage collector from running meanwhile, too: the tables of the AWS clients are most of what is
// allocated then, all of it stays, and collecting twice what is still being made costs 6 ms of a start of 30.
//
// It imports the standard library only, which is what makes it go first: Go initialises packages whose imports
// are ready in the order of their import paths, and "berth/" sorts before "github.com/".
package early

import (
	"os"
	"runtime/debug"
)

// roomy is how much the heap may grow between collections, in percent of what lives: four times the 4 MB that Go
// starts collecting at hold all that packages initialise and the first screen.
const roomy = 400

// saved is TERM as the process found it, written once while packages are initialised and read once by Restore.
var saved, wasSet = hush()

func hush() (term string, set bool) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(roomy)
	}
	term, set = os.LookupEnv("TERM")
	// Also when there is no TERM: then the terminal is asked, too. Setenv fails only for a bad name or a zero
	// byte in the value.
	_ = os.Setenv("TERM", "dumb")
	return term, set
}

// Restore puts TERM back as it was. It must be main's first statement.
func Restore() {
	if !wasSet {
		_ = os.Unsetenv("TERM")
		return
	}
	_ = os.Setenv("TERM", saved)
}
