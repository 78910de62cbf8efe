// Package review is the screen that shows what will exist, what it costs a month, and asks. What is confirmed
// is exactly the plan that is shown.
package review

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine"
	"berth/engine/fail"
	"berth/tui/form"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the review screen, of a deployment or of a destruction.
type Screen struct {
	s             *screen.Session
	width, height int

	work    screen.Work
	of      screen.Review // what is planned
	loading string
	plan    *screen.Plan
	err     *fail.Error
	check   check
	offset  int
	note    string
	details bool       // what the plan is made of is shown instead of the resources, or scrolled beside them
	policy  bool       // of that, the policy for what is missing
	doubts  []string   // why a second yes is asked for
	cursor  int        // of the changes that are listed
	open    bool       // all of that one is shown
	name    form.Input // of the app, typed to confirm a destruction
}

// New makes the screen.
func New(s *screen.Session) *Screen { return &Screen{s: s} }

type planMsg struct {
	plan     *screen.Plan
	identity *screen.Identity
	err      error
}

// savedMsg is that berth.toml says what was confirmed, or why it does not.
type savedMsg struct{ err error }

// Title is what the screen is called.
func (*Screen) Title() string { return "Review" }

// About says what the screen is for.
func (*Screen) About() string {
	return "What will exist in AWS and what it costs a month. Only what is shown here is done."
}

// Enter plans: every time anew, because AWS or the settings may have changed.
func (r *Screen) Enter(at screen.Place) tea.Cmd {
	if at, ok := at.(screen.Review); ok {
		r.of = at
	}
	r.Leave()
	r.work.Begin(r.s.Ctx)
	r.plan, r.err, r.note, r.offset, r.details, r.policy = nil, nil, "", 0, false, false
	r.name, r.doubts, r.cursor, r.open = form.NewInput(""), nil, 0, false
	r.loading = "Looking at AWS: what is there already"
	r.refused(nil)
	e, req := r.s.Engine, r.request()
	req.Destroy, req.KeepData, req.Rollback = r.of.Destroy, r.of.KeepData, r.of.Rollback
	req.Restart = r.of.Restart
	left := r.of.Left
	return r.work.Do(func(ctx context.Context) tea.Msg {
		id, err := e.Identity(ctx, req.Spec.Region)
		if err != nil {
			return planMsg{err: err}
		}
		m := planMsg{identity: &id}
		if left != nil {
			m.plan, m.err = left.Leave(ctx)
			return m
		}
		m.plan, m.err = e.Plan(ctx, req)
		return m
	})
}

// request asks for what is reviewed. Only a deployment is about the answers; the rest is about what runs.
func (r *Screen) request() screen.Request {
	if r.deploys() {
		return r.s.Request()
	}
	return r.s.RequestHome()
}

// deploys says that a deployment is reviewed.
func (r *Screen) deploys() bool { return r.of == (screen.Review{}) }

// Leave ends what is under way: nobody waits for it any more.
func (r *Screen) Leave() {
	r.work.End()
	r.loading, r.check = "", check{}
}

// Update handles a message.
func (r *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		return r.onPlan(msg)
	case checkMsg:
		return r.onCheck(msg)
	case savedMsg:
		r.onSaved(msg)
	case tea.KeyMsg:
		return r.onKey(msg)
	}
	return nil
}

func (r *Screen) onPlan(m planMsg) tea.Cmd {
	r.loading = ""
	if m.identity != nil {
		r.s.Identity = m.identity
	}
	if m.err != nil {
		r.err = fail.From(m.err)
		r.refused(r.err)
		return nil
	}
	r.plan = m.plan
	t := r.s.Task()
	if t != nil {
		m.plan.Beside = t.Beside
	}
	if f := m.plan.Unmoved(); f != nil {
		r.err = f
		r.refused(r.err)
		return nil
	}
	lost, _ := m.plan.Data()
	switch {
	case r.of.Left != nil && len(lost) == 0: // who moves has said so
		return r.carryOut()
	case t != nil && t.Yes && r.unasked() != nil:
		r.err = r.unasked()
		r.refused(r.err)
		return nil
	case t != nil && t.Alone(m.plan) && r.of.Left == nil:
		return r.carryOut()
	case r.count().changes() == 0:
		return nil
	}
	return r.preflight()
}

