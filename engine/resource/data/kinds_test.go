package data_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"berth/engine/cloud"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/data"
	"berth/engine/resource/kindtest"
	"berth/engine/resource/network"
	"berth/engine/sim"
)

// networkOf is the network of an app: the default VPC, or one of its own where there is none.
func networkOf(w kindtest.World) network.Network {
	vpc := &network.VPC{Owner: w.Owner}
	subnets := []*network.Subnet{{Owner: w.Owner, VPC: vpc, Index: 0}, {Owner: w.Owner, VPC: vpc, Index: 1}}
	gateway := &network.InternetGateway{Owner: w.Owner, VPC: vpc}
	return network.Network{VPC: vpc, Subnets: subnets, Routes: &network.RouteTable{Owner: w.Owner, VPC: vpc, Gateway: gateway, Subnets: subnets}}
}

// database is a database in the default VPC, of that size.
func database(w kindtest.World, class string) *data.Database {
	place := networkOf(w)
	vpc := place.VPC
	return &data.Database{
		Owner: w.Owner, Engine: "postgres", Class: class, StorageGB: 20, NoFinalSnapshot: true,
		Subnets:       &data.SubnetGroup{Subnets: data.Subnets{Owner: w.Owner, Network: place}},
		SecurityGroup: &network.SecurityGroup{Owner: w.Owner, Role: "database", Label: "the database's security group", VPC: vpc},
		LinkedRole: &access.ServiceLinkedRole{
			ID: "rds-service-role", Service: "rds.amazonaws.com", Name: "AWSServiceRoleForRDS", Label: "the role of RDS itself",
		},
		Password: &data.Parameter{
			Owner: w.Owner, ID: "database-password", Key: "database/password", Label: "the database's password", Value: data.Password,
		},
	}
}

const small, larger = "db.t4g.micro", "db.t4g.small"

func TestDatabase(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.Database]{
		Wanted:  func(w kindtest.World) *data.Database { return database(w, small) },
		Changed: func(w kindtest.World) *data.Database { return database(w, larger) },
		Drift: func(ctx context.Context, s *resource.Scope, d *data.Database) error {
			_, err := s.RDS.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{
				DBInstanceIdentifier: aws.String(d.Name()), DeletionProtection: aws.Bool(false), ApplyImmediately: aws.Bool(true),
			})
			return err
		},
	})
}

func TestParameterGroup(t *testing.T) {
	group := func(w kindtest.World) *data.ParameterGroup {
		return &data.ParameterGroup{Owner: w.Owner, Family: data.FamilyWithoutTLS("mysql", "8.4")}
	}
	kindtest.Lifecycle(t, kindtest.Kind[*data.ParameterGroup]{
		Wanted: group,
		Drift: func(ctx context.Context, s *resource.Scope, g *data.ParameterGroup) error {
			_, err := s.RDS.ModifyDBParameterGroup(ctx, &rds.ModifyDBParameterGroupInput{
				DBParameterGroupName: aws.String(g.Name()),
				Parameters:           []rdstypes.Parameter{{ParameterName: aws.String("require_secure_transport"), ParameterValue: aws.String("0"), ApplyMethod: "immediate"}},
			})
			return err
		},
	})
}

func TestFamilyWithoutTLS(t *testing.T) {
	for version, want := range map[string]string{"mysql 8.4": "mysql8.4", "mysql 8.0.42": "mysql8.0", "mysql 8": "", "postgres 17": "", "postgres ": "", "postgres 15.1": "", "postgres 14.2": "postgres14"} {
		engine, version, _ := strings.Cut(version, " ")
		if got := data.FamilyWithoutTLS(engine, version); got != want {
			t.Errorf("%s %s: %q, want %q", engine, version, got, want)
		}
	}
}

func TestSubnetGroup(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.SubnetGroup]{
		Wanted: func(w kindtest.World) *data.SubnetGroup { return database(w, small).Subnets },
		Drift: func(ctx context.Context, s *resource.Scope, g *data.SubnetGroup) error {
			_, err := s.RDS.DeleteDBSubnetGroup(ctx, &rds.DeleteDBSubnetGroupInput{DBSubnetGroupName: aws.String(g.Name())})
			return err
		},
	})
}

func TestParameter(t *testing.T) {
	stamped := func(stamp string) func(kindtest.World) *data.Parameter {
		return func(w kindtest.World) *data.Parameter {
			p := database(w, small).Password
			p.Stamp = func() (string, bool) { return stamp, true }
			return p
		}
	}
	kindtest.Lifecycle(t, kindtest.Kind[*data.Parameter]{
		Wanted: stamped("the first"), Changed: stamped("the second"),
		Drift: func(ctx context.Context, s *resource.Scope, p *data.Parameter) error {
			_, err := s.SSM.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(p.Name())})
			return err
		},
	})
}

func TestSecrets(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.Secrets]{
		Step: true, Unplanned: true,
		Wanted: func(w kindtest.World) *data.Secrets {
			return &data.Secrets{Named: func(s *resource.Scope) map[string]string {
				return map[string]string{"KEY": s.ARN("ssm", "parameter/"+w.Owner.Path()+"/KEY")}
			}}
		},
	})
}

