package orphan

import (
	"cmp"
	"context"
	"slices"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/artifact"
	"berth/engine/resource/compute"
	"berth/engine/resource/traffic"
)

// Apps lists the apps that have a cluster in the region of the clients.
func Apps(ctx context.Context, c *cloud.Clients) ([]resource.Owner, error) {
	apps, err := compute.Apps(ctx, c)
	return apps, cloud.Explain("list the clusters", err)
}

// billed are the listings of what costs money, of which every app has something.
var billed = []resource.Listing{
	compute.Services, compute.Namespaces, compute.LogGroups, traffic.LoadBalancers, traffic.Distributions, artifact.Repositories,
}

// Owners lists the apps of which something that costs money exists in the region of the clients, by app and
// environment. What could not be looked at is told in blind, one sentence each.
func Owners(ctx context.Context, c *cloud.Clients) (owners []resource.Owner, blinds []string, err error) {
	surveys, refused, err := look(ctx, c, billed)
	if err != nil {
		return nil, nil, err
	}
	for i, s := range surveys {
		if refused[i] != nil {
			blinds = append(blinds, blind(billed[i], refused[i]))
		}
		for o := range s.Apps {
			owners = append(owners, o)
		}
		for _, f := range s.Found {
			owners = append(owners, f.Owner)
		}
	}
	slices.SortFunc(owners, func(a, b resource.Owner) int { return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Env, b.Env)) })
	return slices.Compact(owners), blinds, nil
}
