package data

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/policy"
	"berth/engine/resource"
	"berth/engine/resource/artifact"
)

// Bucket is a bucket of S3 for what visitors upload: private, encrypted by S3 itself, without ACLs, as new buckets are,
// and without the parts of uploads that broke off. Browsers may send files to it from the app's own pages.
type Bucket struct {
	resource.Claim
	Owner      resource.Owner
	Versioning bool // what is overwritten or deleted stays as an older version
	// Origins are the addresses of the app's pages; known is false until AWS has given them. Nil: there are none.
	Origins func() (origins []string, known bool)
	// After is what Origins needs.
	After    []resource.Need
	Unneeded bool // berth.toml asks for no bucket: a destroy alone looks for it
	// Told says whether the app knows the bucket already. Nil: it does.
	Told func() bool

	name  string // known once it was observed, since the account is part of it
	found *bucketFound
}

// bucketFound is a bucket as it was observed.
type bucketFound struct {
	tagged, versioned, private, tidy, sealed bool
	origins                                  []string
	policy                                   string // of the bucket; empty: none
}

// BucketName is the name: no other account can have it by chance, and no other app.
func (b *Bucket) BucketName(s *resource.Scope) string {
	return b.Owner.Short() + "-" + s.Identity.Account + "-" + s.Region
}

// Info implements Resource.
func (b *Bucket) Info() resource.Info {
	return resource.Info{
		ID: "bucket", Kind: "s3.Bucket", Name: b.Owner.Short(), Label: "the bucket for uploads", Group: resource.GroupData,
		Usually: 2 * time.Second, Gone: 10 * time.Second, Keeps: "the files in the bucket for uploads",
	}
}

// Data implements Keeping.
func (b *Bucket) Data() string { return "the files in the bucket for uploads" }

// Needs implements Resource.
func (b *Bucket) Needs() []resource.Need { return b.After }

// Identifier implements Identified.
func (b *Bucket) Identifier() string {
	if b.found == nil {
		return ""
	}
	return "arn:aws:s3:::" + b.name
}

// Wanted implements Optional.
func (b *Bucket) Wanted() bool { return !b.Unneeded }

// OfAccount implements OfAccount: the name holds the account.
func (b *Bucket) OfAccount() {}

// Observe implements Resource.
func (b *Bucket) Observe(ctx context.Context, s *resource.Scope) error {
	b.name, b.found = b.BucketName(s), nil
	_, err := s.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	switch {
	case cloud.NotFound(err), b.Unneeded && resource.Unseen(err):
		return nil
	case err != nil:
		return err
	}
	found := &bucketFound{}
	tags, err := artifact.BucketTags(ctx, s.Clients, b.name)
	found.tagged = err == nil
	if err := b.Judge(b.Owner, tags, err); err != nil { // one without tags lost them: its name is ours
		return err
	}
	versions, err := s.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
	if err != nil {
		return err
	}
	found.versioned = versions.Status == s3types.BucketVersioningStatusEnabled
	if err := b.settings(ctx, s, found); err != nil {
		return err
	}
	b.found = found
	return nil
}

// settings looks how the bucket is set up. What is not there has errors of its own.
func (b *Bucket) settings(ctx context.Context, s *resource.Scope, found *bucketFound) error {
	block, err := s.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.name})
	if err != nil && !cloud.NotFound(err) {
		return err
	}
	if err == nil && block.PublicAccessBlockConfiguration != nil {
		p := block.PublicAccessBlockConfiguration
		found.private = aws.ToBool(p.BlockPublicAcls) && aws.ToBool(p.BlockPublicPolicy) && aws.ToBool(p.IgnorePublicAcls) && aws.ToBool(p.RestrictPublicBuckets)
	}
	cors, err := s.S3.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &b.name})
	if err != nil && !cloud.NotFound(err) {
		return err
	}
	if err == nil {
		for _, r := range cors.CORSRules {
			if aws.ToString(r.ID) == corsRule {
				found.origins = r.AllowedOrigins
			}
		}
	}
	if found.tidy, err = artifact.HasBucketRule(ctx, s, b.name, tidyRule); err != nil {
		return err
	}
	return b.readPolicy(ctx, s, found)
}

// bucketRole is what the bucket is for the app, as its tags say it.
const bucketRole = "bucket"

// The ids of the rules of ours.
const (
	corsRule = "berth-uploads"
	tidyRule = "berth-broken-uploads"
)

// Exists implements Resource.
func (b *Bucket) Exists() bool { return b.found != nil && b.Ours() }

// origins are those that are wanted.
func (b *Bucket) origins() (all []string, known bool) {
	if b.Origins == nil {
		return nil, true
	}
	return b.Origins()
}

