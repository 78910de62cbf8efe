package cli

import (
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
)

func (a *app) planCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what deploy would do and what it costs; changes nothing", Args: noArgs,
		Example: "  berth plan\n  berth plan --env staging --region eu-west-2",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				p, err := eng.Plan(cmd.Context(), engine.Request{Spec: s})
				if err != nil {
					return err
				}
				return a.answer(p, func(w io.Writer) { report.Plan(w, p) })
			})
		},
	}
	a.register(&flags, cmd)
	return cmd
}
