package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"berth/engine/agent"
)

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
	v := version{Version: agent.Version(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
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
		Use: "version", Short: "Print the version", Args: noArgs,
		Example: "  berth version\n  berth --version",
		RunE:    func(*cobra.Command, []string) error { return a.version() },
	}
}

func (a *app) version() error {
	v := thisVersion()
	return a.answer(v, func(w io.Writer) {
		fmt.Fprintf(w, "berth %s", v.Version)
		if v.Commit != "" {
			fmt.Fprintf(w, " (%.12s)", v.Commit)
		}
		fmt.Fprintf(w, ", %s, %s/%s\n", v.Go, v.OS, v.Arch)
	})
}
