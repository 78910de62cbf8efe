package data_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"berth/engine/resource"
	"berth/engine/resource/data"
	"berth/engine/resource/kindtest"
)

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// TestMotoData creates, changes and destroys what keeps an app's data on moto_server: what is proven is that requests are
// formed as AWS wants them, and that what was made is found again.
func TestMotoData(t *testing.T) {
	s := kindtest.Emulated(t)
	var w kindtest.World
	origins := func() ([]string, bool) { return []string{"https://www.example.com"}, true }
	for i, one := range []struct {
		name            string
		wanted, changed func() resource.Resource
	}{
		{
			"RDS, SSM", func() resource.Resource { return database(w, small) },
			func() resource.Resource { return database(w, larger) },
		},
		{"EFS", func() resource.Resource { p, _ := folder(w); return p }, nil},
		{
			"ElastiCache", func() resource.Resource { return cache(w, "cache.t4g.micro", false) },
			nil,
		},
		{
			"S3", func() resource.Resource { return &data.Bucket{Owner: w.Owner, Origins: origins} },
			func() resource.Resource { return &data.Bucket{Owner: w.Owner, Origins: origins, Versioning: true} },
		},
	} {
		t.Run(one.name, func(t *testing.T) {
			w.Owner = resource.Owner{App: fmt.Sprintf("conform-%d", i), Env: "production"} // the emulator keeps tokens of what is gone
			s.Owner = w.Owner
			kindtest.Live(t, s, one.wanted, one.changed)
			wanted := one.wanted
			if one.changed != nil {
				wanted = one.changed
			}
			if b, ok := wanted().(*data.Bucket); ok { // what is in it must not be in the way
				name := b.BucketName(s)
				_, err := s.S3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &name})
				check(t, "let the bucket take files without TLS, as moto is spoken to", err)
				_, err = s.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: aws.String("photo.jpg")})
				check(t, "put a file", err)
			}
			if c, ok := wanted().(*data.Cache); ok {
				emulatedCacheGoes(t, s, c)
				return
			}
			kindtest.Gone(t, s, wanted)
		})
	}
	t.Run("Secrets Manager, KMS", func(t *testing.T) { emulatedSecrets(t, s) })
}

// emulatedSecrets has the secrets of people looked up: one in Secrets Manager, one in SSM under a key of their own.
func emulatedSecrets(t *testing.T, s *resource.Scope) {
	t.Helper()
	ctx := context.Background()
	keys := kms.New(kms.Options{Region: kindtest.Region, BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")), Credentials: s.SSM.Options().Credentials})
	key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{})
	check(t, "create a key", err)
	stripe, err := s.Secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("stripe"), SecretString: aws.String(`{"live":"x"}`)})
	check(t, "create a secret", err)
	_, err = s.SSM.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String("/conform/KEY"), Value: aws.String("x"), Type: ssmtypes.ParameterTypeSecureString, KeyId: key.KeyMetadata.KeyId,
	})
	check(t, "put a parameter", err)
	look := func() (x *data.Secrets, versions map[string]string) {
		x = &data.Secrets{Named: func(s *resource.Scope) map[string]string {
			return map[string]string{"STRIPE_KEY": aws.ToString(stripe.ARN) + ":live::", "KEY": s.ARN("ssm", "parameter/conform/KEY")}
		}}
		check(t, "observe the secrets", x.Observe(ctx, s))
		return x, x.Versions(s)
	}
	x, first := look()
	if len(first) != 2 {
		t.Errorf("versions %v", first)
	}
	var decrypts bool
	for _, one := range x.Read(s) {
		decrypts = decrypts || slices.Contains(one.Action, "kms:Decrypt")
	}
	if !decrypts {
		t.Error("the role may not decrypt with the customer's key")
	}
	_, err = s.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: stripe.ARN, SecretString: aws.String(`{"live":"y"}`)})
	check(t, "rotate the secret", err)
	if _, then := look(); then["STRIPE_KEY"] == first["STRIPE_KEY"] || then["KEY"] != first["KEY"] {
		t.Errorf("after the rotation: %v, then %v", first, then)
	}
	_, err = s.Secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: stripe.ARN, ForceDeleteWithoutRecovery: aws.Bool(true)})
	check(t, "delete the secret", err)
	if _, then := look(); then["STRIPE_KEY"] != "" {
		t.Errorf("after its deletion: %v", then)
	}
}

// emulatedCacheGoes has a cache deleted. The emulator says deleting of it for ever.
func emulatedCacheGoes(t *testing.T, s *resource.Scope, c *data.Cache) {
	t.Helper()
	kindtest.Observe(t, s, c)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := c.Delete(ctx, s); err != nil && ctx.Err() == nil {
		t.Fatalf("delete the cache: %v", err)
	}
	out, err := s.ElastiCache.DescribeReplicationGroups(t.Context(), &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String(c.Name())})
	check(t, "look at the cache", err)
	if status := aws.ToString(out.ReplicationGroups[0].Status); status != "deleting" {
		t.Errorf("the cache is %s", status)
	}
}
