// Package review is the screen that shows what will exist, what it costs a month, and asks. What is confirmed
// is exactly the plan that is shown.
package review

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
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
	details bool   // what the plan is made of is shown instead of the resources, or scrolled beside them
	policy  bool   // of that, the policy for what is missing
	typed   string // the app's name, typed to confirm a destruction
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
	return "What will exist in AWS and what it costs a month. Only what is shown here is carried out."
}

// Enter plans: every time anew, because AWS or the settings may have changed.
func (r *Screen) Enter(at screen.Place) tea.Cmd {
	if at, ok := at.(screen.Review); ok {
		r.of = at
	}
	r.Leave()
	r.work.Begin(r.s.Ctx)
	r.plan, r.err, r.note, r.typed, r.offset, r.details, r.policy = nil, nil, "", "", 0, false, false
	r.loading = "Looking at AWS: what is there already"
	r.refused(nil)
	e, req := r.s.Engine, r.s.Request()
	req.Destroy, req.Rollback = r.of.Destroy, r.of.Rollback
	return r.work.Do(func(ctx context.Context) tea.Msg {
		id, err := e.Identity(ctx, req.Spec.Region)
		if err != nil {
			return planMsg{err: err}
		}
		m := planMsg{identity: &id}
		m.plan, m.err = e.Plan(ctx, req)
		return m
	})
}

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
	switch t := r.s.Task(); {
	case t != nil && t.Alone(m.plan):
		return r.carryOut()
	case r.count().changes() == 0:
		return nil
	}
	return r.preflight()
}

func (r *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	if cmd, taken := r.typing(k); taken {
		return cmd
	}
	switch k.String() {
	case "esc":
		if r.check.going {
			r.check.going, r.note = false, "Not confirmed."
			return nil
		}
		r.s.Back()
	case "r":
		if r.loading == "" {
			return r.Enter(nil)
		}
	case "s":
		if r.err != nil || r.check.refusal != nil {
			r.s.Go(screen.Settings{})
		}
	case "p":
		if r.check.refusal != nil && r.check.policy() != "" {
			r.policy = !r.policy || !r.details
			r.details, r.offset = true, 0
		}
	case "m":
		r.copyPolicy()
	case "y":
		return r.confirm()
	case "enter":
		switch {
		case r.plan != nil && r.count().changes() == 0 && r.s.Status != nil:
			r.s.Back()
		case r.plan != nil && r.count().changes() > 0 && !r.of.Destroy:
			r.note = "Press y to go ahead. Enter alone changes nothing."
		}
	case "c":
		r.details, r.policy, r.offset = !r.details, false, 0
	case "up", "k":
		r.scroll(-1)
	case "down", "j":
		r.scroll(1)
	case "pgup":
		r.scroll(2 - r.listHeight())
	case "pgdown", " ":
		r.scroll(r.listHeight() - 2)
	case "home":
		r.offset = 0
	case "end":
		r.scroll(1 << 20)
	}
	return nil
}

// typing takes the keys of the app's name, which a destruction asks for.
func (r *Screen) typing(k tea.KeyMsg) (cmd tea.Cmd, taken bool) {
	if !r.Typing() {
		return nil, false
	}
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		r.typed += widget.Clean(string(k.Runes))
	case tea.KeyBackspace:
		if t := []rune(r.typed); len(t) > 0 {
			r.typed = string(t[:len(t)-1])
		}
	case tea.KeyCtrlU:
		r.typed = ""
	case tea.KeyEnter:
		if r.named() {
			return r.confirm(), true
		}
		r.note = fmt.Sprintf("Type %s to go ahead.", r.plan.App)
	default:
		return nil, false
	}
	return nil, true
}

// named says that the app's name was typed. Blanks around it come with pasting.
func (r *Screen) named() bool { return strings.TrimSpace(r.typed) == r.plan.App }

// confirm goes ahead with the shown plan, and nothing but it. While the check of it is under way it waits for that:
// the run would make the same check before anything else.
func (r *Screen) confirm() tea.Cmd {
	if r.plan == nil || r.loading != "" || r.count().changes() == 0 {
		return nil
	}
	if r.of.Destroy && !r.named() {
		return nil
	}
	switch {
	case r.check.running:
		r.check.going = true
		return nil
	case r.check.refusal != nil:
		r.note = "Not now: it is certain to fail. Put it right, then press r to look again."
		if r.of.Destroy {
			r.note = "Not now: it is certain to fail. Put it right, then come back."
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
	if r.of != (screen.Review{}) {
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
	t := r.s.Task()
	r.s.Go(screen.Deploy{Plan: r.plan, Alone: t != nil && t.Alone(r.plan)})
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
func (r *Screen) Keys() []widget.Key {
	back := widget.Key{Name: "esc", Does: "back"}
	if r.s.Task() != nil {
		back.Does = "leave"
	}
	again := widget.Key{Name: "r", Does: "look again", Long: "ask AWS again and plan anew"}
	scroll := widget.Key{Name: "↑↓", Does: "scroll"}
	switch {
	case r.loading != "" || r.plan == nil && r.err == nil:
		return []widget.Key{back}
	case r.err != nil:
		return []widget.Key{{Name: "r", Does: "try again"}, {Name: "s", Does: "settings"}, back}
	case r.count().changes() == 0:
		return []widget.Key{again, back}
	case r.check.going:
		return []widget.Key{{Name: "esc", Does: "not yet", Long: "take the confirmation back"}}
	case r.of.Destroy:
		return []widget.Key{{Name: "enter", Does: "destroy, once the name is typed"}, {Name: "pgdown", Does: "scroll"}, back}
	case r.check.refusal != nil:
		return append(r.remedies(), r.otherKey(), scroll, widget.Key{Name: "s", Does: "settings"}, back)
	default:
		return []widget.Key{
			{Name: "y", Does: "yes, do this", Long: "carry out exactly the plan that is shown"},
			r.otherKey(), scroll, again, back,
		}
	}
}

// remedies are the keys that help when the plan is certain to fail.
func (r *Screen) remedies() []widget.Key {
	keys := []widget.Key{{Name: "r", Does: "look again", Long: "ask AWS again, once what is missing was put right"}}
	if r.check.policy() == "" {
		return keys
	}
	keys = append(keys, widget.Key{Name: "p", Does: "policy", Long: "show the policy that allows what is missing"})
	if r.s.Copy != nil {
		keys = append(keys, widget.Key{Name: "m", Does: "copy it", Long: "copy that policy"})
	}
	return keys
}

// otherKey changes what is shown, or what is scrolled where there is room for both.
func (r *Screen) otherKey() widget.Key {
	k := widget.Key{
		Name: "c", Does: "cost and risks",
		Long: "what exists, or what the monthly cost is made of, what is risky and what is free",
	}
	switch {
	case r.wide():
		k.Does, k.Long = "other column", "scroll the other column"
	case r.details && r.check.refusal != nil:
		k.Does = "the plan"
	case r.details:
		k.Does = "resources"
	case r.check.refusal != nil:
		k.Does = "what is wrong"
	}
	return k
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
	if r.details {
		return r.detailLines(r.rightWidth())
	}
	return r.listLines(r.leftWidth())
}

func (r *Screen) listHeight() int { return max(1, r.height-len(r.summary())-1) }
