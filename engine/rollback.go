package engine

import (
	"context"
	"strings"

	"berth/engine/fail"
)

// Previous stands, as a revision to go back to, for the newest one that came up before the one that runs now.
const Previous = "previous"

// revision resolves the revision of a rollback: family:number, the number alone, or Previous. It is Refused
// when there is none.
func (e *Engine) revision(ctx context.Context, r Request) (string, error) {
	st, err := e.Status(ctx, r.Spec)
	if err != nil {
		return "", err
	}
	if st.Revision == "" {
		return "", &fail.Error{
			Class: fail.Refused, Cause: r.Spec.App + " is not deployed, so there is nothing to go back to",
			Remedy: "deploy it with: berth deploy",
		}
	}
	family, _, _ := strings.Cut(st.Revision, ":")
	revision := r.Rollback
	switch {
	case revision == Previous:
		revision = previous(st)
	case !strings.Contains(revision, ":"):
		revision = family + ":" + strings.TrimPrefix(revision, "v")
	}
	if revision == "" && len(st.Denied) > 0 {
		return "", &fail.Error{
			Class: fail.Refused, Cause: "cannot tell the earlier versions: the permission " + strings.Join(st.Denied, ", ") + " is missing",
			Remedy: "ask for it to be allowed, or name the revision to go back to: berth rollback 3",
		}
	}
	if revision == "" {
		return "", &fail.Error{
			Class: fail.Refused, Cause: "no earlier version came up that one could go back to",
			Remedy: "deploy the version that you want",
		}
	}
	return revision, nil
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
