package engine

import (
	"context"
	"strings"
	"time"

	"berth/compare/catalog"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/plan"
	"berth/engine/policy"
	"berth/engine/preflight"
	"berth/engine/resource"
	"berth/engine/resource/artifact"
	"berth/engine/target/ecs"
)

// Report is what a preflight found.
type Report = preflight.Report

// clearedFor is how long a preflight that found nothing is believed. One that found something is never: who
// reads it puts it right.
const clearedFor = 10 * time.Minute

// Preflight looks at everything that a plan depends on, and changes nothing. The report is kept with the plan,
// so that Apply need not look again at once.
func (e *Engine) Preflight(ctx context.Context, p *Plan) (*Report, error) {
	in := preflight.Input{
		Scope: p.Scope, Resources: p.Resources, Do: map[string]event.Action{}, Need: preflight.Own(p.Scope), Expected: p.Usually,
	}
	for _, c := range p.Changes {
		in.Do[c.ID] = c.Action
	}
	if !p.Destroy {
		in.Need = append(in.Need, preflight.Quotas())
	}
	r, err := preflight.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	p.Preflight = r
	return r, nil
}

// cleared refuses a plan that is certain to fail: a permission is missing, or a quota is too small. It looks
// unless that was done a moment ago.
func (e *Engine) cleared(ctx context.Context, p *Plan, tell func(string)) error {
	r := p.Preflight
	if r == nil || r.State == preflight.Fail || e.Clock().Since(r.At) > clearedFor {
		var err error
		if r, err = e.Preflight(ctx, p); err != nil {
			return err
		}
		for _, line := range r.Notes() {
			tell(line)
		}
	}
	if f := r.Refusal(); f != nil {
		return f
	}
	return nil
}

// Doctor looks at everything that the next deploy of an app depends on. Where not even a plan can be made, it
// says why, and looks at what a first deployment would need.
func (e *Engine) Doctor(ctx context.Context, r Request) (*Report, error) {
	p, err := e.Plan(ctx, r)
	if err == nil {
		return e.Preflight(ctx, p)
	}
	if ctx.Err() != nil || fail.From(err).Class == fail.Usage {
		return nil, err
	}
	return e.withoutPlan(ctx, r, err)
}

// withoutPlan is the report of an app that cannot be planned because of failed.
func (e *Engine) withoutPlan(ctx context.Context, r Request, failed error) (*Report, error) {
	clients, err := e.connect(ctx, r.Spec.Region)
	if err != nil {
		return nil, err
	}
	b, err := e.blueprint(r)
	if err != nil {
		return nil, err
	}
	in := preflight.Input{
		Scope: &resource.Scope{Clients: clients, Owner: b.Owner}, Resources: b.Resources(), Do: map[string]event.Action{},
	}
	for _, res := range in.Resources {
		if resource.Wanted(res) {
			in.Do[res.Info().ID] = event.Create
		}
	}
	id, err := clients.WhoAmI(ctx)
	if err != nil {
		return e.withoutIdentity(ctx, in, err)
	}
	in.Scope.Identity = id
	deploy, err := needs(b, in.Scope, "deploy")
	if err != nil {
		return nil, err
	}
	in.Need = append(preflight.Own(in.Scope), deploy...)
	rep, err := preflight.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	if rep.State != preflight.Fail { // else the reason is in the list already
		f := fail.From(failed)
		rep.Add(preflight.Check{
			ID: "plan", Title: "what is there", State: preflight.Fail, Text: strings.TrimSuffix(f.Error(), "."), Remedy: f.Remedy,
		})
	}
	return rep, nil
}

// withoutIdentity is the report of somebody whom AWS does not know: that, and what can be told without AWS.
func (e *Engine) withoutIdentity(ctx context.Context, in preflight.Input, failed error) (*Report, error) {
	var local resource.Set
	for _, res := range in.Resources {
		switch res.(type) {
		case *artifact.Build, *artifact.Image:
			local = append(local, res)
		}
	}
	in.Resources = local
	rep, err := preflight.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	f := fail.From(failed)
	c := preflight.Check{ID: preflight.IdentityID, Title: "account", State: preflight.Fail, Text: f.Cause, Remedy: f.Remedy}
	if e.notEnabled(ctx, in.Scope.Region) {
		c.Text = "the region " + in.Scope.Region + " is not enabled in this account"
		c.Remedy = "enable it in the account settings of the AWS console (Account, AWS Regions), or choose another region"
	}
	rep.Add(c)
	return rep, nil
}

