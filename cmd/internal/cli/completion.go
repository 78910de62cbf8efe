package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const completionHelp = `Prints the script that lets a shell complete commands, flags, regions, profiles, apps,
environments and revisions. To load it in every new shell:

  bash    echo 'source <(berth completion bash)' >> ~/.bashrc
          (the package bash-completion must be installed)
  zsh     berth completion zsh > "${fpath[1]}/_berth"
          (with autoload -U compinit; compinit in ~/.zshrc)
  fish    berth completion fish > ~/.config/fish/completions/berth.fish

Completion asks AWS what is deployed, for at most two seconds, and only when
credentials are available without a prompt.`

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
	f := usage(cmd, fmt.Sprintf("completion for the shell %q is not supported", args[0]))
	f.Remedy = "choose from " + strings.Join(shells, ", ")
	return f
}

// completion makes the verb completion, which is cobra's own, speak like the others. Where nothing is said about
// a word, no file names are offered: they are wrong nearly everywhere.
func completion(root *cobra.Command) {
	root.CompletionOptions.HiddenDefaultCmd = false
	root.CompletionOptions.SetDefaultShellCompDirective(noFiles)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Short, c.Long = "Print the shell completion script", completionHelp
		c.Args = knownShell
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}
