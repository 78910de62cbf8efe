package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"berth/engine"
)

// Status writes what runs of an app for people. Ages are counted from now, the engine clock's.
func Status(w io.Writer, s *engine.Status, now time.Time) {
	fmt.Fprintf(w, "%s (%s) on %s in %s: %s\n", s.App, s.Env, target(s.Target), s.Region, stateWords(s.State))
	if s.Namesake != "" {
		fmt.Fprintf(w, "  another app of that name is deployed there, with the identity %s; if it is this one,\n"+
			"  write id = %q in its berth.toml, or give --id %s\n", s.Namesake, s.Namesake, s.Namesake)
	}
	for _, e := range s.Elsewhere {
		fmt.Fprintf(w, "  this folder's app: %s\n  berth status --app %s --env %s --region %s shows it; %s removes it\n", e.There(), e.App, e.Env, e.Region, e.Remove)
	}
	if s.State == "absent" {
		return
	}
	if d := s.LastFailed(); d != nil {
		fmt.Fprintf(w, "  the last deployment failed: %s\n", rollout(*d, now))
	}
	row := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-10s %s\n", label, text)
		}
	}
	row("paused", s.Paused())
	row("endpoint", s.Endpoint)
	if s.NoHTTP {
		row("endpoint", "none: it answers no HTTP")
	}
	if s.Certificate != nil {
		says, _ := s.Certificate.Says(now)
		row("https", "certificate "+says)
	}
	for i, n := range s.Names {
		row(map[bool]string{true: "names"}[i == 0], n.Says())
	}
	row("revision", s.Revision)
	row("image", s.Image)
	row("commit", s.Commit)
	row("by", s.By)
	row("since", when(s.Since, now))
	if s.Revision != "" {
		tasks := fmt.Sprintf("%d of %d running", s.Running, s.Desired)
		if s.Ended != nil {
			tasks += ", one " + s.Ended.SaysEnd(now, age)
		}
		row("tasks", tasks)
		row("health", health(s))
	}
	for i, p := range s.Processes {
		label := ""
		if i == 0 {
			label = "processes"
		}
		fmt.Fprintf(w, "  %-10s %s\n", label, p.Name+": "+p.Says(now, age))
	}
	for i, l := range s.Alarms.Lines(now, age) {
		label := ""
		if i == 0 {
			label = "alarms"
		}
		fmt.Fprintf(w, "  %-10s %s\n", label, l.Text)
	}
	for i, d := range s.Deployments {
		label := ""
		if i == 0 {
			label = "rollouts"
		}
		fmt.Fprintf(w, "  %-10s %s\n", label, rollout(d, now))
	}
	if s.MonthlyUSD > 0 {
		costs := dollarRange(s.MonthlyUSD, s.MostUSD) + " a month" + asOf(s.PricesAsOf, s.PricesOld)
		if !s.Complete {
			costs = "at least " + costs
		}
		row("costs", costs)
	}
	row("not seen", strings.Join(s.Denied, ", "))
	if s.Waiting != nil {
		fmt.Fprintln(w)
		waiting(w, s.Waiting)
	}
	resources(w, s.Resources)
}

// when is a time and its age, empty for none.
func when(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s, %s", t.Local().Format("2006-01-02 15:04"), age(now.Sub(t)))
}

// health is what the load balancer says about the tasks.
func health(s *engine.Status) string {
	switch {
	case !s.HealthKnown:
		return ""
	case s.Unhealthy > 0:
		return fmt.Sprintf("%d healthy, %d unhealthy", s.Healthy, s.Unhealthy)
	default:
		return fmt.Sprintf("%d healthy", s.Healthy)
	}
}

// stateWords explains the states whose name does not say it all.
func stateWords(state string) string {
	switch state {
	case "absent":
		return "not deployed"
	case "partial":
		return "partly there; `berth deploy` continues, `berth destroy` removes it"
	case "stopped":
		return "paused"
	case "degraded":
		return "degraded, fewer tasks run than wanted"
	default:
		return state
	}
}

func rollout(d engine.Deployment, now time.Time) string {
	parts := []string{d.State, d.Revision}
	if !d.Started.IsZero() {
		parts = append(parts, "started "+age(now.Sub(d.Started)))
	}
	if !d.Finished.IsZero() && !d.Started.IsZero() {
		parts = append(parts, "took "+span(d.Finished.Sub(d.Started)))
	}
	if d.Commit != "" {
		parts = append(parts, "commit "+d.Commit)
	}
	if d.By != "" {
		parts = append(parts, "by "+d.By)
	}
	return join(append(parts, d.Reason)...)
}

func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < 48*time.Hour:
		return span(d.Truncate(time.Minute)) + " ago"
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

func resources(w io.Writer, all []engine.Resource) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  %s\n", count(len(all), "resource"))
	id, name := 0, 0
	for _, r := range all {
		id, name = max(id, len(r.ID)), max(name, len(r.Name))
	}
	for _, r := range all {
		line := fmt.Sprintf("    %-*s  %-*s  %s", id, r.ID, name, r.Name, r.State)
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}
