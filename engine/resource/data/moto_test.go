package data_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
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

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/data"
	"berth/engine/resource/kindtest"
)

// emulated are clients of moto_server, an emulator of the AWS APIs that knows nothing of ours, over real HTTP.
func emulated(t *testing.T) *resource.Scope {
	t.Helper()
	if os.Getenv("BERTH_TEST_MOTO") == "" {
		t.Skip("BERTH_TEST_MOTO is not set; make conformance sets it")
	}
	path, err := exec.LookPath("moto_server")
	check(t, "find moto_server, of pip install 'moto[server]>=5,<6'", err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, "find a free port", err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	check(t, "let go of the port", l.Close())
	cmd := exec.CommandContext(t.Context(), path, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	check(t, "start moto_server", cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	at := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		resp, err := http.Get(at + "/moto-api/data.json")
		if err == nil {
			_ = resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto_server does not answer: %v", err)
		}
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": at, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	clients, err := cloud.Environment{PollEvery: 100 * time.Millisecond}.Connect(t.Context(), cloud.Settings{Region: kindtest.Region})
	check(t, "connect", err)
	id, err := clients.WhoAmI(t.Context())
	check(t, "ask who we are", err)
	return &resource.Scope{Clients: clients, Identity: id, Owner: resource.Owner{App: "conform", Env: "production"}}
}

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// chain is the resource behind all that it needs, each once.
func chain(r resource.Resource) (all resource.Set) {
	var add func(resource.Resource)
	add = func(r resource.Resource) {
		if all.Has(r.Info().ID) {
			return
		}
		for _, n := range r.Needs() {
			add(n.On)
		}
		all = append(all, r)
	}
	add(r)
	return all
}

// bring makes a resource and all that it needs what is wanted, and says what it did to the resource itself.
func bring(t *testing.T, s *resource.Scope, r resource.Resource) (did event.Action) {
	t.Helper()
	for _, one := range chain(r) {
		id := one.Info().ID
		observe(t, s, one)
		d := one.Diff(s)
		if d.Action == event.Create || d.Action == event.Update {
			check(t, "apply "+id, one.Apply(t.Context(), s))
		}
		if w, ok := one.(resource.Waiter); ok {
			check(t, "wait for "+id, w.Ready(t.Context(), s))
		}
		did = d.Action
	}
	return did
}

func observe(t *testing.T, s *resource.Scope, r resource.Resource) {
	t.Helper()
	check(t, "observe "+r.Info().ID, r.Observe(t.Context(), s))
	if d, ok := r.(resource.Detailer); ok {
		check(t, "look at the details of "+r.Info().ID, d.Detail(t.Context(), s))
	}
}

// TestMotoData creates, changes and destroys what keeps an app's data on moto_server: what is proven is that requests are
// formed as AWS wants them, and that what was made is found again.
func TestMotoData(t *testing.T) {
	s := emulated(t)
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
			if did := bring(t, s, one.wanted()); did != event.Create {
				t.Errorf("at first: %s", did)
			}
			if did := bring(t, s, one.wanted()); did != event.None {
				t.Errorf("again: %s", did)
			}
			wanted := one.wanted
			if one.changed != nil {
				wanted = one.changed
				if did := bring(t, s, wanted()); did != event.Update {
					t.Errorf("changed: %s", did)
				}
				if did := bring(t, s, wanted()); did != event.None {
					t.Errorf("changed again: %s", did)
				}
			}
			if b, ok := wanted().(*data.Bucket); ok { // what is in it must not be in the way
				name := b.BucketName(s)
				_, err := s.S3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &name})
				check(t, "let the bucket take files without TLS, as moto is spoken to", err)
				_, err = s.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: aws.String("photo.jpg")})
				check(t, "put a file", err)
			}
			r := wanted()
			if c, ok := r.(*data.Cache); ok {
				emulatedCacheGoes(t, s, c)
				return
			}
			all := chain(r)
			for _, x := range all {
				observe(t, s, x)
			}
			for i := range all {
				if x := all[len(all)-1-i]; x.Exists() {
					check(t, "delete "+x.Info().ID, x.Delete(t.Context(), s))
				}
			}
			for _, x := range chain(wanted()) {
				observe(t, s, x)
				if x.Exists() && x.Info().Kind != "ec2.VPC" && x.Info().Kind != "ec2.Subnet" {
					t.Errorf("%s is still there", x.Info().ID)
				}
			}
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
	observe(t, s, c)
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
