package cli

import (
	"github.com/spf13/cobra"

	"berth/engine"
	"berth/tui"
)

func (a *app) rollbackCommand() *cobra.Command {
	var flags said
	var roll rollout
	cmd := &cobra.Command{
		Use: "rollback [REVISION]", Short: "Go back to the previous version, or to the one with that number",
		Args: upTo(1), ValidArgsFunction: a.completeRevision,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.mayChange("rollback"); err != nil {
				return err
			}
			s, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			to := engine.Previous
			if len(args) > 0 {
				to = args[0]
			}
			return a.with(s.Region, func(eng *account) error {
				if a.draws() {
					return a.perform(cmd.Context(), eng, tui.Task{Verb: "rollback", Spec: s, Revision: to}, roll)
				}
				return a.carryOut(cmd.Context(), eng, engine.Request{
					Spec: s, Rollback: to, SkipVerify: roll.skipVerify, RolloutTimeout: roll.timeout,
				}, "Go back?")
			})
		},
	}
	flags.register(cmd.Flags())
	roll.register(cmd.Flags())
	return cmd
}
