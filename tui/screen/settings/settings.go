// Package settings is the screen with every value of berth.toml: what it is, where it came from, and in place
// why it cannot be. Nothing is written before the yes to the plan.
package settings

import (
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/theme"
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
	refused  string // why the last edit was not taken, at the cursor
	note     string
	err      *fail.Error // why there is no going on
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, cursor: 1} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Settings" }

// About says what the screen is for.
func (*Screen) About() string {
	return "Every value of berth.toml with where it came from. Nothing is written or created before your yes to the plan."
}

// Enter looks at the values anew.
func (t *Screen) Enter(at screen.Place) tea.Cmd {
	t.editor, t.refused, t.note, t.err = nil, "", "", nil
	t.reload()
	if at, ok := at.(screen.Settings); ok && at.Fix != nil {
		t.fix(at.Fix)
	}
	return nil
}

func (t *Screen) reload() {
	s := t.s.Spec()
	t.rows = Rows(s)
	t.cursor = max(1, min(t.cursor, len(t.rows)-1))
	t.problems = map[string]spec.Problem{}
	for _, p := range engine.Problems(s, t.s.RegionCodes()...) {
		if _, ok := t.problems[p.Key]; !ok {
			t.problems[p.Key] = p
		}
	}
	t.follow()
}

func (t *Screen) follow() { t.offset = t.fields().Follow(t.listWidth(), t.listHeight()) }

// Update handles a message.
func (t *Screen) Update(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if t.editor != nil {
		t.edit(k)
	} else {
		keys.Press(t.Keys(), k)
	}
	t.follow()
	return nil
}

func (t *Screen) row() Row { return t.rows[t.cursor] }

func (t *Screen) undo() {
	if label := t.s.Draft.Undo(); label != "" {
		t.note = "Undone: " + t.label(label)
		t.reload()
	}
}

// reset takes the value at the cursor back.
func (t *Screen) reset() {
	if r := t.row(); !r.Add {
		t.set(r, "")
	}
}

// label is how the value is called that a key of berth.toml names.
func (t *Screen) label(key string) string {
	for _, r := range t.rows {
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
		for i, r := range t.rows {
			if _, bad := t.problem(r); bad && r.Heading == "" {
				t.cursor = i
				t.note = fmt.Sprintf("%s cannot be as it is", widget.Count(len(t.problems), "value"))
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
	if r.Add {
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

// SetSize gives the screen its room.
func (t *Screen) SetSize(w, h int) {
	t.width, t.height = w, h
	t.follow()
}

// Typing says that letters are text just now.
func (t *Screen) Typing() bool { return t.editor != nil }

// Keys are the keys of this moment.
func (t *Screen) Keys() []keys.Key {
	if t.editor != nil {
		return form.EditorKeys()
	}
	const verb = "berth.toml"
	all := []keys.Key{
		keys.Way("enter", "continue", t.done).Say("see what will exist; nothing is written or created before your yes"),
		keys.Act(verb, "space", "change", func() { t.open(t.row()) }, " ", "e").Say("change the value; ←→ take the next size"),
	}
	all = append(all, keys.Moves("move", t.move, t.listHeight())...)
	return append(all,
		keys.Act(verb, "d", "default", t.reset, "d", "backspace", "delete").
			Say("take the value back, so that what was found or the default counts"),
		keys.Act("--accessible", "u", "undo", t.undo).Say("take the last answer back"),
		keys.Way("esc", "back", t.s.Back),
		keys.Also(func() { t.step(-1) }, "left", "-"), keys.Also(func() { t.step(1) }, "right", "+"),
	)
}

const gutter = 4

func (t *Screen) wide() bool { return t.width >= 110 }

func (t *Screen) listWidth() int {
	if t.wide() {
		return (t.width - gutter) * 7 / 10
	}
	return t.width
}

// helpHeight is how many lines below the list explain the value at the cursor.
func (t *Screen) helpHeight() int {
	if t.wide() {
		return 0
	}
	if t.height < 14 {
		return 2
	}
	return 4
}

func (t *Screen) listHeight() int {
	if t.wide() {
		return t.height
	}
	return t.height - t.helpHeight() - 1
}

func (t *Screen) fields() widget.Fields {
	f := widget.Fields{Theme: t.s.Theme, Cursor: t.cursor, Offset: t.offset}
	s := t.s.Spec()
	for i, r := range t.rows {
		if r.Heading != "" {
			f.Fields = append(f.Fields, widget.Field{Heading: r.Heading})
			continue
		}
		_, show, unset := r.Value(s)
		o, _ := r.Origin(s)
		x := widget.Field{Label: r.Label, Value: show, Unset: unset, From: r.From(s), Place: screen.LineOf(o)}
		if p, bad := t.problem(r); bad {
			x.Problem = saying(p)
		}
		if i == t.cursor {
			if t.refused != "" {
				x.Problem = t.refused
			}
			if t.editor != nil {
				for _, l := range t.editor.Lines(t.listWidth()-4, widget.EditorRows(t.listHeight())) {
					x.Below = append(x.Below, "    "+l)
				}
			}
		}
		f.Fields = append(f.Fields, x)
	}
	return f
}

// View draws the screen.
func (t *Screen) View() string {
	if t.err != nil {
		return widget.Failure{Theme: t.s.Theme, Error: t.err}.Render(t.width, t.height)
	}
	list := t.fields().Render(t.listWidth(), t.listHeight())
	if t.wide() {
		w := t.width - t.listWidth() - gutter
		return widget.Beside(list, widget.Join(t.help(w, t.height)), t.listWidth(), gutter)
	}
	lines := widget.Lines(list)
	for len(lines) < t.listHeight()+1 {
		lines = append(lines, "")
	}
	return widget.Join(append(lines, t.help(t.width, t.helpHeight())...))
}

// help explains the value at the cursor, as berth.toml has it.
func (t *Screen) help(width, height int) []string {
	th, r := t.s.Theme, t.rows[t.cursor]
	var lines []string
	put := func(ink theme.Ink, text string, most int) {
		if room := height - len(lines); room > 0 && text != "" {
			lines = append(lines, widget.Brief(th, ink, text, width, min(most, room))...)
		}
	}
	doc := strings.ToUpper(r.Key.Doc[:1]) + r.Key.Doc[1:] + "."
	key := "In berth.toml: " + r.Key.Name + ", such as " + r.Key.Example
	const next = "berth.toml is written with your yes to the plan."
	if t.wide() {
		put(th.Warn, t.note, height)
		put(th.Strong, r.Label, 1)
		put(th.Text, doc, height)
		lines = append(lines, "")
		if o, ok := r.Origin(t.s.Spec()); ok && screen.LineOf(o) != "" {
			put(th.Quiet, "From "+screen.From(o), height)
			lines = append(lines, "")
		}
		put(th.Quiet, key, height)
		lines = append(lines, "")
		put(th.Quiet, next, height)
		return widget.Fit(lines, width, height)
	}
	put(th.Warn, t.note, 2)
	if height > 2 {
		put(th.Text, doc, 2)
		put(th.Quiet, key, 1)
	} else {
		put(th.Text, doc, 1)
	}
	put(th.Quiet, next, 1)
	return lines
}
