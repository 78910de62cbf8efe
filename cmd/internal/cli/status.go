package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
)

// orphans is status --orphans: what earlier runs left over in a region, of all apps.
func (a *app) orphans(cmd *cobra.Command, flags said, everywhere bool) error {
	if flags.app != "" || cmd.Flags().Changed("env") {
		return usage(cmd, "--orphans covers all apps and environments of a region: leave out --app and --env")
	}
	region, err := a.anyRegion(cmd.Context())
	if err != nil {
		return err
	}
	return a.with(region, func(eng *account) error {
		if everywhere {
			all, err := eng.OrphansEverywhere(cmd.Context(), region)
			if err != nil {
				return err
			}
			return a.answer(all, func(w io.Writer) { report.OrphansEverywhere(w, all) })
		}
		left, err := eng.Orphans(cmd.Context(), region)
		if err != nil {
			return err
		}
		return a.answer(left, func(w io.Writer) { report.Orphans(w, left) })
	})
}

// anyRegion is the region that a deployment from the folder would go to, which need not hold an app.
func (a *app) anyRegion(ctx context.Context) (string, error) {
	d, err := a.interview(ctx, said{}, toLook)
	if err != nil {
		return "", err
	}
	return d.Spec.Region, nil
}

func (a *app) statusCommand() *cobra.Command {
	var flags said
	var orphans, everywhere bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show what runs, since when, and at which URL", Args: noArgs,
		Example: "  berth status\n  berth status --env staging --json\n  berth status --orphans --region eu-west-2\n  berth status --orphans --all-regions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if everywhere && !orphans {
				return usage(cmd, "--all-regions needs --orphans; berth apps --all-regions lists what runs")
			}
			if orphans {
				return a.orphans(cmd, flags, everywhere)
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				st, err := eng.Status(cmd.Context(), s)
				if err != nil {
					return err
				}
				return a.answer(st, func(w io.Writer) { report.Status(w, st, eng.Clock().Now()) })
			})
		},
	}
	a.registerApp(&flags, cmd)
	cmd.Flags().BoolVar(&orphans, "orphans", false, "show what earlier runs of any app left behind in the region, and what it costs")
	cmd.Flags().BoolVar(&everywhere, "all-regions", false, "with --orphans: in all regions of the account")
	return cmd
}
