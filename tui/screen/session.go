package screen

import (
	"context"
	"slices"
	"time"

	"berth/compare"
	"berth/compare/advise"
	"berth/compare/price"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/engine/view"
	"berth/tui/keys"
	"berth/tui/theme"
	"berth/tui/widget"
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

	// Browse opens an address in the browser. Nil: there is none.
	Browse func(url string) error

	// Flags say on a command line which app and account are meant: for the commands that remedies name.
	Flags fail.Flags

	SkipVerify     bool
	SkipPreflight  bool
	NoRehearsal    bool
	Rebuild        bool
	RotateOrigin   bool
	RolloutTimeout time.Duration

	Mode Mode // what the screens are opened for; nil: the wizard
}

// Advisor is what the screens need of the comparison; compare.Advisor is one.
type Advisor interface {
	Compare(advise.Requirements, price.Usage) (*compare.Result, error)
	Months(service string, r advise.Requirements, u price.Usage) (compare.Months, error)
	CostTables(services []string, r advise.Requirements, u price.Usage) ([]compare.CostTable, error)
	RankRegions(service string, r advise.Requirements, u price.Usage) ([]compare.RankedRegion, error)
	Report(advise.Requirements, price.Usage) (*compare.Report, error)
}

// Session is everything that was found and answered so far, and how it ends. It is shared by all screens by pointer
// and touched only while a message is handled. What one screen has for another goes with Go.
type Session struct {
	Options
	Ctx   context.Context // ends when the program ends; for the commands
	Draft *Draft

	Findings *Findings
	Status   *Status // nil while it was not asked for
	Tail     Tail    // of the log of the app that is watched
	Identity *Identity
	Story    *Story // of the tour that was begun, nil before

	Run     Run // the newest run, nil before the first
	Outcome Outcome
	End     End

	Frame int // of everything that moves

	entries map[Name][]keys.Key // by the screen that has the keys
	given   []engine.Given      // values of secrets that were typed or made up
	ticked  map[found]bool      // findings that were ticked off
	despite map[string]bool     // doubts that were accepted
	watch   Watch
	watched string // which app that is
	start   Place
	nav     *nav
	quit    bool
}

// Outcome is how the newest run ended; it is told after the program has ended, too.
type Outcome struct {
	Done     bool   // a run ended
	Outcome  string // as in event.Outcome
	Endpoint string
	Verified string
	App      string // that it was about
	Verb     string
	Revision string // that a rollback went back to
	Error    *fail.Error
	Snap     *view.Snapshot // of the run, for the screens
}

// End is how the user left, for whoever started the program.
type End struct {
	Problem   *fail.Error // why a task could not be planned
	Abandoned bool        // a run goes on, and is not waited for again
	Another   bool        // for another story of the tour
	Shell     bool        // to a shell in a task, and back to the overview
	Onward    Place       // to go on where this session cannot; nil: nowhere
}

type nav struct{ to Place } // nil: back

// NewSession starts a session. It does no work.
func NewSession(ctx context.Context, o Options) *Session {
	if o.Advisor == nil {
		o.Advisor = compare.Advisor{Today: o.Today}
	}
	if o.Mode == nil {
		o.Mode = &Wizard{}
	}
	s := &Session{Options: o, Ctx: ctx}
	s.start = o.Mode.begin(s)
	return s
}

// Start is where to begin.
func (s *Session) Start() Place { return s.start }

// Go shows another screen, with what it is handed, as soon as the message at hand is handled.
func (s *Session) Go(to Place) { s.nav = &nav{to: to} }

// Back shows the screen before this one.
func (s *Session) Back() { s.nav = &nav{} }

// Quit ends the program as soon as the message at hand is handled.
func (s *Session) Quit() { s.quit = true }

// TakeNav returns where to go, once: to a place, or back. There is neither when there is nowhere to go.
func (s *Session) TakeNav() (to Place, back bool) {
	if s.nav == nil {
		return nil, false
	}
	to, s.nav = s.nav.to, nil
	return to, to == nil
}

// Quitting says whether Quit was called.
func (s *Session) Quitting() bool { return s.quit }

// Spec is the app as it stands now: what was said, completed with what was found and defaults.
func (s *Session) Spec() *spec.Spec {
	switch {
	case s.Draft != nil:
		return s.Draft.Spec
	case s.Watching() != nil:
		return s.Watching().App
	}
	return &spec.Spec{Dir: s.Dir}
}

// Home is the app that can be running: as somebody agreed to it last, or as it was before the first answer. Answers that
// nobody has agreed to, such as another name, do not change what runs.
func (s *Session) Home() *spec.Spec {
	if s.Draft != nil {
		return s.Draft.Agreed()
	}
	return s.Spec()
}

// Unsaved are the keys of berth.toml whose answers nobody has agreed to yet.
func (s *Session) Unsaved() []string {
	if s.Draft == nil {
		return nil
	}
	return s.Draft.Unsaved()
}

// Card shows a failure, with commands in its remedy that reach the same app.
func (s *Session) Card(f *fail.Error) widget.Failure {
	return widget.Failure{Theme: s.Theme, Error: s.Flags.With(f)}
}

// Connect gives screens the keys that open others.
func (s *Session) Connect(all []Entered) {
	s.entries = map[Name][]keys.Key{}
	for _, e := range all {
		from, key := e.Entry()
		s.entries[from] = append(s.entries[from], key)
	}
}

// Entries are the keys of a screen that open screens that it does not know.
func (s *Session) Entries(of Place) []keys.Key { return s.entries[of.Name()] }

// Now is what the clock shows that the run at hand goes by.
func (s *Session) Now() time.Time {
	if w := s.Watching(); w != nil {
		return w.Clock()
	}
	return s.Engine.Now()
}

// Compare judges and prices the services for the app as it stands now.
func (s *Session) Compare() (*compare.Result, error) {
	return s.Advisor.Compare(s.Draft.Requirements(), s.Draft.Usage())
}

// Watched is the watch on the app that can be running, nil when there is none, or only one on an app of another name,
// environment or region.
func (s *Session) Watched() Watch {
	if s.watched != name(s.Home()) {
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
func (s *Session) Request() Request { return s.request(s.Spec()) }

// RequestHome asks for a plan about what runs: whatever the answers that nobody has agreed to make of it.
func (s *Session) RequestHome() Request { return s.request(s.Home()) }

func (s *Session) request(app *spec.Spec) Request {
	r := Request{
		Spec: app.Clone(), Given: slices.Clone(s.given), SkipVerify: s.SkipVerify, SkipPreflight: s.SkipPreflight,
		NoRehearsal: s.NoRehearsal, Rebuild: s.Rebuild, RotateOrigin: s.RotateOrigin, RolloutTimeout: s.RolloutTimeout,
	}
	if t := s.Task(); t != nil {
		r.Move = t.Beside == engine.Move
	}
	if s.Draft != nil { // the plan costs what the comparison said
		u := s.Draft.Usage()
		r.Usage = &u
	}
	return r
}
