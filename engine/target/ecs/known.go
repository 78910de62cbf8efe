package ecs

import (
	"context"

	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/compute"
	"berth/engine/resource/network"
	"berth/engine/target"
)

// Known implements target.Target: the cluster says whose the app is. Where its name could be that of another app, too,
// security groups tell the old names as well: they are what a destroy that stopped leaves longest.
func (Target) Known(ctx context.Context, c *cloud.Clients, o resource.Owner) (k target.Known, err error) {
	o.Old = false
	names := []resource.Owner{o}
	if o.Ambiguous() {
		old := o
		old.Old = true
		names = append(names, old)
	}
	var grouped bool
	g, look := errgroup.WithContext(ctx)
	g.Go(func() error {
		found, err := compute.FindClusters(look, c, names...)
		for _, one := range found {
			k.Exists, k.ID = true, one.ID
			k.Old = k.Old || one.Old
		}
		return err
	})
	if o.Ambiguous() {
		g.Go(func() (err error) {
			grouped, err = network.OldGroups(look, c, o)
			return err
		})
	}
	err = g.Wait()
	k.Old = k.Old || grouped
	if cloud.Denied(err) || cloud.Unknown(err) {
		return target.Known{}, nil
	}
	return k, cloud.Explain("look up the owner of the app", err)
}
