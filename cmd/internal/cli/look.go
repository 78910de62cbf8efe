package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine/project"
)

func (a *app) statusCommand() *cobra.Command {
	var flags said
	var orphans bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show what runs, since when, and where it is reached", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if orphans {
				return a.orphans(cmd, flags)
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				st, err := eng.Status(cmd.Context(), s)
				if err != nil {
					return err
				}
				return a.answer(st, func(w io.Writer) { report.Status(w, st, eng.Clock().Now()) })
			})
		},
	}
	flags.registerApp(cmd.Flags())
	cmd.Flags().BoolVar(&orphans, "orphans", false, "show what earlier runs of any app left over in the region, and what it costs")
	return cmd
}

func (a *app) inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "inspect", Short: "Show what the source tree tells, and what it means", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.dir()
			if err != nil {
				return err
			}
			found, err := project.Inspect(cmd.Context(), dir)
			if found == nil {
				return err
			}
			// What was found is told even when the Dockerfile is missing or broken; the error comes with it.
			if err := a.answer(found, func(w io.Writer) { report.Findings(w, found) }); err != nil {
				return err
			}
			if err != nil {
				report.Problem(a.Err, err)
				a.told = true
			}
			return err
		},
	}
}

// version is what version --json says.
type version struct {
	Version string `json:"version"` // of the module, "devel" for a build from a working tree
	Commit  string `json:"commit"`  // empty when the build does not know it
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// thisVersion is what this program was built from.
func thisVersion() version {
	v := version{Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if m := info.Main.Version; m != "" && m != "(devel)" {
			v.Version = m
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which berth this is", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := thisVersion()
			return a.answer(v, func(w io.Writer) {
				fmt.Fprintf(w, "berth %s", v.Version)
				if v.Commit != "" {
					fmt.Fprintf(w, " (%.12s)", v.Commit)
				}
				fmt.Fprintf(w, ", %s, %s/%s\n", v.Go, v.OS, v.Arch)
			})
		},
	}
}
