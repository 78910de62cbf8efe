// Package review is the screen that shows what will exist, what it costs a month, and asks. What is confirmed
// is exactly the plan that is shown.
package review

import (
	"context"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/widget"
)

// Screen is the review screen, of a deployment or of a destruction.
type Screen struct {
	s             *screen.Session
	width, height int

	destroy bool
	gen     int
	loading string
	plan    *screen.Plan
	saved   bool // berth.toml was changed
	err     *fail.Error
	offset  int
	note    string
	costs   bool   // the lines of the estimate are shown instead of the resources
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
	r.gen++
	r.plan, r.err, r.note, r.typed, r.offset, r.saved, r.costs = nil, nil, "", "", 0, false, false
	r.loading = "Looking at AWS: what is there already"
	gen, s, req, destroy := r.gen, r.s, r.s.Request(r.destroy), r.destroy
	return s.Do(func(ctx context.Context) tea.Msg {
		m := planMsg{gen: gen}
		if !destroy {
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

// Update handles a message.
func (r *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case planMsg:
		if msg.gen == r.gen {
			r.onPlan(msg)
		}
	case tea.KeyMsg:
		return r.onKey(msg)
	}
	return nil
}

func (r *Screen) onPlan(m planMsg) {
	r.loading, r.saved = "", m.saved
	if m.identity != nil {
		r.s.Identity = m.identity
	}
	if m.err != nil {
		r.err = fail.From(m.err)
		return
	}
	r.plan, r.s.Plan = m.plan, m.plan
}

func (r *Screen) onKey(k tea.KeyMsg) tea.Cmd {
	if r.destroy && r.plan != nil && r.count().changes() > 0 && r.typing(k) {
		return nil
	}
	switch k.String() {
	case "esc":
		r.gen++ // what is under way is of no use any more
		r.loading = ""
		r.s.Back()
	case "r":
		if r.loading == "" {
			return r.Enter()
		}
	case "s":
		if r.err != nil {
			r.s.Go(screen.Settings)
		}
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
		r.costs, r.offset = !r.costs, 0
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
		if r.typed == r.plan.App {
			r.confirm()
		} else {
			r.note = fmt.Sprintf("Type %s to go ahead.", r.plan.App)
		}
	default:
		return false
	}
	return true
}

// confirm hands the shown plan over, and nothing but it.
func (r *Screen) confirm() {
	if r.plan == nil || r.loading != "" || r.count().changes() == 0 {
		return
	}
	if r.destroy && r.typed != r.plan.App {
		return
	}
	r.s.Confirmed = r.plan
	r.s.Go(screen.Deploy)
}

func (r *Screen) scroll(by int) {
	r.offset = widget.ClampOffset(r.offset+by, len(r.lines()), r.listHeight())
}

// SetSize gives the screen its room.
func (r *Screen) SetSize(w, h int) {
	r.width, r.height = w, h
	r.scroll(0)
}

// Busy says that the spinner turns.
func (r *Screen) Busy() bool { return r.loading != "" }

// Typing says that letters are text just now.
func (r *Screen) Typing() bool { return r.destroy && r.plan != nil && r.count().changes() > 0 }

// Keys are the keys of this moment.
func (r *Screen) Keys() []widget.Key {
	back := widget.Key{Name: "esc", Does: "back"}
	switch {
	case r.loading != "":
		return []widget.Key{back}
	case r.err != nil:
		return []widget.Key{{Name: "r", Does: "try again"}, {Name: "s", Does: "settings"}, back}
	case r.plan == nil:
		return []widget.Key{back}
	case r.count().changes() == 0:
		return []widget.Key{{Name: "r", Does: "look again"}, back}
	case r.destroy:
		return []widget.Key{{Name: "enter", Does: "destroy, once the name is typed"}, {Name: "pgdown", Does: "scroll"}, back}
	default:
		return []widget.Key{
			{Name: "y", Does: "yes, do this", Long: "carry out exactly the plan that is shown"},
			{Name: "c", Does: r.other(), Long: "what exists, or what the monthly cost is made of"},
			{Name: "↑↓", Does: "scroll"},
			{Name: "r", Does: "look again", Long: "ask AWS again and plan anew"},
			back,
		}
	}
}

func (r *Screen) other() string {
	if r.costs {
		return "resources"
	}
	return "cost lines"
}

// summaryHeight is how many lines below the list sum the plan up.
func (r *Screen) summaryHeight() int {
	if r.destroy {
		return 4
	}
	return 3
}

func (r *Screen) listHeight() int { return max(1, r.height-r.summaryHeight()-1) }
