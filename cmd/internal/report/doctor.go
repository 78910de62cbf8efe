package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/preflight"
)

// Doctor writes a preflight as a checklist: what is fine in a line, what is not with what to do about it, what of the app
// is open when it does not run yet, and the policy of what is missing last, where it can be copied. The flags are for the
// command that tells more of what is open.
func Doctor(w io.Writer, r *preflight.Report, open interview.Open, flags fail.Flags) {
	fmt.Fprintf(w, "%s (%s) in %s\n\n", r.App, r.Env, r.Region)
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.Title))
	}
	for _, c := range r.Checks {
		indent := strings.Repeat(" ", 13+width)
		fmt.Fprintf(w, "  %-7s  %-*s  %s\n", c.State, width, c.Title, strings.ReplaceAll(c.Text, "\n", "\n"+indent))
		if len(c.Missing) > 1 {
			for _, m := range c.Missing {
				fmt.Fprintf(w, "%s- %s\n", indent, m)
			}
		}
		if c.Remedy != "" {
			fmt.Fprintf(w, "%s%s\n", indent, c.Remedy)
		}
	}
	if r.Runs {
		open = interview.Open{}
	}
	fmt.Fprintln(w)
	tellOpen(w, open, flags)
	fmt.Fprintln(w, conclusion(r, len(open.Musts)+len(open.Unbuilt) > 0))
	for _, c := range r.Checks {
		if c.Policy == nil {
			continue
		}
		if b, err := json.MarshalIndent(c.Policy, "", "  "); err == nil {
			fmt.Fprintf(w, "\nThis policy allows what is missing, and no more:\n\n%s\n", b)
		}
	}
}

func conclusion(r *preflight.Report, open bool) string {
	switch {
	case r.State == preflight.Fail:
		return "A deploy would be refused."
	case open:
		return "A deploy would begin, but the app may not start before that is settled."
	case r.State == preflight.Warn:
		return "Nothing stands in the way of a deploy; some things should be known."
	case r.State == preflight.Unknown:
		return "Nothing that stands in the way is known; not everything could be asked."
	}
	return "Nothing stands in the way of a deploy."
}

// Notes writes what a run should know although it may start.
func Notes(w io.Writer, r *preflight.Report) {
	for _, line := range r.Notes() {
		fmt.Fprintln(w, "note: "+line)
	}
}
