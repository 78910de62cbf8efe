// Package logs is the screen of the app's own log: the newest lines of all its tasks, followed while it is shown.
package logs

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// every is how often AWS is asked for newer lines while the screen is shown.
const every = 5 * time.Second

// Screen is the log screen.
type Screen struct {
	s             *screen.Session
	width, height int

	visit  screen.Work // no call goes on for a screen that is not shown
	asking bool

	back   int  // how far it is scrolled back
	paused bool // newer lines do not move what is shown
	find   form.Find
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

type linesMsg struct {
	watch screen.Watch
	app   *spec.Spec // that is watched
	lines []screen.LogLine
	err   error
}

type againMsg struct{}

// Title is what the screen is called.
func (*Screen) Title() string { return "Log" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What the app writes to stdout and stderr, from all tasks. It is read from AWS while this " +
		"screen is open, and not written to any file."
}

// Enter shows the lines that are known and follows the log.
func (g *Screen) Enter(screen.Place) tea.Cmd {
	g.Leave()
	g.visit.Begin(g.s.Ctx)
	g.back, g.paused, g.find = 0, false, form.Find{}
	return g.ask()
}

// Leave ends the following: nothing is asked for a screen that is not shown.
func (g *Screen) Leave() {
	g.asking = false
	g.visit.End()
}

func (g *Screen) ask() tea.Cmd {
	if g.asking {
		return nil
	}
	g.asking = true
	w, e, app, after := g.s.Watched(), g.s.Engine, g.s.Home().Clone(), g.s.Tail.Newest()
	if w == nil {
		after = time.Time{} // the lines that are known are another app's
	}
	return g.visit.Do(func(ctx context.Context) tea.Msg {
		m := linesMsg{watch: w, app: app}
		if m.watch == nil {
			if m.watch, m.err = e.Watch(ctx, app); m.err != nil {
				return m
			}
		}
		m.lines, m.err = m.watch.Logs(ctx, after)
		return m
	})
}

// Update handles a message.
func (g *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case linesMsg:
		return g.onLines(msg)
	case againMsg:
		return g.ask()
	case tea.KeyMsg:
		return g.onKey(msg)
	}
	return nil
}

func (g *Screen) onLines(m linesMsg) tea.Cmd {
	g.asking = false
	if m.watch != nil {
		g.s.KeepWatch(m.watch, m.app)
	}
	t := &g.s.Tail
	if m.err != nil {
		t.Known, t.Err = true, fail.From(m.err) // what was known stays on the screen
	} else if t.Add(m.lines); g.paused || g.back > 0 {
		g.scroll(g.pane().Shown(t.Lines[max(0, len(t.Lines)-len(m.lines)):])) // what is read stands still
	}
	return g.visit.After(every, againMsg{})
}

func (g *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	if g.find.Open {
		g.find.Key(k)
		g.back = 0
		return nil
	}
	cmd, _ := keys.Press(g.Keys(), k)
	return cmd
}

func (g *Screen) newest() { g.back, g.paused = 0, false }

func (g *Screen) pause() {
	if g.paused = !g.paused; !g.paused {
		g.back = 0
	}
}

func (g *Screen) search() {
	g.back = 0
	g.find.Begin()
}

// move moves through the lines; the end is where newer ones come.
func (g *Screen) move(by int) {
	if g.scroll(-by); g.back == 0 && by > 1 {
		g.paused = false
	}
}

// leave shows all lines again, or leads back.
func (g *Screen) leave() {
	if g.find.Text != "" {
		g.find = form.Find{}
		return
	}
	g.s.Back()
}

// scroll moves towards older lines; by less than zero towards newer ones.
func (g *Screen) scroll(by int) {
	g.back = max(0, min(g.back+by, g.pane().MaxBack(g.room())))
}

// room is the lines for the log, below the line that says what is shown.
func (g *Screen) room() int { return max(1, g.height-2) }

func (g *Screen) pane() widget.LogPane {
	return widget.LogPane{Theme: g.s.Theme, Logs: g.s.Tail.Lines, Back: g.back, Find: g.find.Text, Timed: true}
}

// SetSize gives the screen its room.
func (g *Screen) SetSize(w, h int) {
	g.width, g.height = w, h
	g.scroll(0)
}

// Busy says that the spinner turns: before anything is known.
func (g *Screen) Busy() bool { return g.asking && !g.s.Tail.Known }

// Typing says that letters are text just now.
func (g *Screen) Typing() bool { return g.find.Open }

// View draws the screen.
func (g *Screen) View() string {
	th, t := g.s.Theme, &g.s.Tail
	if !t.Known {
		spin := th.Glyphs.Spinner
		l := widget.NewLine(th, g.width).Put(th.Accent, spin[g.s.Frame%len(spin)]).Gap(1)
		return l.Put(th.Text, "Asking AWS for the newest lines"+th.Glyphs.Ellipsis).String()
	}
	if t.Err != nil && len(t.Lines) == 0 {
		return g.s.Card(t.Err).Render(g.width, g.height)
	}
	lines := []string{g.headline(), ""}
	if len(t.Lines) == 0 {
		text := "The app has written nothing in the last 24 hours. What it writes to stdout and stderr appears here."
		return widget.Join(append(lines, widget.Paragraph(th.Quiet, text, g.width)...))
	}
	return widget.Join(append(lines, widget.Lines(g.pane().Render(g.width, g.room()))...))
}

// headline says what is shown: the newest lines, or not, and which.
func (g *Screen) headline() string {
	th, t := g.s.Theme, &g.s.Tail
	l := widget.NewLine(th, g.width)
	switch {
	case g.find.On():
		g.find.Put(th, l)
	case g.paused:
		l.Put(th.Warn, "Paused").Gap(2).Put(th.Quiet, widget.Count(g.back, "newer line"))
	case g.back > 0:
		l.Put(th.Strong, "Older lines").Gap(2).Put(th.Quiet, widget.Count(g.back, "newer line")+"; f follows them again")
	default:
		l.Put(th.Strong, "The app's log").Gap(2).Put(th.Quiet, fmt.Sprintf("asked for every %d seconds", int(every/time.Second)))
	}
	if t.Err != nil {
		l.Gap(2).Put(th.Warn, "not refreshed: "+t.Err.Cause)
	}
	return l.String()
}

// Keys are the keys of this moment.
func (g *Screen) Keys() []keys.Key {
	if g.find.Open {
		return g.find.Keys()
	}
	const verb = "berth logs"
	pause := keys.Act(verb, "space", map[bool]string{true: "release", false: "hold"}[g.paused], g.pause, " ")
	all := []keys.Key{
		pause.Say("hold the log; newer lines are kept"),
		keys.Act(verb, "/", "find", g.search).Say("show only lines that contain a text; esc shows all"),
	}
	all = append(all, keys.Moves("scroll", g.move, g.room())...)
	return append(all,
		keys.Act(verb, "f", "newest", g.newest).Say("follow the newest lines again"),
		keys.Act(verb, "R", "refresh", g.ask, "R", "ctrl+r").Say("ask AWS now"),
		keys.Way("esc", "back", g.leave, "esc", "q", "l"),
	)
}
