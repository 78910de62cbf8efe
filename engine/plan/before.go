package plan

import (
	"context"
	"fmt"
	"math"
	"reflect"

	"berth/engine/event"
	"berth/engine/resource"
)

// before prices what a deployment finds, so that a plan can say by how much it changes the bill. Nil says nothing: there
// is nothing yet, nothing would change, or it is not sure what something that changes costs now.
func (in Input) before(ctx context.Context, diffs map[string]resource.Diff) (*float64, error) {
	if in.Verb != "deploy" || in.Table == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	var found resource.Set
	changes := false
	for _, r := range in.Resources {
		do := diffs[r.Info().ID].Action
		changes = changes || do != event.None && do != ""
		if !r.Exists() {
			continue
		}
		_, costs := r.(resource.Coster)
		_, known := r.(resource.AsFound)
		if costs && !known && (do == event.Update || do == event.Replace || do == event.Delete) {
			return nil, nil //nolint:nilnil // it would be priced as it is wanted
		}
		found = append(found, copyOf(r))
	}
	if !changes || len(found) == 0 {
		return nil, nil //nolint:nilnil // nothing to compare
	}
	sum, err := Standing(ctx, found, in.Scope, in.Prices)
	if err != nil || !sum.Complete {
		return nil, err
	}
	return &sum.MonthlyUSD, nil
}

// copyOf copies a resource, so that the copy can cost what was found while the run makes what is wanted.
func copyOf(r resource.Resource) resource.Resource {
	v := reflect.New(reflect.TypeOf(r).Elem())
	v.Elem().Set(reflect.ValueOf(r).Elem())
	return v.Interface().(resource.Resource) //nolint:forcetypeassert // of the same type
}

// CostChange is by how much the plan changes what the app costs, in words: "$14.01 a month more than now". Empty when
// that is not known, or it changes by less than a cent.
func (p *Plan) CostChange() string {
	if p.WasUSD == nil || !p.Complete {
		return ""
	}
	by := p.MonthlyUSD - *p.WasUSD
	switch {
	case math.Abs(by) < 0.01:
		return ""
	case by < 0:
		return fmt.Sprintf("$%.2f a month less than now", -by)
	default:
		return fmt.Sprintf("$%.2f a month more than now", by)
	}
}
