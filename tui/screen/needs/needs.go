// Package needs is the screen that asks what the app needs. Every question has an answer from the start, from
// the source tree or a default, says why it matters, and shows at once which services the answer rules out.
package needs

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare"
	"berth/compare/advise"
	"berth/compare/need"
	"berth/engine/fail"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
)

// Screen is the needs screen.
type Screen struct {
	s             *screen.Session
	width, height int

	questions []Question
	cursor    int
	offset    int
	editor    form.Editor
	folder    bool   // the editor asks for the folder whose files stay
	problem   string // of the question with the cursor
	news      string // what the last answer changed
	services  []compare.Service
	trouble   string // why the services cannot be judged
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s, questions: All(nil), cursor: 1} }

// Title is what the screen is called.
func (*Screen) Title() string { return "Needs" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What the app needs from the service that runs it. Every answer is filled in already; change what " +
		"is wrong."
}

// Enter judges anew: settings may have changed meanwhile.
func (n *Screen) Enter(screen.Place) tea.Cmd {
	n.questions = All(n.s.Draft)
	n.cursor = min(n.cursor, len(n.questions)-1)
	n.judge()
	n.news = ""
	return nil
}

// Update handles a message.
func (n *Screen) Update(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if n.editor != nil {
		n.edit(k)
	} else {
		keys.Press(n.Keys(), k)
	}
	n.offset = n.fields().Follow(n.listWidth(), n.listHeight())
	return nil
}

// next goes on, unless the one answer is missing that nobody else can give.
func (n *Screen) next() {
	if n.s.Spec().Region == "" {
		n.ask("region", "a region is required: choose the one closest to your users")
		return
	}
	n.s.Go(screen.Compare{})
}

// change turns a yes into a no, and opens what is typed or chosen.
func (n *Screen) change() {
	q := n.questions[n.cursor]
	if q.Kind == need.YesNo {
		n.toggle(q)
		return
	}
	n.open(q)
}

// say answers a question of yes or no.
func (n *Screen) say(yes bool) {
	if q := n.questions[n.cursor]; q.Kind == need.YesNo && n.s.Draft.On(q.Need) != yes {
		n.toggle(q)
	}
}

func (n *Screen) undo() {
	before := n.services
	if label := n.s.Draft.Undo(); label != "" {
		n.problem = ""
		n.changed(before)
		n.news = tookBack(Called(n.s.Draft, label), n.news)
	}
}

func (n *Screen) move(by int) {
	n.cursor = n.fields().Move(n.cursor, by)
	n.problem, n.news = "", ""
}

// ask puts the cursor on a question that needs an answer, and says why.
func (n *Screen) ask(id, why string) {
	for i, q := range n.questions {
		if q.ID == id {
			n.cursor, n.problem = i, why
		}
	}
}

func (n *Screen) toggle(q Question) {
	value := "true"
	if n.s.Draft.On(q.Need) {
		value = "false"
	}
	n.answer(q, value)
}

// step changes the answer by the arrow keys: numbers by one, yes and no in turn.
func (n *Screen) step(by int) {
	switch q := n.questions[n.cursor]; {
	case q.Kind == need.YesNo:
		n.toggle(q)
	case q.Kind == need.Number && q.ID == "instances":
		n.answer(q, stepped(n.s.Spec().Service.Instances, by))
	}
}

func (n *Screen) open(q Question) {
	value, _ := q.Value(n.s.Draft)
	if q.Kind == need.Region {
		n.editor = form.NewChoice(n.s.Theme, n.s.Regions(), value)
		return
	}
	n.editor = form.NewText(n.s.Theme, value, func(text string) error { return n.check(q, text) })
}

// check says why a typed text cannot be the answer, while it can still be mended.
func (n *Screen) check(q Question, text string) error {
	if err := q.Check(text); err != nil {
		return err
	}
	if err := n.s.Draft.Answer(q.Need, typed(text)); err != nil {
		return err
	}
	n.s.Draft.Undo()
	return nil
}

// typed is an answer as it was typed: people write sums with their sign.
func typed(text string) string { return strings.TrimPrefix(strings.TrimSpace(text), "$") }

