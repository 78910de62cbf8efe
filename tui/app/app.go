// Package app is the program around the screens, the only tea.Model that is a program: it knows which screen
// is shown and where Esc leads back to, gives each its room, draws header, way and footer around it, and owns
// the help page and the question whether to leave. It decides nothing about AWS.
package app

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/screen"
	"berth/tui/screen/compare"
	"berth/tui/screen/deploy"
	"berth/tui/screen/logs"
	"berth/tui/screen/needs"
	"berth/tui/screen/project"
	"berth/tui/screen/redeploy"
	"berth/tui/screen/result"
	"berth/tui/screen/review"
	"berth/tui/screen/settings"
	"berth/tui/screen/tour"
)

// The least room that the screens are drawn in.
const (
	MinWidth  = 60
	MinHeight = 16
)

// beat is the time between two steps of what moves.
const beat = 100 * time.Millisecond

// maxHeld is how many keys typed ahead are kept.
const maxHeld = 64

// Model is the program.
type Model struct {
	s       *screen.Session
	screens map[screen.Name]screen.Screen
	stack   []screen.Name // where Esc leads back to; the last one is shown

	width, height int
	ticking       bool
	help          bool
	helpOffset    int
	first         bool         // the wizard is walked for the first time: a run is its last step
	held          []tea.KeyMsg // typed ahead
	leaving       bool         // the question whether to leave is asked
}

// Interrupt is the message for a signal that asks the program to end.
type Interrupt struct{}

// Background is the message that says what the terminal's background is like.
type Background struct{ Light bool }

// New makes the program. It does no work: the first screen starts it when it is shown.
func New(s *screen.Session) *Model {
	m := &Model{
		s: s,
		screens: map[screen.Name]screen.Screen{
			screen.Project: project.New(s), screen.Needs: needs.New(s), screen.Compare: compare.New(s),
			screen.Settings: settings.New(s), screen.Review: review.New(s), screen.Deploy: deploy.New(s),
			screen.Result: result.New(s), screen.Redeploy: redeploy.New(s), screen.Logs: logs.New(s),
		},
		stack: []screen.Name{s.Start()},
	}
	if s.Tour != nil {
		m.screens[screen.Stories] = tour.New(s)
	}
	return m
}

type beatMsg struct{}

// Init starts the first screen.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.current().Enter(), m.tick()) }

// Shown is the name of the screen at the front.
func (m *Model) Shown() screen.Name { return m.stack[len(m.stack)-1] }

func (m *Model) current() screen.Screen { return m.screens[m.Shown()] }

// Update handles one message: the program's own keys, else the screen at the front.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := tea.Batch(m.update(msg), m.follow())
	for len(m.held) > 0 && !m.holding() {
		k := m.held[0]
		m.held = m.held[1:]
		cmd = tea.Batch(cmd, m.onKey(k), m.follow())
	}
	cmd = tea.Batch(cmd, m.tick())
	if m.s.Quitting() {
		return m, tea.Quit
	}
	return m, cmd
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.layout()
		return nil
	case beatMsg:
		m.ticking = false
		if !m.busy() {
			return nil
		}
		m.s.Frame++
		return m.current().Update(screen.Tick{})
	case Background:
		m.s.Theme.SetLight(msg.Light)
		return nil
	case Interrupt:
		m.s.Quit() // a run that goes on is stopped by whoever started the program
		return nil
	case tea.KeyMsg:
		return m.onKey(msg)
	default:
		return m.current().Update(msg)
	}
}

func (m *Model) onKey(k tea.KeyMsg) tea.Cmd {
	k = m.one(k)
	key := k.String()
	switch {
	case key == "ctrl+z":
		return tea.Suspend
	case m.leaving:
		m.answerLeaving(key)
		return nil
	case key == "ctrl+c":
		return m.interrupt()
	case key == "ctrl+t" && m.s.OtherStories():
		return nil
	case m.tooSmall():
		return nil // nothing is shown that a key could be about
	case m.help:
		m.onHelpKey(key)
		return nil
	case key == "?" && !m.typing():
		m.help, m.helpOffset = true, 0
		return nil
	}
	if m.holding() && len(m.held) < maxHeld {
		m.held = append(m.held, k)
		return nil
	}
	return m.current().Update(k)
}

