package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"berth/engine"
	"berth/engine/spec"
)

func (a *app) runCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "run [PROCESS] [-- COMMAND...]", Short: "Run a one-off command in a task of its own",
		Example: "  berth run -- bin/rails db:seed\n  berth run nightly\n  berth run worker --env staging -- sh -c 'env | sort'",
		Long: "Runs a command once in a task of its own, with the image, environment, secrets and network of what runs now.\n" +
			"Its output is printed as it comes, and berth exits with its exit code. Ctrl-C stops the task. With a PROCESS of\n" +
			"berth.toml it runs that process's command, such as a scheduled one, or the given command with that process's size.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			once, err := onceOf(cmd, args)
			if err != nil {
				return err
			}
			return a.watching(cmd.Context(), flags, func(w *engine.Watch) error {
				once.Each, once.Doing = a.output, a.doing()
				exit, err := w.Run(cmd.Context(), once)
				if err != nil {
					return err
				}
				a.code = exit
				if a.flags.json {
					return json.NewEncoder(a.Out).Encode(map[string]int{"exit_code": exit})
				}
				if exit != 0 && !a.flags.quiet {
					fmt.Fprintf(a.Err, "The command ended with exit code %d.\n", exit)
				}
				return nil
			})
		},
	}
	a.registerApp(&flags, cmd)
	return cmd
}

// onceOf reads what to run: a process, a command behind --, or both.
func onceOf(cmd *cobra.Command, args []string) (engine.Once, error) {
	names, command := aroundDash(cmd, args)
	once := engine.Once{Command: command}
	switch {
	case len(names) > 1:
		return once, usage(cmd, "put the command after --, such as berth run -- "+args[0])
	case len(names) == 1 && !spec.OwnProcess(names[0]):
		once.Process = names[0]
	case len(command) == 0:
		return once, usage(cmd, "say what to run: a process of berth.toml, or a command after --")
	}
	return once, nil
}

// aroundDash are the words before -- and the command behind it, which is nil when there is no --.
func aroundDash(cmd *cobra.Command, args []string) (words, command []string) {
	if at := cmd.ArgsLenAtDash(); at >= 0 {
		return args[:at], args[at:]
	}
	return args, nil
}

// output writes lines of a command as they are, or one JSON object per line.
func (a *app) output(lines []string) error {
	w := bufio.NewWriter(a.Out)
	for _, line := range lines {
		if a.flags.json {
			if err := json.NewEncoder(w).Encode(map[string]string{"line": line}); err != nil {
				return err
			}
			continue
		}
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return w.Flush()
}

// doing tells on stderr what goes on until the command runs, each thing once.
func (a *app) doing() func(string) {
	last := ""
	return func(text string) {
		if text == last || a.flags.quiet || a.flags.json {
			return
		}
		if last = text; text != "running" && text != "stopped" {
			fmt.Fprintf(a.Err, "The task is %s.\n", text)
		}
	}
}