// unasked is why a plan may not be carried out without a question, nil when it may.
func (r *Screen) unasked() *fail.Error {
	if r.deploys() {
		return r.plan.Unsaid()
	}
	if r.of.Left == nil {
		return nil
	}
	lost, _ := r.plan.Data()
	return r.of.Left.Stays(lost)
}

func (r *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	cmd, matched := keys.Press(r.Keys(), k)
	if !matched && r.Typing() {
		r.name.Key(k)
	}
	return cmd
}

// back takes a yes back that waits for the check, or leads back.
func (r *Screen) back() {
	if r.check.going {
		r.check.going, r.note = false, "Not confirmed."
		return
	}
	r.s.Back()
}

// showPolicy shows the policy for what is missing, or the plan again.
func (r *Screen) showPolicy() {
	r.policy = !r.policy || !r.details
	r.details, r.offset = true, 0
}

// other shows, or scrolls, what the plan is made of instead of what exists, and the other way round.
func (r *Screen) other() { r.details, r.policy, r.offset = !r.details, false, 0 }

// destroy confirms a destruction once the app's name is typed.
func (r *Screen) destroy() tea.Cmd {
	if r.named() {
		return r.confirm()
	}
	r.note = fmt.Sprintf("Type %s to go ahead.", r.plan.App)
	return nil
}

// named says that the app's name was typed. Blanks around it come with pasting.
func (r *Screen) named() bool { return strings.TrimSpace(r.name.Value()) == r.plan.App }

// confirm goes ahead with the shown plan, and nothing but it. While the check of it is under way it waits for that:
// the run would make the same check before anything else.
func (r *Screen) confirm() tea.Cmd {
	if r.plan == nil || r.loading != "" || r.count().changes() == 0 {
		return nil
	}
	if r.of.Destroy && !r.named() {
		return nil
	}
	if r.deploys() && (r.check.refusal == nil || r.plan.SkipPreflight) {
		if r.doubts = r.s.Doubts(r.plan); len(r.doubts) > 0 {
			return nil
		}
	}
	switch {
	case r.check.running:
		r.check.going = true
		return nil
	case r.check.refusal != nil && !r.plan.SkipPreflight:
		r.note = "Not yet: it is certain to fail. Fix it, then press R to check again."
		if r.of.Destroy {
			r.note = "Not yet: it is certain to fail. Fix it, then come back; or leave, and run berth destroy --skip-preflight."
		}
		return nil
	}
	return r.carryOut()
}

// carryOut hands the plan to the screen that carries it out. What it was made of is kept in berth.toml before, and
// not any earlier.
func (r *Screen) carryOut() tea.Cmd {
	if !r.writes() {
		r.onSaved(savedMsg{})
		return nil
	}
	r.loading = "Writing berth.toml"
	app := r.s.Spec().Clone()
	return r.work.Do(func(context.Context) tea.Msg {
		_, err := app.Save()
		return savedMsg{err}
	})
}

// writes says whether the yes goes into berth.toml: a verb of the command line does not, unless something was changed
// on the way.
func (r *Screen) writes() bool {
	if !r.deploys() {
		return false
	}
	return r.s.Task() == nil || r.s.Draft.Changed()
}

func (r *Screen) onSaved(m savedMsg) {
	if r.loading = ""; m.err != nil {
		r.err = fail.From(m.err)
		r.refused(r.err)
		return
	}
	if r.deploys() && r.s.Draft != nil {
		r.s.Draft.Agree()
	}
	t := r.s.Task()
	r.s.Go(screen.Deploy{Plan: r.plan, Alone: t != nil && t.Alone(r.plan), Left: r.of.Left})
}

