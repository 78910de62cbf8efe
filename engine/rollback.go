package engine

import (
	"context"
	"slices"
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
	case revision != Previous && !strings.Contains(revision, ":"):
		revision = family + ":" + strings.TrimPrefix(revision, "v")
	case revision == Previous:
		all := earlier(st)
		if len(all) == 0 {
			return "", noEarlier(st)
		}
		revision = all[0].Revision
	}
	return revision, nil
}

// noEarlier says why a status has no version to go back to.
func noEarlier(st *Status) error {
	missing := slices.DeleteFunc(slices.Clone(st.Denied), func(action string) bool {
		return !slices.Contains(history, action)
	})
	if len(missing) > 0 {
		return &fail.Error{
			Class: fail.Refused, Cause: "cannot tell the earlier versions: the permission " + strings.Join(missing, ", ") + " is missing",
			Remedy: "ask for it to be allowed, or name the revision to go back to: berth rollback 3",
		}
	}
	return &fail.Error{
		Class: fail.Refused, Cause: "no earlier version came up that one could go back to",
		Remedy: "deploy the version that you want",
	}
}

// history are the actions without which a status does not know the earlier versions.
var history = []string{"ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"}
