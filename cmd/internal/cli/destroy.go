package cli

import (
	"github.com/spf13/cobra"

	"berth/engine"
	"berth/tui"
)

func (a *app) destroyCommand() *cobra.Command {
	var flags said
	var keep bool
	var roll rollout
	cmd := &cobra.Command{
		Use: "destroy", Short: "Delete everything that deploy created for the app", Args: noArgs,
		Long: "Deletes everything that deploy created for the app. On a terminal you have to type the app's name when user data\n" +
			"would be lost; --yes asks nothing, and deletes the files for good and the database down to a final snapshot.\n" +
			"With --keep-data the database and the files stay, and so does what they depend on, which is free. They\n" +
			"cost the same as before; the next deploy finds them again, and a destroy without --keep-data deletes them.",
		Example: "  berth destroy\n  berth destroy --env staging --yes\n  berth destroy --keep-data               # the database and the files stay",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange(cmd, nil); err != nil {
				return err
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			t := tui.Task{Verb: "destroy", Spec: s, KeepData: keep}
			return a.change(cmd.Context(), t, roll, engine.Request{Destroy: true, KeepData: keep}, "Delete all of this?")
		},
	}
	a.registerApp(&flags, cmd)
	cmd.Flags().BoolVar(&keep, "keep-data", false, "keep the database and the files in AWS, for a later deploy")
	roll.registerUnchecked(cmd.Flags())
	return cmd
}
