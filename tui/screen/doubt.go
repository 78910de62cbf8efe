package screen

import (
	"fmt"

	"berth/compare"
	"berth/compare/advise"
	"berth/tui/keys"
	"berth/tui/widget"
)

// Against is what will not work with a service that does not fit, nil for one that does.
func Against(s compare.Service) []string {
	if s.Verdict != advise.No {
		return nil
	}
	var out []string
	for _, r := range s.Reasons {
		if r.Verdict == advise.No {
			out = append(out, r.Text)
		}
	}
	return out
}

// Doubts are why a deployment may not lead to what is wanted: what is still to settle, the same app elsewhere, and a
// budget that it breaks. What the user has accepted is none.
func (s *Session) Doubts(p *Plan) []string {
	out := s.ToSettle()
	if p.Unsaid() != nil {
		for _, e := range p.Elsewhere {
			out = append(out, e.Says()...)
		}
	}
	if text := s.OverBudget(p.MonthlyUSD, p.MostUSD); text != "" && !s.despite[text] {
		out = append(out, text)
	}
	return out
}

// Accept is the second yes: these doubts are not asked for again.
func (s *Session) Accept(doubts []string) {
	if s.despite == nil {
		s.despite = map[string]bool{}
	}
	for _, d := range doubts {
		s.despite[d] = true
	}
}

// OverBudget says that a monthly sum, or the most that scaling makes of it (zero: nothing scales), is more than the
// budget. Empty when it is not or when there is none.
func (s *Session) OverBudget(usd, most float64) string {
	budget := 0.0
	if s.Draft != nil {
		budget = s.Draft.Requirements().MaxMonthlyUSD
	}
	switch {
	case budget <= 0 || max(usd, most) <= budget+0.005:
		return ""
	case usd <= budget+0.005:
		return fmt.Sprintf("with as many tasks as the scaling may start it costs %s a month, %s more than the budget of %s",
			widget.USD(most), widget.USD(most-budget), widget.USD(budget))
	}
	return fmt.Sprintf("it costs %s a month, %s more than the budget of %s", widget.USD(usd), widget.USD(usd-budget), widget.USD(budget))
}

// Despite is the dialog that asks for a second yes, over a frame of so many columns and rows: it names what will not
// work.
func (s *Session) Despite(frame []string, question string, doubts []string, answers []keys.Key, width, height int) string {
	th := s.Theme
	w := min(66, width-8)
	body := []string{""}
	for i, d := range doubts {
		if room := height - 8 - len(body); room < 2 && i < len(doubts)-1 {
			body = append(body, th.Quiet.Paint(fmt.Sprintf("and %d more", len(doubts)-i)))
			break
		}
		for k, text := range widget.Brief(th, th.Text, widget.Sentence(d)+".", w-2, 3) {
			lead := "  "
			if k == 0 {
				lead = th.Warn.Paint(th.Glyphs.Off) + " "
			}
			body = append(body, lead+text)
		}
	}
	body = append(body, "", keys.Footer(th, answers, w))
	box := widget.Box{Theme: th, Title: question, Body: body}.Render(width, height)
	for len(frame) < height {
		frame = append(frame, "")
	}
	return widget.Join(widget.Over(frame, box, width))
}
