package cli

import (
	"github.com/spf13/cobra"

	"berth/engine"
	"berth/tui"
)

func (a *app) restartCommand() *cobra.Command {
	var flags said
	var roll rollout
	cmd := &cobra.Command{
		Use: "restart", Short: "Replace the running tasks with new ones of the same version", Args: noArgs,
		Long: "Replaces the tasks of every process with new ones of the same version. They read the current secrets; nothing else changes:\n" +
			"nothing is built, and the settings stay. The old tasks stop once the new ones are healthy; if those do not start,\n" +
			"ECS keeps the old ones.",
		Example: "  berth secrets set API_KEY && berth restart\n  berth restart --yes --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange(cmd, nil); err != nil {
				return err
			}
			d, err := a.identified(cmd.Context(), flags)
			if err != nil {
				return err
			}
			t := tui.Task{Verb: "restart", Spec: d.Spec, Findings: d.Findings}
			return a.change(cmd.Context(), t, roll, engine.Request{Restart: true}, "Start new tasks?")
		},
	}
	a.register(&flags, cmd)
	roll.registerAgain(cmd.Flags())
	return cmd
}
