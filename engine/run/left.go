package run

import (
	"context"
	"fmt"
	"strings"
	"time"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/fail"
)

// Left is what there is of an app in AWS when its run has ended early.
type Left struct {
	Parts      []Part
	MonthlyUSD float64   // what all of it costs as it is
	Complete   bool      // nothing was hidden from the look, and every price is known
	Up         time.Time // when the first version that came up had done so, and tasks run still; zero for none
}

// Part is one resource that is there.
type Part struct {
	Label      string // for sentences: "the load balancer"
	MonthlyUSD float64
}

// leftLimit is how long the look at what is left may take, on the wall clock: a run that was cancelled ends soon.
const leftLimit = 15 * time.Second

// tellLeft adds to a failure what there is in AWS by now, what it costs, and how it goes on.
func (r *Run) tellLeft(ctx context.Context, f *fail.Error) {
	if r.opts.Left == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leftLimit)
	defer cancel()
	left, err := r.opts.Left(ctx)
	switch {
	case err != nil:
		add(&f.Evidence, "could not look up what exists now: "+cloud.WhyNot(err))
		add(&f.Remedy, "see what exists and what it costs with: berth status")
		return
	case len(left.Parts) == 0:
		return
	}
	r.leftUSD = left.MonthlyUSD
	if r.plan.Destroy {
		add(&f.Evidence, "still there: "+left.text(true))
		add(&f.Remedy, "run berth destroy again: it continues from here")
		return
	}
	if !left.Up.IsZero() && left.Up.Before(r.start) { // nobody wants a living app removed
		add(&f.Evidence, "the version before goes on running, in AWS are: "+left.text(false))
		return
	}
	add(&f.Evidence, "created so far: "+left.text(false))
	add(&f.Remedy, "berth destroy removes all of it")
}

// add adds a line to a text.
func add(text *string, line string) { *text = strings.TrimSpace(*text + "\n" + line) }

// text lists what is there, or what of it costs something, and the sum.
func (l Left) text(all bool) string {
	var names []string
	rest := 0
	for _, p := range l.Parts {
		switch {
		case p.MonthlyUSD > 0:
			names = append(names, fmt.Sprintf("%s ($%.2f a month)", p.Label, p.MonthlyUSD))
		case all:
			names = append(names, p.Label)
		default:
			rest++
		}
	}
	if rest > 0 {
		names = append(names, fmt.Sprintf("%d more without a price", rest))
	}
	least := "about"
	if !l.Complete {
		least = "at least"
	}
	text := fmt.Sprintf("%s; %s $%.2f a month together", strings.Join(names, ", "), least, l.MonthlyUSD)
	if hour := l.MonthlyUSD / price.HoursPerMonth; hour >= 0.005 {
		text += fmt.Sprintf(", $%.2f an hour", hour)
	}
	return text
}

// tellKept says what a destroy left, and what that goes on costing.
func (r *Run) tellKept() {
	_, kept := r.plan.Data()
	if len(kept) == 0 {
		return
	}
	r.leftUSD = r.plan.KeptUSD
	r.notice(fmt.Sprintf("kept: %s; it still costs $%.2f a month. The next berth deploy uses it again, berth destroy deletes it",
		strings.Join(kept, ", "), r.plan.KeptUSD))
}
