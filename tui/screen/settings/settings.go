// Package settings is the screen with every value of berth.toml: what it is, where it came from, and in place
// why it cannot be. Nothing is written before the yes to the plan.
package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the settings screen.
type Screen struct {
	s             *screen.Session
	width, height int

	rows     []Row
	problems map[string]spec.Problem
	cursor   int
	offset   int
	editor   form.Editor
	find     form.Find
	unfolded map[string]bool // sections that are shown whole
	refused  string          // why the last edit was not taken, at the cursor
	note     string
	err      *fail.Error // why there is no going on
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, cursor: 1} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Settings" }

// About says what the screen is for.
func (*Screen) About() string {
	return "Every value of berth.toml with where it came from. Nothing is written or created before you confirm the plan."
}

// Enter looks at the values anew.
func (t *Screen) Enter(at screen.Place) tea.Cmd {
	t.editor, t.find, t.refused, t.note, t.err = nil, form.Find{}, "", "", nil
	t.reload()
	if at, ok := at.(screen.Settings); ok && at.Fix != nil {
		t.fix(at.Fix)
	}
	return nil
}

// reload looks at the values anew: what cannot be of them, and the rows.
func (t *Screen) reload() {
	t.problems = map[string]spec.Problem{}
	for _, p := range engine.Problems(t.s.Spec(), t.s.RegionCodes()...) {
		if _, ok := t.problems[p.Key]; !ok {
			t.problems[p.Key] = p
		}
	}
	t.relist()
}

// relist lists the rows anew, with the cursor where it was.
func (t *Screen) relist() {
	at := t.row()
	t.rows = t.visible(t.s.Spec())
	if i := slices.IndexFunc(t.rows, at.same); i >= 0 && at.Heading == "" && at.Label != "" { // other rows may have come or gone
		t.cursor = i
	}
	t.cursor = max(1, min(t.cursor, len(t.rows)-1))
	t.follow()
}

func (t *Screen) follow() { t.offset = t.fields().Follow(t.listWidth(), t.listHeight()) }

// Update handles a message.
func (t *Screen) Update(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	switch {
	case t.editor != nil:
		t.edit(k)
	case t.find.Open:
		t.find.Key(k)
		t.seek()
	default:
		keys.Press(t.Keys(), k)
	}
	t.follow()
	return nil
}

// row is the row at the cursor; an empty one when a search finds nothing.
func (t *Screen) row() Row {
	if t.cursor < len(t.rows) {
		return t.rows[t.cursor]
	}
	return Row{}
}

func (t *Screen) undo() {
	if label := t.s.Draft.Undo(); label != "" {
		t.note = "Undone: " + t.label(label)
		t.reload()
	}
}

// reset takes the value at the cursor back.
func (t *Screen) reset() {
	if r := t.row(); !r.Add && r.Name != "" {
		t.set(r, "")
	}
}

// label is how the value is called that a key of berth.toml names.
func (t *Screen) label(key string) string {
	for _, r := range Rows(t.s.Spec()) {
		if r.Heading == "" && r.Name == key {
			return r.Label
		}
	}
	return key
}

func (t *Screen) move(by int) {
	t.cursor = t.fields().Move(t.cursor, by)
	t.refused, t.note = "", ""
}

// done goes on, or puts the cursor on the first value that cannot be.
func (t *Screen) done() {
	if len(t.problems) > 0 {
		t.find = form.Find{}
		t.reload()
		for i, r := range t.rows {
			if _, bad := t.problem(r); bad && r.Heading == "" {
				t.cursor = i
				t.note = fmt.Sprintf("%s must be changed", widget.Count(len(t.problems), "value"))
				return
			}
		}
		var all []spec.Problem
		for _, p := range t.problems {
			all = append(all, p)
		}
		t.err = fail.From(spec.AsError(all))
		return
	}
	t.s.Go(screen.Review{})
}

func (t *Screen) problem(r Row) (spec.Problem, bool) {
	if r.Add || r.Name == "" {
		return spec.Problem{}, false
	}
	p, ok := t.problems[r.Name]
	for key, x := range t.problems {
		if !ok && r.Key.Kind == spec.Tables && strings.HasPrefix(key, r.Name+"[") {
			p, ok = x, true
		}
	}
	return p, ok
}

