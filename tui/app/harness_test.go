package app

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// harness drives the program without a terminal, in the virtual time of a synctest bubble: commands run on
// goroutines of their own, and their messages are handled one after the other, as Bubble Tea does. Of messages
// that come at the same moment the one whose command began first is handled first, so that the same keys lead to
// the same frames.
type harness struct {
	t      fataler
	m      *Model
	s      *screen.Session
	engine *fakeEngine
	begun  int // commands
	msgs   chan sent
	ready  []sent // have come and wait for their turn
	quit   bool
	cancel context.CancelFunc
}

// sent is what the command with that number has come back with.
type sent struct {
	n     int
	msg   tea.Msg
	broke string // the panic that it ended in instead, with its stack
}

// drive runs a test with a program that has its first frame. It must be inside a bubble.
func drive(t fataler, e *fakeEngine, o screen.Options, w, h int) *harness {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if o.Theme == nil {
		o.Theme = theme.New(theme.Options{Plain: true})
	}
	if o.Region == "" {
		o.Region, o.RegionFrom = "eu-west-2", "AWS_REGION"
	}
	if t, ok := o.Mode.(*screen.Task); ok {
		t.Spec.Dir = o.Dir
	}
	o.Engine = e
	if e.tour != nil {
		if o.Mode = e.tour; e.tour.Begin == nil {
			e.tour.Begin = func(context.Context, string) (screen.Engine, error) { return e, nil }
		}
	}
	if o.Advisor == nil {
		o.Advisor = judge{}
	}
	o.Today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	s := screen.NewSession(ctx, o)
	d := &harness{t: t, s: s, m: New(s), engine: e, msgs: make(chan sent, 10_000), cancel: cancel}
	d.do(d.m.Init())
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	return d
}

// end lets everything that still waits come to its end, as the bubble asks for.
func (d *harness) end() {
	d.cancel()
	for _, r := range d.engine.runs {
		r.Stop()
		r.Cancel()
	}
	time.Sleep(24 * time.Hour)
}

// do runs a command.
func (d *harness) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	d.begun++
	n := d.begun
	go func() {
		got := sent{n: n}
		defer func() {
			if r := recover(); r != nil {
				got.broke = fmt.Sprintf("a command ended in a panic: %v\n%s", r, debug.Stack())
			}
			d.msgs <- got
		}()
		got.msg = cmd()
	}()
}

// next is the message that is to be handled next, of those that come without time passing.
func (d *harness) next() (msg tea.Msg, ok bool) {
	d.t.Helper()
	for {
		synctest.Wait()
		for more := true; more; {
			select {
			case got := <-d.msgs:
				d.ready = append(d.ready, got)
			default:
				more = false
			}
		}
		if len(d.ready) == 0 {
			return nil, false
		}
		slices.SortStableFunc(d.ready, func(a, b sent) int { return a.n - b.n })
		got := d.ready[0]
		d.ready = d.ready[1:]
		if got.broke != "" {
			d.t.Fatalf("%s: %s", d.m.Shown(), got.broke)
		}
		switch msg := got.msg.(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				d.do(c)
			}
		case tea.QuitMsg:
			d.quit = true
		default:
			return msg, true
		}
	}
}

// settle handles messages until none is left that comes without time passing.
func (d *harness) settle() {
	d.t.Helper()
	for msg, ok := d.next(); ok; msg, ok = d.next() {
		_, cmd := d.m.Update(msg)
		d.do(cmd)
	}
}

func (d *harness) send(msg tea.Msg) {
	_, cmd := d.m.Update(msg)
	d.do(cmd)
	d.settle()
}

// pass lets time pass.
func (d *harness) pass(t time.Duration) {
	for end := time.Now().Add(t); time.Now().Before(end); {
		time.Sleep(min(beat, time.Until(end)))
		d.settle()
	}
}

var named = map[string]tea.KeyType{
	"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
	"right": tea.KeyRight, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "space": tea.KeySpace,
	"backspace": tea.KeyBackspace, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome,
	"end": tea.KeyEnd, "ctrl+c": tea.KeyCtrlC, "ctrl+u": tea.KeyCtrlU, "ctrl+t": tea.KeyCtrlT,
}

func keyMsg(name string) tea.KeyMsg {
	if k, ok := named[name]; ok {
		msg := tea.KeyMsg{Type: k}
		if name == "space" {
			msg.Runes = []rune{' '}
		}
		return msg
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// press presses keys by name; a word that names no key is typed letter by letter.
func (d *harness) press(keys ...string) {
	for _, k := range keys {
		if _, ok := named[k]; ok || len([]rune(k)) == 1 {
			d.send(keyMsg(k))
			continue
		}
		for _, r := range k {
			d.send(keyMsg(string(r)))
		}
	}
}

// view is the frame, checked to fit the terminal.
func (d *harness) view() string {
	d.t.Helper()
	v := d.m.View()
	lines := strings.Split(v, "\n")
	if len(lines) > d.m.height {
		d.t.Fatalf("%s: %d lines in a terminal of %d rows:\n%s", d.m.Shown(), len(lines), d.m.height, v)
	}
	for _, l := range lines {
		if widget.Width(l) > d.m.width {
			d.t.Fatalf("%s: a line of %d columns in a terminal of %d:\n%s", d.m.Shown(), widget.Width(l), d.m.width, l)
		}
	}
	return v
}

func (d *harness) expect(at screen.Place) {
	d.t.Helper()
	if !d.m.shows(at) {
		d.t.Fatalf("on screen %s, want %s:\n%s", d.m.Shown(), at.Name(), d.m.View())
	}
}

func (m *Model) shows(at screen.Place) bool { return m.Shown() == at.Name() }
