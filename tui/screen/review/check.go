package review

import (
	"context"
	"encoding/json"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/theme"
	"berth/tui/widget"
)

// check is the look at permissions, quotas and the like, which goes on while the plan is shown already.
type check struct {
	running bool
	report  *screen.Report // nil while it is running, and when nobody could be asked
	refusal *fail.Error    // why the plan is certain to fail
	err     *fail.Error    // why nobody could be asked
	going   bool           // the plan was confirmed meanwhile: it goes ahead when the check has nothing against it
}

type checkMsg struct {
	report *screen.Report
	err    error
}

// preflight starts the check of the plan that is shown.
func (r *Screen) preflight() tea.Cmd {
	r.check = check{running: true}
	e, p := r.s.Engine, r.plan
	return r.work.Do(func(ctx context.Context) tea.Msg {
		var m checkMsg
		m.report, m.err = e.Preflight(ctx, p)
		return m
	})
}

func (r *Screen) onCheck(m checkMsg) tea.Cmd {
	going := r.check.going
	r.check = check{report: m.report}
	r.note = ""
	switch {
	case m.err != nil:
		r.check.report, r.check.err = nil, fail.From(m.err)
	case m.report.Refusal() != nil:
		r.check.refusal = m.report.Refusal()
		r.refused(r.check.refusal)
		r.details, r.offset = true, 0
	}
	if going {
		return r.confirm()
	}
	return nil
}

// policy is what allows the actions that are missing, empty when none are.
func (c check) policy() string {
	if c.report == nil {
		return ""
	}
	for _, x := range c.report.Checks {
		if x.Policy == nil {
			continue
		}
		if b, err := json.MarshalIndent(x.Policy, "", "  "); err == nil {
			return string(b)
		}
	}
	return ""
}

// card is the refusal with all that is in the way, each with what to do, and the keys that help here.
func (r *Screen) card() widget.Failure {
	f := *r.check.refusal
	var bad []string
	for _, x := range r.check.report.Checks {
		if x.State == "fail" {
			bad = append(bad, strings.TrimSpace(x.Text+"\n"+strings.Join(x.Missing, "\n")+"\n"+x.Remedy))
			if f.Evidence = ""; len(x.Missing) > 1 {
				f.Evidence = strings.Join(x.Missing, "\n")
			}
		}
	}
	if len(bad) > 1 {
		f.Evidence, f.Remedy = strings.Join(bad, "\n"), "fix each, then check again"
	}
	return r.s.Card(&f)
}

// copyPolicy puts the policy on the clipboard.
func (r *Screen) copyPolicy() {
	p := r.check.policy()
	if p == "" || r.s.Copy == nil {
		return
	}
	r.s.Copy(p)
	r.note = "The policy is on the clipboard, if the terminal allows that."
}

// line says in one line how the check stands.
func (r *Screen) checkLine(w int) string {
	th, c := r.s.Theme, r.check
	l := widget.NewLine(th, w)
	put := func(ink theme.Ink, glyph, text string) string {
		l.Put(ink, glyph).Gap(1).Put(th.Text, text)
		if plan := ", plan " + r.shortHash(); r.short() && l.Left() >= widget.Width(plan) {
			l.Put(th.Quiet, plan)
		}
		return l.String()
	}
	switch {
	case c.running && c.going:
		return put(th.Accent, r.spinner(), "This starts as soon as permissions and quotas are checked"+th.Glyphs.Ellipsis)
	case c.running:
		return put(th.Accent, r.spinner(), "Checking permissions and quotas"+th.Glyphs.Ellipsis)
	case c.refusal != nil:
		return put(th.Bad, th.Glyphs.Failed, "This would fail: "+c.refusal.Cause)
	case c.err != nil:
		return put(th.Warn, th.Glyphs.Update, "Permissions and quotas could not be checked: "+c.err.Cause)
	case c.report == nil:
		return ""
	}
	notes, open := c.report.Notes(), len(r.against())
	switch {
	case open > 0:
		return put(th.Warn, th.Glyphs.Off, "The checks passed; "+widget.Count(open, "point")+" above "+map[bool]string{true: "is", false: "are"}[open == 1]+" still open")
	case len(notes) == 1:
		return put(th.Warn, th.Glyphs.Update, "All checks passed. Note: "+notes[0])
	case len(notes) > 1:
		return put(th.Warn, th.Glyphs.Update, "All checks passed, with "+widget.Count(len(notes), "note"))
	}
	return put(th.Good, th.Glyphs.Done, "All checks passed")
}

func (r *Screen) spinner() string {
	g := r.s.Theme.Glyphs.Spinner
	return g[r.s.Frame%len(g)]
}
