package cli

import (
	"fmt"
	"io"

	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"berth/engine/fail"
)

// opened is what open --json answers.
type opened struct {
	Endpoint string `json:"endpoint"`
}

func (a *app) openCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "open", Short: "Open the app in the browser", Args: noArgs,
		Long: "Prints the app's https:// URL and opens it in the browser. Without a browser, and with --json, --plain or --quiet,\n" +
			"it only prints it.",
		Example: "  berth open\n  berth open --env staging\n  curl $(berth open --quiet)/health",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				st, err := eng.Status(cmd.Context(), s)
				if err != nil {
					return err
				}
				if st.NoHTTP && st.Endpoint == "" {
					return &fail.Error{
						Class: fail.Failed, Cause: fmt.Sprintf("%s (%s) answers no HTTP, so that it has no URL", s.App, s.EnvName),
						Remedy: "berth logs shows what it does; port under [service] in berth.toml is for an app that answers",
					}
				}
				if st.Endpoint == "" {
					return &fail.Error{
						Class: fail.Failed, Cause: fmt.Sprintf("%s (%s) has no URL in %s: its state there is %s", s.App, s.EnvName, s.Region, st.State),
						Remedy: "berth deploy brings it up",
					}
				}
				if err := a.answer(opened{st.Endpoint}, func(w io.Writer) { fmt.Fprintln(w, st.Endpoint) }); err != nil {
					return err
				}
				if !a.flags.json && !a.flags.plain && !a.flags.quiet {
					a.browse(st.Endpoint)
				}
				return nil
			})
		},
	}
	a.registerApp(&flags, cmd)
	return cmd
}

// browse opens a URL in the browser. That there is none is no failure: the URL was printed.
func (a *app) browse(url string) {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if err := browser.OpenURL(url); err != nil {
		fmt.Fprintf(a.Err, "no browser could be opened: %v\n", err)
	}
}
