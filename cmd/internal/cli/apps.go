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
		Use: "apps", Short: "List all deployed apps with their state and monthly cost", Args: noArgs,
		Long: "Lists every app and environment that berth has deployed, from any folder: its state, its URL, and its current monthly\n" +
			"cost. It looks in one region, or with --all-regions in every region of the account.",
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
	cmd.Flags().BoolVar(&all, "all-regions", false, "look in all regions of the account")
	return cmd
}
