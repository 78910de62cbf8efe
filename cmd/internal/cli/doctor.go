package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
)

func (a *app) doctorCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check everything the next deploy depends on; changes nothing", Args: noArgs,
		Example: "  berth doctor\n  berth doctor --profile work --region eu-west-2",
		Long: "Checks credentials, permissions, quotas, Docker and the image before anything is created, and says for each\n" +
			"what to do. Exits with 4 when something would stop a deploy.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(d.Spec.Region, func(eng *account) error {
				rep, err := eng.Doctor(cmd.Context(), engine.Request{Spec: d.Spec})
				if err != nil {
					return err
				}
				if err := a.answer(rep, func(w io.Writer) { report.Doctor(w, rep, d.Open(), a.again) }); err != nil {
					return err
				}
				if f := rep.Refusal(); f != nil {
					a.told = true
					return f
				}
				return nil
			})
		},
	}
	a.register(&flags, cmd)
	return cmd
}

// cleared looks at what a plan depends on before somebody is asked to confirm it. What would stop it is its
// error; what only should be known is told.
func (a *app) cleared(ctx context.Context, eng *account, p *engine.Plan) error {
	rep, err := eng.Preflight(ctx, p)
	if err != nil {
		return err
	}
	if f := rep.Refusal(); f != nil {
		return f
	}
	report.Notes(a.Err, rep)
	return nil
}
