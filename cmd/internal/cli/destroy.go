package cli

import (
	"github.com/spf13/cobra"

	"berth/engine"
	"berth/tui"
)

func (a *app) destroyCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "destroy", Short: "Remove everything that deploy made for the app", Args: noArgs,
		Example: "  berth destroy\n  berth destroy --env staging --yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange("destroy"); err != nil {
				return err
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				if a.draws() {
					return a.perform(cmd.Context(), eng, tui.Task{Verb: "destroy", Spec: s}, rollout{})
				}
				return a.carryOut(cmd.Context(), eng, engine.Request{Spec: s, Destroy: true}, "Delete all of this?")
			})
		},
	}
	a.registerApp(&flags, cmd)
	return cmd
}
