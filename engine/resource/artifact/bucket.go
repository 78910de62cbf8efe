package artifact

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// What all buckets of an app have in common, whatever they hold, is here.

// BucketARN is the ARN of a bucket, known before it exists.
func BucketARN(s *resource.Scope, name string) string {
	return "arn:" + s.Identity.Partition + ":s3:::" + name
}

// BucketSettling are the errors while a new bucket is not known everywhere, or is set up by another call.
var BucketSettling = []cloud.Retryable{{Code: "NoSuchBucket", For: time.Minute}, {Code: "OperationAborted", For: time.Minute}}

// CreateBucket makes a bucket with its tags. That it is there is no failure: it was made by a call whose answer got lost.
func CreateBucket(ctx context.Context, s *resource.Scope, name string, owner resource.Owner, role string) error {
	in := &s3types.CreateBucketConfiguration{Tags: bucketTags(owner, role)}
	if s.Region != "us-east-1" { // which is what is meant without, and the only one that may not be said
		in.LocationConstraint = s3types.BucketLocationConstraint(s.Region)
	}
	_, err := s.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: in})
	if cloud.Is(err, "BucketAlreadyOwnedByYou") {
		return nil
	}
	return err
}

func bucketTags(owner resource.Owner, role string) []s3types.Tag {
	return resource.TagList(owner, role, func(k, v *string) s3types.Tag { return s3types.Tag{Key: k, Value: v} })
}

// TagBucket puts the tags on a bucket that has none, as emulators leave it that do not know tags of a creation.
func TagBucket(ctx context.Context, s *resource.Scope, name string, owner resource.Owner, role string) error {
	_, err := s.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &s3types.Tagging{TagSet: bucketTags(owner, role)}})
	return err
}

// BucketTags are the tags of a bucket; one without any answers with an error.
func BucketTags(ctx context.Context, c *cloud.Clients, name string) (map[string]string, error) {
	out, err := c.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.TagSet, func(t s3types.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

// HasBucketRule says whether a bucket's lifecycle has a rule of that id which is in force.
func HasBucketRule(ctx context.Context, s *resource.Scope, name, id string) (bool, error) {
	out, err := s.S3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &name})
	if err != nil {
		return false, resource.UnlessGone(err)
	}
	return slices.ContainsFunc(out.Rules, func(r s3types.LifecycleRule) bool {
		return aws.ToString(r.ID) == id && r.Status == s3types.ExpirationStatusEnabled
	}), nil
}

// PutBucketRule makes a rule, for all that is in a bucket, the one of its lifecycle.
func PutBucketRule(ctx context.Context, s *resource.Scope, name string, rule s3types.LifecycleRule) error {
	rule.Status, rule.Filter = s3types.ExpirationStatusEnabled, &s3types.LifecycleRuleFilter{Prefix: aws.String("")}
	_, err := s.S3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &name, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{rule}},
	})
	return err
}

// DeleteBucket deletes a bucket with all that is in it, in all versions.
func DeleteBucket(ctx context.Context, s *resource.Scope, name string) error {
	if err := emptyBucket(ctx, s, name); err != nil {
		return err
	}
	_, err := s.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete bucket: %w", err)
	}
	return nil
}

func emptyBucket(ctx context.Context, s *resource.Scope, name string) error {
	for n := 0; ; {
		out, err := s.S3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &name, MaxKeys: aws.Int32(1000)})
		if cloud.NotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list files in bucket: %w", err)
		}
		var all []s3types.ObjectIdentifier
		for _, v := range out.Versions {
			all = append(all, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range out.DeleteMarkers {
			all = append(all, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(all) == 0 {
			return nil
		}
		gone, err := s.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &name, Delete: &s3types.Delete{Objects: all, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("delete files in bucket: %w", err)
		}
		if len(gone.Errors) > 0 { // such as one under a legal hold
			e := gone.Errors[0]
			return fmt.Errorf("delete %s in bucket: %s: %s", aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message))
		}
		n += len(all)
		s.Progress("files deleted", int64(n), 0, "files")
	}
}

// DeletingBucket are the permissions of DeleteBucket.
func DeletingBucket(arn string) []resource.Permission {
	empty := resource.On(resource.Actions("s3:DeleteObject", "s3:DeleteObjectVersion"), arn+"/*")
	empty.Without = "a bucket that holds files would stay"
	return []resource.Permission{resource.On(resource.Actions("s3:ListBucketVersions", "s3:DeleteBucket"), arn), empty}
}
