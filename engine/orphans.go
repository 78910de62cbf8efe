package engine

import (
	"context"

	"berth/engine/orphan"
)

// Orphans is what earlier runs left over in a region.
type Orphans = orphan.Report

// OrphanGroup is what is left over of one app in one environment.
type OrphanGroup = orphan.Group

// Orphans looks for what earlier runs left over in the region (empty: the one of the settings), of all apps.
// It changes nothing.
func (e *Engine) Orphans(ctx context.Context, region string) (*Orphans, error) {
	clients, err := e.connect(ctx, region)
	if err != nil {
		return nil, err
	}
	return orphan.Find(ctx, clients, e.opts.Prices)
}
