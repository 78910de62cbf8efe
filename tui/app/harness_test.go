package app

import (
	"context"
	"os"
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
// goroutines of their own, and their messages are handled one after the other, as Bubble Tea does.
type harness struct {
	t      fataler
	m      *Model
	s      *screen.Session
	engine *fakeEngine
	msgs   chan tea.Msg
	quit   bool
	cancel context.CancelFunc
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
	o.Engine = e
	if o.Tour = e.tour; o.Tour != nil && o.Tour.Begin == nil {
		o.Tour.Begin = func(context.Context, string) (screen.Engine, error) { return e, nil }
	}
	if o.Advisor == nil {
		o.Advisor = judge{}
	}
	o.Today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	s := screen.NewSession(ctx, o)
	d := &harness{t: t, s: s, m: New(s), engine: e, msgs: make(chan tea.Msg, 10_000), cancel: cancel}
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

func (d *harness) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				d.do(c)
			}
		case tea.QuitMsg:
			d.msgs <- msg
		default:
			d.msgs <- msg
		}
	}()
}

// settle handles messages until none is left that comes without time passing.
func (d *harness) settle() {
	for {
		synctest.Wait()
		select {
		case msg := <-d.msgs:
			if _, ok := msg.(tea.QuitMsg); ok {
				d.quit = true
				continue
			}
			_, cmd := d.m.Update(msg)
			d.do(cmd)
		default:
			return
		}
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

func (d *harness) expect(name screen.Name) {
	d.t.Helper()
	if d.m.Shown() != name {
		d.t.Fatalf("on screen %s, want %s:\n%s", d.m.Shown(), name, d.m.View())
	}
}
