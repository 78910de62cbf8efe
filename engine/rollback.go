package engine

import (
	"context"
	"strings"

	"berth/engine/fail"
)

// PlanRollback is the plan to go back to a revision that ran before: family:number, the number alone, or
// empty for the newest one that came up before the one that runs now. It is Refused when there is none, or
// when that revision could not start any more.
func (e *Engine) PlanRollback(ctx context.Context, r Request, revision string) (*Plan, error) {
	st, err := e.Status(ctx, r.Spec)
	if err != nil {
		return nil, err
	}
	if st.Revision == "" {
		return nil, &fail.Error{Class: fail.Refused, Cause: r.Spec.App + " is not deployed, so there is nothing to go back to"}
	}
	family, _, _ := strings.Cut(st.Revision, ":")
	switch {
	case revision == "":
		revision = previous(st)
	case !strings.Contains(revision, ":"):
		revision = family + ":" + strings.TrimPrefix(revision, "v")
	}
	if revision == "" {
		return nil, &fail.Error{
			Class: fail.Refused, Cause: "no earlier version came up that one could go back to",
			Remedy: "deploy the version that you want",
		}
	}
	r.Rollback = revision
	return e.Plan(ctx, r)
}

// previous is the newest revision that came up and is not the one that runs.
func previous(st *Status) string {
	for _, d := range st.Deployments {
		if d.State == "successful" && d.Revision != st.Revision && d.Revision != "" {
			return d.Revision
		}
	}
	return ""
}
