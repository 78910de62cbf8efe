package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/interview"
	"berth/engine/project"
	"berth/engine/spec"
)

// written is what init --json answers.
type written struct {
	File string `json:"file"`
}

func (a *app) initCommand() *cobra.Command {
	var flags said
	var schema bool
	cmd := &cobra.Command{
		Use: "init", Short: "Write a berth.toml with every key explained", Args: noArgs,
		Long: "Writes a berth.toml with what was found in the source tree and given as flags, and every other key as a comment that\n" +
			"explains it. An existing file is left alone. It makes no AWS calls.",
		Example: "  berth init\n  berth init --region eu-west-2 --app shop\n  berth init --schema > berth.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if schema {
				return report.JSON(a.Out, spec.Schema())
			}
			return a.init(cmd, flags)
		},
	}
	a.register(&flags, cmd)
	cmd.Flags().BoolVar(&schema, "schema", false, "print a JSON Schema of berth.toml instead, for editors")
	return cmd
}

// notTaken are comments on what the files of other platforms say and no key has.
func notTaken(f *project.Findings) string {
	var b strings.Builder
	for _, x := range f.Imports {
		if x.Lost() {
			fmt.Fprintf(&b, "# %s: %s: %s\n", x.Place(), x.Text, x.Value)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n# What other platforms' files say that no key above covers:\n" + b.String()
}

func (a *app) init(cmd *cobra.Command, flags said) error {
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if spec.Exists(dir) {
		return &fail.Error{
			Class: fail.Refused, Cause: "there is a " + spec.FileName + " already", Remedy: "edit it, or move it away to get a new one",
		}
	}
	d, err := interview.Read(cmd.Context(), interview.Sources{ // no region is asked for: it is left open
		Dir: dir, Env: a.flags.env, Builds: engine.Builds, Problems: engine.Problems, Inspect: toLook,
		Override: func(s *spec.Spec) error { return a.override(s, flags) },
	})
	if err != nil {
		return err
	}
	s := d.Spec
	text := s.Commented(func(key string) bool { return engine.Builds(s, key) })
	text = append(text, notTaken(d.Findings)...)
	if err := s.Create(text); err != nil {
		return err
	}
	name := filepath.Join(a.flags.dir, spec.FileName)
	for _, p := range engine.Problems(s, regions()...) {
		fmt.Fprintf(a.Err, "still to fill in: %s\n", p)
	}
	return a.answer(written{name}, func(w io.Writer) { fmt.Fprintln(w, name) })
}
