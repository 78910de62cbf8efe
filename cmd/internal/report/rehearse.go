package report

import (
	"fmt"
	"io"
	"strings"

	"berth/engine/rehearse"
)

// Rehearsal writes what a rehearsal found: each finding in a line, with what to do about it and what the app wrote.
func Rehearsal(w io.Writer, r *rehearse.Report) {
	if r.AnswersMS > 0 {
		fmt.Fprintf(w, "The app answers %.1f s after its start.\n\n", float64(r.AnswersMS)/1000)
	}
	const indent = "                     "
	for _, f := range r.Findings {
		fmt.Fprintf(w, "  %-5s  %-11s  %s\n", f.Severity, f.ID, f.Text)
		if f.Evidence != "" {
			for line := range strings.Lines(f.Evidence) {
				fmt.Fprintf(w, "%s%s\n", indent, strings.TrimRight(line, "\n"))
			}
		}
		if f.Remedy != "" {
			remedy := f.Remedy
			if f.Suggest != nil {
				remedy += fmt.Sprintf(" (%s = %v)", f.Setting, f.Suggest)
			}
			fmt.Fprintf(w, "%s%s\n", indent, remedy)
		}
	}
	if r.Failed() == nil {
		fmt.Fprintln(w, "\nNothing that would keep it from coming up was found.")
	}
}
