package cli

import (
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine/project"
	"berth/engine/spec"
)

func (a *app) inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "inspect", Short: "Show what the source tree says, and what it means for AWS", Args: noArgs,
		Example: "  berth inspect\n  berth inspect -C ../shop --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			s, wrong := spec.Load(dir, a.flags.env)
			if wrong != nil {
				s = &spec.Spec{Dir: dir} // the tree tells something all the same
			}
			found, err := project.Inspect(cmd.Context(), s)
			if found == nil {
				return err
			}
			if wrong != nil {
				err = wrong
			}
			// What was found is told even when the Dockerfile is missing or broken; the error comes with it.
			if err := a.answer(found, func(w io.Writer) { report.Findings(w, found) }); err != nil {
				return err
			}
			if err != nil {
				report.Problem(a.Err, err)
				a.told = true
			}
			return err
		},
	}
}