// refused keeps why the task cannot be carried out, nil when it is tried again.
func (r *Screen) refused(f *fail.Error) {
	t := r.s.Task()
	if t == nil {
		return
	}
	if r.s.End.Problem = f; f != nil && t.Yes {
		r.s.Quit()
	}
}

func (r *Screen) scroll(by int) {
	r.offset = widget.ClampOffset(r.offset+by, len(r.scrolled()), r.listHeight())
}

// SetSize gives the screen its room.
func (r *Screen) SetSize(w, h int) {
	r.width, r.height = w, h
	r.scroll(0)
}

// Busy says that the spinner turns.
func (r *Screen) Busy() bool { return r.loading != "" || r.check.running }

// Typing says that letters are text just now.
func (r *Screen) Typing() bool { return r.of.Destroy && r.plan != nil && r.count().changes() > 0 }

// Keys are the keys of this moment.
func (r *Screen) Keys() []keys.Key {
	back := keys.Way("esc", map[bool]string{true: "leave", false: "back"}[r.s.Task() != nil], r.back)
	again := keys.Act("berth plan", "R", "look again", r.again, "R", "ctrl+r").Say("ask AWS again and make a new plan")
	settings := keys.Act("berth.toml", "s", "settings", func() { r.s.Go(screen.Settings{}) })
	moves := keys.Moves("scroll", r.scroll, r.listHeight())
	if r.picking() {
		moves = keys.Moves("select", r.pick, r.listHeight())
	}
	look := keys.Act("berth plan", "o", "open", r.toggle, "o", "right").When(r.picking() || r.open).
		Say("show all of the resource at the cursor: what it is, why, what changes in it, what it costs")
	switch {
	case r.loading != "" || r.plan == nil && r.err == nil:
		return []keys.Key{back}
	case r.open:
		return append([]keys.Key{keys.Way("esc", "close", func() { r.toggle() }, "esc", "o", "left")}, moves...)
	case r.err != nil:
		return []keys.Key{keys.Act("berth plan", "R", "look again", r.again, "R", "ctrl+r"), settings, back}
	case r.count().changes() == 0:
		return append([]keys.Key{again, back, keys.Also(r.s.Back, "enter").When(r.s.Status != nil)}, moves...)
	case len(r.doubts) > 0:
		leave := keys.Way("esc", "leave it", func() { r.doubts = nil }, "esc", "n")
		if r.plan.Unsaid() == nil {
			return []keys.Key{keys.Act("berth deploy", "d", "deploy anyway", r.despite), leave}
		}
		return []keys.Key{
			keys.Act("berth deploy --move", "m", "move it", func() tea.Cmd { return r.choose(engine.Move) }).When(r.plan.Movable()).
				Say("deploy, and remove what runs elsewhere once the new one was verified"),
			keys.Act("berth deploy --keep-both", "b", "keep both", func() tea.Cmd { return r.choose(engine.Both) }).
				Say("deploy a second one, and leave what runs elsewhere as it is"),
			keys.Way("esc", "stop", func() { r.doubts = nil }, "esc", "n"),
		}
	case r.check.going:
		return []keys.Key{keys.Way("esc", "not yet", r.back).Say("withdraw the confirmation")}
	case r.of.Destroy:
		return []keys.Key{
			keys.Act("berth destroy", "enter", "destroy, once the name is typed", r.destroy),
			r.keepKey(),
			keys.Way("pgdown", "scroll", func() { r.scroll(keys.Page(r.listHeight())) }),
			keys.Also(func() { r.scroll(-keys.Page(r.listHeight())) }, "pgup"),
			keys.Also(func() { r.scroll(-1) }, "up"), keys.Also(func() { r.scroll(1) }, "down"), back,
		}
	}
	all := r.remedies()
	if r.check.refusal == nil {
		all = []keys.Key{keys.Act("berth deploy", "y", "yes, do this", r.confirm).Say("carry out exactly the plan shown")}
	} else {
		all = append(all, keys.Also(r.confirm, "y"))
	}
	all = append(append(all, r.otherKey(), look), moves...)
	if r.check.refusal == nil {
		return append(all, again, back, keys.Also(r.onlyYes, "enter"))
	}
	anyway := keys.Act("berth deploy --skip-preflight", "g", "go ahead anyway", r.unchecked).
		Say("carry out the plan despite the checks, which may be wrong; the run's record says so")
	return append(all, settings, anyway, back, keys.Also(r.onlyYes, "enter"))
}

