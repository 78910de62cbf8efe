package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// s3Service is S3: buckets, how they are set up, and the objects in them without their content.
func s3Service() awsService {
	return awsService{
		name: "s3", protocol: speaksQuery, state: []keeper{s3Shelf},
		operations: []operation{
			op(s3CreateBucket, alsoFor(func(in *s3.CreateBucketInput) []string {
				if in.CreateBucketConfiguration != nil && len(in.CreateBucketConfiguration.Tags) > 0 {
					return []string{"s3:TagResource"}
				}
				return nil
			})), op(s3HeadBucket, action("s3:ListBucket"), reads), op(s3ListBuckets, action("s3:ListAllMyBuckets")), op(s3DeleteBucket),
			op(s3PutBucketTagging), op(s3GetBucketTagging), op(s3PutBucketVersioning), op(s3GetBucketVersioning),
			op(s3PutBucketCors, action("s3:PutBucketCORS")), op(s3GetBucketCors, action("s3:GetBucketCORS")),
			op(s3PutPublicAccessBlock, action("s3:PutBucketPublicAccessBlock")), op(s3GetPublicAccessBlock, action("s3:GetBucketPublicAccessBlock")),
			op(s3DeletePublicAccessBlock, action("s3:PutBucketPublicAccessBlock")),
			op(s3PutLifecycle, action("s3:PutLifecycleConfiguration")), op(s3GetLifecycle, action("s3:GetLifecycleConfiguration")),
			op(s3PutBucketPolicy), op(s3GetBucketPolicy),
			op(s3PutObject), op(s3DeleteObject), op(s3ListObjectVersions, action("s3:ListBucketVersions")),
			op(s3DeleteObjects, action("s3:DeleteObject"), also("s3:DeleteObjectVersion")),
		},
		list: func(v *inventory, r *region) {
			for _, b := range r.s3().Buckets {
				d := clone(*b)
				d.Created, d.Objects = time.Time{}, nil
				v.add("s3.Bucket", b.Name, false, map[string]any{"Bucket": d, "Objects": len(b.Objects)})
			}
		},
	}
}

// reads marks an operation that changes nothing although its name does not say so.
func reads(o *operation) { o.mutating = false }

type s3State struct{ Buckets []*bucket }

const s3Shelf shelf[s3State] = "s3"

func (r *region) s3() *s3State { return s3Shelf.in(&r.Kept) }

type bucket struct {
	Name       string
	Created    time.Time
	Tags       tagMap
	Versioning string
	Open       bool // without its block of public access, which a new bucket has
	CORS       []s3types.CORSRule
	Lifecycle  []s3types.LifecycleRule
	Policy     string `json:",omitempty"`
	Objects    []s3Object
}

// s3Object is one version of an object.
type s3Object struct {
	Key, Version string
	Marker       bool // that it was deleted
}

// s3Code is an error for which the SDK has no type.
func s3Code(code, text string) error { return &smithy.GenericAPIError{Code: code, Message: text} }

func onBucket[Out any](c *call, name *string, fn func(*bucket) (*Out, error)) (*Out, error) {
	b := find(c.r.s3().Buckets, func(b *bucket) bool { return b.Name == str(name) })
	if b == nil {
		return nil, &s3types.NoSuchBucket{Message: msg("The specified bucket does not exist")}
	}
	return fn(b)
}

