package tui

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/view"
	"berth/tui/screen"
)

// result sums up what the user should still see once the screens are gone.
func result(s *screen.Session, left bool) Result {
	o := s.Outcome
	r := Result{Outcome: event.Outcome(o.Outcome), Endpoint: o.Endpoint, Err: o.Error}
	switch w := s.Watching(); {
	case s.End.Another:
		return Result{Another: true}
	case s.End.Shell:
		return Result{Shell: s.Home()}
	case s.End.Onward != nil:
		return Result{Onward: s.End.Onward} // what there is to say is said when that has ended
	case s.Run == nil && s.Task() == nil:
		r.Text = unsaved(s.Unsaved())
		return r
	case s.Run == nil:
		return notBegun(r, s.End.Problem, s.Flags)
	case w != nil && !o.Done:
		r.Text = "The " + w.What + " continues in the other terminal. Run berth in this folder to see it again."
		return r
	case left:
		r.Outcome = event.Stopped
		r.Text = "Left while AWS was still at work. Run berth again in this folder to continue."
		return r
	case !o.Done:
		o = lastWord(s)
		r.Outcome, r.Endpoint, r.Err = event.Outcome(o.Outcome), o.Endpoint, o.Error
	}
	app := cmp.Or(o.App, s.Home().App)
	if o.Verb == "rollback" {
		app += ", back at " + o.Revision + ","
	}
	if o.Verb == "restart" {
		app += ", in new tasks,"
	}
	r.Text = s.Flags.In(text(o, app))
	if s.Tour() != nil { // its account and its folder are gone by now
		r.Text = strings.Replace(r.Text, again, "This was a demo. In the folder of your own app, berth does the same on AWS.", 1)
	}
	r.Text = strings.Trim(r.Text+"\n"+unsaved(s.Unsaved()), "\n")
	if sim := s.Engine.Simulated(); sim != "" && r.Text != "" {
		r.Text += "\n" + sim
	}
	return r
}

// unsaved says which answers are lost because nobody agreed to what they lead to, empty when there are none.
func unsaved(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return "Not saved, because nothing was deployed with it: " + strings.Join(keys, ", ") + ". berth.toml is as it was."
}

// notBegun is the result of a task whose run was not begun: it could not be, or nobody agreed to it.
func notBegun(r Result, problem *fail.Error, flags fail.Flags) Result {
	if problem != nil {
		r.Err, r.Outcome, r.Text = problem, event.Refused, explain(flags.With(problem))
		return r
	}
	r.Err = &fail.Error{Class: fail.Stopped, Cause: "not confirmed, so nothing was changed"}
	r.Outcome, r.Text = event.Stopped, "Not confirmed, so nothing was changed."
	return r
}

// lastWord reads the end of a run that ended after the screens were gone.
func lastWord(s *screen.Session) screen.Outcome {
	o := s.Outcome
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for reader := s.Run.Events(); ; {
		events, err := reader.Next(ctx)
		if err != nil || len(events) == 0 {
			return o
		}
		for _, e := range events {
			if e.Type == event.RunFinished {
				o.Done, o.Outcome, o.Error = true, string(e.Outcome), e.Error
				o.Endpoint = e.Endpoint
			}
		}
	}
}

// again is what can be done after a deployment.
const again = "Run berth again in this folder to redeploy, change settings or destroy."

func text(o screen.Outcome, app string) string {
	var b strings.Builder
	switch event.Outcome(o.Outcome) {
	case event.Succeeded:
		switch {
		case o.Verb == "destroy" && idle(o.Snap):
			return "There was nothing of " + app + " to destroy."
		case o.Verb == "destroy" && o.Snap != nil && o.Snap.LeftUSD > 0:
			return fmt.Sprintf("%s is gone except for its data, which still costs $%.2f a month. The next deployment uses it again.", app, o.Snap.LeftUSD)
		case o.Verb == "destroy":
			return app + " is gone: berth deleted everything it had created."
		case idle(o.Snap):
			b.WriteString("Nothing changed. ")
		}
		fmt.Fprintf(&b, "%s is live: %s", app, o.Endpoint)
		if o.Verified != "" {
			fmt.Fprintf(&b, "\n%s", o.Verified)
		}
		b.WriteString("\n" + again)
	case event.Stopped:
		b.WriteString("Stopped. What exists stays; run berth again in this folder to continue, or berth destroy to delete it.")
	default:
		if o.Error != nil {
			b.WriteString(explain(o.Error))
		}
	}
	return b.String()
}

// idle says that a run that ended had nothing to change.
func idle(s *view.Snapshot) bool {
	if s == nil {
		return false
	}
	for i := range s.Nodes {
		if s.Nodes[i].Action != event.None {
			return false
		}
	}
	return true
}

// explain is a failure in lines: what happened, what was seen, what to do.
func explain(f *fail.Error) string {
	var lines []string
	for _, text := range []string{f.Cause, f.Evidence, f.Remedy} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}