// keepKey turns a destruction into one that leaves the data of people, and back.
func (r *Screen) keepKey() keys.Key {
	lost, kept := r.plan.Data()
	does := "keep the data"
	if r.of.KeepData {
		does = "delete the data, too"
	}
	return keys.Act("berth destroy --keep-data", "tab", does, r.keep).When(len(lost)+len(kept) > 0 && r.of.Left == nil).
		Say("keep the database and the files in AWS for a later deployment, or delete them with the rest")
}

func (r *Screen) keep() tea.Cmd {
	r.of.KeepData = !r.of.KeepData
	return r.Enter(nil)
}

// choose says what becomes of the same app elsewhere, which is a second yes.
func (r *Screen) choose(b screen.Beside) tea.Cmd {
	r.plan.Beside = b
	return r.despite()
}

// despite is the second yes.
func (r *Screen) despite() tea.Cmd {
	r.s.Accept(r.doubts)
	r.doubts = nil
	return r.confirm()
}

func (r *Screen) again() tea.Cmd { return r.Enter(nil) }

// onlyYes says what confirms: Enter is pressed too easily.
func (r *Screen) onlyYes() { r.note = "Press y to go ahead. Enter alone changes nothing." }

// unchecked goes ahead against what the checks say.
func (r *Screen) unchecked() tea.Cmd {
	r.plan.SkipPreflight = true
	return r.confirm()
}

// remedies are the keys that help when the plan is certain to fail.
func (r *Screen) remedies() []keys.Key {
	all := []keys.Key{
		keys.Act("berth doctor", "R", "look again", r.again, "R", "ctrl+r").Say("ask AWS again once it is fixed"),
	}
	if r.check.policy() == "" {
		return all
	}
	const verb = "berth policy"
	return append(all,
		keys.Act(verb, "p", "policy", r.showPolicy).Say("show the policy that allows what is missing"),
		keys.Act(verb, "m", "copy it", r.copyPolicy).Say("copy that policy").When(r.s.Copy != nil))
}

// otherKey changes what is shown, or what is scrolled where there is room for both.
func (r *Screen) otherKey() keys.Key {
	does, long := "cost and risks", "what exists, or what makes up the monthly cost, what is risky and what is free"
	verb := "berth plan"
	switch {
	case r.wide():
		does, long = "other column", "scroll the other column"
	case r.details && r.check.refusal != nil:
		does = "the plan"
	case r.details:
		does = "resources"
	case r.check.refusal != nil:
		does, verb = "what is wrong", "berth doctor"
	}
	return keys.Act(verb, "c", does, r.other).Say(long)
}

const gutter = 4

// wide says that there is room for two columns: what exists, and what the plan is made of.
func (r *Screen) wide() bool { return r.width >= 116 }

func (r *Screen) leftWidth() int {
	if r.wide() {
		return (r.width - gutter) * 11 / 20
	}
	return r.width
}

func (r *Screen) rightWidth() int {
	if r.wide() {
		return r.width - gutter - r.leftWidth()
	}
	return r.width
}

// scrolled are the lines that the arrow keys move.
func (r *Screen) scrolled() []string {
	switch {
	case r.open:
		return r.openLines(r.width)
	case r.details:
		return r.detailLines(r.rightWidth())
	}
	lines, _, _ := r.listLines(r.leftWidth())
	return lines
}

func (r *Screen) listHeight() int { return max(1, r.height-len(r.summary())-1) }
