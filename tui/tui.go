// Package tui is berth's terminal interface: the wizard that brings an app to AWS, and the screen to come
// back to. Run owns the terminal while it lasts; all work is done by the engine it is given.
package tui

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/app"
	"berth/tui/ask"
	"berth/tui/screen"
	"berth/tui/theme"
)

// Deps is what the screens are given.
type Deps struct {
	Engine *engine.Engine
	Dir    string    // of the app
	Env    string    // environment; empty means spec.DefaultEnv
	Today  time.Time // the day from which the age of prices is seen

	// Region is where to deploy unless berth.toml, Override or an answer says otherwise, and RegionFrom
	// where it comes from, such as "AWS_REGION". Both may be empty; then the user is asked.
	Region, RegionFrom string

	// Override sets the values of flags on a spec that was just loaded. Nil: there are none.
	Override func(*spec.Spec) error

	Flags          fail.Flags // that commands in remedies need to reach the same app
	SkipVerify     bool
	SkipPreflight  bool
	NoRehearsal    bool
	Rebuild        bool
	RotateOrigin   bool
	RolloutTimeout time.Duration

	Tour *Tour // what a demo offers first; nil: this is no demo
	Task *Task // the one thing that the screens are opened for; nil: all of it
	// Then is where to go on to as soon as the project is read; nil: nowhere.
	Then Onward

	NoColor bool // no colours, whatever the terminal can
	ASCII   bool // no signs beyond ASCII

	Input  io.Reader // nil: the standard input
	Output *os.File  // nil: the standard output
	Debug  io.Writer // what happens on the screens is written here; nil: nowhere
}

// Result is what is left to say once the terminal is as it was.
type Result struct {
	Outcome  event.Outcome // of the last run; empty when there was none
	Endpoint string
	Text     string // for the normal screen, may be empty; ends without a line end
	Err      *fail.Error
	Another  bool // the user wants another story of the tour
	// Shell is the app that the user wants a shell in, and to come back from to the overview; nil: none.
	Shell  *spec.Spec
	Onward Onward // where the user wants to go on to from the run of another terminal; nil: nowhere
}

// Story is one course that a demo can take.
type Story = screen.Story

// Tour is the stories that a demo offers before its first question.
type Tour struct {
	Stories []Story // the first one is proposed
	Chosen  string  // name of the story to begin without asking; empty asks
	// Begin stages a story on an account of its own and returns the engine for it.
	Begin func(ctx context.Context, name string) (*engine.Engine, error)
}

// screens is the tour as the screens want it.
func (t *Tour) screens() *screen.Tour {
	return &screen.Tour{Stories: t.Stories, Chosen: t.Chosen, Begin: func(ctx context.Context, name string) (screen.Engine, error) {
		eng, err := t.Begin(ctx, name)
		if err != nil {
			return nil, err
		}
		return screen.Open(eng), nil
	}}
}

// grace is how long a run that is still going on may take to stop once the screens are gone, before it is
// cancelled, and how long it may take then.
const grace = 30 * time.Second

// fps is how often a second what has changed is drawn, at most. It is the most that Bubble Tea takes: nothing is drawn
// before the first tick, so that half the rate would show the first frame 8 ms later.
const fps = 120

// Run shows the screens until the user leaves, or until ctx ends, which stops a run that goes on. An error
// means that the terminal could not be used; how a run ended is in the Result.
func Run(ctx context.Context, d Deps) (Result, error) { return d.show(ctx, d.options()) }

