package artifact

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// SourceBucket is where a build in AWS gets its source from: private, and nothing stays in it for more than a day.
type SourceBucket struct {
	resource.Claim
	Owner    resource.Owner
	Unneeded bool // nothing is built in AWS: a destroy alone looks for it

	name  string // known once it was observed, since the account is part of it
	found *sourceBucketFound
}

// sourceBucketFound is a bucket as it was observed.
type sourceBucketFound struct{ tagged, tidy, full bool }

// BucketName is the name: no other account can have it by chance, and no other app.
func (b *SourceBucket) BucketName(s *resource.Scope) string {
	return b.Owner.Short() + "-source-" + s.Identity.Account + "-" + s.Region
}

// Info implements Resource.
func (b *SourceBucket) Info() resource.Info {
	return resource.Info{
		ID: "source-bucket", Kind: "s3.Bucket", Name: b.Owner.Short() + "-source", Label: "the bucket for source code", Group: resource.GroupImage,
		Usually: 2 * time.Second, Gone: 2 * time.Second,
	}
}

// Needs implements Resource.
func (b *SourceBucket) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (b *SourceBucket) Identifier() string {
	if b.found == nil {
		return ""
	}
	return "arn:aws:s3:::" + b.name
}

// Wanted implements Optional.
func (b *SourceBucket) Wanted() bool { return !b.Unneeded }

// OfAccount implements OfAccount: the name holds the account.
func (b *SourceBucket) OfAccount() {}

// Observe implements Resource.
func (b *SourceBucket) Observe(ctx context.Context, s *resource.Scope) error {
	b.name, b.found = b.BucketName(s), nil
	_, err := s.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	switch {
	case cloud.NotFound(err), b.Unneeded && resource.Unseen(err):
		return nil
	case err != nil:
		return err
	}
	found := &sourceBucketFound{}
	tags, err := BucketTags(ctx, s.Clients, b.name)
	found.tagged = err == nil
	if err := b.Judge(b.Owner, tags, err); err != nil { // one without tags lost them: its name is ours
		return err
	}
	if found.tidy, err = HasBucketRule(ctx, s, b.name, sourceRule); err != nil {
		return err
	}
	left, err := s.S3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b.name, MaxKeys: aws.Int32(1)})
	if err != nil && !resource.Unseen(err) {
		return err
	}
	found.full = err == nil && len(left.Versions)+len(left.DeleteMarkers) > 0
	b.found = found
	return nil
}

// sourceBucketRole is what the bucket is for the app, as its tags say it.
const sourceBucketRole = "source-bucket"

// sourceRule is the id of the rule that deletes what a broken run left.
const sourceRule = "berth-source"

// Exists implements Resource.
func (b *SourceBucket) Exists() bool { return b.found != nil && b.Ours() }

// Diff implements Resource.
func (b *SourceBucket) Diff(*resource.Scope) resource.Diff {
	if b.Unneeded {
		return resource.Unwanted(b)
	}
	if b.found == nil {
		return resource.Absent()
	}
	var drift resource.Drift
	if !b.found.tidy {
		drift.Add("keeps source code forever", resource.Field("days kept", "", 1))
	}
	if !b.found.tagged {
		drift.Add("has no owner tags", resource.Field("tags", "", resource.Listed([]string{b.Owner.App, b.Owner.Env})))
	}
	if b.found.full {
		drift.Add("holds the source of an interrupted run", resource.Field("files", "some", "none"))
	}
	return drift.Diff()
}

// Apply implements Resource. New buckets are private.
func (b *SourceBucket) Apply(ctx context.Context, s *resource.Scope) error {
	b.name = b.BucketName(s)
	if b.found == nil {
		if err := CreateBucket(ctx, s, b.name, b.Owner, sourceBucketRole); err != nil {
			return fmt.Errorf("create bucket for source code: %w", err)
		}
		b.found = &sourceBucketFound{}
	}
	if !b.found.tagged {
		err := s.Retry(ctx, BucketSettling, func(ctx context.Context) error { return TagBucket(ctx, s, b.name, b.Owner, sourceBucketRole) })
		if err != nil {
			return fmt.Errorf("tag bucket for source code: %w", err)
		}
		b.found.tagged = true
	}
	if b.found.full {
		if err := emptyBucket(ctx, s, b.name); err != nil {
			return err
		}
		b.found.full = false
	}
	if b.found.tidy {
		return nil
	}
	err := s.Retry(ctx, BucketSettling, func(ctx context.Context) error {
		return PutBucketRule(ctx, s, b.name, s3types.LifecycleRule{
			ID: aws.String(sourceRule), Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(1)},
			AbortIncompleteMultipartUpload: &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(1)},
		})
	})
	if err != nil {
		return fmt.Errorf("set source code to expire after a day: %w", err)
	}
	b.found.tidy = true
	return nil
}

// Delete implements Resource.
func (b *SourceBucket) Delete(ctx context.Context, s *resource.Scope) error {
	if !b.Exists() {
		return nil
	}
	return DeleteBucket(ctx, s, b.name)
}

// arn is the ARN of the bucket, known before it exists.
func (b *SourceBucket) arn(s *resource.Scope) string {
	return BucketARN(s, b.BucketName(s))
}

// Permissions implements Permissioned.
func (b *SourceBucket) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("s3:ListBucket")
	there := b.found != nil || resource.Existing(do)
	if there {
		actions = append(actions, "s3:GetLifecycleConfiguration")
	}
	look := resource.On(actions, b.arn(s))
	left := resource.On(resource.Actions("s3:ListBucketVersions"), b.arn(s))
	left.Without = "source code of an interrupted run stays for a day"
	if b.Unneeded {
		look.Without = "a source bucket of an earlier deployment is not found"
	}
	need := []resource.Permission{look}
	if there {
		need = append(need, resource.Whose("s3:GetBucketTagging", "a bucket", b.arn(s)), left)
	}
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("s3:CreateBucket", "s3:TagResource", "s3:PutBucketTagging", "s3:PutLifecycleConfiguration"), b.arn(s)))
	case event.Update:
		var actions []string
		if b.found == nil || !b.found.tagged {
			actions = append(actions, "s3:PutBucketTagging")
		}
		if b.found == nil || !b.found.tidy {
			actions = append(actions, "s3:PutLifecycleConfiguration")
		}
		need = append(need, resource.On(actions, b.arn(s)))
		if b.found == nil || b.found.full {
			need = append(need, resource.On(resource.Actions("s3:DeleteObject", "s3:DeleteObjectVersion"), b.arn(s)+"/*"))
		}
	case event.Delete:
		need = append(need, DeletingBucket(b.arn(s))...)
	case event.None, event.Replace:
	}
	return need
}
