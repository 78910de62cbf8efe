package ask

import (
	"context"
	"fmt"
	"strings"

	"berth/compare"
	"berth/compare/price"
	"berth/engine/fail"
	"berth/tui/screen"
	"berth/tui/widget"
)

// compare tells which service fits and what each costs, and goes on with the best that berth deploys to.
func (a *asker) compare(context.Context) (turn, error) {
	r, err := a.s.Compare()
	if err != nil {
		a.say("%s.", widget.Sentence(err.Error()))
		return back, nil // to the answers that make no sense together
	}
	a.say("")
	a.say("Which service fits, for %s in %s:", compare.UsageText(r.Usage), r.Region)
	if not := r.NotCounted(); not != "" {
		a.say("%s.", widget.Sentence(not))
	}
	for _, s := range r.Services {
		line := fmt.Sprintf("- %s: %s, %s", s.Name, screen.VerdictWord(s.Verdict), monthly(s.Estimate))
		for _, reason := range s.Reasons {
			if reason.Verdict == s.Verdict && reason.Verdict != "fits" {
				line += ". " + widget.Sentence(reason.Text)
			}
		}
		a.say("%s.", line)
	}
	a.say("\"About\" means that one of its prices is old or not verified, \"at least\" that one is missing.")
	best := r.BestDeployable()
	if best == nil {
		return end, &fail.Error{Class: fail.Usage, Cause: "none of the services that berth can deploy to fits", Remedy: "berth compare says why"}
	}
	for {
		answer, t, err := a.ask(fmt.Sprintf("berth deploys to %s. Enter to go on:", best.Name))
		switch {
		case err != nil || t != on:
			return t, err
		case answer == "":
			return on, a.s.Draft.Set("target", best.ID)
		}
		a.say("Enter continues, back returns to the answers, quit leaves.")
	}
}

// monthly is what a service costs, with the marks of the screens in words.
func monthly(e price.Estimate) string {
	text := compare.Money(e)
	switch {
	case text == compare.MarkMissing:
		return "no price known"
	case strings.Contains(text, compare.MarkMissing):
		text = "at least " + text
	case strings.Contains(text, compare.MarkUnverified):
		text = "about " + text
	}
	text = strings.TrimRight(text, compare.MarkUnverified+compare.MarkMissing)
	if most := compare.Most(e); most != "" {
		text += " to " + strings.TrimRight(most, compare.MarkUnverified+compare.MarkMissing)
	}
	return text + " dollars a month"
}