// folder is a folder of a file system in the default VPC, with the first of its mount targets.
func folder(w kindtest.World) (*data.AccessPoint, *data.MountTarget) {
	place := networkOf(w)
	vpc := place.VPC
	group := &network.SecurityGroup{Owner: w.Owner, Role: "files", Label: "the file system's security group", VPC: vpc}
	f := &data.FileSystem{Owner: w.Owner, SecurityGroup: group, LinkedRole: &access.ServiceLinkedRole{
		ID: "efs-service-role", Service: "elasticfilesystem.amazonaws.com", Name: "AWSServiceRoleForAmazonElasticFileSystem", Label: "the role of EFS itself",
	}}
	return &data.AccessPoint{Owner: w.Owner, FileSystem: f, Path: "/app/uploads"},
		&data.MountTarget{Owner: w.Owner, FileSystem: f, Network: place, SecurityGroup: group, Used: func() bool { return true }}
}

func TestFileSystem(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.FileSystem]{
		Wanted: func(w kindtest.World) *data.FileSystem { p, _ := folder(w); return p.FileSystem },
	})
}

func TestMountTarget(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.MountTarget]{
		Wanted: func(w kindtest.World) *data.MountTarget { _, m := folder(w); return m },
	})
}

func TestAccessPoint(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.AccessPoint]{
		Wanted: func(w kindtest.World) *data.AccessPoint { p, _ := folder(w); return p },
	})
}

// cache is a cache in the default VPC, on one node of that size or on two in two zones.
func cache(w kindtest.World, node string, two bool) *data.Cache {
	place := networkOf(w)
	vpc := place.VPC
	return &data.Cache{
		Owner: w.Owner, Node: node, MultiAZ: two, Subnets: &data.CacheSubnets{Subnets: data.Subnets{Owner: w.Owner, Network: place}},
		SecurityGroup: &network.SecurityGroup{Owner: w.Owner, Role: "cache", Label: "the cache's security group", VPC: vpc},
		LinkedRole: &access.ServiceLinkedRole{
			ID: "elasticache-service-role", Service: "elasticache.amazonaws.com", Name: "AWSServiceRoleForElastiCache", Label: "the role of ElastiCache itself",
		},
	}
}

func TestCache(t *testing.T) {
	for name, changed := range map[string]func(kindtest.World) *data.Cache{
		"larger":    func(w kindtest.World) *data.Cache { return cache(w, "cache.t4g.small", false) },
		"two zones": func(w kindtest.World) *data.Cache { return cache(w, "cache.t4g.micro", true) },
	} {
		t.Run(name, func(t *testing.T) {
			kindtest.Lifecycle(t, kindtest.Kind[*data.Cache]{
				Wanted:  func(w kindtest.World) *data.Cache { return cache(w, "cache.t4g.micro", false) },
				Changed: changed,
				Drift: func(ctx context.Context, s *resource.Scope, c *data.Cache) error {
					_, err := s.ElastiCache.IncreaseReplicaCount(ctx, &elasticache.IncreaseReplicaCountInput{
						ReplicationGroupId: aws.String(c.Name()), NewReplicaCount: aws.Int32(1), ApplyImmediately: aws.Bool(true),
					})
					return err
				},
			})
		})
	}
	t.Run("one zone again", func(t *testing.T) {
		kindtest.Lifecycle(t, kindtest.Kind[*data.Cache]{
			Wanted:  func(w kindtest.World) *data.Cache { return cache(w, "cache.t4g.micro", true) },
			Changed: func(w kindtest.World) *data.Cache { return cache(w, "cache.t4g.micro", false) },
		})
	})
}

func TestCacheSubnets(t *testing.T) {
	kindtest.Lifecycle(t, kindtest.Kind[*data.CacheSubnets]{
		Wanted: func(w kindtest.World) *data.CacheSubnets { return cache(w, "cache.t4g.micro", false).Subnets },
		Drift: func(ctx context.Context, s *resource.Scope, g *data.CacheSubnets) error {
			_, err := s.ElastiCache.DeleteCacheSubnetGroup(ctx, &elasticache.DeleteCacheSubnetGroupInput{CacheSubnetGroupName: aws.String(g.Name())})
			return err
		},
	})
}

// A look that fails says nothing of what is there: it must not end a destroy that would leave files behind.
func TestBucketThatCannotBeLookedUpIsNotGone(t *testing.T) {
	account, err := sim.Open(sim.Options{Region: kindtest.Region})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := account.Environment().Connect(t.Context(), cloud.Settings{Region: kindtest.Region})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := &data.Bucket{Owner: resource.Owner{App: "harbor", Env: "production"}, Unneeded: true}
	if err := b.Observe(ctx, &resource.Scope{Clients: clients}); err == nil {
		t.Error("a bucket that could not be looked up counts as gone")
	}
}

func TestBucket(t *testing.T) {
	kept := func(versions bool) func(kindtest.World) *data.Bucket {
		return func(w kindtest.World) *data.Bucket {
			return &data.Bucket{Owner: w.Owner, Versioning: versions, Origins: func() ([]string, bool) { return []string{"https://www.example.com"}, true }}
		}
	}
	for name, drift := range map[string]func(context.Context, *resource.Scope, string) error{
		"public": func(ctx context.Context, s *resource.Scope, name string) error {
			_, err := s.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &name})
			return err
		},
		"without TLS": func(ctx context.Context, s *resource.Scope, name string) error {
			somebodys := `{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/*"}]}`
			_, err := s.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: &somebodys})
			return err
		},
		"filled": func(ctx context.Context, s *resource.Scope, name string) error {
			for i := range 3 {
				if _, err := s.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: aws.String(fmt.Sprint(i))}); err != nil {
					return err
				}
			}
			_, err := s.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			kindtest.Lifecycle(t, kindtest.Kind[*data.Bucket]{
				Wanted: kept(false), Changed: kept(true),
				Drift: func(ctx context.Context, s *resource.Scope, b *data.Bucket) error {
					return drift(ctx, s, b.BucketName(s))
				},
			})
		})
	}
}