var bucketName = pattern(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func s3CreateBucket(c *call, in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
	where := "us-east-1"
	if in.CreateBucketConfiguration != nil && in.CreateBucketConfiguration.LocationConstraint != "" {
		where = string(in.CreateBucketConfiguration.LocationConstraint)
	}
	switch {
	case !bucketName(str(in.Bucket)):
		return nil, s3Code("InvalidBucketName", "The specified bucket is not valid.")
	case where != c.r.Name:
		return nil, s3Code("IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	}
	for _, name := range c.st.regionNames() {
		if find(c.st.Regions[name].s3().Buckets, func(b *bucket) bool { return b.Name == *in.Bucket }) != nil {
			return nil, &s3types.BucketAlreadyOwnedByYou{Message: msg("Your previous request to create the named bucket succeeded and you already own it.")}
		}
	}
	b := &bucket{Name: *in.Bucket, Created: c.now}
	if in.CreateBucketConfiguration != nil {
		b.Tags = s3Tags(in.CreateBucketConfiguration.Tags)
	}
	c.r.s3().Buckets = append(c.r.s3().Buckets, b)
	return &s3.CreateBucketOutput{Location: new("/" + *in.Bucket)}, nil
}

func s3HeadBucket(c *call, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	if find(c.r.s3().Buckets, func(b *bucket) bool { return b.Name == str(in.Bucket) }) == nil {
		return nil, &s3types.NotFound{Message: msg("Not Found")} // an answer to HEAD has no body that would say more
	}
	return &s3.HeadBucketOutput{BucketRegion: new(c.r.Name)}, nil
}

func s3ListBuckets(c *call, in *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	out := &s3.ListBucketsOutput{}
	for _, name := range c.st.regionNames() {
		for _, b := range c.st.Regions[name].s3().Buckets {
			if strings.HasPrefix(b.Name, str(in.Prefix)) && (in.BucketRegion == nil || *in.BucketRegion == name) {
				out.Buckets = append(out.Buckets, s3types.Bucket{Name: new(b.Name), BucketRegion: new(name), CreationDate: new(b.Created)})
			}
		}
	}
	return out, nil
}

func s3DeleteBucket(c *call, in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.DeleteBucketOutput, error) {
		if len(b.Objects) > 0 {
			return nil, s3Code("BucketNotEmpty", "The bucket you tried to delete is not empty")
		}
		c.r.s3().Buckets = remove(c.r.s3().Buckets, b)
		return &s3.DeleteBucketOutput{}, nil
	})
}

func s3Tags(in []s3types.Tag) tagMap {
	return tagsFrom(in, func(t s3types.Tag) (*string, *string) { return t.Key, t.Value })
}

func s3PutBucketTagging(c *call, in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutBucketTaggingOutput, error) {
		b.Tags = s3Tags(in.Tagging.TagSet)
		return &s3.PutBucketTaggingOutput{}, nil
	})
}

func s3GetBucketTagging(c *call, in *s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.GetBucketTaggingOutput, error) {
		if len(b.Tags) == 0 {
			return nil, s3Code("NoSuchTagSet", "The TagSet does not exist")
		}
		return &s3.GetBucketTaggingOutput{TagSet: tagsTo(b.Tags, func(k, v *string) s3types.Tag { return s3types.Tag{Key: k, Value: v} })}, nil
	})
}

func s3PutBucketVersioning(c *call, in *s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutBucketVersioningOutput, error) {
		b.Versioning = string(in.VersioningConfiguration.Status)
		return &s3.PutBucketVersioningOutput{}, nil
	})
}

func s3GetBucketVersioning(c *call, in *s3.GetBucketVersioningInput) (*s3.GetBucketVersioningOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.GetBucketVersioningOutput, error) {
		return &s3.GetBucketVersioningOutput{Status: s3types.BucketVersioningStatus(b.Versioning)}, nil
	})
}

func s3PutBucketCors(c *call, in *s3.PutBucketCorsInput) (*s3.PutBucketCorsOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutBucketCorsOutput, error) {
		b.CORS = clone(in.CORSConfiguration.CORSRules)
		return &s3.PutBucketCorsOutput{}, nil
	})
}

func s3GetBucketCors(c *call, in *s3.GetBucketCorsInput) (*s3.GetBucketCorsOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.GetBucketCorsOutput, error) {
		if len(b.CORS) == 0 {
			return nil, s3Code("NoSuchCORSConfiguration", "The CORS configuration does not exist")
		}
		return &s3.GetBucketCorsOutput{CORSRules: clone(b.CORS)}, nil
	})
}

func s3PutPublicAccessBlock(c *call, in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutPublicAccessBlockOutput, error) {
		p := in.PublicAccessBlockConfiguration
		b.Open = !val(p.BlockPublicAcls, false) || !val(p.BlockPublicPolicy, false) || !val(p.IgnorePublicAcls, false) || !val(p.RestrictPublicBuckets, false)
		return &s3.PutPublicAccessBlockOutput{}, nil
	})
}

func s3GetPublicAccessBlock(c *call, in *s3.GetPublicAccessBlockInput) (*s3.GetPublicAccessBlockOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.GetPublicAccessBlockOutput, error) {
		if b.Open {
			return nil, s3Code("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
		}
		on := new(true)
		return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
			BlockPublicAcls: on, BlockPublicPolicy: on, IgnorePublicAcls: on, RestrictPublicBuckets: on,
		}}, nil
	})
}

func s3DeletePublicAccessBlock(c *call, in *s3.DeletePublicAccessBlockInput) (*s3.DeletePublicAccessBlockOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.DeletePublicAccessBlockOutput, error) {
		b.Open = true
		return &s3.DeletePublicAccessBlockOutput{}, nil
	})
}

func s3PutLifecycle(c *call, in *s3.PutBucketLifecycleConfigurationInput) (*s3.PutBucketLifecycleConfigurationOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutBucketLifecycleConfigurationOutput, error) {
		b.Lifecycle = clone(in.LifecycleConfiguration.Rules)
		return &s3.PutBucketLifecycleConfigurationOutput{}, nil
	})
}

