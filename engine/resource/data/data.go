// Package data holds the kinds that keep an app's data: the database and what it stands on, file systems, buckets and
// caches, and the secrets that tell the app how to reach them.
//
// A kind of this family never gives another identity to something that holds data. What AWS could only do by
// replacing it is refused before anything changes, and what is removed is removed by a destroy alone.
package data

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// rdsTags are the tags of a resource of RDS.
func rdsTags(o resource.Owner, role string) []rdstypes.Tag {
	return resource.TagList(o, role, func(k, v *string) rdstypes.Tag { return rdstypes.Tag{Key: k, Value: v} })
}

// rdsTagsOf are the tags of something of RDS.
func rdsTagsOf(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.RDS.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: &arn})
	if err != nil {
		return nil, err
	}
	return tagMap(out.TagList), nil
}
