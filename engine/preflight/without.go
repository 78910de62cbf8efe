package preflight

import (
	"context"
	"strings"

	"berth/engine/cloud"
	"berth/engine/fail"
	"berth/engine/resource"
)

// Missing turns the failure of a look-up into a refusal when a permission for it is missing, and names all
// permissions to look the resources up that are missing. Other errors come back as they are.
func Missing(ctx context.Context, s *resource.Scope, rs resource.Set, err error) error {
	if !cloud.Denied(err) {
		return err
	}
	if s.Identity.ARN == "" {
		return cloud.Refused(err)
	}
	rep, asked := Run(ctx, Input{Scope: s, Resources: rs, Need: Own(s)})
	if asked != nil || rep.Get(PermissionsID).State != Fail {
		return cloud.Refused(err)
	}
	refusal := rep.Refusal()
	refusal.Err = err
	return refusal
}

// Unplanned adds to the report of an app that could not be planned why, unless the reason is in it already.
func (r *Report) Unplanned(why error) {
	if r.State == Fail {
		return
	}
	f := fail.From(why)
	r.Add(Check{
		ID: "plan", Title: "what is there", State: Fail, Text: strings.TrimSuffix(f.Error(), "."), Remedy: f.Remedy,
	})
}

// Unidentified adds to the report of somebody whom AWS does not know why.
func (r *Report) Unidentified(why error) {
	f := fail.From(why)
	r.Add(Check{ID: IdentityID, Title: "account", State: Fail, Text: f.Cause, Remedy: f.Remedy})
}
