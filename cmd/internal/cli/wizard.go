package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"berth/engine"
	"berth/engine/clock"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui"
)

// wizard is berth without a verb: the questions, or the redeploy screen of an app that is deployed.
func (a *app) wizard(ctx context.Context, flags said, roll rollout) error {
	run, end := a.live(ctx, flags)
	defer end()
	if run != nil && !a.draws() {
		return a.listen(ctx, run)
	}
	if !a.draws() && !a.converses() {
		return a.speechless()
	}
	var then tui.Onward
	if run != nil {
		var err error
		if then, err = a.watch(ctx, run); err != nil || then == nil {
			return err
		}
		flags.take(run.Given)
		a.flags.region = cmp.Or(a.flags.region, run.Region)
	}
	if err := a.pickProfile(ctx); err != nil {
		return err
	}
	return a.with(a.flags.region, func(eng *account) error {
		_, err := a.openScreens(ctx, eng, flags, roll, nil, then)
		return err
	})
}

// speechless refuses to be the wizard where no question may be asked, or no screen may be drawn.
func (a *app) speechless() error {
	why, remedy := a.unasked(), "berth deploy --yes runs to the end without a question; berth --help lists all commands"
	if why == "" {
		why = "--plain draws no screens"
	}
	if a.Terminal && !ci() && !a.flags.json && !a.flags.quiet {
		remedy = "berth --accessible asks the same line by line; " + remedy
	}
	return &fail.Error{Class: fail.Usage, Cause: "berth without a command asks questions, and " + why, Remedy: remedy}
}

// openScreens hands the terminal to the screens and says afterwards what they leave to say. A demo gives its
// tour; then another says that the user wants another story of it. Then is where to begin.
func (a *app) openScreens(ctx context.Context, eng *account, flags said, roll rollout, tour *tui.Tour, then tui.Onward) (another bool, err error) {
	dir, err := a.dir()
	if err != nil {
		return false, err
	}
	// A broken berth.toml is told before a screen is drawn.
	if _, err := spec.Load(dir, a.flags.env); err != nil {
		return false, err
	}
	region, from, err := a.region(ctx)
	if err != nil && fail.From(err).Class != fail.Usage { // nobody says: then the screens ask
		return false, err
	}
	deps := a.deps(dir, roll)
	deps.Engine, deps.Region, deps.RegionFrom, deps.Tour, deps.Then = eng.Engine, region, from, tour, then
	deps.Override = func(s *spec.Spec) error { return a.override(s, flags) }
	if a.accessible() {
		return false, a.converse(ctx, eng, deps)
	}
	if err := a.lend(ctx, eng); err != nil {
		return false, err
	}
	for {
		res, err := a.draw(deps, func(d tui.Deps) (tui.Result, error) { return tui.Run(ctx, d) })
		if err != nil || res.Shell == nil {
			return res.Another, err
		}
		if err := a.aside(ctx, eng, res.Shell); err != nil {
			return false, err
		}
		deps.Then = tui.Overview()
	}
}

// aside is a shell that the screens were left for. What goes wrong is told until a key has been pressed.
func (a *app) aside(ctx context.Context, eng *account, s *spec.Spec) error {
	w, err := eng.Watch(ctx, s)
	if err == nil {
		err = a.attach(ctx, w, engine.Exec{}, true)
	}
	a.code = 0 // it is the shell's
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	a.problem(err)
	fmt.Fprint(a.Err, "Press Enter to go back.")
	_, err = typed(ctx, a.In)
	return err
}

// deps is what all screens of the app in dir are given.
func (a *app) deps(dir string, roll rollout) tui.Deps {
	return tui.Deps{
		Flags: a.again,
		Dir:   dir, Env: a.flags.env, Today: time.Now(),
		SkipVerify: roll.skipVerify, SkipPreflight: roll.unchecked, RolloutTimeout: roll.timeout, NoRehearsal: roll.noRehearsal, Rebuild: roll.rebuild, RotateOrigin: roll.rotate,
		NoColor: a.flags.noColor || os.Getenv("NO_COLOR") != "",
		ASCII:   !utf8Locale(),
	}
}

