package form

import (
	"errors"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"berth/tui/theme"
)

func TestAnEntryIsANameAndItsValue(t *testing.T) {
	upper := func(s string) error {
		if name, _, _ := strings.Cut(s, "="); name != strings.ToUpper(name) {
			return errors.New("a name is in capitals")
		}
		return nil
	}
	for _, c := range []struct {
		name    string
		keys    []any
		value   string
		problem string // it is still asked with
	}{
		{"both fields", []any{"HOST", tea.KeyEnter, "a=b", tea.KeyEnter}, "HOST=a=b", ""},
		{"at once", []any{"HOST=a", tea.KeyEnter}, "HOST=a", ""},
		{"no name", []any{tea.KeyEnter}, "=", "a name is required; NAME=value sets both at once"},
		{"a bad name stays open", []any{"host", tea.KeyEnter}, "host=", "a name is in capitals"},
		{"a bad name with its value, too", []any{"host=a", tea.KeyEnter}, "host=a", "a name is in capitals"},
		{"no value", []any{"HOST", tea.KeyEnter, tea.KeyEnter}, "HOST=", "a value is needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := NewEntry(theme.New(theme.Options{}), upper)
			typed(e, c.keys...)
			if e.Value() != c.value || e.Problem() != c.problem || (e.State() == Done) != (c.problem == "") {
				t.Errorf("%q, problem %q, state %d", e.Value(), e.Problem(), e.State())
			}
		})
	}
	e := NewEntry(theme.New(theme.Options{}), upper)
	typed(e, "HOST", tea.KeyEnter, tea.KeyShiftTab, tea.KeyEsc)
	if e.State() != Cancelled {
		t.Errorf("state %d after Esc", e.State())
	}
}
