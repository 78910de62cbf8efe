package cli

import (
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/interview"
)

// exitChanges is the exit code of plan --exit-code when something would change.
const exitChanges = 5

func (a *app) planCommand() *cobra.Command {
	var flags said
	var destroy, keep, restart, exit, markdown bool
	var to string
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what deploy would do and what it costs; changes nothing", Args: upTo(1),
		Long: "Shows what would happen to each resource and why, with the old and the new value of everything that would change, and the\n" +
			"monthly cost. With --destroy, --rollback or --restart it shows that instead of a deployment.",
		Example: "  berth plan\n  berth plan --env staging --region eu-west-2\n  berth plan --destroy\n  berth plan --rollback\n" +
			"  berth plan --exit-code --quiet          # 5 when something would change\n" +
			"  berth plan --markdown | gh pr comment 12 --body-file -",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !cmd.Flags().Changed("rollback") {
				return noArgs(cmd, args)
			}
			if len(args) > 0 { // the word after --rollback, which can stand alone
				to = args[0]
			}
			if destroy && (to != "" || restart) || to != "" && restart {
				return usage(cmd, "only one of --destroy, --rollback and --restart can be used")
			}
			if keep && !destroy {
				return usage(cmd, "--keep-data needs --destroy")
			}
			r := engine.Request{Destroy: destroy, KeepData: keep, Rollback: to, Restart: restart}
			read := a.settings
			if destroy || restart || to != "" {
				read = a.identified
			}
			d, err := read(cmd.Context(), flags)
			if err != nil {
				return err
			}
			r.Spec = d.Spec
			var open interview.Open
			if !destroy && !restart && to == "" {
				open = d.Open()
			}
			return a.plan(cmd, r, open, exit, markdown)
		},
	}
	a.register(&flags, cmd)
	f := cmd.Flags()
	f.BoolVar(&destroy, "destroy", false, "show what destroy would do")
	f.BoolVar(&keep, "keep-data", false, "with --destroy: what destroy --keep-data would do")
	f.StringVar(&to, "rollback", "", "show what rollback would do, to this revision or to the previous one")
	f.Lookup("rollback").NoOptDefVal = engine.Previous
	f.BoolVar(&restart, "restart", false, "show what restart would do")
	f.BoolVar(&markdown, "markdown", false, "write it in Markdown, as a comment on a change")
	f.BoolVar(&exit, "exit-code", false, "exit with 5 when something would change")
	takes(cmd, "rollback", "REVISION", a.completeRevision)
	return cmd
}

func (a *app) plan(cmd *cobra.Command, r engine.Request, open interview.Open, exit, markdown bool) error {
	return a.with(r.Spec.Region, func(eng *account) error {
		p, err := eng.Plan(cmd.Context(), r)
		if err != nil {
			return err
		}
		if exit && p.Changed() {
			a.code = exitChanges
		}
		if markdown && !a.flags.json {
			report.PlanMarkdown(a.Out, p, open)
			return nil
		}
		return a.answer(report.PlanToSettle{Plan: p, Open: report.ToSettle(p, open)}, func(w io.Writer) {
			report.Plan(w, p)
			report.Unsettled(w, p, open, a.again)
		})
	})
}
