package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/clock"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/tui"
)

// change carries out a verb that changes AWS: on the screens, or with a question and as lines. The request is of the
// task's app; what rollout flags say is added.
func (a *app) change(ctx context.Context, t tui.Task, roll rollout, r engine.Request, question string) error {
	return a.with(t.Spec.Region, func(eng *account) error {
		if a.draws() && roll.summary == "" {
			return a.perform(ctx, eng, t, roll)
		}
		r.Spec, r.SkipVerify, r.SkipPreflight, r.RolloutTimeout = t.Spec, roll.skipVerify, roll.unchecked, roll.timeout
		_, err := a.carryOut(ctx, eng, r, question, roll)
		return err
	})
}

// carryOut plans, asks where that is wanted, and follows the run. The run gets a context of its own, because
// the first signal must not cut the calls in flight; the stopper stops it. The plan is returned.
func (a *app) carryOut(ctx context.Context, eng *account, r engine.Request, question string, roll rollout) (*engine.Plan, error) {
	p, err := eng.Plan(ctx, r)
	if err != nil {
		_ = summarize(roll.summary, func(w io.Writer) { report.FailureMarkdown(w, err) }) // which matters more than a file
		return nil, err
	}
	if !a.flags.json && !a.flags.quiet {
		report.Unsettled(a.Err, p, roll.open, a.again)
	}
	p.Beside = roll.beside
	if f := p.Unmoved(); f != nil {
		return p, f
	}
	if !a.flags.yes && p.Changed() {
		report.Plan(a.Err, p)
		if err := a.cleared(ctx, eng, p); err != nil {
			return nil, err
		}
		if err := a.settle(ctx, p); err != nil {
			return nil, err
		}
		question, word := question, "yes"
		if lost, _ := p.Data(); len(lost) > 0 {
			question = fmt.Sprintf("This deletes %s. Type %s to confirm:", strings.Join(lost, ", "), p.App)
			word = p.App
		}
		if err := a.confirm(ctx, question, word); err != nil {
			return nil, err
		}
	}
	if f := p.Unsaid(); f != nil {
		return p, f
	}
	return p, a.apply(ctx, eng, p, roll.summary)
}

// apply carries a plan out and, where the app moves, removes it from where it was once the new one was verified.
func (a *app) apply(ctx context.Context, eng *account, p *engine.Plan, summary string) error {
	started := eng.Apply(context.WithoutCancel(ctx), p)
	err := a.follow(ctx, eng, started)
	if res, unended := started.Wait(context.WithoutCancel(ctx)); unended == nil {
		err = cmp.Or(err, summarize(summary, func(w io.Writer) { report.SummaryMarkdown(w, p, res) }))
	}
	if err != nil || p.Beside != engine.Move {
		return err
	}
	for _, e := range p.Elsewhere {
		if err := a.leave(ctx, eng, e); err != nil {
			return err
		}
	}
	return nil
}

// summarize adds what write writes to the file of that name, after what is in it; no name is none.
func summarize(name string, write func(io.Writer)) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	write(f)
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// leave removes an app from where it was. Data of people is not deleted on the way.
func (a *app) leave(ctx context.Context, eng *account, e engine.Elsewhere) error {
	p, err := e.Leave(ctx)
	if err != nil {
		return err
	}
	if lost, _ := p.Data(); len(lost) > 0 {
		return e.Stays(lost)
	}
	if err := a.follow(ctx, eng, eng.Apply(context.WithoutCancel(ctx), p)); err != nil {
		return err
	}
	for _, todo := range e.Then {
		fmt.Fprintln(a.Err, "To do: "+a.again.In(todo))
	}
	return nil
}

// settle asks what becomes of the same app elsewhere, unless the flags said it.
func (a *app) settle(ctx context.Context, p *engine.Plan) error {
	if p.Unsaid() == nil {
		return nil
	}
	choices := "Type both to keep it, else nothing is done:"
	if p.Movable() {
		choices = "Type move to remove it once the new one was verified, both to keep it, else nothing is done:"
	}
	said, err := a.answered(ctx, choices)
	if err != nil {
		return err
	}
	if !p.Choose(said) {
		return unconfirmed()
	}
	return nil
}

// ci says whether a build service runs us: then nobody looks, and nobody answers.
func ci() bool { return os.Getenv("CI") != "" && os.Getenv("CI") != "false" }

// asks says whether a question may be asked.
func (a *app) asks() bool { return a.unasked() == "" }

// unasked says why no question may be asked, empty when one may. A terminal that cannot draw is good enough for questions
// line by line, when those are wanted.
func (a *app) unasked() string {
	switch {
	case !a.Terminal:
		return "there is no terminal to ask on"
	case ci():
		return "CI is set, so no question is asked"
	case a.flags.json:
		return "--json asks nothing"
	case a.flags.quiet:
		return "--quiet asks nothing"
	case os.Getenv("TERM") == "dumb" && !a.accessible():
		return "TERM=dumb cannot show screens"
	}
	return ""
}

