package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"berth/engine"
	"berth/tui"
)

func (a *app) rollbackCommand() *cobra.Command {
	var flags said
	var roll rollout
	cmd := &cobra.Command{
		Use: "rollback [REVISION]", Short: "Roll back to the previous version, or to the one with this number",
		Example: "  berth rollback                          # to the version before\n  berth rollback 7",
		Args:    upTo(1), ValidArgsFunction: a.completeRevision,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.mayChange(cmd, args); err != nil {
				return err
			}
			d, err := a.identified(cmd.Context(), flags)
			if err != nil {
				return err
			}
			to := engine.Previous
			if len(args) > 0 {
				to = args[0]
			}
			t := tui.Task{Verb: "rollback", Spec: d.Spec, Findings: d.Findings, Revision: to}
			return a.change(cmd.Context(), t, roll, engine.Request{Rollback: to}, "Go back?")
		},
	}
	a.register(&flags, cmd)
	roll.registerAgain(cmd.Flags())
	return cmd
}

// completeRevision offers the revisions that one can go back to, newest first.
func (a *app) completeRevision(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), lookDeadline)
	defer cancel()
	name, _ := cmd.Flags().GetString("app") // it has the flag
	s, err := a.named(ctx, said{app: name})
	if err != nil {
		return nil, noFiles
	}
	eng, ok := a.glance(s.Region)
	if !ok {
		return nil, noFiles
	}
	list, err := eng.Revisions(ctx, s)
	if err != nil {
		return nil, noFiles
	}
	var out []word
	for _, d := range list {
		_, number, _ := strings.Cut(d.Revision, ":")
		out = append(out, word{number, revisionMeans(d, eng.Clock().Now())})
	}
	return offer(out, typed), noFiles | cobra.ShellCompDirectiveKeepOrder
}

// revisionMeans is age, state and image of a revision.
func revisionMeans(d engine.Deployment, now time.Time) string {
	text := age(now.Sub(d.Started)) + " ago, " + strings.ReplaceAll(d.State, "_", " ")
	if _, digest, ok := strings.Cut(d.Image, "@sha256:"); ok {
		text += ", image " + digest[:min(12, len(digest))]
	} else if d.Image != "" {
		text += ", image " + d.Image
	}
	return text
}

// age is a span of time in its largest unit.
func age(d time.Duration) string {
	for _, u := range []struct {
		name string
		is   time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		switch n := int(d / u.is); {
		case n == 1:
			return "1 " + u.name
		case n > 1:
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return "moments"
}
