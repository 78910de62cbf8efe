package cloud

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"berth/compare/catalog"
	"berth/engine/fail"
)

// In is what was found in a region.
type In[T any] struct {
	Region string
	Found  T
}

// EveryRegion are the codes of all regions, one of them first.
func EveryRegion(first string) []string {
	codes := []string{first}
	for _, other := range catalog.Regions().Regions {
		if other.Code != first {
			codes = append(codes, other.Code)
		}
	}
	return codes
}

// Look looks at regions, some at the same time. The first one must answer. A region that the account has not enabled has
// nothing in it and is left out; of another one that does not answer blind says why.
func Look[T any](ctx context.Context, regions []string, look func(ctx context.Context, region string) (T, error)) (all []In[T], blind []string, err error) {
	const atOnce = 6
	found, failed := make([]T, len(regions)), make([]error, len(regions))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, region := range regions {
		g.Go(func() error {
			found[i], failed[i] = look(ctx, region)
			return nil
		})
	}
	_ = g.Wait() // none fails
	if failed[0] != nil || ctx.Err() != nil {
		return nil, nil, cmp.Or(failed[0], ctx.Err())
	}
	for i, region := range regions {
		switch {
		case Rejected(failed[i]):
		case failed[i] != nil:
			blind = append(blind, region+": "+fail.From(failed[i]).Cause)
		default:
			all = append(all, In[T]{region, found[i]})
		}
	}
	return all, blind, nil
}
