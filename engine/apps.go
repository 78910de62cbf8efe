package engine

import (
	"context"

	"berth/engine/resource"
	"berth/engine/spec"
)

// Owner is an app in one environment.
type Owner = resource.Owner

// owner is the app of a spec.
func owner(s *spec.Spec) Owner { return Owner{App: s.App, Env: s.EnvName} }

// Owners lists the apps of a region (empty: the one of the settings), running or not, by two calls.
func (e *Engine) Owners(ctx context.Context, region string) ([]Owner, error) {
	clients, err := e.connect(ctx, region)
	if err != nil {
		return nil, err
	}
	var all []Owner
	for _, t := range targets {
		some, err := t.Owners(ctx, clients)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
