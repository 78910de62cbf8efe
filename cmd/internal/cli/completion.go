package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const completionHelp = `Prints the script that lets a shell complete verbs, flags, regions, profiles, apps,
environments and revisions. To have it in every new shell:

  bash    echo 'source <(berth completion bash)' >> ~/.bashrc
          (the package bash-completion must be installed)
  zsh     berth completion zsh > "${fpath[1]}/_berth"
          (with autoload -U compinit; compinit in ~/.zshrc)
  fish    berth completion fish > ~/.config/fish/completions/berth.fish

Completing asks AWS for what is deployed, two seconds at most, and only where
credentials can be had without a question.`

// knownShell refuses a shell that there is no script for. Without it such a shell would be given the help for a
// script, and no error.
func knownShell(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var shells []string
	for _, c := range cmd.Commands() {
		shells = append(shells, c.Name())
	}
	f := usage(cmd, fmt.Sprintf("there is no completion for the shell %q", args[0]))
	f.Remedy = "there is one for " + strings.Join(shells, ", ")
	return f
}

// completion makes the verb completion, which is cobra's own, speak like the others. Where nothing is said about
// a word, no file names are offered: they are wrong nearly everywhere.
func completion(root *cobra.Command) {
	root.CompletionOptions.HiddenDefaultCmd = false
	root.CompletionOptions.SetDefaultShellCompDirective(noFiles)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Short, c.Long = "Print the script that lets a shell complete berth's words", completionHelp
		c.Args = knownShell
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}
