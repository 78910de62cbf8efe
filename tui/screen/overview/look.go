package overview

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"berth/compare/price"
	"berth/engine"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// look is what a deployment would change, as it was when somebody looked.
type look struct {
	asked bool
	plan  *screen.Plan
	err   *fail.Error
	at    time.Time // engine time
}

type lookMsg struct {
	plan *screen.Plan
	err  error
}

// first looks once a visit, as soon as it is known that there is something to compare with.
func (h *Screen) first() tea.Cmd {
	if h.look.asked || h.status == nil {
		return nil
	}
	switch h.status.State {
	case "running", "degraded", "stopped":
		return h.lookNow()
	}
	return nil
}

// lookNow plans a deployment without showing it for confirmation: Review makes its own plan.
func (h *Screen) lookNow() tea.Cmd {
	if h.look.asked && h.look.plan == nil && h.look.err == nil {
		return nil // under way
	}
	h.look = look{asked: true}
	e, req := h.s.Engine, h.s.Request()
	return h.visit.Do(func(ctx context.Context) tea.Msg {
		p, err := e.Plan(ctx, req)
		return lookMsg{plan: p, err: err}
	})
}

func (h *Screen) onLook(m lookMsg) {
	h.look.plan, h.look.at = m.plan, h.s.Engine.Now()
	if m.err != nil {
		h.look.plan, h.look.err = nil, fail.From(m.err)
	}
}

// say is what a deployment would change in words, at the time now.
func (l look) say(th *theme.Theme, now time.Time) (string, theme.Ink) {
	text, ink := "", th.Text
	switch {
	case !l.asked:
		return "", ink
	case l.err != nil:
		return "not known: " + l.err.Cause, th.Warn
	case l.plan != nil && len(l.plan.Elsewhere) > 0:
		return fmt.Sprintf("a second app, %s (%s) in %s", l.plan.App, l.plan.Env, l.plan.Region), th.Warn
	case l.plan == nil:
		return "checking what changed" + th.Glyphs.Ellipsis, th.Quiet
	default:
		text, ink = changed(l.plan, th)
	}
	if now.Sub(l.at) >= time.Minute {
		text += ", as of " + widget.Ago(now.Sub(l.at)) + "; R looks again"
	}
	return text, ink
}

// changed says what kind of change a plan makes. A new image brings a new revision with it, so settings that
// changed at the same time are told only where they show in something else: best in a change that has fields to tell.
func changed(p *screen.Plan, th *theme.Theme) (string, theme.Ink) {
	source, settings, told := false, "", false
	for _, c := range p.Changes {
		if c.Action == event.None {
			continue
		}
		switch {
		case c.Versioned && c.Group == "image":
			source = true
		case settings == "" && (!c.Versioned || !source), !told && len(c.Diff) > 0 && (!c.Versioned || !source):
			settings, told = widget.Title(c.ID)+": "+c.Why, len(c.Diff) > 0
		}
	}
	switch {
	case source && settings != "":
		return "source and settings changed (" + settings + ")", th.Accent
	case source:
		return "source changed", th.Accent
	case settings != "":
		return "settings changed (" + settings + ")", th.Accent
	default:
		return "nothing changed", th.Quiet
	}
}

// monthly is what a plan costs, or what runs.
func monthly(p engine.Sum) string {
	text := widget.Range(p.MonthlyUSD, p.MostUSD) + " a month by the price list"
	if !p.Complete {
		text = "at least " + text
	}
	return text
}

// soFar is what of it this month has cost already, as far as it is billed in any case, for what was made then.
func soFar(p engine.Sum, made, now time.Time) string {
	usd := price.SoFar(p.AlwaysUSD, made, now)
	if made.IsZero() || usd < 0.005 {
		return ""
	}
	return widget.USD(usd) + " of it this month"
}

// scalable says that there is something whose number of instances can be changed here.
func (h *Screen) scalable() bool {
	return h.runs() && h.s.Draft != nil
}

// scaleBy chooses another number of instances. Nothing changes before it was seen and confirmed.
func (h *Screen) scaleBy(by int) {
	if !h.scalable() {
		h.message = "There is nothing to scale yet."
		return
	}
	now := h.s.Spec().Service.Instances
	if h.scale == 0 {
		h.scale = now
	}
	if h.scale+by < 1 {
		h.message = "One instance is the minimum here: 0 in the settings pauses the app."
		return
	}
	if h.scale += by; h.scale == now && now == h.status.Desired {
		h.scale = 0
	}
}

// rescale writes the chosen number into the settings. It returns why that cannot be.
func (h *Screen) rescale() string {
	d := h.s.Draft
	if h.scale == d.Spec.Service.Instances {
		return "" // AWS runs another number, which the review shows
	}
	if err := d.Set("service.instances", fmt.Sprint(h.scale)); err != nil {
		return err.Error()
	}
	for _, p := range d.Spec.Validate(h.s.RegionCodes()...) {
		if p.Key == "service.instances" || p.Key == "service.autoscale.max" {
			d.Undo()
			return widget.Sentence(p.Text)
		}
	}
	return ""
}
