// Package app is the program around the screens, the only tea.Model that is a program: it knows which screen
// is shown and where Esc leads back to, gives each its room, draws header, way and footer around it, and owns
// the help page and the question whether to leave. It decides nothing about AWS.
package app

import (
	"maps"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/screen/apps"
	"berth/tui/screen/compare"
	"berth/tui/screen/deploy"
	"berth/tui/screen/logs"
	"berth/tui/screen/needs"
	"berth/tui/screen/overview"
	"berth/tui/screen/project"
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

// screens are all that there are. A new one is one line here.
func screens(s *screen.Session) map[screen.Name]screen.Screen {
	return map[screen.Name]screen.Screen{
		screen.Stories{}.Name():  tour.New(s),
		screen.Project{}.Name():  project.New(s),
		screen.Needs{}.Name():    needs.New(s),
		screen.Compare{}.Name():  compare.New(s),
		screen.Settings{}.Name(): settings.New(s),
		screen.Review{}.Name():   review.New(s),
		screen.Deploy{}.Name():   deploy.New(s),
		screen.Result{}.Name():   result.New(s),
		screen.Overview{}.Name(): overview.New(s),
		screen.Logs{}.Name():     logs.New(s),
		apps.Place{}.Name():      apps.New(s),
	}
}

// New makes the program. It does no work: the first screen starts it when it is shown.
func New(s *screen.Session) *Model {
	m := &Model{s: s, screens: screens(s), stack: []screen.Name{s.Start().Name()}}
	var entered []screen.Entered
	for _, name := range slices.Sorted(maps.Keys(m.screens)) {
		if e, ok := m.screens[name].(screen.Entered); ok {
			entered = append(entered, e)
		}
	}
	s.Connect(entered)
	return m
}

type beatMsg struct{}

// Init starts the first screen.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.current().Enter(m.s.Start()), m.tick()) }

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
	case screen.Answer:
		if !msg.Wanted() {
			return nil
		}
		return m.current().Update(msg.Msg)
	default:
		return m.current().Update(msg)
	}
}

func (m *Model) onKey(k tea.KeyMsg) tea.Cmd {
	k = m.one(k)
	if m.leaving {
		cmd, _ := keys.Press(m.keys(), k)
		return cmd
	}
	own := m.everywhere()
	if m.typing() || m.help || m.tooSmall() {
		own = own[1:] // a question mark is text, or closes the help
	}
	cmd, taken := keys.Press(own, k)
	switch {
	case taken:
	case m.tooSmall(): // nothing is shown that a key could be about
	case m.help:
		cmd, _ = keys.Press(m.keys(), k)
	case m.holding() && len(m.held) < maxHeld:
		m.held = append(m.held, k)
	default:
		cmd = m.current().Update(k)
	}
	return cmd
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
	if t := m.s.Task(); t != nil && t.Yes {
		m.s.Quit()
		return
	}
	m.leaving = true
}

// follow goes where the screen wants to go.
func (m *Model) follow() tea.Cmd {
	var cmds []tea.Cmd
	for range len(m.screens) { // a screen may pass on at once; in a circle it stays
		to, back := m.s.TakeNav()
		if w := m.s.Watching(); w != nil && to != nil && !w.Reaches(to) {
			m.s.End.Onward = to
			m.s.Quit()
			return tea.Batch(cmds...)
		}
		switch {
		case back && len(m.stack) > 1:
			cmds = append(cmds, m.show(m.stack[:len(m.stack)-1], nil))
		case back:
			m.leave()
			return tea.Batch(cmds...)
		case to != nil:
			cmds = append(cmds, m.show(m.path(to.Name()), to))
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
	overview, watching := screen.Overview{}.Name(), m.s.Watching() != nil
	switch to {
	case screen.Project{}.Name(), overview:
		return []screen.Name{to}
	case screen.Result{}.Name():
		if watching { // what lies behind it needs an account
			return []screen.Name{to}
		}
		return []screen.Name{overview, to}
	case screen.Deploy{}.Name():
		if !watching {
			return []screen.Name{overview, to}
		}
	}
	return append(m.stack[:len(m.stack):len(m.stack)], to)
}

// show shows the screen at the end of a stack; to is what it is handed, nil when one comes back to it.
func (m *Model) show(stack []screen.Name, to screen.Place) tea.Cmd {
	next := stack[len(stack)-1]
	switch next {
	case screen.Deploy{}.Name():
		m.first = m.first || m.stack[0] == screen.Project{}.Name()
	case screen.Overview{}.Name():
		m.first = false
		if m.s.Task() != nil {
			m.s.Mode = &screen.Wizard{}
		}
	case screen.Result{}.Name():
		m.first = false
	}
	if l, ok := m.current().(screen.Leaver); ok && m.Shown() != next {
		l.Leave()
	}
	m.stack, m.help = stack, false
	cmd := m.current().Enter(to)
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
