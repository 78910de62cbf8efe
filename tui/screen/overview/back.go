package overview

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/tui/keys"
	"berth/tui/screen"
	"berth/tui/widget"
)

// back is the question whether to go back to a revision, or to start new tasks of the one that runs. The plan is made while
// the question is seen, and it alone is what a yes confirms.
type back struct {
	revision string
	restart  bool
	plan     *screen.Plan
	err      *fail.Error
}

type backMsg struct {
	of   *back
	plan *screen.Plan
	err  error
}

// runsNow says that a deployment brought what runs.
func (h *Screen) runsNow(d screen.Deployment) bool {
	return d.Revision != "" && d.Revision == h.status.Revision && d.State == "successful"
}

// cannot says why one cannot go back to a deployment, empty when one can.
func (h *Screen) cannot(d screen.Deployment) string {
	switch {
	case d.Revision == "":
		return "AWS does not say which revision that was."
	case d.State != "successful":
		return "It never became healthy, so you cannot roll back to it."
	case d.Revision == h.status.Revision:
		return "The same revision runs now."
	}
	return ""
}

// previous is the newest deployment that one can go back to.
func (h *Screen) previous() *screen.Deployment {
	for i, d := range h.shown() {
		if h.cannot(d) == "" {
			return &h.shown()[i]
		}
	}
	return nil
}

// rollBack asks whether to go back to the selected deployment, or to the newest one that can be gone back to.
func (h *Screen) rollBack() tea.Cmd {
	if at := h.pickedAt(); at >= 0 {
		d := h.shown()[at]
		if h.message = h.cannot(d); h.message != "" {
			return nil
		}
		return h.offer(d.Revision)
	}
	d := h.previous()
	if d == nil {
		h.message = "There is no earlier healthy version to roll back to."
		return nil
	}
	return h.offer(d.Revision)
}

// offer opens the question and looks whether the revision can start.
func (h *Screen) offer(revision string) tea.Cmd {
	req := h.s.RequestHome()
	req.Rollback = revision
	return h.ponder(&back{revision: revision}, req)
}

// restart asks whether to start new tasks of what runs.
func (h *Screen) restart() tea.Cmd {
	if !h.runs() {
		h.message = "Nothing is running that could be restarted."
		return nil
	}
	return h.offerRestart()
}

func (h *Screen) offerRestart() tea.Cmd {
	req := h.s.RequestHome()
	req.Restart = true
	b := &back{restart: true}
	if h.status != nil {
		b.revision = h.status.Revision
	}
	return h.ponder(b, req)
}

// ponder opens a question and makes its plan.
func (h *Screen) ponder(b *back, req screen.Request) tea.Cmd {
	h.back = b
	e := h.s.Engine
	return h.visit.Do(func(ctx context.Context) tea.Msg {
		p, err := e.Plan(ctx, req)
		return backMsg{of: b, plan: p, err: err}
	})
}

func (b *back) answer(m backMsg) {
	switch {
	case m.err != nil:
		b.err = fail.From(m.err)
	case !m.plan.Changed():
		b.err = &fail.Error{Class: fail.Refused, Cause: "that revision runs already"}
	default:
		b.plan = m.plan
	}
}

// backKeys are the keys while the question is asked.
func (h *Screen) backKeys() []keys.Key {
	verb, does, long := "berth rollback", "yes, roll back", "roll back to exactly this version"
	if h.back.restart {
		verb, does, long = "berth restart", "yes, restart", "start new tasks of the running version"
	}
	return []keys.Key{
		keys.Act(verb, "y", does, func() { h.s.Go(screen.Deploy{Plan: h.back.plan}) }).Say(long).When(h.back.plan != nil),
		keys.Way("esc", "leave it", func() { h.back = nil }, "esc", "n", "q"),
	}
}

// question is the dialog.
func (h *Screen) question() string {
	th, b := h.s.Theme, h.back
	w := min(64, h.width-8)
	body := []string{""}
	body = append(body, widget.Paragraph(th.Strong, b.revision, w)...)
	for _, d := range h.shown() {
		if d.Revision == b.revision {
			text := "deployed " + h.when(d.Started)
			if d.Image != "" {
				text += ", image " + digest(d.Image)
			}
			body = append(body, widget.Paragraph(th.Quiet, text, w)...)
			break
		}
	}
	body = append(body, "")
	switch {
	case b.err != nil:
		body = append(body, widget.Paragraph(th.Bad, widget.Sentence(b.err.Cause)+".", w)...)
		body = append(body, widget.Paragraph(th.Text, widget.Sentence(h.s.Flags.In(b.err.Remedy)), w)...)
	case b.plan == nil:
		body = append(body, h.waiting("Checking whether it can start"))
	default:
		text := "It can start, with the size and the variables it had then. Its tasks start before the current ones stop; data stays as it is."
		if b.restart {
			text = "New tasks of this version start, with the current secrets, before the current ones stop. Nothing is built, and no setting changes."
		}
		body = append(body, widget.Paragraph(th.Text, text, w)...)
		if !b.restart { // which changes no size
			body = append(body, widget.Paragraph(th.Quiet, "The app then costs "+monthly(b.plan.Sum)+".", w)...)
		}
	}
	title := "Roll back?"
	if b.restart {
		title = "Start new tasks?"
	}
	return widget.Box{Theme: th, Title: title, Body: append(body, "", keys.Footer(th, h.backKeys(), w))}.Render(h.width, h.height)
}
