package preflight

import (
	"context"
	"fmt"
	"time"

	"berth/engine/resource"
)

// IdentityID is the id of the check of who we are.
const IdentityID = "identity"

// identity tells whose credentials are in use. That the region answered means that it is enabled.
func identity(s *resource.Scope) Check {
	return Check{
		ID: IdentityID, Title: "account", State: OK,
		Text: fmt.Sprintf("%s, as %s; the region %s is enabled", s.Identity.Account, s.Identity.ARN, s.Region),
	}
}

// expiry compares how long the credentials last with how long the run will take. A run that has nobody who
// could sign in meanwhile ends when they expire, resumable.
func expiry(ctx context.Context, s *resource.Scope, expected time.Duration) Check {
	c := Check{ID: "credentials", Title: "credentials"}
	provider := s.STS.Options().Credentials
	if provider == nil {
		c.State, c.Text = Unknown, "this endpoint needs no credentials"
		return c
	}
	cred, err := provider.Retrieve(ctx)
	if err != nil {
		c.State, c.Text = Unknown, "could not determine how long the credentials are valid: "+err.Error()
		return c
	}
	switch {
	case cred.CanExpire:
		left := cred.Expires.Sub(s.Clock.Now()).Round(time.Minute)
		c.State, c.Text = OK, fmt.Sprintf("valid for %s, and this takes about %s", minutes(left), minutes(expected))
		if left < expected {
			c.State = Warn
			c.Text = fmt.Sprintf("the credentials expire in %s, but this takes about %s", minutes(left), minutes(expected))
			c.Remedy = "sign in again first (aws sso login, or get new keys), unless they renew themselves"
		}
	case cred.SessionToken != "":
		c.State, c.Text = Unknown, "temporary keys without an expiry time"
		c.Remedy = "if they expire during the run, sign in again and run the same command; it continues"
	default:
		c.State, c.Text = OK, "access keys that do not expire"
	}
	return c
}

func minutes(d time.Duration) string {
	switch {
	case d <= 0:
		return "no time"
	case d < time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int((d + 30*time.Second).Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
