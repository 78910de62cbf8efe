package data

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"berth/engine/resource"
	"berth/engine/resource/artifact"
)

// tidyDays is how many days the parts of an upload that broke off stay.
const tidyDays = 7

// Apply implements Resource.
func (b *Bucket) Apply(ctx context.Context, s *resource.Scope) error {
	b.name = b.BucketName(s)
	if b.found == nil {
		if err := artifact.CreateBucket(ctx, s, b.name, b.Owner, bucketRole); err != nil {
			return fmt.Errorf("create bucket: %w", err)
		}
		b.found = &bucketFound{} // emulators that do not know tags of a creation get them below
	}
	steps := []struct {
		what string
		due  bool
		do   func(context.Context, *resource.Scope) error
	}{
		{"tag bucket", !b.found.tagged, b.putTags},
		{"keep bucket private", !b.found.private, b.putBlock},
		{"demand TLS of bucket", !b.found.sealed, b.putPolicy},
		{"keep older versions in bucket", b.Versioning && !b.found.versioned, b.putVersioning},
		{"keep bucket tidy", !b.found.tidy, b.putLifecycle},
		{"let the app's pages send files to bucket", true, b.putCORS},
	}
	for _, step := range steps {
		if !step.due {
			continue
		}
		err := s.Retry(ctx, artifact.BucketSettling, func(ctx context.Context) error { return step.do(ctx, s) })
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func (b *Bucket) putTags(ctx context.Context, s *resource.Scope) error {
	err := artifact.TagBucket(ctx, s, b.name, b.Owner, bucketRole)
	b.found.tagged = err == nil
	return err
}

func (b *Bucket) putBlock(ctx context.Context, s *resource.Scope) error {
	on := aws.Bool(true)
	_, err := s.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &b.name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: on, BlockPublicPolicy: on, IgnorePublicAcls: on, RestrictPublicBuckets: on,
	}})
	b.found.private = err == nil
	return err
}

func (b *Bucket) putVersioning(ctx context.Context, s *resource.Scope) error {
	_, err := s.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &b.name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	b.found.versioned = err == nil
	return err
}

func (b *Bucket) putLifecycle(ctx context.Context, s *resource.Scope) error {
	err := artifact.PutBucketRule(ctx, s, b.name, s3types.LifecycleRule{
		ID: aws.String(tidyRule), AbortIncompleteMultipartUpload: &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(tidyDays)},
	})
	b.found.tidy = err == nil
	return err
}

func (b *Bucket) putCORS(ctx context.Context, s *resource.Scope) error {
	want, known := b.origins()
	if !known || len(want) == 0 || resource.SameSet(want, b.found.origins) {
		return nil
	}
	_, err := s.S3.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &b.name, CORSConfiguration: &s3types.CORSConfiguration{CORSRules: []s3types.CORSRule{{
		ID: aws.String(corsRule), AllowedOrigins: want, AllowedMethods: []string{"GET", "HEAD", "PUT", "POST"}, AllowedHeaders: []string{"*"},
		ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: aws.Int32(3600),
	}}}})
	if err == nil {
		b.found.origins = want
	}
	return err
}