// Diff implements Resource. Versions that are there stay: versioning is switched on, and off by nobody but people.
func (b *Bucket) Diff(*resource.Scope) resource.Diff {
	if b.found == nil {
		return resource.Absent()
	}
	var drift resource.Drift
	if !b.found.private {
		drift.Add("may become public", resource.Field("public access blocked", false, true))
	}
	if !b.found.sealed {
		drift.Add("accepts requests without TLS", resource.Field("TLS alone", false, true))
	}
	if b.Versioning && !b.found.versioned {
		drift.Add("keeps no older versions", resource.Field("versioning", false, true))
	}
	if !b.found.tidy {
		drift.Add("keeps parts of aborted uploads", resource.Field("days to keep them", "", tidyDays))
	}
	if !b.found.tagged {
		drift.Add("has no owner tags", resource.Field("tags", "", resource.Listed([]string{b.Owner.App, b.Owner.Env})))
	}
	if want, known := b.origins(); known && !resource.SameSet(want, b.found.origins) {
		drift.Add("accepts uploads from other origins", resource.Field("origins", resource.Listed(b.found.origins), resource.Listed(want)))
	}
	return drift.Diff()
}

// Delete implements Resource: all files in all their versions, then the bucket.
func (b *Bucket) Delete(ctx context.Context, s *resource.Scope) error {
	if b.found == nil {
		return nil
	}
	return artifact.DeleteBucket(ctx, s, b.name)
}

// arn is the ARN of the bucket, known before it exists.
func (b *Bucket) arn(s *resource.Scope) string {
	return artifact.BucketARN(s, b.BucketName(s))
}

// Use are the statements that let a task's role keep files in the bucket, and in no other.
func (b *Bucket) Use(s *resource.Scope) []policy.Statement {
	return []policy.Statement{
		policy.Allow([]string{"s3:ListBucket", "s3:GetBucketLocation"}, b.arn(s)),
		policy.Allow([]string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}, b.arn(s)+"/*"),
	}
}

// Permissions implements Permissioned.
func (b *Bucket) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("s3:ListBucket")
	there := b.found != nil || resource.Existing(do)
	if there {
		actions = append(actions, "s3:GetBucketVersioning", "s3:GetBucketPublicAccessBlock", "s3:GetBucketCORS", "s3:GetLifecycleConfiguration", "s3:GetBucketPolicy")
	}
	look := resource.On(actions, b.arn(s))
	if b.Unneeded {
		look.Without = "a bucket left by an earlier deployment goes unnoticed"
	}
	need := []resource.Permission{look}
	if there {
		need = append(need, resource.Whose("s3:GetBucketTagging", "a bucket", b.arn(s)))
	}
	switch do {
	case event.Create:
		need = append(need, resource.On(append(b.setting(), "s3:CreateBucket", "s3:TagResource"), b.arn(s)))
	case event.Update:
		need = append(need, resource.On(b.setting(), b.arn(s)))
	case event.Delete:
		need = append(need, artifact.DeletingBucket(b.arn(s))...)
	case event.None, event.Replace:
	}
	return need
}

// setting are the actions that set the bucket up: those that it takes now, when it was observed.
func (b *Bucket) setting() (actions []string) {
	f := bucketFound{}
	if b.found != nil {
		f = *b.found
	}
	for _, one := range []struct {
		action string
		due    bool
	}{
		{"s3:PutBucketTagging", !f.tagged},
		{"s3:PutBucketPublicAccessBlock", !f.private},
		{"s3:PutBucketPolicy", !f.sealed},
		{"s3:PutBucketVersioning", b.Versioning && !f.versioned},
		{"s3:PutLifecycleConfiguration", !f.tidy},
		{"s3:PutBucketCORS", b.Origins != nil},
	} {
		if one.due {
			actions = append(actions, one.action)
		}
	}
	return actions
}

// Checks implements Checked: files of an earlier deployment are not taken over in silence.
func (b *Bucket) Checks(do event.Action) []resource.Probe {
	if do == event.Delete || b.Unneeded {
		return nil
	}
	return []resource.Probe{{ID: "bucket-data", Title: "the files in the bucket", Look: func(context.Context, *resource.Scope) resource.Finding {
		if b.found != nil && b.Told != nil && !b.Told() {
			return resource.Finding{
				Verdict: resource.Warn, Text: "the bucket " + b.name + " of an earlier deployment still exists, and is reused with the files in it",
				Remedy: "to start empty, delete it with berth destroy first",
			}
		}
		return resource.Finding{Verdict: resource.OK, Text: "the bucket keeps its files"}
	}}}
}

// Costs implements Coster. How much will be in it nobody knows yet, unless it was said.
func (b *Bucket) Costs(bill *price.Bill) { bill.Uploads() }

// Buckets lists the buckets of all apps in the region.
var Buckets = resource.Listing{What: "buckets", List: listBuckets}

func listBuckets(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := s3.NewListBucketsPaginator(s.S3, &s3.ListBucketsInput{Prefix: aws.String(resource.NamePrefix), BucketRegion: &s.Region})
	err := resource.Pages(ctx, p, func(out *s3.ListBucketsOutput) error {
		for _, b := range out.Buckets {
			if name := aws.ToString(b.Name); strings.HasSuffix(name, "-"+s.Region) {
				all = append(all, resource.Found{Kind: "s3.Bucket", Name: name, ARN: "arn:aws:s3:::" + name})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByTags(ctx, all, func(ctx context.Context, f *resource.Found) (map[string]string, error) {
		return artifact.BucketTags(ctx, s.Clients, f.Name)
	})
}
