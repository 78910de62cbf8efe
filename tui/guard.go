package tui

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
)

// guard is a model around the program that turns a panic, be it in a message, in drawing, in a command or in
// what looks at the keys, into a proper end: the terminal is given back, a run that goes on is stopped, and a report is written.
type guard struct {
	tea.Model
	log   io.Writer // what happens, for --debug; nil: nothing is written
	first func()    // done when the program has the terminal; nil: nothing
	wake  func()    // makes a message come, so that the end does not wait for one; must not block

	mu     sync.Mutex
	report string
}

type panicked struct{}

// Init starts the program.
func (g *guard) Init() (cmd tea.Cmd) {
	if g.first != nil {
		g.first()
	}
	defer func() {
		if r := recover(); r != nil {
			g.keep(r)
			cmd = tea.Quit
		}
	}()
	return g.wrap(g.Model.Init())
}

// Update handles a message.
func (g *guard) Update(msg tea.Msg) (m tea.Model, cmd tea.Cmd) {
	m = g
	if g.caught() != "" {
		return g, tea.Quit
	}
	defer func() {
		if r := recover(); r != nil {
			g.keep(r)
			cmd = tea.Quit
		}
	}()
	g.debug(msg)
	_, cmd = g.Model.Update(msg)
	return g, g.wrap(cmd)
}

// View draws the program; after a panic, nothing.
func (g *guard) View() (view string) {
	if g.caught() != "" {
		return ""
	}
	defer func() {
		if r := recover(); r != nil {
			g.keep(r)
		}
	}()
	return g.Model.View()
}

// wrap guards a command and the commands that it may stand for.
func (g *guard) wrap(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				g.keep(r)
				msg = panicked{}
			}
		}()
		msg = cmd()
		g.wrapAll(msg)
		return msg
	}
}

// wrapAll guards the commands that a message stands for: those of a batch, and of a sequence, whose type Bubble
// Tea keeps to itself.
func (g *guard) wrapAll(msg tea.Msg) {
	v := reflect.ValueOf(msg)
	if !v.IsValid() || v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return
	}
	for i := range v.Len() {
		at := v.Index(i).Addr().Interface().(*tea.Cmd)
		*at = g.wrap(*at)
	}
}

// keep keeps the first panic, and has the program end.
func (g *guard) keep(r any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.report != "" {
		return
	}
	g.report = fmt.Sprintf("%v\n\n%s", r, debug.Stack())
	if g.wake != nil {
		g.wake()
	}
}

func (g *guard) caught() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.report
}

// failure writes the report to a file and says where it is; nil when nothing was caught.
func (g *guard) failure() *fail.Error {
	report := g.caught()
	if report == "" {
		return nil
	}
	e := &fail.Error{
		Class: fail.Failed, Cause: "berth hit a bug of its own and had to close the screen",
		Remedy: "start berth again in this folder: it continues from the state in AWS",
	}
	f, err := os.CreateTemp("", "berth-report-*.txt")
	if err != nil {
		e.Evidence = report
		return e
	}
	_, _ = io.WriteString(f, report) // the file is a courtesy
	if f.Close() == nil {
		e.Evidence = "a report of it is in " + f.Name()
	}
	return e
}

// debug writes what kind of message came. What is typed is not written: it may be a secret.
func (g *guard) debug(msg tea.Msg) {
	if g.log == nil {
		return
	}
	what := fmt.Sprintf("%T", msg)
	switch msg := msg.(type) {
	case tea.KeyMsg:
		what = "key"
		if msg.Type != tea.KeyRunes {
			what = "key " + msg.String()
		}
	case tea.WindowSizeMsg:
		what = fmt.Sprintf("size %dx%d", msg.Width, msg.Height)
	}
	fmt.Fprintf(g.log, "%s screen %s\n", time.Now().Format(time.RFC3339Nano), what)
}
