package form

import (
	"errors"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
	"pgregory.net/rapid"

	"berth/tui/theme"
	"berth/tui/widget"
)

func required(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("a name is needed")
	}
	return nil
}

func twoFields(a, b *string) *Form {
	f := New(theme.New(theme.Options{}),
		huh.NewInput().Key("a").Title("First").Value(a).Validate(required),
		huh.NewInput().Key("b").Title("Second").Value(b).Validate(required))
	f.SetWidth(40)
	return f
}

func typed(f interface{ Key(tea.KeyMsg) }, names ...any) {
	for _, n := range names {
		switch n := n.(type) {
		case tea.KeyType:
			f.Key(tea.KeyMsg{Type: n})
		case string:
			f.Key(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(n)})
		}
	}
}

func TestDoubleEnterSkipsNothing(t *testing.T) {
	var a, b string
	f := twoFields(&a, &b)
	typed(f, "x", tea.KeyEnter, tea.KeyEnter, tea.KeyEnter)
	if f.State() != Asking || f.Focus() != "b" {
		t.Fatalf("state %d at %q, want to be asked for b", f.State(), f.Focus())
	}
	if f.Problem() != "a name is needed" {
		t.Errorf("problem %q", f.Problem())
	}
	typed(f, "y", tea.KeyEnter)
	if f.State() != Done || a != "x" || b != "y" {
		t.Errorf("state %d, a=%q, b=%q", f.State(), a, b)
	}
}

func TestShiftTabOnAnInvalidFieldDoesNotWedge(t *testing.T) {
	var a, b string
	f := twoFields(&a, &b)
	typed(f, tea.KeyShiftTab, tea.KeyEnter, tea.KeyShiftTab, tea.KeyShiftTab, "typed")
	if a != "typed" {
		t.Fatalf("the first field holds %q after Shift+Tab", a)
	}
	typed(f, tea.KeyTab, tea.KeyShiftTab, "!", tea.KeyEnter, "z", tea.KeyEnter)
	if f.State() != Done || a != "typed!" || b != "z" {
		t.Errorf("state %d, a=%q, b=%q", f.State(), a, b)
	}
}

func TestAFieldLeftInvalidBackwardsIsAskedAgain(t *testing.T) {
	a, b := "", "ok"
	f := New(theme.New(theme.Options{}),
		huh.NewInput().Key("a").Value(&a),
		huh.NewInput().Key("b").Value(&b).Validate(required))
	typed(f, tea.KeyTab, tea.KeyCtrlU, tea.KeyBackspace, tea.KeyBackspace, tea.KeyShiftTab, tea.KeyEnter, tea.KeyEnter)
	if f.State() == Done {
		t.Errorf("done although b=%q is invalid", b)
	}
}

func TestEscCancels(t *testing.T) {
	var a, b string
	f := twoFields(&a, &b)
	typed(f, "x", tea.KeyEsc, "y", tea.KeyEnter)
	if f.State() != Cancelled || a != "x" {
		t.Errorf("state %d, a=%q", f.State(), a)
	}
}

func TestPasteOfSeveralLinesStaysInTheField(t *testing.T) {
	var a, b string
	f := twoFields(&a, &b)
	f.Key(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("one\ntwo"), Paste: true})
	if f.State() != Asking || f.Focus() != "a" || strings.Contains(a, "\n") {
		t.Errorf("state %d at %q, a=%q", f.State(), f.Focus(), a)
	}
}

func TestSelectIsDrivenWithoutFilter(t *testing.T) {
	v := "b"
	f := New(theme.New(theme.Options{}), huh.NewSelect[string]().Key("s").Title("Size").
		Options(huh.NewOptions("a", "b", "c")...).Value(&v))
	f.SetWidth(30)
	typed(f, "/", tea.KeyDown, tea.KeyEnter)
	if f.State() != Done || v != "c" {
		t.Errorf("state %d, value %q", f.State(), v)
	}
}

func TestLinesStayInTheirWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.String().Draw(t, "value")
		b := ""
		f := New(theme.New(theme.Options{}),
			huh.NewInput().Key("a").Title(rapid.StringN(0, 80, 200).Draw(t, "title")).Value(&a).Validate(required),
			huh.NewInput().Key("b").Title("B").Description("what it is for, in a sentence").Value(&b).Validate(required))
		w := rapid.IntRange(8, 120).Draw(t, "width")
		f.SetWidth(w)
		typed(f, tea.KeyEnter, tea.KeyEnter)
		for _, l := range f.Lines() {
			if widget.Width(l) > w {
				t.Fatalf("line %q is %d wide, room is %d", l, widget.Width(l), w)
			}
		}
	})
}

func TestChoiceFindsByWords(t *testing.T) {
	c := NewChoice(theme.New(theme.Options{}), []Option{
		{Value: "eu-west-1", Label: "Europe (Ireland)"},
		{Value: "eu-west-2", Label: "Europe (London)"},
		{Value: "us-east-1", Label: "US East (N. Virginia)"},
	}, "us-east-1")
	if c.Value() != "us-east-1" {
		t.Errorf("starts at %q", c.Value())
	}
	typed(c, "eu lon", tea.KeyEnter)
	if c.State() != Done || c.Value() != "eu-west-2" {
		t.Errorf("state %d, value %q", c.State(), c.Value())
	}
	c = NewChoice(theme.New(theme.Options{}), []Option{{Value: "a"}}, "a")
	typed(c, "zzz", tea.KeyEnter)
	if c.State() != Asking {
		t.Error("chose although nothing matched")
	}
}
