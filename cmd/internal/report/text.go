package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"berth/engine/fail"
)

// Problem writes a failure for people: its cause, what proves it, and what to do about it.
func Problem(w io.Writer, err error) {
	problem(w, "berth: ", fail.From(err))
}

func problem(w io.Writer, lead string, e *fail.Error) {
	evidence := e.Evidence
	if e.Err != nil && evidence == "" && !errors.Is(e.Err, fs.ErrNotExist) { // of what is not there no more can be said
		// What was wrapped is told when it says something new.
		if text := e.Err.Error(); !strings.Contains(e.Cause, text) && !strings.Contains(e.Remedy, text) {
			evidence = text
		}
	}
	fmt.Fprintln(w, lead+e.Cause)
	labelled(w, "evidence", evidence)
	labelled(w, "remedy", e.Remedy)
	labelled(w, "see", e.Doc)
}

// labelled writes a text of one or more lines behind a label, or nothing when the text is empty. Evidence may quote
// what an app wrote.
func labelled(w io.Writer, label, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(w, "  %-9s %s\n", label, strings.TrimRight(harmless(line), " \t"))
	}
}

// stopwatch is a duration as a clock shows it: 0:07, 12:05, 1:02:03.
func stopwatch(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// span is a duration as people say it: 0.4s, 7s, 1m20s, 1h02m.
func span(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		if s := int(d.Seconds()) % 60; s != 0 {
			return fmt.Sprintf("%dm%02ds", int(d.Minutes()), s)
		}
		return fmt.Sprintf("%dm", int(d.Minutes()))
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

// usually says how long something usually takes.
func usually(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return "usually " + roughly(d)
}

// roughly is a duration said loosely, because it is a habit and not a promise.
func roughly(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "a few seconds"
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(5*time.Second).Seconds()))
	default:
		lo := d.Truncate(time.Minute)
		if d-lo < 15*time.Second {
			return fmt.Sprintf("%d min", int(lo.Minutes()))
		}
		return fmt.Sprintf("%d-%d min", int(lo.Minutes()), int(lo.Minutes())+1)
	}
}

// amount is a progress such as 3 of 12 steps, or 4.2 of 31.0 MB.
func amount(current, total int64, unit string) string {
	if total <= 0 {
		return ""
	}
	if unit == "bytes" {
		return fmt.Sprintf("%.1f of %.1f MB", float64(current)/1e6, float64(total)/1e6)
	}
	return strings.TrimSpace(fmt.Sprintf("%d of %d %s", current, total, unit))
}

// dollars is a monthly sum in US dollars.
func dollars(usd float64) string { return fmt.Sprintf("$%.2f", usd) }

// dollarRange is what something costs: from the least to the most, where most is more. A most of zero is none.
func dollarRange(least, most float64) string {
	if most <= least {
		return dollars(least)
	}
	return dollars(least) + " to " + dollars(most)
}

// count is a number with its noun: 1 resource, 2 resources.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// target is how people call a target.
func target(id string) string {
	switch id {
	case "":
		return "AWS"
	case "ecs-fargate":
		return "ECS on Fargate"
	default:
		return id
	}
}
