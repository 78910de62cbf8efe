package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"berth/engine/cloud"
	"berth/engine/fail"
)

// pickProfile asks for another profile before the first question when there are no credentials and the AWS files have
// several profiles, and waits for a sign-in that it needs. What the command line or AWS_PROFILE says is not questioned.
func (a *app) pickProfile(ctx context.Context) error {
	if a.flags.simulate || a.flags.yes || !a.asks() || a.flags.profile != "" || os.Getenv("AWS_PROFILE") != "" {
		return nil
	}
	all := cloud.Profiles()
	if len(all) < 2 {
		return nil
	}
	lacking := cloud.Lacking(ctx, a.settingsOf(""))
	if lacking == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	fmt.Fprintf(a.Err, "There are no AWS credentials to work with: %s.\nThese profiles are in your AWS configuration:\n\n", fail.From(lacking).Cause)
	for i, p := range all {
		text := fmt.Sprintf("  %d  %s", i+1, p.Name)
		if p.Region != "" {
			text += ", " + p.Region
		}
		if p.SignIn != "" {
			text += ", sign in with: " + p.SignIn
		}
		fmt.Fprintln(a.Err, text)
	}
	fmt.Fprintln(a.Err)
	for {
		said, err := a.answered(ctx, "Which one? Type its number or name; Enter leaves:")
		if err != nil {
			return err
		}
		if said == "" {
			return lacking
		}
		at := slices.IndexFunc(all, func(p cloud.Profile) bool { return p.Name == said })
		if n, err := strconv.Atoi(said); at < 0 && err == nil && n >= 1 && n <= len(all) {
			at = n - 1
		}
		if at >= 0 {
			return a.takeProfile(ctx, all[at])
		}
		fmt.Fprintf(a.Err, "There is no profile %q.\n", said)
	}
}

// takeProfile goes on with a profile, once somebody has signed in where that is missing.
func (a *app) takeProfile(ctx context.Context, p cloud.Profile) error {
	a.flags.profile = p.Name
	a.again.Same = append(a.again.Same, "--profile "+shellWord(p.Name))
	for {
		lacking := cloud.Lacking(ctx, a.settingsOf(p.Region))
		if lacking == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if p.SignIn == "" {
			return lacking
		}
		said, err := a.answered(ctx, fmt.Sprintf("Sign in with\n\n  %s\n\nin another terminal, then press Enter; quit leaves:", p.SignIn))
		if err != nil {
			return err
		}
		if strings.HasPrefix(strings.ToLower(said), "q") {
			return lacking
		}
	}
}
