package tui

import (
	"os"
	"reflect"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// bomb panics where it is told to.
type bomb struct{ in string }

func (b bomb) Init() tea.Cmd {
	nothing, boom := func() tea.Msg { return nil }, func() tea.Msg { panic("in a command") }
	switch b.in {
	case "init":
		panic("in a beginning")
	case "command":
		return boom
	case "batch":
		return tea.Batch(nothing, tea.Batch(nothing, boom))
	case "sequence":
		return tea.Sequence(nothing, tea.Batch(nothing, tea.Sequence(nothing, boom)))
	}
	return nil
}

func (b bomb) Update(tea.Msg) (tea.Model, tea.Cmd) {
	if b.in == "update" {
		panic("in an update")
	}
	return b, nil
}

func (b bomb) View() string {
	if b.in == "view" {
		panic("in a view")
	}
	return "x"
}

// perform does what Bubble Tea does with a command.
func perform(g *guard, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	msg := cmd()
	v := reflect.ValueOf(msg)
	if !v.IsValid() || v.Kind() != reflect.Slice {
		g.Update(msg)
		return
	}
	for i := range v.Len() { // a batch, or a sequence, whose type has no name for us
		perform(g, v.Index(i).Interface().(tea.Cmd))
	}
}

func TestAPanicBecomesAReport(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, in := range []string{"init", "command", "batch", "sequence", "update", "view"} {
		woken := 0
		g := &guard{Model: bomb{in: in}, wake: func() { woken++ }}
		perform(g, g.Init())
		g.Update(nil)
		g.View()
		if woken != 1 {
			t.Errorf("%s: the program is woken %d times to end", in, woken)
		}
		if _, cmd := g.Update(nil); cmd == nil {
			t.Errorf("%s: it does not end", in)
		} else if _, ok := cmd().(tea.QuitMsg); !ok {
			t.Errorf("%s: it does not end", in)
		}
		f := g.failure()
		if f == nil {
			t.Fatalf("%s: nothing was caught", in)
		}
		_, file, _ := strings.Cut(f.Evidence, "is in ")
		report, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(report), "in a") || !strings.Contains(string(report), "guard_test.go") {
			t.Errorf("%s: the report is %q, %v", in, report, err)
		}
	}
}

func TestNoPanicNoReport(t *testing.T) {
	g := &guard{Model: bomb{}}
	g.Update(nil)
	if g.View() != "x" || g.failure() != nil {
		t.Error("something was caught")
	}
}

func TestTypedTextIsNotLogged(t *testing.T) {
	var log strings.Builder
	g := &guard{Model: bomb{}, log: &log}
	g.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("s3cret")})
	g.Update(tea.KeyMsg{Type: tea.KeyEnter})
	if strings.Contains(log.String(), "s3cret") || !strings.Contains(log.String(), "key enter") {
		t.Errorf("log:\n%s", log.String())
	}
}
