// Package cli is berth's command line: the verbs, their flags, and nothing of what they do. A verb parses its
// flags, calls one function of engine or compare, and hands the answer to a frontend: the screens of tui on a
// terminal, else report's text, NDJSON or silence. Names, flags, JSON keys and exit codes are a contract that
// scripts rely on.
//
// It is also the only place, besides tests, that wires the simulated account to the engine.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/image"
)

// Process is what a process was started with and how it ends.
type Process struct {
	In       io.Reader
	Out      io.Writer // the answer
	Err      io.Writer // the progress, and what went wrong
	Terminal bool      // In and Out are a terminal that a person looks at
	Columns  int       // of the terminal that Err is, zero when it is none
	Signals  <-chan os.Signal
	Exit     func(code int) // ends the process at once, for the third signal
}

// app is one invocation of berth.
type app struct {
	Process
	flags globals
	stop  *stopper
	// terminal is where somebody is asked what the credentials need.
	terminal *cloud.Terminal
	// machine is what builds, and how.
	machine image.Machine
	// again are the flags that name the same app and account in another command, and those of this one.
	again fail.Flags
	log   io.WriteCloser // that --debug names, nil for none
	// told is set when a frontend has told the failure that a verb returns, so that it is not told twice.
	told bool
	// code is the exit code where nothing failed.
	code int
}

// Main runs the command line args (without the program's name) and returns the exit code of the contract.
func Main(ctx context.Context, p Process, args []string) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &app{Process: p, stop: &stopper{cancel: cancel, exit: p.Exit}}
	a.terminal = &cloud.Terminal{Code: a.askCode, Err: p.Err}
	go a.stop.listen(p.Signals)

	root := a.root()
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	err := root.ExecuteContext(ctx)
	if a.log != nil {
		_ = a.log.Close() // what is lost of it is no reason to fail
	}
	if errors.Is(err, context.Canceled) && a.stop.asked() && fail.From(err).Class != fail.Stopped {
		err = &fail.Error{Class: fail.Stopped, Cause: "stopped before anything changed", Err: err}
	}
	if err != nil && !a.told {
		a.problem(err)
	}
	if err == nil {
		return a.code
	}
	return fail.ExitCode(err)
}

// problem tells a failure that no frontend has told: for people on stderr, and with --json on stdout as a
// run that ended, which is what a reader of events waits for.
func (a *app) problem(err error) {
	f := a.again.With(fail.From(err))
	report.Problem(a.Err, f)
	if !a.flags.json {
		return
	}
	outcome := event.Failed
	//exhaustive:enforce
	switch f.Class {
	case fail.Usage, fail.Refused:
		outcome = event.Refused
	case fail.Stopped:
		outcome = event.Stopped
	case fail.RolledBack:
		outcome = event.RolledBack
	case fail.Failed:
	}
	_ = report.Event(a.Out, event.Event{
		Seq: 1, Time: time.Now().UTC(), Type: event.RunFinished, Outcome: outcome, Error: f,
	})
}

// answer writes what a verb answers to stdout: v as JSON with --json, else what text writes.
func (a *app) answer(v any, text func(w io.Writer)) error {
	if a.flags.json {
		return report.JSON(a.Out, v)
	}
	var b strings.Builder
	text(&b)
	_, _ = io.WriteString(a.page(), fail.Flags{Same: a.again.Same}.In(b.String())) // nobody may be there to read it
	return nil
}

// page is stdout for text that people read: in front of a terminal its lines go on at words.
func (a *app) page() io.Writer {
	if a.Terminal && a.Columns > 0 {
		return report.Wrapped(a.Out, a.Columns)
	}
	return a.Out
}

// root is the whole tree of verbs.
func (a *app) root() *cobra.Command {
	var flags said
	var roll rollout
	var which bool
	root := &cobra.Command{
		Use:   "berth",
		Short: "From a Dockerfile to an https:// URL on AWS",
		Long: "berth takes a Dockerfile and gives back a load-balanced https:// URL on AWS.\n" +
			"Without a command it asks what it needs to know; for an app that is already deployed it shows its status.",
		SilenceErrors: true, SilenceUsage: true,
		Args: a.onlyVerbs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if a.Columns > 0 && !a.flags.json {
				a.Err = report.Wrapped(a.Err, a.Columns)
			}
			a.again = again(cmd)
			if err := a.flags.check(cmd); err != nil {
				return err
			}
			return a.openLog()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if which {
				return a.version()
			}
			return a.wizard(cmd.Context(), flags, roll)
		},
		DisableAutoGenTag: true, SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err.Error()) })
	a.registerGlobals(root)
	a.register(&flags, root)
	roll.register(root.Flags())
	root.Flags().BoolVarP(&which, "version", "v", false, "print the version")
	root.AddCommand(a.verbs()...)
	completion(root)
	fitHelp(root)
	return root
}

// verbs are the verbs. Each is a file that holds all there is to it: flags, help, examples, what completes its
// arguments, and what it does; the manual is made of that.
func (a *app) verbs() []*cobra.Command {
	return []*cobra.Command{
		a.demoCommand(),
		a.inspectCommand(),
		a.initCommand(),
		a.compareCommand(),
		a.pricesCommand(),
		a.planCommand(),
		a.deployCommand(),
		a.rehearseCommand(),
		a.statusCommand(),
		a.appsCommand(),
		a.logsCommand(),
		a.runCommand(),
		a.execCommand(),
		a.openCommand(),
		a.secretsCommand(),
		a.databaseCommand(),
		a.destroyCommand(),
		a.rollbackCommand(),
		a.restartCommand(),
		a.doctorCommand(),
		a.policyCommand(),
		a.ciCommand(),
		a.reportCommand(),
		a.versionCommand(),
		a.manCommand(),
		a.simulatedSessionCommand(),
	}
}

// onlyVerbs refuses words that are no verb and says which one may have been meant.
func (a *app) onlyVerbs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	f := usage(cmd, fmt.Sprintf("unknown command %q", args[0]))
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		f.Remedy = "did you mean berth " + strings.Join(near, " or berth ") + "? berth --help lists all commands"
	}
	return f
}

// noArgs is for verbs that take flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(cmd, fmt.Sprintf("%s takes no arguments, but got %q", cmd.CommandPath(), args[0]))
}

// upTo is for verbs that take at most n arguments.
func upTo(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usage(cmd, fmt.Sprintf("%s takes at most %d, but also got %q", cmd.CommandPath(), n, args[n]))
	}
}

// exactly is for verbs that need n arguments.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(cmd, cmd.CommandPath()+" needs more: "+cmd.UseLine())
		}
		return upTo(n)(cmd, args)
	}
}

// usage is a failure of the command line itself.
func usage(cmd *cobra.Command, cause string) *fail.Error {
	return &fail.Error{Class: fail.Usage, Cause: cause, Remedy: "see " + cmd.CommandPath() + " --help"}
}
