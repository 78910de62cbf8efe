package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine/fail"
	"berth/engine/image"
)

func (a *app) rehearseCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "rehearse", Short: "Run the image here as Fargate would, and say what is true of it", Args: noArgs,
		Example: "  berth rehearse\n  berth rehearse --builder podman --json\n  berth rehearse --image shop:dev",
		Long: "Builds the image, runs it on this machine with the command, environment, memory and CPU that it gets on AWS, and\n" +
			"says where it listens, what it answers to the health check and behind HTTPS, whether it takes WebSockets and ends\n" +
			"on SIGTERM, and what it writes. Asks nothing of AWS and leaves nothing behind. Ends with 1 when the app would not\n" +
			"come up. Secrets that it gets on AWS are not here: what ends for lack of one is told as such.",
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
	cmd.Flags().BoolVar(&a.machine.NoCache, "no-cache", false, "build every step anew")
	cmd.Flags().BoolVar(&a.machine.Pull, "pull", false, "look for newer base images")
}

// builders are the programs that build, as words to complete.
func builders() []word {
	var all []word
	for _, p := range image.Programs {
		all = append(all, word{text: p})
	}
	return append(all, word{text: "codebuild"})
}
