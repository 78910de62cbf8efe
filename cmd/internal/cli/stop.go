package cli

import (
	"context"
	"os"
	"sync"
	"syscall"
)

// stoppable is a run that can be stopped softly, then hard.
type stoppable interface {
	Stop()
	Cancel()
}

// stopper turns signals into the three steps of stopping: the first lets the calls in flight finish and
// starts none, the second cancels, the third ends the process. Outside of a run there is nothing to finish,
// and the first cancels.
type stopper struct {
	cancel context.CancelFunc
	exit   func(code int)

	mu  sync.Mutex
	n   int
	run stoppable
}

// exitStopped is the exit code of the contract for a process that was stopped.
const exitStopped = 130

// listen acts on signals until the channel is closed: they count after everything was cancelled, too, because
// the third must still end the process.
func (s *stopper) listen(signals <-chan os.Signal) {
	for sig := range signals {
		s.signal(sig == syscall.SIGHUP)
	}
}

// signal acts on one signal. A terminal that was closed says so any number of times, and nobody is left who
// could mean more by it than to stop.
func (s *stopper) signal(hangup bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hangup && s.n > 0 {
		return
	}
	s.n++
	switch {
	case s.n >= 3:
		s.exit(exitStopped)
	case s.n == 1 && s.run != nil:
		s.run.Stop()
	case s.run != nil:
		s.run.Cancel()
	default:
		s.cancel()
	}
}

// during says what run signals are about from now on; nil says that it is over. A run that was begun just before a
// signal was known is stopped at once.
func (s *stopper) during(r stoppable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = r
	if r != nil && s.n > 0 {
		r.Stop()
	}
}

// asked says whether a signal has come.
func (s *stopper) asked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n > 0
}
