// Package tui is berth's terminal interface: the wizard that brings an app to AWS, and the screen to come
// back to. Run owns the terminal while it lasts; all work is done by the engine it is given.
package tui

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
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

	SkipVerify     bool
	RolloutTimeout time.Duration

	Tour *Tour // what a demo offers first; nil: this is no demo

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
	if t == nil {
		return nil
	}
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

// Run shows the screens until the user leaves, or until ctx ends, which stops a run that goes on. An error
// means that the terminal could not be used; how a run ended is in the Result.
func Run(ctx context.Context, d Deps) (Result, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &console{File: d.Output}
	if d.Output == nil {
		out.File = os.Stdout
	}
	o := d.options()
	o.Theme, o.Copy = d.theme(out.File), out.Copy
	s := screen.NewSession(inner, o)
	options := []tea.ProgramOption{tea.WithAltScreen(), tea.WithoutSignalHandler(), tea.WithOutput(out)}
	g := &guard{Model: app.New(s), log: d.Debug}
	in, asked := d.input(lipgloss.ColorProfile())
	p := tea.NewProgram(g, append(options, tea.WithInput(in))...)
	if asked != nil {
		asked.answered = func(light bool) { p.Send(app.Background{Light: light}) }
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
	left := settle(s)
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
	return screen.Options{
		Engine: screen.Open(d.Engine), Dir: d.Dir, Env: d.Env, Today: d.Today,
		Region: d.Region, RegionFrom: d.RegionFrom, Override: d.Override,
		SkipVerify: d.SkipVerify, RolloutTimeout: d.RolloutTimeout, Tour: d.Tour.screens(),
	}
}

// settle ends a run that goes on after the screens are gone, and says whether it had to be left behind.
func settle(s *screen.Session) (left bool) {
	if s.Run == nil {
		return false
	}
	if ended(s.Run, 0) {
		return false
	}
	if !s.Abandoned {
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

// result sums up what the user should still see once the screens are gone.
func result(s *screen.Session, left bool) Result {
	o := s.Outcome
	if s.Another {
		return Result{Another: true}
	}
	r := Result{Outcome: event.Outcome(o.Outcome), Endpoint: o.Endpoint, Err: o.Error}
	switch {
	case s.Run == nil:
		return r
	case left:
		r.Outcome = event.Stopped
		r.Text = "Left while AWS was still at work. Run berth again in this folder to continue."
		return r
	case !o.Done:
		o = lastWord(s)
		r.Outcome, r.Endpoint, r.Err = event.Outcome(o.Outcome), o.Endpoint, o.Error
	}
	app := s.Spec().App
	if o.Verb == "rollback" {
		app += ", back at " + s.Rollback.Revision + ","
	}
	r.Text = text(o, app)
	if s.Tour != nil { // its account and its folder are gone by now
		r.Text = strings.Replace(r.Text, again, "This was a demo. In the folder of an app of yours, berth does the same on AWS.", 1)
	}
	if sim := s.Engine.Simulated(); sim != "" && r.Text != "" {
		r.Text += "\n" + sim
	}
	return r
}

// lastWord reads the end of a run that ended after the screens were gone.
func lastWord(s *screen.Session) screen.Outcome {
	o := s.Outcome
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for reader := s.Run.Events(); ; {
		events, err := reader.Next(ctx)
		if err != nil || len(events) == 0 {
			return o
		}
		for _, e := range events {
			if e.Type == event.RunFinished {
				o.Done, o.Outcome, o.Error = true, string(e.Outcome), e.Error
				o.Endpoint = e.Endpoint
			}
		}
	}
}

// again is what can be done after a deployment.
const again = "Run berth again in this folder to redeploy, change settings or destroy."

func text(o screen.Outcome, app string) string {
	var b strings.Builder
	switch event.Outcome(o.Outcome) {
	case event.Succeeded:
		if o.Verb == "destroy" {
			return app + " is gone: berth removed all that it had made."
		}
		fmt.Fprintf(&b, "%s is live: %s", app, o.Endpoint)
		if o.Verified != "" {
			fmt.Fprintf(&b, "\n%s", o.Verified)
		}
		b.WriteString("\n" + again)
	case event.Stopped:
		b.WriteString("Stopped. What exists stays; run berth again in this folder to continue, or berth destroy to remove it.")
	default:
		if o.Error != nil {
			b.WriteString(o.Error.Cause)
			if o.Error.Evidence != "" {
				b.WriteString("\n" + o.Error.Evidence)
			}
			if o.Error.Remedy != "" {
				b.WriteString("\n" + o.Error.Remedy)
			}
		}
	}
	return b.String()
}
