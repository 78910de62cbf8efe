// Package data holds the kinds that keep an app's data: the database and what it stands on, file systems, buckets and
// caches, and the secrets that tell the app how to reach them.
//
// A kind of this family never gives another identity to something that holds data. What AWS could only do by
// replacing it is refused before anything changes, and what is removed is removed by a destroy alone.
package data

import (
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// unseen says whether an error means that a kind which nobody asked for may as well not be there: the permission to
// look is missing, or the endpoint has no such service.
func unseen(err error) bool { return cloud.Denied(err) || cloud.Unknown(err) }

// rdsTags are the tags of a resource of RDS.
func rdsTags(o resource.Owner, role string) []rdstypes.Tag {
	return resource.TagList(o, role, func(k, v *string) rdstypes.Tag { return rdstypes.Tag{Key: k, Value: v} })
}
