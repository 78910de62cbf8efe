package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
)

// execFlags are the flags of exec.
type execFlags struct {
	task string
	list bool
}

func (a *app) execCommand() *cobra.Command {
	var flags said
	var own execFlags
	cmd := &cobra.Command{
		Use: "exec [PROCESS] [-- COMMAND...]", Short: "Open a shell in a running task",
		Example: "  berth exec\n  berth exec worker\n  berth exec -- bin/rails console\n  berth exec --task 0f9c -- ps aux",
		Long: "Opens a shell, or runs COMMAND, in a running task with ECS Exec. It needs service.exec = true in berth.toml and\n" +
			"Amazon's session-manager-plugin on this machine. With several tasks it takes the newest, or asks on a\n" +
			"terminal; --list lists them. Ctrl-C and the terminal size go to the shell, and berth exits with its exit code.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := execOf(cmd, args)
			if err != nil {
				return err
			}
			if in.Task = own.task; a.flags.json && !own.list {
				return usage(cmd, "a session cannot be JSON: leave out --json, or use --list")
			}
			return a.watching(cmd.Context(), flags, func(w *engine.Watch) error {
				if own.list {
					tasks, err := w.Tasks(cmd.Context())
					if err != nil {
						return err
					}
					return a.answer(map[string]any{"tasks": tasks}, func(out io.Writer) { listTasks(out, tasks, false) })
				}
				return a.attach(cmd.Context(), w, in, false)
			})
		},
	}
	cmd.Flags().StringVar(&own.task, "task", "", "the task whose ID begins with this")
	cmd.Flags().BoolVar(&own.list, "list", false, "list the running tasks and open nothing")
	takes(cmd, "task", "ID", nil)
	a.registerApp(&flags, cmd)
	return cmd
}

// execOf reads where to go: a process, a command behind --, both or neither.
func execOf(cmd *cobra.Command, args []string) (engine.Exec, error) {
	names, command := aroundDash(cmd, args)
	in := engine.Exec{Command: command}
	if len(names) > 1 {
		return in, usage(cmd, "put the command after --, such as berth exec -- "+strings.Join(args, " "))
	}
	if len(names) == 1 && !spec.OwnProcess(names[0]) {
		in.Process = names[0]
	}
	return in, nil
}

// attach gives the terminal to a command in a task, of any process where that is wanted, and keeps its exit code.
func (a *app) attach(ctx context.Context, w *engine.Watch, in engine.Exec, anyProcess bool) error {
	if in.Task == "" && a.asks() {
		var err error
		if in.Task, err = a.chooseTask(ctx, w, func(t engine.Task) bool { return anyProcess || t.Process == in.Process }); err != nil {
			return err
		}
	}
	in.Doing = a.taskIs
	exit, err := w.Attach(ctx, in, engine.Streams{In: a.In, Out: a.Out, Err: a.Err})
	if err != nil {
		return err
	}
	a.code = exit
	return nil
}

// taskIs says what becomes of the task that is waited for.
func (a *app) taskIs(text string) {
	if !a.flags.quiet {
		fmt.Fprintf(a.Err, "The task is %s.\n", text)
	}
}

// chooseTask asks which task is meant where several fit. The empty id leaves it to the engine.
func (a *app) chooseTask(ctx context.Context, w *engine.Watch, fits func(engine.Task) bool) (string, error) {
	tasks, err := w.Tasks(ctx)
	if err != nil {
		return "", err
	}
	var fit []engine.Task
	for _, t := range tasks {
		if fits(t) && t.Reachable {
			fit = append(fit, t)
		}
	}
	if len(fit) < 2 {
		return "", nil
	}
	listTasks(a.Err, fit, true)
	fmt.Fprint(a.Err, "Which one? [1] ")
	line, err := typed(ctx, a.In)
	if err != nil {
		return "", err
	}
	n := 1
	if line != "" {
		if n, err = strconv.Atoi(line); err != nil || n < 1 || n > len(fit) {
			return "", fail.Usagef("there is no task %q: enter a number from 1 to %d", line, len(fit))
		}
	}
	return fit[n-1].ID, nil
}

// typed reads a line and nothing behind it: what follows belongs to the shell.
func typed(ctx context.Context, in io.Reader) (string, error) {
	said := make(chan string, 1)
	go func() { // a read from a terminal cannot be taken back
		var line []byte
		for one := make([]byte, 1); ; {
			n, err := in.Read(one)
			if n == 1 && one[0] != '\n' {
				line = append(line, one[0])
			}
			if err != nil || n == 1 && one[0] == '\n' {
				said <- strings.TrimSpace(string(line))
				return
			}
		}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case line := <-said:
		return line, nil
	}
}

// listTasks lists tasks, with numbers to choose by where that is wanted.
func listTasks(out io.Writer, tasks []engine.Task, numbers bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, t := range tasks {
		if numbers {
			fmt.Fprintf(w, "%d\t", i+1)
		}
		process, since := t.Process, "coming up"
		if process == "" {
			process = "app"
		}
		if !t.Started.IsZero() {
			since = "since " + t.Started.Local().Format("2006-01-02 15:04")
		}
		way := ""
		if !t.Reachable {
			way = "no way in"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", process, t.ID, t.Revision, t.State, since, way)
	}
	_ = w.Flush() // as any line for people
}

// simulatedSession is what berth starts instead of Amazon's plugin for a simulated account.
const simulatedSession = "sim-session"

// plugin is the command that stands in for Amazon's plugin on a simulated account.
func plugin() []string {
	if self, err := os.Executable(); err == nil {
		return []string{self, simulatedSession}
	}
	return nil
}
