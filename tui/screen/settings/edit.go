package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/spec"
	"berth/tui/form"
)

func (t *Screen) edit(k tea.KeyMsg) {
	t.editor.Key(k)
	switch t.editor.State() {
	case form.Done:
		r, value := t.rows[t.cursor], t.editor.Value()
		t.editor = nil
		if now, _, _ := r.Value(t.s.Spec()); value != now || r.Add { // looking at a value does not make it an answer
			t.set(r, value)
		}
	case form.Cancelled:
		t.editor = nil
	}
}

// entry is the key that a typed text is about, and its value: of a row that makes a new entry of a table, both
// are in the text.
func entry(r Row, text string) (name, value string, err error) {
	if !r.Add || strings.TrimSpace(text) == "" {
		return r.Name, text, nil
	}
	name, value, ok := strings.Cut(text, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "", "", errors.New("write it as NAME=value")
	}
	return r.Key.Name + "." + name, strings.TrimSpace(value), nil
}

// check says why a typed text cannot be the value, while it can still be mended.
func (t *Screen) check(r Row, text string) error {
	name, value, err := entry(r, text)
	if err != nil || strings.TrimSpace(value) == "" {
		return err
	}
	if err := t.s.Draft.Set(name, value); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "set "+name+": "))
	}
	defer t.s.Draft.Undo()
	for _, p := range engine.Problems(t.s.Spec(), t.s.RegionCodes()...) {
		if p.Key == name || strings.HasPrefix(p.Key, name+"[") {
			return errors.New(saying(p))
		}
	}
	return nil
}

// saying is a problem in words: what is wrong, and what is wanted.
func saying(p spec.Problem) string {
	if p.Want == "" {
		return p.Text
	}
	return p.Text + "; " + p.Want
}

// set takes a value; what cannot be read at all is refused in place.
func (t *Screen) set(r Row, text string) {
	t.refused, t.note = "", ""
	name, value, err := entry(r, text)
	switch {
	case err != nil:
		t.refused = err.Error()
		return
	case r.Add && value == "" && name == r.Name:
		return // nothing was typed
	}
	if name == "service.cpu" && value != "" {
		t.resize(value)
		return
	}
	if err := t.s.Draft.Set(name, value); err != nil {
		t.refused = strings.TrimPrefix(err.Error(), "set "+name+": ")
		return
	}
	t.reload()
}

// resize takes a CPU size and moves the memory to what it can have.
func (t *Screen) resize(value string) {
	cpu, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	before := t.s.Spec().Service.Memory
	if err == nil {
		err = t.s.Draft.Resize(cpu)
	}
	if err != nil {
		t.refused = err.Error()
		return
	}
	if now := t.s.Spec().Service.Memory; now != before {
		t.note = fmt.Sprintf("Memory is now %d MiB, which goes with %g vCPU", now, cpu)
	}
	t.reload()
}