// one is the first key of letters that arrived in one read, as over a slow line: Bubble Tea makes one message of
// them. The others wait for their turn. Text that is typed or pasted stays together.
func (m *Model) one(k tea.KeyMsg) tea.KeyMsg {
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 || k.Paste || m.holding() || m.typing() {
		return k
	}
	rest := k
	rest.Runes = k.Runes[1:]
	m.held = append([]tea.KeyMsg{rest}, m.held...)
	k.Runes = k.Runes[:1]
	return k
}

// interrupt stops what goes on in steps, or asks whether to leave.
func (m *Model) interrupt() tea.Cmd {
	m.help = false
	if i, ok := m.current().(screen.Interrupter); ok {
		if done, cmd := i.Interrupt(); done {
			return cmd
		}
	}
	m.leave()
	return nil
}

// leave asks whether to leave, unless nobody wants to be asked: then what was not begun is not begun.
func (m *Model) leave() {
	if t := m.s.Task; t != nil && t.Yes {
		m.s.Quit()
		return
	}
	m.leaving = true
}

func (m *Model) answerLeaving(key string) {
	switch key {
	case "ctrl+c", "y", "enter", "q":
		m.s.Quit()
	case "esc", "n":
		m.leaving = false
	}
}

// follow goes where the screen wants to go.
func (m *Model) follow() tea.Cmd {
	var cmds []tea.Cmd
	for range len(m.screens) { // a screen may pass on at once; in a circle it stays
		to, back := m.s.TakeNav()
		if m.s.Watching != nil && to != "" && to != screen.Deploy && to != screen.Result {
			m.s.Onward.To = to // the other screens need an account, which this session has not opened
			m.s.Quit()
			return tea.Batch(cmds...)
		}
		switch {
		case back && len(m.stack) > 1:
			cmds = append(cmds, m.show(m.stack[:len(m.stack)-1]))
		case back:
			m.leave()
			return tea.Batch(cmds...)
		case to != "":
			cmds = append(cmds, m.show(m.path(to)))
		default:
			return tea.Batch(cmds...)
		}
	}
	return tea.Batch(cmds...)
}

// path is the stack with a screen at its end: back to it when it is there already. The overview, a run and
// its result begin a new way: Esc does not lead from them back into the wizard that came before.
func (m *Model) path(to screen.Name) []screen.Name {
	for i, n := range m.stack {
		if n == to {
			return m.stack[:i+1]
		}
	}
	switch watching := m.s.Watching != nil; {
	case to == screen.Project, to == screen.Redeploy, to == screen.Result && watching:
		return []screen.Name{to}
	case watching: // what lies behind its result needs an account, too
	case to == screen.Deploy, to == screen.Result:
		return []screen.Name{screen.Redeploy, to}
	}
	return append(m.stack[:len(m.stack):len(m.stack)], to)
}

func (m *Model) show(stack []screen.Name) tea.Cmd {
	switch stack[len(stack)-1] {
	case screen.Deploy:
		m.first = m.first || m.stack[0] == screen.Project
	case screen.Redeploy:
		m.first, m.s.Task = false, nil
	case screen.Result:
		m.first = false
	}
	if l, ok := m.current().(screen.Leaver); ok && m.Shown() != stack[len(stack)-1] {
		l.Leave()
	}
	m.stack = stack
	m.help = false
	cmd := m.current().Enter()
	m.layout()
	return cmd
}

func (m *Model) busy() bool {
	b, ok := m.current().(screen.Busy)
	return ok && b.Busy()
}

func (m *Model) holding() bool {
	h, ok := m.current().(screen.Holding)
	return ok && h.Holding()
}

func (m *Model) typing() bool {
	t, ok := m.current().(screen.Typing)
	return ok && t.Typing()
}

// tick keeps the beat while something moves.
func (m *Model) tick() tea.Cmd {
	if m.ticking || !m.busy() {
		return nil
	}
	m.ticking = true
	return screen.After(m.s.Ctx, beat, beatMsg{})
}
