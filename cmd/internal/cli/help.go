package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// fitHelp makes the help of every verb fit textWidth columns.
func fitHelp(root *cobra.Command) {
	root.SetUsageFunc(writeUsage)
	for _, c := range commands(root) {
		c.Long = reflow(c.Long, textWidth)
	}
}

// writeUsage writes how a command is called, as cobra does, with flags that fit textWidth columns. It is a
// function because a template of cobra's would more than double the size of the program: text/template looks
// methods up by name, and then the linker keeps every method of every AWS client.
func writeUsage(c *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if c.Runnable() {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s [command]\n", c.CommandPath())
	}
	if c.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\nAvailable Commands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", c.LocalFlags().FlagUsagesWrapped(textWidth))
	}
	if c.HasAvailableInheritedFlags() {
		fmt.Fprintf(&b, "\nGlobal Flags:\n%s", c.InheritedFlags().FlagUsagesWrapped(textWidth))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nUse \"%s [command] --help\" for more information about a command.\n", c.CommandPath())
	}
	_, err := io.WriteString(c.OutOrStderr(), b.String())
	return err
}

// commands are a command and all below it.
func commands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, commands(sub)...)
	}
	return all
}

// reflow breaks the paragraphs of a text anew. Lines that begin with a blank or a heading's # stay as they are.
func reflow(text string, width int) string {
	var out []string
	line := ""
	flush := func() {
		if line != "" {
			out = append(out, line)
		}
		line = ""
	}
	for _, l := range strings.Split(text, "\n") {
		if l == "" || strings.ContainsAny(l[:1], " \t#") {
			flush()
			out = append(out, l)
			continue
		}
		for _, w := range strings.Fields(l) {
			switch {
			case line == "":
				line = w
			case len([]rune(line))+1+len([]rune(w)) > width:
				flush()
				line = w
			default:
				line += " " + w
			}
		}
	}
	flush()
	return strings.Join(out, "\n")
}