// draw lets show have the terminal and says afterwards what is left to say.
func (a *app) draw(deps tui.Deps, show func(tui.Deps) (tui.Result, error)) (tui.Result, error) {
	deps.Debug = a.log
	res, err := show(deps)
	if res.Text != "" {
		fmt.Fprintln(a.page(), res.Text)
	}
	if err != nil {
		return res, err
	}
	if res.Err != nil {
		a.told = true
		return res, res.Err
	}
	return res, nil
}

// openLog opens the file that --debug names.
func (a *app) openLog() error {
	if a.flags.debug == "" {
		return nil
	}
	log, err := os.OpenFile(a.flags.debug, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return &fail.Error{
			Class: fail.Usage, Cause: "the debug file cannot be written", Evidence: err.Error(),
			Remedy: "name another file with --debug", Err: err,
		}
	}
	a.log = log
	return nil
}

// live is the run that another terminal does just now for the app of this folder, nil when there is none, or when
// the flags name another app or region. No account is opened for it: a simulated one belongs to the other process.
// end ends the watching.
func (a *app) live(ctx context.Context, flags said) (run *engine.Attached, end func()) {
	ctx, end = context.WithCancel(ctx)
	dir, err := a.dir()
	if err != nil {
		return nil, end // told by whoever needs the folder
	}
	run = engine.Live(ctx, runsFolder(), dir, a.flags.env, a.flags.simulate)
	if run != nil && (run.App != cmp.Or(flags.app, run.App) || run.Region != cmp.Or(a.flags.region, run.Region)) {
		return nil, end
	}
	return run, end
}

// listen tells the run of another terminal line by line, or as events, until it has ended or the user leaves.
func (a *app) listen(ctx context.Context, run *engine.Attached) error {
	if !a.flags.json && !a.flags.quiet {
		fmt.Fprintf(a.Err, "Watching the %s in another terminal (process %d). Ctrl-C leaves; the run continues.\n", run.Noun(), run.PID)
	}
	if err := a.show(ctx, clock.At(run.Now(), run.Speed), run.Simulated, run.Events()); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was left, and goes on
		}
		return err
	}
	if end := run.End(); end != nil {
		a.told = true
		return end
	}
	return nil
}

// watch shows the run of another terminal and says where the user wants to go on to.
func (a *app) watch(ctx context.Context, run *engine.Attached) (tui.Onward, error) {
	res, err := a.draw(a.deps(run.Dir, rollout{}), func(d tui.Deps) (tui.Result, error) { return tui.Attach(ctx, d, run) })
	return res.Onward, err
}

// perform carries a verb out on the screens: what would change, the run, how it ended.
func (a *app) perform(ctx context.Context, eng *account, t tui.Task, roll rollout) error {
	deps := a.deps(t.Spec.Dir, roll)
	t.Yes = a.flags.yes
	deps.Engine, deps.Task = eng.Engine, &t
	if err := a.lend(ctx, eng); err != nil {
		return err
	}
	_, err := a.draw(deps, func(d tui.Deps) (tui.Result, error) { return tui.Run(ctx, d) })
	return err
}

// accessible says whether to ask line by line, for screen readers and terminals that cannot draw.
func (a *app) accessible() bool {
	v := os.Getenv("ACCESSIBLE")
	return a.flags.accessible || v != "" && v != "0" && v != "false"
}

// converse is the wizard line by line, and then the run that was confirmed, as plain lines.
func (a *app) converse(ctx context.Context, eng *account, d tui.Deps) error {
	type answer struct {
		plan *engine.Plan
		err  error
	}
	said := make(chan answer, 1)
	go func() { // a read from a terminal cannot be taken back
		p, err := tui.Ask(ctx, d, a.In, a.page())
		said <- answer{p, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.Out)
		return ctx.Err()
	case got := <-said:
		if got.err != nil || got.plan == nil {
			return got.err
		}
		return a.apply(ctx, eng, got.plan, "")
	}
}

// utf8Locale says whether the terminal is set up for more than ASCII.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
