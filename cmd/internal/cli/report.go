package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/journal"
	"berth/engine/project"
	"berth/engine/redact"
	"berth/engine/spec"
)

func (a *app) reportCommand() *cobra.Command {
	var flags said
	var file string
	var offline bool
	cmd := &cobra.Command{
		Use: "report [RUN]", Short: "Write everything about a run to one file, for a bug report", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		Example:           "  berth report\n  berth report --offline --output -\n  berth report 01JZ3T4 --env staging",
		Long: "Writes all about the newest run of the app, or the run with the given ID, to one text file: berth's version, the\n" +
			"settings, the plan, what happened, what doctor says now and what the source tree says. Values of variables, keys,\n" +
			"passwords, and the output of the app and of its build are left out, and so are your name and folder.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.report(cmd.Context(), flags, strings.Join(args, ""), file, offline)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	a.register(&flags, cmd)
	f.StringVarP(&file, "output", "o", "", "file to write, - for standard output (default: berth-report-APP-TIME.txt)")
	f.BoolVar(&offline, "offline", false, "make no AWS calls: leave out what doctor says")
	return cmd
}

func (a *app) report(ctx context.Context, flags said, run, file string, offline bool) error {
	s, err := a.load(flags)
	if err != nil {
		return err
	}
	v := thisVersion()
	now := time.Now()
	b := report.Bundle{
		Made: now, Berth: strings.TrimSpace(fmt.Sprintf("berth %s %.12s, %s, %s/%s, TERM=%s", v.Version, v.Commit, v.Go, v.OS, v.Arch, os.Getenv("TERM"))),
		Run: journal.Newest(runsFolder(), s.Dir, s.EnvName, a.flags.simulate, run),
	}
	if run != "" && b.Run == nil {
		return &fail.Error{Class: fail.Usage, Cause: "no run " + run + " of the app in this folder is recorded on this machine", Remedy: "berth report without an ID takes the newest"}
	}
	b.Settings = shownSettings(filepath.Join(s.Dir, spec.FileName))
	if b.Findings, err = project.Inspect(ctx, s); b.Findings == nil && ctx.Err() != nil {
		return err // of a Dockerfile that is broken, the findings tell
	}
	if b.NoDoctor = "--offline"; !offline {
		b.NoDoctor = a.askDoctor(ctx, flags, &b)
	}
	var out bytes.Buffer
	b.Write(&out)
	text := []byte(a.redactor(s, b.Run).Text(out.String()))
	if file == "-" {
		_, err := a.Out.Write(text)
		return err
	}
	if file == "" {
		file = "berth-report-" + spec.Slug(filepath.Base(s.Dir)) + "-" + now.UTC().Format("20060102-150405") + ".txt"
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return &fail.Error{Class: fail.Failed, Cause: "the report cannot be written to " + file, Evidence: err.Error(), Remedy: "name another file with --output, or - for standard output", Err: err}
	}
	return a.answer(struct {
		File string `json:"file"`
	}{file}, func(w io.Writer) { fmt.Fprintln(w, file) })
}

// askDoctor adds what doctor says, or returns why it says nothing.
func (a *app) askDoctor(ctx context.Context, flags said, b *report.Bundle) string {
	d, err := a.settings(ctx, flags)
	if err == nil {
		err = a.with(d.Spec.Region, func(eng *account) error {
			var err error
			b.Doctor, err = eng.Doctor(ctx, engine.Request{Spec: d.Spec})
			return err
		})
	}
	if err != nil {
		return fail.From(err).Cause
	}
	return ""
}

// redactor knows what may not be in a report: the values of variables, of this process's secrets, and who made it.
func (a *app) redactor(s *spec.Spec, run *journal.Kept) *redact.Redactor {
	r := &redact.Redactor{}
	r.Environment(os.Environ())
	for _, value := range s.Env {
		if !strings.Contains(value, "${") {
			r.Hide(value)
		}
	}
	for _, e := range s.Image.Args {
		r.Hide(e)
	}
	if home, err := os.UserHomeDir(); err == nil {
		r.Replace(home, "~")
	}
	if run != nil {
		r.Replace(run.User, "[user]")
		r.Replace(run.Host, "[host]")
		if len(run.Account) == 12 && run.Simulated == "" {
			r.Replace(run.Account, "[account …"+run.Account[8:]+"]")
		}
	}
	return r
}

// shownSettings is berth.toml with the values of variables and build arguments taken out, "" when there is none.
func shownSettings(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	var doc map[string]any
	if err := toml.Unmarshal(text, &doc); err != nil {
		return "berth.toml is not valid: " + err.Error()
	}
	hideValues(doc)
	shown, err := toml.Marshal(doc)
	if err != nil {
		return "berth.toml cannot be shown: " + err.Error()
	}
	return string(shown)
}

// hideValues takes the values out of all tables of variables and arguments.
func hideValues(table map[string]any) {
	for key, v := range table {
		inner, ok := v.(map[string]any)
		if !ok {
			continue
		}
		if key != "env" && key != "args" {
			hideValues(inner)
			continue
		}
		for name, value := range inner {
			if nested, ok := value.(map[string]any); ok {
				hideValues(nested)
			} else {
				inner[name] = redact.Mark
			}
		}
	}
}
