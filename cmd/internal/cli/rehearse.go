package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine/fail"
	"berth/engine/image"
	"berth/engine/spec"
)

func (a *app) rehearseCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "rehearse", Short: "Run the image here as Fargate would, and report what works", Args: noArgs,
		Example: "  berth rehearse\n  berth rehearse --builder podman --json\n  berth rehearse --image shop:dev",
		Long: "Builds the image, runs it on this machine with the command, environment, memory and CPU it gets on AWS, and\n" +
			"reports where it listens, how it answers the health check and behind HTTPS, whether it accepts WebSockets, whether it\n" +
			"exits on SIGTERM, and what it logs. Makes no AWS calls and leaves nothing behind. Exits with 1 when the app would not\n" +
			"start. The app's secrets on AWS are not available here; a failure for lack of one is reported as such.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(d.Spec.Region, func(eng *account) error {
				rep, err := eng.Rehearse(cmd.Context(), d.Spec, a.buildLines())
				if err != nil {
					return err
				}
				if err := a.answer(rep, func(w io.Writer) { report.Rehearsal(w, rep) }); err != nil {
					return err
				}
				if f := rep.Failed(); f != nil {
					a.told = true
					return &fail.Error{Class: fail.Failed, Cause: f.Text, Evidence: f.Evidence, Remedy: f.Remedy, Setting: f.Setting, Suggest: f.Suggest}
				}
				return nil
			})
		},
	}
	a.register(&flags, cmd)
	a.registerBuild(cmd)
	return cmd
}

// buildLines shows the steps of a build on stderr.
func (a *app) buildLines() image.Reporter {
	if a.flags.json || a.flags.quiet {
		return image.Reporter{}
	}
	last := ""
	return image.Reporter{Progress: func(text string, current, total int64, unit string) {
		if text != last {
			last = text
			fmt.Fprintf(a.Err, "  %d of %d %s  %s\n", current, total, unit, text)
		}
	}}
}

// registerBuild registers how the image is built.
func (a *app) registerBuild(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.machine.NoCache, "no-cache", false, "rebuild every step without the cache")
	cmd.Flags().BoolVar(&a.machine.Pull, "pull", false, "pull newer base images")
}

// builders are the programs that build, as words to complete.
func builders() []word {
	var all []word
	for _, p := range image.Programs {
		all = append(all, word{text: p})
	}
	return append(all, word{text: spec.InCloud})
}
