package screen

import (
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
)

// Task is the one thing that the screens were opened for, by a verb of the command line: a look at what would
// change, the run, how it ended. It is over when the user goes on to the overview.
type Task struct {
	Verb     string     // deploy, rollback, destroy
	Spec     *spec.Spec // complete and valid; of a destruction, what names the app
	Findings *Findings  // may be nil
	Revision string     // that a rollback goes back to, as engine.Request has it
	Yes      bool       // nobody wants to be asked, and nobody may be there to press a key

	// What the screens find out.
	Problem *fail.Error // why it cannot be carried out
	Alone   bool        // the run goes on without a question, and the program ends with it
}

// Watching is a run of another terminal that is shown.
type Watching struct {
	Run
	Clock    func() time.Time // of that run's engine
	PID      int
	What     string // deployment, rollback or destruction
	Revision string // that a rollback goes back to
	App      *spec.Spec
	Account  string
}

// begin makes the session that of the task.
func (s *Session) begin() {
	switch t := s.Task; {
	case t != nil:
		s.Draft, s.Findings = Given(t.Spec, t.Findings), t.Findings
		s.Destroying, s.Rollback.Revision = t.Verb == "destroy", t.Revision
	case s.Watching != nil:
		s.Run, s.Rollback.Revision = s.Watching.Run, s.Watching.Revision
		s.Identity = &Identity{Account: s.Watching.Account}
	}
}

// Start is the first screen.
func (s *Session) Start() Name {
	switch {
	case s.Task != nil:
		return Review
	case s.Watching != nil:
		return Deploy
	case s.Tour != nil:
		return Stories
	}
	return Project
}

// Now is what the clock shows that the run at hand goes by.
func (s *Session) Now() time.Time {
	if s.Watching != nil {
		return s.Watching.Clock()
	}
	return s.Engine.Now()
}

// RollsBack says that Review is to plan a rollback.
func (s *Session) RollsBack() bool { return s.Task != nil && s.Task.Verb == "rollback" }

// Writes says whether Review writes berth.toml: a verb of the command line does not, unless something was
// changed on the way.
func (s *Session) Writes() bool {
	return !s.Destroying && !s.RollsBack() && (s.Task == nil || s.Draft.Changed())
}

// Planned keeps a plan that Review made, and goes on with it when there is nothing to ask, which it tells.
func (s *Session) Planned(p *Plan) (goesOn bool) {
	s.Plan = p
	if s.Task == nil {
		return false
	}
	if p.Revision != "" {
		s.Rollback.Revision = p.Revision
	}
	if !s.Task.Yes && changes(p) {
		return false
	}
	s.Task.Alone, s.Confirmed = true, p
	s.Go(Deploy)
	return true
}

// Unplanned keeps why what Review planned cannot be carried out, nil when it tries again.
func (s *Session) Unplanned(f *fail.Error) {
	if s.Task == nil {
		return
	}
	if s.Task.Problem = f; f != nil && s.Task.Yes {
		s.Quit()
	}
}

func changes(p *Plan) bool {
	for _, c := range p.Changes {
		if c.Action != event.None {
			return true
		}
	}
	return false
}
