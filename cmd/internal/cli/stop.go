package cli

import (
	"context"
	"os"
	"sync"
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
	for range signals {
		s.signal()
	}
}

func (s *stopper) signal() {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// during says what run signals are about from now on; nil says that it is over.
func (s *stopper) during(r stoppable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = r
}

// asked says whether a signal has come.
func (s *stopper) asked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n > 0
}
