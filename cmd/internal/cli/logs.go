package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
)

// logFlags are the flags of berth logs.
type logFlags struct {
	follow bool
	since  time.Duration
	task   string

	process string
	grep    string
}

func (a *app) logsCommand() *cobra.Command {
	var flags said
	var l logFlags
	cmd := &cobra.Command{
		Use: "logs", Short: "Print the app's log; --follow keeps printing", Args: noArgs,
		Example: "  berth logs --follow\n  berth logs --env staging",
		Long: "Prints the app's log from CloudWatch, oldest line first: time, task and text. Without --since it prints the newest\n" +
			"200 lines of the last day at most. With --follow it continues until Ctrl-C, across new versions.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("since") && l.since <= 0 {
				return usage(cmd, "--since is how far to go back, such as 10m or 24h, not "+l.since.String())
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				if flags.app == "" { // a name that is typed means whoever has it
					if err := eng.Namesake(cmd.Context(), s); err != nil {
						return err
					}
				}
				return a.logs(cmd.Context(), eng, s, l)
			})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	a.registerApp(&flags, cmd)
	f.BoolVarP(&l.follow, "follow", "f", false, "keep printing what the app writes from now on")
	f.DurationVar(&l.since, "since", 0, "how far to go back, such as 10m or 24h (default: the newest 200 lines)")
	f.StringVar(&l.process, "process", "", "only lines of this process; app is the one of [service]")
	f.StringVar(&l.task, "task", "", "only lines of the task with this ID, or whose ID begins with it")
	f.StringVar(&l.grep, "grep", "", "only lines that contain this text, among those since --since")
	return cmd
}

// logs prints the log as the flags want it.
func (a *app) logs(ctx context.Context, eng *account, s *spec.Spec, l logFlags) error {
	w, err := eng.Watch(ctx, s)
	if err != nil {
		return err
	}
	begin := eng.Clock().Now()
	var after time.Time
	if l.since > 0 {
		after = begin.Add(-l.since)
	}
	out := report.Log{Out: a.Out, JSON: a.flags.json, Task: l.task, Text: l.grep}
	if l.process != "" {
		name := l.process
		if spec.OwnProcess(name) {
			name = ""
		}
		out.Process = &name
	}
	if l.follow {
		err := w.FollowLogs(ctx, after, out.Write)
		if errors.Is(err, context.Canceled) && a.stop.asked() {
			a.told = true // that was the way to end it
			return &fail.Error{Class: fail.Stopped, Cause: "stopped", Err: err}
		}
		return err
	}
	if err := all(ctx, w, after, begin, out.Write); err != nil {
		return err
	}
	if out.Lines == 0 && !a.flags.json && !a.flags.quiet {
		fmt.Fprintln(a.Err, l.nothing())
	}
	return nil
}

// all passes on the lines after a time until the present, or the newest ones when that is zero.
func all(ctx context.Context, w *engine.Watch, after, now time.Time, each func([]engine.LogLine) error) error {
	for {
		lines, err := w.Logs(ctx, after)
		if err != nil {
			return err
		}
		if err := each(lines); err != nil {
			return err
		}
		if after.IsZero() || len(lines) == 0 || lines[len(lines)-1].Time.After(now) {
			return nil
		}
		after = lines[len(lines)-1].Time
	}
}

// nothing says that there was no line to print.
func (l logFlags) nothing() string {
	switch {
	case l.task != "" || l.process != "" || l.grep != "":
		return "No line matches; --since goes further back."
	case l.since > 0:
		return "The app wrote nothing in that time."
	default:
		return "The app wrote nothing in the last 24 hours."
	}
}
