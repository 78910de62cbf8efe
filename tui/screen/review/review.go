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

	ctx    context.Context // of what is under way for this screen
	cancel context.CancelFunc

	destroy bool
	gen     int
	loading string
	plan    *screen.Plan
	saved   bool // berth.toml was changed
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
	gen      int
	plan     *screen.Plan
	identity *screen.Identity
	saved    bool
	err      error
}

// Enter plans: every time anew, because AWS or the settings may have changed.
func (r *Screen) Enter() tea.Cmd {
	r.destroy = r.s.Destroying
	r.Leave()
	r.ctx, r.cancel = context.WithCancel(r.s.Ctx)
	r.plan, r.err, r.note, r.typed, r.offset, r.saved, r.details, r.policy = nil, nil, "", "", 0, false, false, false
	r.loading = "Looking at AWS: what is there already"
	r.s.Unplanned(nil)
	gen, s, req, writes, ctx := r.gen, r.s, r.s.Request(r.destroy), r.s.Writes(), r.ctx
	return s.Do(func(context.Context) tea.Msg {
		m := planMsg{gen: gen}
		if writes {
			if m.saved, m.err = req.Spec.Save(); m.err != nil {
				return m
			}
		}
		id, err := s.Engine.Identity(ctx, req.Spec.Region)
		if err != nil {
			m.err = err
			return m
		}
		m.identity = &id
		m.plan, m.err = s.Engine.Plan(ctx, req)
		return m
	})
}

// Leave ends what is under way: nobody waits for it any more.
func (r *Screen) Leave() {
	r.gen++
	r.loading, r.check = "", check{}
	if r.cancel != nil {
		r.cancel()
	}
}

// Update handles a message.
func (r *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		if msg.gen == r.gen {
			return r.onPlan(msg)
		}
	case checkMsg:
		if msg.gen == r.gen {
			r.onCheck(msg)
		}
	case tea.KeyMsg:
		return r.onKey(msg)
	}
	return nil
}

func (r *Screen) onPlan(m planMsg) tea.Cmd {
	r.loading, r.saved = "", m.saved
	if m.identity != nil {
		r.s.Identity = m.identity
	}
	if m.err != nil {
		r.err = fail.From(m.err)
		r.s.Unplanned(r.err)
		return nil
	}
	r.plan = m.plan
	if r.s.Planned(m.plan) || r.count().changes() == 0 {
		return nil
	}
	return r.preflight()
}

func (r *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	if r.destroy && r.plan != nil && r.count().changes() > 0 && r.typing(k) {
		return nil
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
			return r.Enter()
		}
	case "s":
		if r.err != nil || r.check.refusal != nil {
			r.s.Go(screen.Settings)
		}
	case "p":
		if r.check.refusal != nil && r.check.policy() != "" {
			r.policy = !r.policy || !r.details
			r.details, r.offset = true, 0
		}
	case "m":
		r.copyPolicy()
	case "y":
		r.confirm()
	case "enter":
		switch {
		case r.plan != nil && r.count().changes() == 0 && r.s.Status != nil:
			r.s.Back()
		case r.plan != nil && r.count().changes() > 0 && !r.destroy:
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
func (r *Screen) typing(k tea.KeyMsg) bool {
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
			r.confirm()
		} else {
			r.note = fmt.Sprintf("Type %s to go ahead.", r.plan.App)
		}
	default:
		return false
	}
	return true
}

// named says that the app's name was typed. Blanks around it come with pasting.
func (r *Screen) named() bool { return strings.TrimSpace(r.typed) == r.plan.App }

// confirm hands the shown plan over, and nothing but it. While the check of it is under way it waits for that:
// the run would make the same check before anything else.
func (r *Screen) confirm() {
	if r.plan == nil || r.loading != "" || r.count().changes() == 0 {
		return
	}
	if r.destroy && !r.named() {
		return
	}
	switch {
	case r.check.running:
		r.check.going = true
		return
	case r.check.refusal != nil:
		r.note = "Not now: it is certain to fail. Put it right, then press r to look again."
		if r.destroy {
			r.note = "Not now: it is certain to fail. Put it right, then come back."
		}
		return
	}
	r.s.Confirmed = r.plan
	r.s.Go(screen.Deploy)
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
func (r *Screen) Typing() bool { return r.destroy && r.plan != nil && r.count().changes() > 0 }

// Keys are the keys of this moment.
func (r *Screen) Keys() []widget.Key {
	back := widget.Key{Name: "esc", Does: "back"}
	if r.s.Task != nil {
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
	case r.destroy:
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
