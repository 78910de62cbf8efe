package orphan

import (
	"context"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/compute"
)

// Apps lists the apps that have a cluster in the region of the clients.
func Apps(ctx context.Context, c *cloud.Clients) ([]resource.Owner, error) {
	apps, err := compute.Apps(ctx, c)
	return apps, cloud.Explain("list the clusters", err)
}
