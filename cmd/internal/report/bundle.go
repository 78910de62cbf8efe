package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/journal"
	"berth/engine/preflight"
	"berth/engine/project"
)

// Bundle is everything of a run for somebody who was not there. What is nil, or empty, is told to be missing.
type Bundle struct {
	Made     time.Time
	Berth    string // which berth, on which system
	Settings string // berth.toml without values that may be secret
	Run      *journal.Kept
	Findings *project.Findings
	Doctor   *preflight.Report
	NoDoctor string // why there is none
}

// Write writes it as one text, a part below the other.
func (b Bundle) Write(w io.Writer) {
	fmt.Fprintf(w, "berth report, made %s\n%s\n", b.Made.UTC().Format("2006-01-02 15:04:05 UTC"), b.Berth)
	fmt.Fprintln(w, "Values of variables, keys, passwords and what the app and its build wrote are left out; look through it before you pass it on.")
	b.run(w)
	part(w, "settings", firstOf(strings.TrimSpace(b.Settings), "there is no berth.toml"))
	b.plan(w)
	b.events(w)
	var doctor bytes.Buffer
	if b.Doctor != nil {
		Doctor(&doctor, b.Doctor, interview.Open{}, fail.Flags{})
	}
	part(w, "doctor", firstOf(strings.TrimSpace(doctor.String()), "not asked: "+b.NoDoctor))
	b.project(w)
	b.journal(w)
}

func part(w io.Writer, title, text string) { fmt.Fprintf(w, "\n== %s\n\n%s\n", title, text) }

func (b Bundle) run(w io.Writer) {
	r := b.Run
	if r == nil {
		part(w, "run", "no run of this app and environment is kept on this machine")
		return
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s of %s (%s) in %s, account %s\nstarted %s", r.Verb, r.Run, r.App, r.Env, r.Region, r.Account, r.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	if r.Simulated != "" {
		out.WriteString("\n" + r.Simulated)
	}
	if r.Live {
		out.WriteString("\nit goes on")
	}
	if n := len(r.Events); n > 0 && r.Events[n-1].Type == event.RunFinished {
		end := r.Events[n-1]
		fmt.Fprintf(&out, "\n%s after %s, %d calls of AWS", end.Outcome, time.Duration(end.ElapsedS*float64(time.Second)).Round(time.Second), end.APICalls)
		if f := end.Error; f != nil {
			fmt.Fprintf(&out, "\n\ncause     %s\nevidence  %s\nremedy    %s", f.Cause, strings.ReplaceAll(f.Evidence, "\n", "\n          "), f.Remedy)
		}
	} else if !r.Live {
		out.WriteString("\nit has no end: its process ended before it")
	}
	part(w, "run", out.String())
}

// plan writes what the run set out to do.
func (b Bundle) plan(w io.Writer) {
	var out strings.Builder
	if b.Run != nil {
		for _, e := range b.Run.Events {
			if e.Type == event.NodePlanned {
				fmt.Fprintf(&out, "%-8s %-28s %s  %s\n", e.Action, e.Kind, firstOf(e.Name, e.Node), e.Text)
			}
		}
	}
	part(w, "plan", firstOf(strings.TrimSpace(out.String()), "none is kept"))
}

// events writes what happened, for people.
func (b Bundle) events(w io.Writer) {
	var out strings.Builder
	if b.Run != nil {
		for _, e := range b.Run.Events {
			if e.Type == event.NodePlanned {
				continue
			}
			text := e.Text
			if e.Error != nil {
				text = join(text, e.Error.Cause)
			}
			fmt.Fprintf(&out, "%s  %-14s %s\n", e.Time.UTC().Format("15:04:05.0"), e.Type, strings.TrimSpace(e.Node+"  "+text))
		}
	}
	part(w, "events", firstOf(strings.TrimSpace(out.String()), "none are kept"))
}

// project writes what was found in the source tree.
func (b Bundle) project(w io.Writer) {
	var out strings.Builder
	if b.Findings != nil {
		fmt.Fprintf(&out, "%s, port %d\n", firstOf(b.Findings.Stack, "no framework recognised"), b.Findings.Port)
		for _, x := range b.Findings.Findings {
			fmt.Fprintf(&out, "%-6s %-24s %s  %s\n", x.Severity, x.ID, x.At(), x.Text)
		}
	}
	part(w, "project", firstOf(strings.TrimSpace(out.String()), "the source tree could not be read"))
}

// journal writes the events as the journal has them, for programs.
func (b Bundle) journal(w io.Writer) {
	var out strings.Builder
	if b.Run != nil {
		for _, e := range b.Run.Events {
			if line, err := json.Marshal(e); err == nil {
				out.Write(line)
				out.WriteByte('\n')
			}
		}
	}
	part(w, "journal", firstOf(strings.TrimSpace(out.String()), "none is kept"))
}
