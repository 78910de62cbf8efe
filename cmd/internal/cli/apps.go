package cli

import (
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
)

func (a *app) appsCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "apps", Short: "List all apps of the region, with state and cost", Args: noArgs,
		Long: "Lists every app and environment that berth deployed, from whichever folder: what runs of it, where it is reached, and what it\n" +
			"costs a month as it runs. It looks at one region, with --all-regions at all that the account has.",
		Example: "  berth apps\n  berth apps --all-regions --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			region, err := a.anyRegion(cmd.Context())
			if err != nil {
				return err
			}
			return a.with(region, func(eng *account) error {
				apps, err := eng.Apps(cmd.Context(), engine.AppsRequest{Region: region, AllRegions: all})
				if err != nil {
					return err
				}
				return a.answer(apps, func(w io.Writer) { report.Apps(w, apps) })
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all-regions", false, "look at all regions of the account")
	return cmd
}
