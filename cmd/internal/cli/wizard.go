package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"berth/engine"
	"berth/engine/fail"
	"berth/engine/spec"
	"berth/tui"
)

// wizard is berth without a verb: the questions, or the redeploy screen of an app that is deployed.
func (a *app) wizard(ctx context.Context, flags said, roll rollout) error {
	if !a.screens() {
		return &fail.Error{
			Class: fail.Usage, Cause: "berth without a verb asks questions, and there is no terminal to ask on",
			Remedy: "berth deploy --yes goes to the end without a question; berth --help lists all verbs",
		}
	}
	return a.with(a.flags.region, func(eng *account) error {
		_, err := a.openScreens(ctx, eng, flags, roll, nil)
		return err
	})
}

// openScreens hands the terminal to the screens and says afterwards what they leave to say. A demo gives its
// tour; then another says that the user wants another story of it.
func (a *app) openScreens(ctx context.Context, eng *account, flags said, roll rollout, tour *tui.Tour) (another bool, err error) {
	dir, err := a.dir()
	if err != nil {
		return false, err
	}
	// A broken berth.toml is told before a screen is drawn.
	if _, err := spec.Load(dir); err != nil {
		return false, err
	}
	region, from, err := a.region(ctx)
	if err != nil && fail.From(err).Class != fail.Usage { // nobody says: then the screens ask
		return false, err
	}
	deps := tui.Deps{
		Engine: eng.Engine, Dir: dir, Env: a.flags.env, Today: time.Now(),
		Region: region, RegionFrom: from,
		Override:   func(s *spec.Spec) error { return a.override(s, flags) },
		SkipVerify: roll.skipVerify, RolloutTimeout: roll.timeout,
		NoColor: a.flags.noColor || os.Getenv("NO_COLOR") != "",
		ASCII:   !utf8Locale(),
		Tour:    tour,
	}
	if a.accessible() {
		return false, a.converse(ctx, eng, deps)
	}
	return a.draw(ctx, deps)
}

// draw runs the screens.
func (a *app) draw(ctx context.Context, deps tui.Deps) (another bool, err error) {
	if a.flags.debug != "" {
		log, err := os.OpenFile(a.flags.debug, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return false, &fail.Error{
				Class: fail.Usage, Cause: "the debug file cannot be written", Evidence: err.Error(),
				Remedy: "name another file with --debug", Err: err,
			}
		}
		defer func() { _ = log.Close() }() // what is lost of it is no reason to fail
		deps.Debug = log
	}
	res, err := tui.Run(ctx, deps)
	if res.Text != "" {
		fmt.Fprintln(a.Out, res.Text)
	}
	if err != nil {
		return false, err
	}
	if res.Err != nil {
		a.told = true
		return false, res.Err
	}
	return res.Another, nil
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
		p, err := tui.Ask(ctx, d, a.In, a.Out)
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
		return a.follow(ctx, eng, eng.Apply(context.WithoutCancel(ctx), got.plan))
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
