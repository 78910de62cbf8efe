// Package preflight looks, before anything changes, at what a run depends on: whose credentials are in use and
// for how long, every permission that the run needs, and the conditions that resource kinds bring themselves
// (quotas, roles of AWS's own services, Docker, the image). It asks all of it at once, each question with a
// deadline, and answers with one list. What nobody could be asked about is told as such, never as fine.
package preflight

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/policy"
	"berth/engine/resource"
)

// State is how a check ended: ok, warn, fail or unknown.
type State = resource.Verdict

// The states. Unknown is that nobody could be asked.
const (
	OK      = resource.OK
	Warn    = resource.Warn
	Fail    = resource.Fail
	Unknown = resource.Unknown
)

// Check is one thing that was looked at.
type Check struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	State  State  `json:"state"`
	Text   string `json:"text"`
	Remedy string `json:"remedy"`
	// Missing are the IAM actions that are not allowed, and Policy allows them: no more than what is missing.
	Missing []string         `json:"missing,omitempty"`
	Policy  *policy.Document `json:"policy,omitempty"`
}

// Report is the list of all checks. It marshals to the JSON of berth doctor.
type Report struct {
	App     string  `json:"app"`
	Env     string  `json:"env"`
	Region  string  `json:"region"`
	Account string  `json:"account"`
	State   State   `json:"state"` // the worst of all; unknown is worse than ok, and no reason to stop
	Checks  []Check `json:"checks"`

	Runs bool                  `json:"-"` // the app runs already
	At   time.Time             `json:"-"` // when it was made, by the engine's clock
	Need []resource.Permission `json:"-"` // what was asked for
}

// Input is what a preflight is about.
type Input struct {
	Scope     *resource.Scope
	Resources resource.Set
	Do        map[string]event.Action // what is done to each resource, by id; missing: it is looked up only
	Need      []resource.Permission   // beyond those of the resources
	Expected  time.Duration           // how long the run will take
}

// deadline is how long one question may take.
const deadline = 10 * time.Second

// Run makes all checks at once. Without an identity it makes only those that need no account. Its error is
// that of ctx.
func Run(ctx context.Context, in Input) (*Report, error) {
	var probes []func(context.Context) Check
	need := in.Permissions()
	if in.Scope.Identity.ARN != "" {
		probes = []func(context.Context) Check{
			func(context.Context) Check { return identity(in.Scope) },
			func(ctx context.Context) Check { return expiry(ctx, in.Scope, in.Expected) },
			func(ctx context.Context) Check { return permissions(ctx, in.Scope, need) },
		}
	}
	for _, r := range in.Resources {
		for _, p := range resource.ChecksOf(r, in.Do[r.Info().ID]) {
			if in.Scope.Identity.ARN == "" && !p.Offline {
				continue
			}
			probes = append(probes, func(ctx context.Context) Check {
				f := p.Look(ctx, in.Scope)
				return Check{ID: p.ID, Title: p.Title, State: f.Verdict, Text: f.Text, Remedy: f.Remedy}
			})
		}
	}
	r := &Report{
		App: in.Scope.Owner.App, Env: in.Scope.Owner.Env, Region: in.Scope.Region, Account: in.Scope.Identity.Account,
		Checks: make([]Check, len(probes)), At: in.Scope.Clock.Now(), Need: need,
	}
	var wg sync.WaitGroup
	for i, p := range probes {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, deadline)
			defer cancel()
			r.Checks[i] = p(ctx)
		})
	}
	wg.Wait()
	r.sum()
	return r, ctx.Err()
}

// Permissions are all permissions of the run: those of each resource for what is done to it, and the rest.
func (in Input) Permissions() []resource.Permission {
	all := append([]resource.Permission(nil), in.Need...)
	for _, r := range in.Resources {
		all = append(all, resource.PermissionsOf(r, in.Scope, in.Do[r.Info().ID])...)
	}
	return all
}

// sum makes the state of the whole.
func (r *Report) sum() {
	r.State = OK
	for _, s := range []State{Unknown, Warn, Fail} {
		for _, c := range r.Checks {
			if c.State == s {
				r.State = s
			}
		}
	}
}

// Add puts a check in front of the others.
func (r *Report) Add(c Check) {
	r.Checks = append([]Check{c}, r.Checks...)
	r.sum()
}

// Get is the check with that id, nil when there is none.
func (r *Report) Get(id string) *Check {
	for i := range r.Checks {
		if r.Checks[i].ID == id {
			return &r.Checks[i]
		}
	}
	return nil
}

// Refusal is why a run must not start, nil when nothing is known to fail.
func (r *Report) Refusal() *fail.Error {
	var bad []Check
	for _, c := range r.Checks {
		if c.State == Fail {
			bad = append(bad, c)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	f := &fail.Error{Class: fail.Refused, Cause: bad[0].Text, Remedy: bad[0].Remedy}
	if len(bad) == 1 {
		if n := len(bad[0].Missing); n > 1 {
			f.Cause += ": " + some(bad[0].Missing)
		}
		f.Evidence = bad[0].evidence()
		return f
	}
	f.Cause = fmt.Sprintf("%d problems must be fixed first", len(bad))
	var evidence []string
	for _, c := range bad {
		evidence = append(evidence, strings.TrimSpace(c.Text+"\n"+c.evidence()))
	}
	f.Evidence, f.Remedy = strings.Join(evidence, "\n"), "berth doctor explains how to fix each; then run the same command again"
	return f
}

// evidence is the policy of what is missing while that is short, else the list of it.
func (c Check) evidence() string {
	if c.Policy == nil || len(c.Missing) > short {
		return strings.Join(c.Missing, ", ")
	}
	b, err := json.Marshal(c.Policy)
	if err != nil {
		return ""
	}
	return string(b)
}

// Notes are lines on what a run should know although it may start: warnings, and what could not be asked.
func (r *Report) Notes() []string {
	var lines []string
	for _, c := range r.Checks {
		if c.State == Warn || c.State == Unknown && c.ID == PermissionsID {
			lines = append(lines, c.Text)
		}
	}
	return lines
}