func s3GetLifecycle(c *call, in *s3.GetBucketLifecycleConfigurationInput) (*s3.GetBucketLifecycleConfigurationOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.GetBucketLifecycleConfigurationOutput, error) {
		if len(b.Lifecycle) == 0 {
			return nil, s3Code("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
		}
		return &s3.GetBucketLifecycleConfigurationOutput{Rules: clone(b.Lifecycle)}, nil
	})
}

func s3PutBucketPolicy(c *call, in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutBucketPolicyOutput, error) {
		var doc struct{ Statement []map[string]any }
		if err := json.Unmarshal([]byte(str(in.Policy)), &doc); err != nil || len(doc.Statement) == 0 {
			return nil, s3Code("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
		}
		for _, s := range doc.Statement {
			if s["Principal"] == nil || s["Effect"] == nil || s["Action"] == nil || s["Resource"] == nil {
				return nil, s3Code("MalformedPolicy", "Missing required field")
			}
		}
		b.Policy = str(in.Policy)
		return &s3.PutBucketPolicyOutput{}, nil
	})
}

func s3GetBucketPolicy(c *call, in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.GetBucketPolicyOutput, error) {
		if b.Policy == "" {
			return nil, s3Code("NoSuchBucketPolicy", "The bucket policy does not exist")
		}
		return &s3.GetBucketPolicyOutput{Policy: new(b.Policy)}, nil
	})
}

func s3PutObject(c *call, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.PutObjectOutput, error) {
		if in.Body != nil {
			data, err := io.ReadAll(in.Body)
			if err != nil {
				return nil, fmt.Errorf("read object: %w", err)
			}
			c.a.objects[c.r.Name+"/"+b.Name+"/"+str(in.Key)] = data
		}
		o := s3Object{Key: str(in.Key), Version: "null"}
		if b.Versioning == string(s3types.BucketVersioningStatusEnabled) {
			o.Version = c.st.fresh(c.r.Name, "object version", b.Name)
		}
		b.Objects = slices.DeleteFunc(b.Objects, func(x s3Object) bool { return x.Key == o.Key && x.Version == o.Version })
		b.Objects = append(b.Objects, o)
		return &s3.PutObjectOutput{VersionId: new(o.Version)}, nil
	})
}

func s3DeleteObject(c *call, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.DeleteObjectOutput, error) {
		b.Objects = slices.DeleteFunc(b.Objects, func(o s3Object) bool { return o.Key == str(in.Key) && b.Versioning == "" })
		delete(c.a.objects, c.r.Name+"/"+b.Name+"/"+str(in.Key))
		return &s3.DeleteObjectOutput{}, nil
	})
}

// s3ListObjectVersions lists up to a thousand at once.
func s3ListObjectVersions(c *call, in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.ListObjectVersionsOutput, error) {
		out := &s3.ListObjectVersionsOutput{IsTruncated: new(false)}
		for i, o := range b.Objects {
			if i == int(val(in.MaxKeys, 1000)) {
				out.IsTruncated, out.NextKeyMarker, out.NextVersionIdMarker = new(true), new(o.Key), new(o.Version)
				break
			}
			if o.Marker {
				out.DeleteMarkers = append(out.DeleteMarkers, s3types.DeleteMarkerEntry{Key: new(o.Key), VersionId: new(o.Version)})
			} else {
				out.Versions = append(out.Versions, s3types.ObjectVersion{Key: new(o.Key), VersionId: new(o.Version)})
			}
		}
		return out, nil
	})
}

func s3DeleteObjects(c *call, in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
	return onBucket(c, in.Bucket, func(b *bucket) (*s3.DeleteObjectsOutput, error) {
		if n := len(in.Delete.Objects); n == 0 || n > 1000 {
			return nil, s3Code("MalformedXML", fmt.Sprintf("%d objects in one request", n))
		}
		for _, d := range in.Delete.Objects {
			switch {
			case d.VersionId != nil:
				b.Objects = slices.DeleteFunc(b.Objects, func(o s3Object) bool { return o.Key == str(d.Key) && o.Version == *d.VersionId })
			case b.Versioning == "":
				b.Objects = slices.DeleteFunc(b.Objects, func(o s3Object) bool { return o.Key == str(d.Key) })
			default:
				b.Objects = append(b.Objects, s3Object{Key: str(d.Key), Version: c.st.fresh(c.r.Name, "object version", b.Name), Marker: true})
			}
		}
		return &s3.DeleteObjectsOutput{}, nil
	})
}
