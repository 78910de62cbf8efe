package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"berth/engine"
)

// Secrets writes what is known of an app's secrets, none of their values.
func Secrets(w io.Writer, all []engine.Secret, now time.Time) {
	if len(all) == 0 {
		fmt.Fprintln(w, "no secrets; set one with: berth secrets set NAME")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSTATE\tVERSION\tCHANGED\tUSED BY\tWHERE")
	missing := 0
	for _, s := range all {
		version, changed := "", ""
		if s.Version > 0 {
			version, changed = fmt.Sprint(s.Version), now.Sub(s.Changed).Round(time.Second).String()+" ago"
		}
		if s.State == engine.SecretMissing {
			missing++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, s.State, cmp.Or(version, "-"), cmp.Or(changed, "-"), cmp.Or(strings.Join(s.UsedBy, ", "), "-"), s.Where)
	}
	_ = t.Flush() // into w, whose errors nobody reads here either
	if missing > 0 {
		fmt.Fprintf(w, "\n%d missing: no task starts without; set each with: berth secrets set NAME\n", missing)
	}
}
