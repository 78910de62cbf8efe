package sim

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
)

// The life of a replication group: what is refused, its endpoint, its change, its deletion with a last snapshot.
func TestReplicationGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.network()
		k := elasticache.NewFromConfig(r.cfg)
		must(k.CreateCacheSubnetGroup(r.ctx, &elasticache.CreateCacheSubnetGroupInput{CacheSubnetGroupName: aws.String("App"), CacheSubnetGroupDescription: aws.String("app"), SubnetIds: r.subnets}))(r)
		in := &elasticache.CreateReplicationGroupInput{
			ReplicationGroupId: aws.String("app"), ReplicationGroupDescription: aws.String("app"), Engine: aws.String("valkey"), CacheNodeType: aws.String("cache.t4g.micro"),
			CacheSubnetGroupName: aws.String("app"), SecurityGroupIds: []string{r.taskGroup}, AuthToken: aws.String("sixteencharacters"), TransitEncryptionEnabled: aws.Bool(true),
			AutomaticFailoverEnabled: aws.Bool(true),
		}
		if _, err := k.CreateReplicationGroup(r.ctx, in); code(err) != "InvalidParameterCombination" {
			t.Errorf("failover with one node: %v", err)
		}
		in.NumCacheClusters = aws.Int32(2)
		must(k.CreateReplicationGroup(r.ctx, in))(r)
		describe := func() (status, host string) {
			g := must(k.DescribeReplicationGroups(r.ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String("app")}))(r).ReplicationGroups[0]
			if len(g.NodeGroups) > 0 {
				host = *g.NodeGroups[0].PrimaryEndpoint.Address
			}
			return *g.Status, host
		}
		if status, host := describe(); status != "creating" || host != "" {
			t.Errorf("a new one is %s at %q", status, host)
		}
		remove := func() error {
			_, err := k.DeleteReplicationGroup(r.ctx, &elasticache.DeleteReplicationGroupInput{ReplicationGroupId: aws.String("app"), FinalSnapshotIdentifier: aws.String("last")})
			return err
		}
		if err := remove(); code(err) != "InvalidReplicationGroupState" {
			t.Errorf("one that is created was deleted: %v", err)
		}
		r.sleep(7 * time.Minute)
		if status, host := describe(); status != "available" || !strings.HasPrefix(host, "master.app.") || !strings.HasSuffix(host, ".euw2.cache.amazonaws.com") {
			t.Errorf("it is %s at %q", status, host)
		}
		must(k.ModifyReplicationGroup(r.ctx, &elasticache.ModifyReplicationGroupInput{ReplicationGroupId: aws.String("app"), CacheNodeType: aws.String("cache.t4g.small"), ApplyImmediately: aws.Bool(true)}))(r)
		if status, _ := describe(); status != "modifying" {
			t.Errorf("while it changes it is %s", status)
		}
		r.sleep(5 * time.Minute)
		if _, err := k.ModifyReplicationGroup(r.ctx, &elasticache.ModifyReplicationGroupInput{ReplicationGroupId: aws.String("app"), EngineVersion: aws.String("7.2"), ApplyImmediately: aws.Bool(true)}); code(err) != "InvalidParameterValue" {
			t.Errorf("a downgrade: %v", err)
		}
		must(0, remove())(r)
		if _, err := k.DeleteCacheSubnetGroup(r.ctx, &elasticache.DeleteCacheSubnetGroupInput{CacheSubnetGroupName: aws.String("app")}); code(err) != "CacheSubnetGroupInUse" {
			t.Errorf("subnets in use were deleted: %v", err)
		}
		if _, err := r.ec2.DeleteSecurityGroup(r.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &r.taskGroup}); code(err) != "DependencyViolation" {
			t.Errorf("the group of nodes was deleted: %v", err)
		}
		r.sleep(5 * time.Minute)
		must(k.DeleteCacheSubnetGroup(r.ctx, &elasticache.DeleteCacheSubnetGroupInput{CacheSubnetGroupName: aws.String("app")}))(r)
		if s := must(k.DescribeSnapshots(r.ctx, &elasticache.DescribeSnapshotsInput{}))(r).Snapshots; len(s) != 1 || *s[0].SnapshotName != "last" {
			t.Errorf("snapshots %+v", s)
		}
		if strings.Contains(string(mustJSON(t, r.a.st)), "sixteencharacters") {
			t.Error("the token is kept in clear")
		}
	})
}
