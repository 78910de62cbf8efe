package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
	"berth/engine/policy"
)

func (a *app) policyCommand() *cobra.Command {
	var flags said
	cmd := &cobra.Command{
		Use: "policy [deploy|redeploy|destroy]", Short: "Print the least-privilege IAM policy for the app",
		Long: "Prints the least-privilege IAM policy to deploy, redeploy and destroy this app and read its status and log, or to do\n" +
			"one of these. It prints the policy and nothing else, ready for aws iam put-role-policy and the like.",
		Example: "  berth policy > policy.json\n  berth policy redeploy --env staging",
		Args:    oneVerb, ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, noFiles
			}
			return offer(policyVerbs, typed), noFiles | cobra.ShellCompDirectiveKeepOrder
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.settings(cmd.Context(), flags)
			if err != nil {
				return err
			}
			return a.with(d.Spec.Region, func(eng *account) error {
				least, note, err := eng.Policy(cmd.Context(), engine.Request{Spec: d.Spec}, args...)
				if err != nil {
					return err
				}
				if !a.flags.quiet {
					a.policyNotes(least, note)
				}
				return a.answer(least, func(w io.Writer) { _ = report.JSON(w, least) })
			})
		},
	}
	a.register(&flags, cmd)
	return cmd
}

// policyVerbs are what a policy can be for.
var policyVerbs = []word{
	{"deploy", "for the first deployment"}, {"redeploy", "for a new version"}, {"destroy", "to remove it"},
}

// oneVerb lets one of the verbs through, or none.
func oneVerb(cmd *cobra.Command, args []string) error {
	var verbs []string
	for _, v := range policyVerbs {
		verbs = append(verbs, v.text)
	}
	if len(args) == 0 || len(args) == 1 && slices.Contains(verbs, args[0]) {
		return nil
	}
	return usage(cmd, fmt.Sprintf("%s takes one of %s, not %q", cmd.CommandPath(), strings.Join(verbs, ", "), args))
}

// policyNotes tells on stderr what somebody who attaches the policy should know.
func (a *app) policyNotes(p *policy.Document, note error) {
	if note != nil {
		fmt.Fprintf(a.Err, "The account could not be asked (%s): the policy has * in place of its number,\n"+
			"and covers the creation of a network.\n", fail.From(note).Cause)
	}
	switch n := p.Size(); {
	case n > policy.InlineSize:
		fmt.Fprintf(a.Err, "%d characters: more than IAM takes in one policy; use one policy each for deploy, redeploy and destroy.\n", n)
	case n > policy.ManagedSize:
		fmt.Fprintf(a.Err, "%d characters: use it as an inline policy of a role (up to %d); a managed policy takes %d.\n",
			n, policy.InlineSize, policy.ManagedSize)
	}
}
