package project

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/spec"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
)

// weights are the severities of findings in the order in which they are listed, and what stands above each.
var weights = []struct{ severity, heading string }{
	{"must", "To settle before the app runs"},
	{"should", "Worth a look"},
	{"info", "Found"},
}

// weight is where a finding stands in weights.
func weight(f screen.Finding) int {
	i := slices.IndexFunc(weights[:], func(w struct{ severity, heading string }) bool { return w.severity == string(f.Severity) })
	if i < 0 {
		return len(weights) - 1
	}
	return i
}

// list puts the findings in order, what matters most first.
func (p *Screen) list() {
	p.found = nil
	if p.s.Findings != nil {
		p.found = slices.Clone(p.s.Findings.Findings)
		slices.SortStableFunc(p.found, func(a, b screen.Finding) int { return weight(a) - weight(b) })
	}
	p.cursor = max(0, min(p.cursor, len(p.found)-1))
	p.follow()
}

// at is the finding with the cursor; false when there is none.
func (p *Screen) at() (screen.Finding, bool) {
	if p.cursor >= len(p.found) {
		return screen.Finding{}, false
	}
	return p.found[p.cursor], true
}

func (p *Screen) move(by int) {
	p.cursor = max(0, min(len(p.found)-1, p.cursor+by))
	p.follow()
}

// settleKeys are the keys for the must with the cursor: what answers it, and what ticks it off.
func (p *Screen) settleKeys() []keys.Key {
	f, ok := p.at()
	if !ok || !screen.Must(f) || p.err != nil || p.s.Draft == nil {
		return nil
	}
	verb := "berth.toml"
	settled := !f.Open(p.s.Spec()) // by a setting, so there is nothing to tick
	tick := keys.Act(verb, "space", map[bool]string{true: "open again", false: "tick off"}[p.s.Ticked(f)], func() { p.tick(f) }, " ").
		Say("mark it as settled somewhere that berth cannot see").When(!settled)
	does, long := "answer", "enter the value that settles it"
	switch {
	case f.Variable != nil && f.Variable.Kind == "generated":
		verb, does, long = "berth secrets", "make one up", "generate a random value, stored in AWS when you confirm the plan"
	case screen.Secret(f):
		verb, long = "berth secrets", "type its value, hidden, stored in AWS when you confirm the plan; or the path or ARN of an existing one"
	}
	answer := keys.Act(verb, "a", does, func() { p.answer(f) }).
		Say(long).When(!settled && (f.Variable != nil || f.Key != ""))
	makes := screen.Makes(f.Variable)
	fresh := keys.Act("berth.toml", "n", "new "+cmp.Or(makes, "database"), func() { p.makeOne(f) }).
		Say("have a " + cmp.Or(makes, "database or a cache") + " created, which the app finds by this variable; the review says what it costs").
		When(!settled && makes != "")
	if p.s.Ticked(f) {
		return []keys.Key{tick, answer, fresh}
	}
	return []keys.Key{answer, fresh, tick}
}

// makeOne has a database or a cache made.
func (p *Screen) makeOne(f screen.Finding) {
	if p.settle(p.s.Make(f.Variable)) {
		p.next()
	}
}

// tick ticks a must off and goes to the next one that is open.
func (p *Screen) tick(f screen.Finding) {
	if p.s.Tick(f); p.s.Ticked(f) {
		p.next()
	}
}

// next puts the cursor on the next must that is open, if there is one.
func (p *Screen) next() {
	for i := range p.found {
		if at := (p.cursor + 1 + i) % len(p.found); screen.Must(p.found[at]) && p.s.Open(p.found[at]) {
			p.cursor = at
			break
		}
	}
	p.follow()
}

// answer opens what settles a must where it stands: the value of a variable, unseen where nobody may read it, or the key
// of berth.toml. One for which any random text will do is made up.
func (p *Screen) answer(f screen.Finding) {
	key := f.Key
	switch v := f.Variable; {
	case v != nil && v.Kind == "setting":
		key = "env." + v.Name
	case v != nil && v.Kind == "generated":
		if p.settle(p.s.MakeUp(v)) {
			p.next()
		}
		return
	case v != nil:
		p.editor = form.NewHidden(p.s.Theme, func(text string) error {
			if text == "" {
				return fmt.Errorf("a value is required; esc leaves it open")
			}
			_, err := engine.Give(v.Name, text, false)
			return err
		})
		p.settles, p.secret = "", v
		p.follow()
		return
	case choosable(key):
		p.s.Go(screen.Settings{Fix: &screen.Fix{Key: key}})
		return
	}
	p.editor = form.NewText(p.s.Theme, "", func(text string) error {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("a value is required; esc leaves it open")
		}
		return p.s.Draft.Check(key, text)
	})
	p.settles = key
	p.follow()
}

// settle says why an answer does not count, and whether it does.
func (p *Screen) settle(err error) bool {
	if p.note = ""; err != nil {
		p.note = err.Error()
	}
	return err == nil
}

// choosable says that a key is no line of text, so that the settings ask for it better.
func choosable(key string) bool {
	k, ok := spec.KeyOf(key)
	return !ok || k.Kind == spec.Truth || k.Kind == spec.Table
}

func (p *Screen) edit(k tea.KeyMsg) {
	p.editor.Key(k)
	switch p.editor.State() {
	case form.Done:
		value, v := p.editor.Value(), p.secret
		p.editor, p.secret = nil, nil
		var err error
		if v != nil {
			err = p.s.KeepSecret(v, value)
		} else {
			err = p.s.Draft.Set(p.settles, value)
		}
		if p.settle(err) {
			p.next()
		}
	case form.Cancelled:
		p.editor, p.secret = nil, nil
	}
	p.follow()
}