// show shows the screens of a session with those options.
func (d Deps) show(ctx context.Context, o screen.Options) (Result, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &console{File: d.Output}
	if d.Output == nil {
		out.File = os.Stdout
	}
	o.Theme, o.Copy, o.Browse = d.theme(out.File), out.Copy, browse
	s := screen.NewSession(inner, o)
	options := []tea.ProgramOption{tea.WithAltScreen(), tea.WithoutSignalHandler(), tea.WithOutput(out), tea.WithFPS(fps)}
	g := &guard{Model: app.New(s), log: d.Debug}
	in, asked := d.input(lipgloss.ColorProfile())
	p := tea.NewProgram(g, append(options, tea.WithInput(in))...)
	g.wake = func() { go p.Send(panicked{}) } // the program may be what is drawing just now
	if asked != nil {
		asked.answered = func(light bool) { p.Send(app.Background{Light: light}) }
		asked.ended, asked.broke = func() { p.Send(app.Interrupt{}) }, g.keep
	}
	if asked != nil && asked.waits {
		g.first = func() { _, _ = io.WriteString(out, question) } // who does not hear it does not answer
	}
	ended := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			p.Send(app.Interrupt{})
		case <-ended:
		}
	}()
	_, err := p.Run()
	close(ended)
	left := settle(s, out)
	r := result(s, left)
	if f := g.failure(); f != nil {
		return r, f
	}
	if err != nil && !s.Quitting() {
		return r, fmt.Errorf("draw the screens: %w", err)
	}
	return r, nil
}

// Ask is the wizard without a screen, line by line from in to out. It returns the plan that was confirmed, to
// be applied by the caller, or nil when the user left.
func Ask(ctx context.Context, d Deps, in io.Reader, out io.Writer) (*engine.Plan, error) {
	return ask.Run(ctx, d.options(), in, out)
}

func (d Deps) options() screen.Options {
	o := screen.Options{
		Dir: d.Dir, Env: d.Env, Today: d.Today, Region: d.Region, RegionFrom: d.RegionFrom, Flags: d.Flags, Override: d.Override,
		SkipVerify: d.SkipVerify, SkipPreflight: d.SkipPreflight, RolloutTimeout: d.RolloutTimeout, NoRehearsal: d.NoRehearsal, Rebuild: d.Rebuild, RotateOrigin: d.RotateOrigin, Mode: d.mode(),
	}
	if d.Engine != nil { // who watches the run of another terminal has none
		o.Engine, o.Advisor = screen.Open(d.Engine), d.Engine.Advisor(d.Today)
	}
	return o
}

// mode is what the screens are opened for.
func (d Deps) mode() screen.Mode {
	switch {
	case d.Task != nil:
		return d.Task
	case d.Tour != nil:
		return d.Tour.screens()
	}
	return &screen.Wizard{Then: d.Then}
}

// settle ends a run that goes on after the screens are gone, and says whether it had to be left behind.
func settle(s *screen.Session, out io.Writer) (left bool) {
	if s.Run == nil || s.Watching() != nil {
		return false
	}
	if ended(s.Run, 0) {
		return false
	}
	if !s.End.Abandoned {
		_, _ = fmt.Fprintln(out, "Stopping: calls in progress are finished first, which may take half a minute.") // nobody may be there to read it
		s.Run.Stop()
		if ended(s.Run, grace) {
			return false
		}
	}
	s.Run.Cancel()
	return !ended(s.Run, grace/6)
}

func ended(r screen.Run, within time.Duration) bool {
	select {
	case <-r.Done():
		return true
	default:
	}
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-r.Done():
		return true
	case <-t.C:
		return false
	}
}

// theme finds out once what the terminal can show, before the program takes it over: a question asked later
// would be answered into a text field. It takes the file itself, because termenv calls nothing else a terminal.
func (d Deps) theme(out *os.File) *theme.Theme {
	o := theme.Options{ASCII: d.ASCII, Light: bright(os.Getenv("COLORFGBG")), Links: true, Profile: termenv.Ascii}
	if !d.NoColor {
		o.Profile = termenv.NewOutput(out).EnvColorProfile()
	}
	lipgloss.SetColorProfile(o.Profile)
	lipgloss.SetHasDarkBackground(!o.Light)
	return theme.New(o)
}