// draws says whether questions and runs are shown on screens, rather than line by line.
func (a *app) draws() bool { return a.asks() && !a.accessible() && !a.flags.plain }

// converses says whether questions are asked line by line.
func (a *app) converses() bool { return a.asks() && a.accessible() }

// follow shows a run until it ends, and returns its failure, which has been told then. The first signal stops
// the run softly, the second cancels it. A pipe whose reader has ended does not stop it; when that is why the
// answer could not be given, that is the failure.
func (a *app) follow(ctx context.Context, eng *account, r *engine.Run) error {
	a.stop.during(r)
	defer a.stop.during(nil)
	// The last events are shown even when ctx has ended: they say what is left behind.
	ctx = context.WithoutCancel(ctx)
	signal.Ignore(syscall.SIGPIPE) // it would kill the process in the middle of a call
	unsaid := a.show(ctx, eng.Clock(), eng.Simulated(), r.Events())
	res, err := r.Wait(ctx)
	if err != nil {
		return err
	}
	if res.Err == nil {
		return unsaid
	}
	a.told = true
	return res.Err
}

// show hands the events of a run to the frontend without screens that the flags ask for.
func (a *app) show(ctx context.Context, clk clock.Clock, simulated string, events *event.Reader) error {
	switch {
	case a.flags.json && ci(): // which ends jobs that are silent
		return report.Lines{Out: a.Out, Err: a.Err, Clock: clk, Every: max(2*time.Second, clk.Wall(30*time.Second))}.NDJSON(ctx, events)
	case a.flags.json:
		return report.NDJSON(ctx, events, a.Out)
	case a.flags.quiet:
		return report.Quiet(ctx, events, a.Out, a.Err)
	}
	every := 15 * time.Second
	if ci() {
		every = 30 * time.Second
	}
	if simulated != "" {
		fmt.Fprintln(a.Err, simulated)
	}
	every = max(2*time.Second, clk.Wall(every)) // a simulated account's hours pass in minutes
	return report.Lines{Out: a.Out, Err: a.Err, Clock: clk, Every: every}.Follow(ctx, events)
}

// mayChange refuses a command that changes something when nobody has agreed and nobody can be asked. Who can be is asked
// for a profile where there are no credentials.
func (a *app) mayChange(cmd *cobra.Command, args []string) error {
	if a.flags.yes || a.asks() {
		return a.pickProfile(cmd.Context())
	}
	verb := strings.Join(append([]string{cmd.CommandPath()}, args...), " ")
	words := slices.Concat([]string{cmd.CommandPath()}, args, a.again.Own, a.again.Same)
	remedy := "add --yes: " + strings.Join(append(words, "--yes"), " ")
	if look := looks(cmd, args); look != "" {
		remedy = fmt.Sprintf("see what it would do with %s, then %s", look, remedy)
	}
	return &fail.Error{
		Class: fail.Usage, Cause: fmt.Sprintf("%s changes an AWS account, and %s", verb, a.unasked()), Remedy: remedy,
	}
}

// looks is the command that shows what a command would do, empty when none does. It is given what it knows of the flags.
func looks(cmd *cobra.Command, args []string) string {
	show, ok := map[string]string{
		"deploy": "", "destroy": " --destroy", "rollback": " --rollback " + cmp.Or(strings.Join(args, " "), engine.Previous), "restart": " --restart",
	}[cmd.Name()]
	if !ok {
		return ""
	}
	plan, _, err := cmd.Root().Find([]string{"plan"})
	if err != nil {
		return ""
	}
	telling := []string{"yes", "json", "plain", "quiet", "no-color", "accessible", "debug"}
	knows := func(name string) bool {
		known := plan.Flags().Lookup(name) != nil || plan.InheritedFlags().Lookup(name) != nil
		return known && !slices.Contains(telling, name)
	}
	return strings.Join(append([]string{"berth plan" + show}, own(cmd, knows)...), " ")
}

// confirm asks a question that only the word agrees to; y will do for yes.
func (a *app) confirm(ctx context.Context, question, word string) error {
	if word == "yes" {
		question += " [y/N]"
	}
	line, err := a.answered(ctx, question)
	if err != nil {
		return err
	}
	if line == word || word == "yes" && (strings.EqualFold(line, "y") || strings.EqualFold(line, "yes")) {
		return nil
	}
	return unconfirmed()
}

// unconfirmed is what ends a verb that nobody agreed to.
func unconfirmed() error {
	return &fail.Error{Class: fail.Stopped, Cause: "not confirmed, so nothing was changed"}
}

// answered asks a question and returns the line that is typed.
func (a *app) answered(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.Err, question+" ")
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(a.In).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return "", ctx.Err()
	case line := <-answer:
		return line, nil
	}
}