func (t *Screen) open(r Row) {
	t.refused, t.note = "", ""
	if r.Folds != "" {
		t.unfold(r.Folds)
		return
	}
	if r.Name == "" {
		return
	}
	value, _, _ := r.Value(t.s.Spec())
	th := t.s.Theme
	switch {
	case r.Key.Kind == spec.Truth:
		t.toggle(r, value)
	case r.Key.Name == "region":
		t.editor = form.NewChoice(th, t.s.Regions(), value)
	case len(t.choices(r)) > 0:
		t.editor = form.NewChoice(th, t.choices(r), value)
	case r.Add:
		t.editor = form.NewEntry(th, func(text string) error { return t.check(r, text) })
	default:
		t.editor = form.NewText(th, value, func(text string) error { return t.check(r, text) })
	}
}

func (t *Screen) toggle(r Row, value string) {
	t.set(r, strconv.FormatBool(value != "true"))
}

// choices are the values that a row can have, when they are few.
func (t *Screen) choices(r Row) []form.Option {
	var out []form.Option
	switch r.Key.Name {
	case "service.cpu":
		for _, c := range spec.CPUSizes() {
			out = append(out, form.Option{Value: strconv.FormatFloat(c, 'f', -1, 64), Label: "vCPU"})
		}
	case "service.memory":
		for _, m := range spec.MemorySizes(t.s.Spec().Service.CPU) {
			out = append(out, form.Option{Value: strconv.Itoa(m), Label: "MiB"})
		}
	case "image.platform":
		out = []form.Option{{Value: spec.AMD64, Label: "x86, every image has it"}, {Value: spec.ARM64, Label: "Graviton"}}
	case "network.https", "network.tasks", "network.front":
		for _, c := range r.Key.Choices {
			out = append(out, form.Option{Value: c})
		}
	}
	return out
}

// step takes the next smaller or larger value of those that a row can have.
func (t *Screen) step(by int) {
	r := t.row()
	value, _, _ := r.Value(t.s.Spec())
	if r.Key.Kind == spec.Truth {
		t.toggle(r, value)
		return
	}
	options := t.choices(r)
	for i, o := range options {
		if o.Value == value && i+by >= 0 && i+by < len(options) {
			t.set(r, options[i+by].Value)
			return
		}
	}
	if n, err := strconv.Atoi(value); err == nil && r.Key.Name == "service.instances" {
		t.set(r, strconv.Itoa(max(1, n+by)))
	}
}

// leave shows all rows again after a search, or leads back.
func (t *Screen) leave() {
	if t.find.Text == "" {
		t.s.Back()
		return
	}
	t.find = form.Find{}
	t.relist()
}

// SetSize gives the screen its room.
func (t *Screen) SetSize(w, h int) {
	t.width, t.height = w, h
	t.follow()
}

// Typing says that letters are text just now.
func (t *Screen) Typing() bool { return t.editor != nil || t.find.Open }

// Keys are the keys of this moment.
func (t *Screen) Keys() []keys.Key {
	if t.editor != nil {
		return form.EditorKeys()
	}
	if t.find.Open {
		return t.find.Keys()
	}
	const verb = "berth.toml"
	act := "change"
	if t.row().Folds != "" {
		act = "show them"
	}
	all := []keys.Key{
		keys.Way("enter", "continue", t.done).Say("see what will exist; nothing is written or created before you confirm"),
		keys.Act(verb, "space", act, func() { t.open(t.row()) }, " ", "e").Say("change the value, or show what is folded away; ←→ take the next size"),
	}
	all = append(all, keys.Moves("move", t.move, t.listHeight())...)
	return append(all,
		keys.Act(verb, "/", "find", t.find.Begin).Say("find a value by its name, its key or what it is about; esc shows all"),
		keys.Act(verb, "d", "default", t.reset, "d", "backspace", "delete").
			Say("remove the value, so that the one found or the default applies"),
		keys.Act("--accessible", "u", "undo", t.undo).Say("undo the last answer"),
		keys.Way("esc", "back", t.leave),
		keys.Also(func() { t.step(-1) }, "left", "-"), keys.Also(func() { t.step(1) }, "right", "+"),
	)
}
