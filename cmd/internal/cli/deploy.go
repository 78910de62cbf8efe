package cli

import (
	"github.com/spf13/cobra"

	"berth/engine"
	"berth/tui"
)

func (a *app) deployCommand() *cobra.Command {
	var flags said
	var roll rollout
	var move, both bool
	cmd := &cobra.Command{
		Use: "deploy", Short: "Build, push and run the app, up to a verified https:// URL", Args: noArgs,
		Example: "  berth deploy\n  berth deploy --yes --json               # as in CI\n" +
			"  berth deploy --yes --json --summary \"$GITHUB_STEP_SUMMARY\"\n" +
			"  berth deploy --image ghcr.io/acme/shop@sha256:4f5d... --port 8080\n  berth deploy --simulate --yes           # on a simulated account",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange(cmd, nil); err != nil {
				return err
			}
			d, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			if roll.rebuild && d.Spec.Image.Ref != "" {
				return usage(cmd, "--rebuild builds an image, and --image (image.ref) uses one that exists: give one of them")
			}
			roll.open = d.Open()
			switch {
			case move && both:
				return usage(cmd, "only one of --move and --keep-both can be used")
			case move:
				roll.beside = engine.Move
			case both:
				roll.beside = engine.Both
			}
			t := tui.Task{Verb: "deploy", Spec: d.Spec, Findings: d.Findings, Beside: roll.beside}
			return a.change(cmd.Context(), t, roll, engine.Request{Move: move, NoRehearsal: roll.noRehearsal, Rebuild: roll.rebuild, RotateOrigin: roll.rotate}, "Deploy this?")
		},
	}
	a.register(&flags, cmd)
	roll.register(cmd.Flags())
	cmd.Flags().StringVar(&roll.summary, "summary", "", "file to add plan, outcome and address to, in Markdown; no screens then")
	takes(cmd, "summary", "FILE", files)
	a.registerBuild(cmd)
	cmd.Flags().BoolVar(&move, "move", false, "when the app runs by another name or in another region: remove that once the new one was verified")
	cmd.Flags().BoolVar(&both, "keep-both", false, "when the app runs by another name or in another region: leave that as it is")
	return cmd
}
