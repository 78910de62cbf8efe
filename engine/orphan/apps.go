package orphan

import (
	"context"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// Apps lists the apps that have a cluster in the region of the clients.
func Apps(ctx context.Context, c *cloud.Clients) ([]resource.Owner, error) {
	s := &survey{Clients: c, apps: map[resource.Owner]*app{}}
	clusters, err := s.clusters(ctx)
	if err != nil {
		return nil, cloud.Explain("list the clusters", err)
	}
	var out []resource.Owner
	for _, k := range clusters {
		out = append(out, k.owner)
	}
	return out, nil
}
