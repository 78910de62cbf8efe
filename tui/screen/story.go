package screen

import (
	"context"
)

// Story is one course that a demo can take.
type Story struct {
	Name    string // a word, as on the command line
	Title   string
	Happens string // what goes wrong, or does not, and how it ends
	Press   string // what to do when it happens
}

// Tour is what a demo offers before its first question. A session that is no demo has none.
type Tour struct {
	Stories []Story // the first one is proposed
	Chosen  string  // name of the story to begin without asking; empty asks
	// Begin stages a story and returns the engine that it happens on. It may take its time.
	Begin func(ctx context.Context, name string) (Engine, error)
}

// OtherStories leaves the story that is told for the tour, where there is one and nothing is under way. It says
// whether it does: whoever started the program then starts it anew.
func (s *Session) OtherStories() bool {
	if !s.Told() {
		return false
	}
	s.Another = true
	s.Quit()
	return true
}

// Told says that a story of a tour was begun and that nothing of it is under way just now.
func (s *Session) Told() bool {
	if s.Tour == nil || s.Story == nil {
		return false
	}
	if s.Run == nil {
		return true
	}
	select {
	case <-s.Run.Done():
		return true
	default:
		return false
	}
}