func (n *Screen) edit(k tea.KeyMsg) {
	n.editor.Key(k)
	switch n.editor.State() {
	case form.Done:
		value, folder := n.editor.Value(), n.folder
		n.editor, n.folder = nil, false
		if folder {
			n.settle(func() error { return n.s.Draft.Set("storage", value) })
			return
		}
		n.answer(n.questions[n.cursor], typed(value))
	case form.Cancelled:
		if n.folder { // whoever leaves it takes back the yes that led to it
			n.settle(func() error { n.s.Draft.Undo(); return nil })
		}
		n.editor, n.folder = nil, false
	}
}

func (n *Screen) answer(q Question, value string) {
	if n.settle(func() error { return n.s.Draft.Answer(q.Need, value) }) && n.s.Draft.WantsFolder(q.Need) {
		n.folder = true
		n.editor = form.NewText(n.s.Theme, "", n.s.Draft.CheckFolder)
	}
}

// settle takes an answer, or says why not.
func (n *Screen) settle(take func() error) bool {
	before := n.services
	n.problem = ""
	if err := take(); err != nil {
		n.problem = err.Error()
		return false
	}
	n.changed(before)
	return true
}

// changed judges anew and says what the answer did to the services.
func (n *Screen) changed(before []compare.Service) {
	n.judge()
	if n.trouble == "" {
		n.news = news(before, n.services)
	}
}

func (n *Screen) judge() {
	n.services, n.trouble = nil, ""
	r, err := n.s.Compare()
	if err != nil {
		n.trouble = fail.From(err).Cause
		return
	}
	n.services = r.Services
}

// news says in one sentence which service an answer ruled out or brought back.
func news(before, after []compare.Service) string {
	old := map[string]advise.Verdict{}
	for _, s := range before {
		old[s.ID] = s.Verdict
	}
	var out []string
	for _, s := range after {
		was, ok := old[s.ID]
		switch {
		case !ok || was == s.Verdict:
		case s.Verdict == advise.No:
			out = append(out, screen.ShortName(s.Name)+" drops out"+why(s, advise.No))
		case was == advise.No:
			out = append(out, screen.ShortName(s.Name)+" is possible again")
		case s.Verdict == advise.Changes:
			out = append(out, screen.ShortName(s.Name)+" needs changes"+why(s, advise.Changes))
		default:
			out = append(out, screen.ShortName(s.Name)+" fits now")
		}
	}
	return strings.Join(out, "; ")
}

func why(s compare.Service, v advise.Verdict) string {
	for _, r := range s.Reasons {
		if r.Verdict == v {
			return ": " + r.Text
		}
	}
	return ""
}

// Called is how the question about an answer is called, whose id or key is given; that itself, where there is none.
func Called(d *screen.Draft, of string) string {
	for _, q := range All(d) {
		if q.ID != "" && (q.ID == of || q.Key == of || q.ID == "persistent_storage" && of == "storage") {
			return q.Label
		}
	}
	return of
}

// tookBack says what an undo took back, and what that did to the services.
func tookBack(what, news string) string {
	if news == "" {
		return "Undone: " + what
	}
	return "Undone: " + what + "; " + news
}

// SetSize gives the screen its room.
func (n *Screen) SetSize(w, h int) {
	n.width, n.height = w, h
	if n.s.Draft != nil {
		n.offset = n.fields().Follow(n.listWidth(), n.listHeight())
	}
}

// Typing says that letters are text just now.
func (n *Screen) Typing() bool { return n.editor != nil }

// Keys are the keys of this moment.
func (n *Screen) Keys() []keys.Key {
	if n.editor != nil {
		return form.EditorKeys()
	}
	const verb = "berth.toml"
	all := []keys.Key{
		keys.Way("enter", "continue", n.next).Say("accept all answers and see which service fits"),
		keys.Act(verb, "space", "change", n.change, " ", "e").Say("change the answer, as ←→ do"),
	}
	all = append(all, keys.Moves("move", n.move, n.listHeight())...)
	return append(all,
		keys.Act("--accessible", "u", "undo", n.undo).Say("undo the last answer"),
		keys.Way("esc", "back", n.s.Back),
		keys.Also(func() { n.say(true) }, "y"), keys.Also(func() { n.say(false) }, "n"),
		keys.Also(func() { n.step(-1) }, "left", "-"), keys.Also(func() { n.step(1) }, "right", "+"),
	)
}
