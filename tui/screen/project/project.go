// Package project is the first screen: what the source tree tells, with file and line, before any question.
// It also finds out whether the app is deployed already, in which case the overview is the better
// start.
package project

import (
	"context"
	"fmt"
	"path/filepath"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the project screen.
type Screen struct {
	s             *screen.Session
	width, height int

	work    screen.Work
	then    screen.Place // where to go on to once the project is read, nil for nowhere
	loading string
	loaded  bool
	err     *fail.Error
	note    string // why it is not known what runs, when that could not be asked

	imports    bool   // the table of what is taken over is shown, instead of the findings
	dockerfile string // the one of several that the user chose, empty when nobody did

	found   []screen.Finding // as they are listed
	cursor  int              // in found
	offset  int
	editor  form.Editor      // of the answer to the finding with the cursor
	secret  *engine.Variable // that the editor is about, nil when it is about a key
	settles string           // the key of berth.toml that the editor is about

	said    bool // there is a berth.toml
	asked   bool // what runs of an app without a berth.toml is known, or cannot be
	offered bool // such an app is there, and its overview is offered
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

type readMsg struct {
	start screen.Start
	err   error
}

type statusMsg struct {
	app *spec.Spec
	screen.Seen
	err error
}

// peekMsg is what runs of an app that nobody said is deployed.
type peekMsg struct{ statusMsg }

// Title is what the screen is called.
func (*Screen) Title() string { return "Project" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What the source tree says about the app. Without a berth.toml it also asks AWS whether the " +
		"app already runs. Nothing is changed."
}

// Enter reads the source tree, the first time and again when it failed before.
func (p *Screen) Enter(at screen.Place) tea.Cmd {
	if at, ok := at.(screen.Project); ok {
		p.then = at.Then
	}
	if p.loaded {
		return p.peek()
	}
	return p.read()
}

func (p *Screen) read() tea.Cmd {
	p.err, p.loading, p.asked, p.offered = nil, "Reading the source tree", false, false
	p.work.Begin(p.s.Ctx)
	o := p.options()
	return p.work.Do(func(ctx context.Context) tea.Msg {
		var m readMsg
		m.start, m.err = screen.Read(ctx, o)
		return m
	})
}

// look asks AWS what runs of the app.
func (p *Screen) look() tea.Cmd {
	p.loading = "Asking AWS what runs of " + p.s.Spec().App
	e, app := p.s.Engine, p.s.Spec().Clone()
	return p.work.Do(func(ctx context.Context) tea.Msg {
		m := statusMsg{app: app}
		m.Seen, m.err = screen.Look(ctx, e, app)
		return m
	})
}

// peek asks the same beside the questions when there is no berth.toml: berth deploy writes none. That nobody can
// be asked, for want of credentials perhaps, is no news for somebody who only just begins.
func (p *Screen) peek() tea.Cmd {
	if p.said || p.asked || p.s.Spec().Region == "" {
		return nil
	}
	p.work.Begin(p.s.Ctx)
	e, app := p.s.Engine, p.s.Spec().Clone()
	return p.work.Do(func(ctx context.Context) tea.Msg {
		m := peekMsg{statusMsg{app: app}}
		m.Seen, m.err = screen.Look(ctx, e, app)
		return m
	})
}

// Leave ends asking for what nobody waits for.
func (p *Screen) Leave() { p.work.End() }

// Update handles a message.
func (p *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case readMsg:
		return p.onRead(msg)
	case statusMsg:
		p.onStatus(msg)
	case peekMsg:
		p.onPeek(msg)
	case tea.KeyMsg:
		if p.editor != nil {
			p.edit(msg)
			return nil
		}
		cmd, _ := keys.Press(p.Keys(), msg)
		return cmd
	}
	return nil
}

func (p *Screen) onRead(m readMsg) tea.Cmd {
	p.loading = ""
	p.s.Findings, p.said = m.start.Findings, m.start.Said
	p.list()
	if m.err != nil {
		p.err = fail.From(m.err)
	}
	if m.start.Draft == nil || p.err != nil && !p.said {
		return nil
	}
	p.s.Draft = m.start.Draft
	if p.said && p.s.Spec().Region != "" {
		return p.look()
	}
	p.loaded = p.err == nil
	if p.onward() {
		return nil
	}
	return p.peek()
}

func (p *Screen) onPeek(m peekMsg) {
	p.asked = true
	if m.Identity != nil {
		p.s.Identity = m.Identity
	}
	if m.err == nil && screen.Runs(m.Status) != "" {
		p.s.Status, p.offered = m.Status, true
		p.s.KeepWatch(m.Watch, m.app)
	}
}

func (p *Screen) onStatus(m statusMsg) {
	p.loading = ""
	p.s.Identity = m.Identity
	if m.err != nil {
		p.note = "berth could not find out what runs now: " + fail.From(m.err).Cause
		p.loaded = p.err == nil
		return
	}
	p.s.Status = m.Status
	p.s.KeepWatch(m.Watch, m.app)
	p.loaded = p.err == nil
	if m.Status != nil && m.Status.State != "absent" {
		p.loaded = true // what runs can be looked at and destroyed without a source tree
		p.s.Go(screen.Overview{})
	}
	p.onward()
}

// onward goes on from a run that was watched before this session began, and says whether it does.
func (p *Screen) onward() bool {
	to := p.then
	p.then = nil
	if to == nil || p.err != nil || p.note != "" {
		return false
	}
	p.s.Go(to)
	return true
}

// SetSize gives the screen its room.
func (p *Screen) SetSize(w, h int) {
	p.width, p.height = w, h
	p.follow()
}

// Busy says that the spinner turns.
func (p *Screen) Busy() bool { return p.loading != "" }

// Holding says that keys typed ahead are for what comes after loading.
func (p *Screen) Holding() bool { return p.loading != "" }

// Typing says that letters are text just now.
func (p *Screen) Typing() bool { return p.editor != nil }

// Keys are the keys of this moment.
func (p *Screen) Keys() []keys.Key {
	if p.editor != nil {
		return form.EditorKeys()
	}
	var all []keys.Key
	again := keys.Act("berth inspect", "R", "look again", p.again, "R", "ctrl+r").Say("read the source tree again")
	questions := func() { p.s.Go(screen.Needs{}) }
	settle := p.settleKeys()
	other := keys.Act("berth.toml", "d", "other Dockerfile", p.other).Say("build from the next Dockerfile in this folder")
	several := p.several()
	switch {
	case p.err != nil:
		again = again.When(p.loading == "")
		all = []keys.Key{again}
		if several && p.loading == "" {
			all = append(all, other)
		}
		all = append(all, keys.Way("q", "leave", p.s.Quit))
	case p.loading != "":
	case p.offered:
		all = append([]keys.Key{
			keys.Act("berth status", "enter", "show what runs", func() { p.s.Go(screen.Overview{}) }),
			keys.Way("w", "questions", questions).Say("go through the questions anyway"),
		}, append(settle, again)...)
	default:
		all = append([]keys.Key{keys.Way("enter", "continue", questions)}, append(settle, again)...)
	}
	if several && p.err == nil && p.loading == "" {
		all = append(all, other)
	}
	all = append(all, p.importKeys()...)
	if p.imports && p.moved() {
		return append(all, keys.Moves("scroll", p.scroll, p.tableHeight())...)
	}
	moves := keys.Moves("move", p.move, p.listHeight())
	moves[0] = moves[0].Hide(p.err != nil || p.loading != "")
	return append(all, moves...)
}

// again reads the source tree anew.
func (p *Screen) again() tea.Cmd {
	p.loaded, p.note = false, ""
	return p.read()
}

func (p *Screen) heading() string {
	th := p.s.Theme
	l := widget.NewLine(th, p.width)
	dir := p.s.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = filepath.Base(abs)
	}
	l.Put(th.Strong, dir)
	if f := p.s.Findings; f != nil {
		switch {
		case f.Stack != "" && f.NoHTTP():
			l.Gap(2).Put(th.Quiet, widget.Title(f.Stack)+", answers no HTTP")
		case f.Stack != "" && f.Port > 0:
			l.Gap(2).Put(th.Quiet, fmt.Sprintf("%s, listens on port %d", widget.Title(f.Stack), f.Port))
		case f.Stack != "":
			l.Gap(2).Put(th.Quiet, widget.Title(f.Stack))
		case f.Port > 0:
			l.Gap(2).Put(th.Quiet, fmt.Sprintf("listens on port %d", f.Port))
		}
	}
	return l.String()
}

// offer says that the app is there already; it stands where a blank line would be, so that nothing jumps.
func (p *Screen) offer() string {
	if !p.offered {
		return ""
	}
	th, st := p.s.Theme, p.s.Status
	l := widget.NewLine(th, p.width).Put(th.Accent, th.Glyphs.Current).Gap(1)
	l.Put(th.Text, fmt.Sprintf("%s %s in %s: Enter shows it", st.App, screen.Runs(st), st.Region))
	return l.String()
}
