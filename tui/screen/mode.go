package screen

import (
	"context"
	"time"

	"berth/engine/interview"
	"berth/engine/spec"
)

// Mode is what the screens were opened for: *Wizard, *Task, *Watching or *Tour. A task is over when the user goes on
// to the overview; from then on the mode is the wizard's.
type Mode interface {
	// begin tells the session what is known from the start, and says where to begin.
	begin(*Session) Place
}

// Wizard is all of it: from the source tree to a deployment, and back to what runs.
type Wizard struct{ Then Place } // where to go as soon as the project is read; nil: nowhere

func (w *Wizard) begin(*Session) Place { return Project{Then: w.Then} }

// Task is the one thing that the screens were opened for, by a verb of the command line: a look at what would
// change, the run, how it ended.
type Task struct {
	Verb     string     // deploy, rollback, restart, destroy
	Spec     *spec.Spec // complete and valid; of a destruction, what names the app
	Findings *Findings  // may be nil
	KeepData bool       // of a destruction: the database and the files stay
	Revision string     // that a rollback goes back to, as engine.Request has it
	Beside   Beside     // of a deployment: what to do about the same app elsewhere, when that was said already
	Yes      bool       // nobody wants to be asked, and nobody may be there to press a key
}

func (t *Task) begin(s *Session) Place {
	s.Draft, s.Findings = interview.Given(t.Spec, t.Findings), t.Findings
	switch t.Verb {
	case "destroy":
		return Review{Destroy: true, KeepData: t.KeepData}
	case "rollback":
		return Review{Rollback: t.Revision}
	case "restart":
		return Review{Restart: true}
	}
	return Review{}
}

// Alone says that a plan for the task goes ahead without a question: nobody wants to be asked, or there is nothing
// to ask about.
func (t *Task) Alone(p *Plan) bool { return t.Yes || !p.Changed() }

// Watching is a run of another terminal that is shown, and nothing else.
type Watching struct {
	Run
	Clock    func() time.Time // of that run's engine
	PID      int
	What     string // deployment, rollback, restart or destruction
	Revision string // that a rollback goes back to
	App      *spec.Spec
	Account  string
}

func (w *Watching) begin(s *Session) Place { //nolint:unparam // as each Mode begins
	s.Run, s.Identity = w.Run, &Identity{Account: w.Account}
	return Deploy{}
}

// Reaches says whether a place can be gone to while a run of another terminal is watched: the others need an
// account, which that session has not opened.
func (*Watching) Reaches(to Place) bool {
	switch to.(type) {
	case Deploy, Result:
		return true
	}
	return false
}

// Story is one course that a demo can take.
type Story struct {
	Name    string // a word, as on the command line
	Title   string
	Happens string // what goes wrong, or does not, and how it ends
	Press   string // what to do when it happens
}

// Tour is what a demo offers before its first question.
type Tour struct {
	Stories []Story // the first one is proposed
	Chosen  string  // name of the story to begin without asking; empty asks
	// Begin stages a story and returns the engine that it happens on. It may take its time.
	Begin func(ctx context.Context, name string) (Engine, error)
}

func (*Tour) begin(*Session) Place { return Stories{} }

// Task is the mode when it is a task, else nil.
func (s *Session) Task() *Task {
	t, _ := s.Mode.(*Task)
	return t
}

// Watching is the mode when a run of another terminal is shown, else nil.
func (s *Session) Watching() *Watching {
	w, _ := s.Mode.(*Watching)
	return w
}

// Tour is the mode when it is a demo with stories, else nil.
func (s *Session) Tour() *Tour {
	t, _ := s.Mode.(*Tour)
	return t
}

// OtherStories leaves the story that is told for the tour, where there is one and nothing is under way. It says
// whether it does: whoever started the program then starts it anew.
func (s *Session) OtherStories() bool {
	if !s.Told() {
		return false
	}
	s.End.Another = true
	s.Quit()
	return true
}

// Told says that a story of a tour was begun and that nothing of it is under way just now.
func (s *Session) Told() bool {
	if s.Tour() == nil || s.Story == nil {
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