// notEnabled says whether credentials that a region refuses work elsewhere: then an account has to enable the
// region first.
func (e *Engine) notEnabled(ctx context.Context, region string) bool {
	if r, ok := catalog.Regions().Region(region); !ok || !r.OptIn {
		return false
	}
	_, err := e.Identity(ctx, "us-east-1")
	return err == nil
}

// unplanned turns the failure of a look-up into a refusal when a permission for it is missing, and names all
// permissions to look up that are missing.
func (e *Engine) unplanned(ctx context.Context, in plan.Input, err error) error {
	if !cloud.Denied(err) {
		return err
	}
	f := *fail.From(err)
	f.Class = fail.Refused
	if in.Scope.Identity.ARN == "" {
		return &f
	}
	look := preflight.Input{Scope: in.Scope, Resources: in.Resources, Need: preflight.Own(in.Scope)}
	rep, asked := preflight.Run(ctx, look)
	if asked != nil {
		return &f
	}
	if c := rep.Get(preflight.PermissionsID); c.State == preflight.Fail {
		refusal := rep.Refusal()
		refusal.Err = err
		return refusal
	}
	return &f
}

// The verbs that a policy can be for.
var policyVerbs = []string{"deploy", "redeploy", "destroy"}

// Policy is the least IAM policy for an app: for the verbs deploy, redeploy and destroy, or for all of them, and
// status and logs. Whether the app gets a network of its own depends on the account; when that cannot be asked the policy
// covers one, names no account, and the error of asking comes with it as a note.
func (e *Engine) Policy(ctx context.Context, r Request, verbs ...string) (least *policy.Document, note error, err error) {
	clients, err := e.connect(ctx, r.Spec.Region)
	if err != nil {
		return nil, nil, err
	}
	b, err := e.blueprint(r)
	if err != nil {
		return nil, nil, err
	}
	s := &resource.Scope{Clients: clients, Owner: b.Owner}
	if note = plan.Observe(ctx, resource.Set{b.VPC}, s); note != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if s.Identity.Account == "" {
			s.Identity = cloud.Identity{Account: "*", Partition: partition(clients.Region)}
		}
	}
	if len(verbs) == 0 {
		verbs = policyVerbs
	}
	need := preflight.Own(s)
	for _, v := range verbs {
		more, err := needs(b, s, v)
		if err != nil {
			return nil, nil, err
		}
		need = append(need, more...)
	}
	return preflight.Policy(need), note, nil
}

// partition is the partition of AWS that a region is in. ARNs must name it.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// needs are the permissions for a verb in the life of an app.
func needs(b *ecs.Blueprint, s *resource.Scope, verb string) (need []resource.Permission, err error) {
	add := func(r resource.Resource, do event.Action) { need = append(need, resource.PermissionsOf(r, s, do)...) }
	switch verb {
	case "deploy": // and again, to go on after one that was cut short
		for _, r := range b.Resources() {
			add(r, "")
			if resource.Wanted(r) {
				add(r, event.Create)
				add(r, event.None)
			}
		}
	case "redeploy":
		for _, r := range b.Resources() {
			if v, ok := r.(resource.Versioned); ok {
				add(r, v.NewVersion())
			} else if resource.Wanted(r) {
				add(r, event.None)
			} else {
				add(r, "")
			}
		}
	case "destroy":
		for _, r := range b.Lasting() {
			add(r, "")
			if resource.Wanted(r) {
				add(r, event.Delete)
			}
		}
		return need, nil
	default:
		return nil, fail.Usagef("there is no policy for %q: say %s", verb, strings.Join(policyVerbs, ", "))
	}
	return append(append(need, preflight.Quotas()), b.Service.Look(s)...), nil
}
