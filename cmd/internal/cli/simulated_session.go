package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"berth/engine/sim"
)

// simulatedSessionCommand is the other end of a session in a simulated task. It takes what Amazon's plugin takes, and is
// started in its place.
func (a *app) simulatedSessionCommand() *cobra.Command {
	return &cobra.Command{
		Use: simulatedSession, Hidden: true, Short: "Be the other end of a session in a simulated task", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var opened struct{ StreamURL string }
			if err := json.Unmarshal([]byte(args[0]), &opened); err != nil {
				return fmt.Errorf("read the session: %w", err)
			}
			if sim.Forwards(opened.StreamURL) {
				return sim.Forward(cmd.Context(), opened.StreamURL, a.Out)
			}
			_, err := sim.Shell(opened.StreamURL, a.In, a.Out)
			return err
		},
	}
}
