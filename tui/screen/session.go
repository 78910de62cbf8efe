package screen

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare"
	"berth/compare/advise"
	"berth/compare/price"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/engine/view"
	"berth/tui/theme"
)

// Options is what a session starts with.
type Options struct {
	Engine Engine
	Theme  *theme.Theme
	Dir    string    // of the app
	Env    string    // environment; empty means spec.DefaultEnv
	Today  time.Time // the day from which the age of prices is seen

	// Region is where to deploy unless berth.toml or an answer says otherwise, and RegionFrom where that
	// comes from, such as "AWS_REGION". Both may be empty.
	Region, RegionFrom string

	// Override sets what the command line said on a spec that was just loaded. Nil: it said nothing.
	Override func(*spec.Spec) error

	// Advisor judges and prices the services. Nil: with the facts and prices that are part of the binary.
	Advisor Advisor

	// Copy puts a text on the clipboard of the terminal, if that can be done. Nil: it cannot.
	Copy func(string)

	SkipVerify     bool
	RolloutTimeout time.Duration

	Tour *Tour // what a demo offers first; nil: this is no demo

	Task     *Task     // the one thing that the screens are for; nil: all of it
	Watching *Watching // the run of another terminal that is shown, and nothing else; nil: none
	Then     Onward    // where to go as soon as the project is read
}

// Advisor is what the screens need of the comparison; compare.Advisor is one.
type Advisor interface {
	Compare(advise.Requirements, price.Usage) (*compare.Result, error)
	Months(service string, r advise.Requirements, u price.Usage) (compare.Months, error)
	CostTables(services []string, r advise.Requirements, u price.Usage) ([]compare.CostTable, error)
	RankRegions(service string, r advise.Requirements, u price.Usage) ([]compare.RankedRegion, error)
	Report(advise.Requirements, price.Usage) (*compare.Report, error)
}

// Session is everything that was found, answered and planned so far. It is shared by all screens by pointer
// and touched only while a message is handled.
type Session struct {
	Options
	Ctx   context.Context // ends when the program ends; for the commands
	Draft *Draft

	Findings *Findings
	Status   *Status // nil while it was not asked for
	Tail     Tail    // of the log of the app that is watched
	Identity *Identity
	Plan     *Plan // what Review showed last

	// Confirmed is the plan that Deploy shall carry out; Deploy takes it.
	Confirmed *Plan
	// Destroying says that Review is to plan a destruction.
	Destroying bool
	// Rollback is the newest rollback that was confirmed.
	Rollback Rollback
	// Fix is what Settings shall show and fill in when it is shown next; Settings takes it.
	Fix     *Fix
	Run     Run // the newest run, nil before the first
	Outcome Outcome

	// Abandoned says that the user left a run that goes on: it is not waited for again.
	Abandoned bool

	Story   *Story // of the tour that was begun, nil before
	Another bool   // the user left for another story of the tour

	Onward Onward // where the user wants to go on to that this session cannot

	Frame int // of everything that moves

	watch   Watch
	watched string // which app that is
	nav     *nav
	quit    bool
}

// Rollback names the version that a rollback goes back to.
type Rollback struct {
	Revision string // family:number
	Again    bool   // Redeploy is to offer it once more
}

// Outcome is what is told after the program has ended.
type Outcome struct {
	Done     bool   // a run ended
	Outcome  string // as in event.Outcome
	Endpoint string
	Verified string
	Verb     string
	Error    *fail.Error
	Snap     *view.Snapshot // of the run, for the screens
}

// Onward is where a user goes on to from a run of another terminal.
type Onward struct {
	To       Name   // empty: nowhere
	Verb     string // of the run that was watched
	Revision string // that it went back to, if it was a rollback
}

type nav struct {
	to   Name
	back bool
}

// NewSession starts a session. It does no work.
func NewSession(ctx context.Context, o Options) *Session {
	if o.Advisor == nil {
		o.Advisor = compare.Advisor{Today: o.Today}
	}
	s := &Session{Options: o, Ctx: ctx}
	s.begin()
	return s
}

// Go shows another screen as soon as the message at hand is handled.
func (s *Session) Go(to Name) { s.nav = &nav{to: to} }

// Back shows the screen before this one.
func (s *Session) Back() { s.nav = &nav{back: true} }

// Quit ends the program as soon as the message at hand is handled.
func (s *Session) Quit() { s.quit = true }

// TakeNav returns where to go, once: to a screen, or back. Both are zero when there is nowhere to go.
func (s *Session) TakeNav() (to Name, back bool) {
	if s.nav == nil {
		return "", false
	}
	n := s.nav
	s.nav = nil
	return n.to, n.back
}

// Quitting says whether Quit was called.
func (s *Session) Quitting() bool { return s.quit }

// Spec is the app as it stands now: what was said, completed with what was found and defaults.
func (s *Session) Spec() *spec.Spec {
	switch {
	case s.Draft != nil:
		return s.Draft.Spec
	case s.Watching != nil:
		return s.Watching.App
	}
	return &spec.Spec{Dir: s.Dir}
}

// Compare judges and prices the services for the app as it stands now.
func (s *Session) Compare() (*compare.Result, error) {
	return s.Advisor.Compare(s.Draft.Requirements(), s.Draft.Usage())
}

// Watched is the watch on the app as it stands now, nil when there is none, or only one on an app of another name,
// environment or region.
func (s *Session) Watched() Watch {
	if s.watched != name(s.Spec()) {
		return nil
	}
	return s.watch
}

// KeepWatch keeps a watch on an app.
func (s *Session) KeepWatch(w Watch, app *spec.Spec) {
	if of := name(app); of != s.watched {
		s.watched, s.Tail = of, Tail{}
	}
	s.watch = w
}

// name tells apps apart.
func name(s *spec.Spec) string { return s.App + "\x00" + s.EnvName + "\x00" + s.Region }

// Request asks for a plan of the app as it stands now.
func (s *Session) Request(destroy bool) Request {
	r := Request{
		Spec: s.Spec().Clone(), Destroy: destroy,
		SkipVerify: s.SkipVerify, RolloutTimeout: s.RolloutTimeout,
	}
	if s.RollsBack() {
		r.Rollback = s.Rollback.Revision
	}
	return r
}

// Do runs work outside the message loop; what it returns comes back as a message.
func (s *Session) Do(work func(context.Context) tea.Msg) tea.Cmd {
	ctx := s.Ctx
	return func() tea.Msg { return work(ctx) }
}

// After is the command for a message that comes after a while, unless ctx ends before.
func After(ctx context.Context, wait time.Duration, msg tea.Msg) tea.Cmd {
	return func() tea.Msg {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
			return msg
		case <-ctx.Done():
			return nil
		}
	}
}
