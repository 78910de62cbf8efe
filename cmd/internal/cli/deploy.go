package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/event"
	"berth/tui"
)

func (a *app) planCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what deploy would do and what it costs; changes nothing", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				p, err := eng.Plan(cmd.Context(), engine.Request{Spec: s})
				if err != nil {
					return err
				}
				return a.answer(p, func(w io.Writer) { report.Plan(w, p) })
			})
		},
	}
	flags.register(cmd.Flags())
	return cmd
}

func (a *app) deployCommand() *cobra.Command {
	var flags said
	var roll rollout
	cmd := &cobra.Command{
		Use: "deploy", Short: "Build, ship and run the app, up to a verified https:// URL", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange("deploy"); err != nil {
				return err
			}
			s, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				if a.draws() {
					return a.perform(cmd.Context(), eng, tui.Task{Verb: "deploy", Spec: s}, roll)
				}
				return a.carryOut(cmd.Context(), eng, engine.Request{
					Spec: s, SkipVerify: roll.skipVerify, RolloutTimeout: roll.timeout,
				}, "Deploy this?")
			})
		},
	}
	flags.register(cmd.Flags())
	roll.register(cmd.Flags())
	return cmd
}

func (a *app) destroyCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "destroy", Short: "Remove everything that deploy made for the app", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.mayChange("destroy"); err != nil {
				return err
			}
			s, err := a.named(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(s.Region, func(eng *account) error {
				if a.draws() {
					return a.perform(cmd.Context(), eng, tui.Task{Verb: "destroy", Spec: s}, rollout{})
				}
				return a.carryOut(cmd.Context(), eng, engine.Request{Spec: s, Destroy: true}, "Delete all of this?")
			})
		},
	}
	flags.registerApp(cmd.Flags())
	return cmd
}

// with opens the engine for f and lets go of it afterwards. A simulated account that cannot be saved is a
// failure unless f has failed already.
func (a *app) with(region string, f func(*account) error) error {
	eng, err := a.open(region)
	if err != nil {
		return err
	}
	err = f(eng)
	if closing := eng.close(); err == nil && closing != nil {
		return fmt.Errorf("save the simulated account: %w", closing)
	}
	return err
}

// carryOut plans, asks where that is wanted, and follows the run. The run gets a context of its own, because
// the first signal must not cut the calls in flight; the stopper stops it.
func (a *app) carryOut(ctx context.Context, eng *account, r engine.Request, question string) error {
	p, err := eng.Plan(ctx, r)
	if err != nil {
		return err
	}
	if !a.flags.yes && changes(p) {
		report.Plan(a.Err, p)
		if err := a.cleared(ctx, eng, p); err != nil {
			return err
		}
		if err := a.confirm(ctx, question); err != nil {
			return err
		}
	}
	return a.follow(ctx, eng, eng.Apply(context.WithoutCancel(ctx), p))
}

// changes says whether a plan does anything.
func changes(p *engine.Plan) bool {
	for _, c := range p.Changes {
		if c.Action != event.None {
			return true
		}
	}
	return false
}
