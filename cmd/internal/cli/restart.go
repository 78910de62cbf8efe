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
		Use: "restart", Short: "Start new tasks of the version that runs, for the old", Args: noArgs,
		Long: "Starts new tasks of the version that runs, of each process. They read the secrets of now, and nothing else is new:\n" +
			"nothing is built, and the settings stay. The old tasks go once the new ones are healthy; when those do not come up,\n" +
			"ECS keeps the old ones.",
		Example: "  berth secrets set API_KEY && berth restart\n  berth restart --yes --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange("restart"); err != nil {
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
	roll.register(cmd.Flags())
	return cmd
}
