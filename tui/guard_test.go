package tui

import (
	"os"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// bomb panics where it is told to.
type bomb struct{ in string }

func (b bomb) Init() tea.Cmd {
	if b.in != "command" {
		return nil
	}
	return tea.Batch(func() tea.Msg { return nil }, func() tea.Msg { panic("in a command") })
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

func TestAPanicBecomesAReport(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, in := range []string{"command", "update", "view"} {
		g := &guard{Model: bomb{in: in}}
		if cmd := g.Init(); cmd != nil {
			for _, c := range cmd().(tea.BatchMsg) {
				if msg := c(); msg != nil {
					g.Update(msg)
				}
			}
		}
		g.Update(nil)
		g.View()
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
