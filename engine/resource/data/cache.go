package data

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// Cache is Valkey on a node of ElastiCache: one shard without cluster mode, which is what Sidekiq, BullMQ, Action Cable
// and the like speak to. It is encrypted, takes TLS alone, and lets the app's tasks in and nobody else, so that it has
// no password.
type Cache struct {
	resource.Claim
	Owner         resource.Owner
	Subnets       *CacheSubnets
	SecurityGroup *network.SecurityGroup
	LinkedRole    *access.ServiceLinkedRole

	Node     string // such as cache.t4g.micro
	MultiAZ  bool   // a second node in another zone that takes over
	Unneeded bool   // berth.toml asks for no cache: a destroy alone looks for it

	ARN  string // output
	Host string // output: empty until AWS has given it an address
	Port int    // output

	found   *cachetypes.ReplicationGroup
	asFound bool // price what was found, not what is wanted
}

// CachePort is the port of Valkey.
const CachePort = 6379

// Name is the id of the replication group. It is known before the group exists.
func (c *Cache) Name() string { return strings.ReplaceAll(c.Owner.Short(), "--", "-") }

// Info implements Resource.
func (c *Cache) Info() resource.Info {
	return resource.Info{
		ID: "cache", Kind: "elasticache.ReplicationGroup", Name: c.Name(), Label: "the cache", Group: resource.GroupData,
		Usually: 6 * time.Minute, Gone: 4 * time.Minute, Keeps: "the contents of the cache, such as queued jobs",
	}
}

// Needs implements Resource.
func (c *Cache) Needs() []resource.Need {
	return resource.After(c.Subnets, c.SecurityGroup, c.LinkedRole)
}

// Identifier implements Identified.
func (c *Cache) Identifier() string { return c.ARN }

// Wanted implements Optional.
func (c *Cache) Wanted() bool { return !c.Unneeded }

// URL is where the app finds the cache, empty until that is known.
func (c *Cache) URL() string {
	if c.Host == "" {
		return ""
	}
	return fmt.Sprintf("rediss://%s:%d", c.Host, c.Port)
}

// Observe implements Resource.
func (c *Cache) Observe(ctx context.Context, s *resource.Scope) error {
	c.found, c.ARN, c.Host, c.Port = nil, "", "", 0
	out, err := s.ElastiCache.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String(c.Name())})
	switch {
	case cloud.NotFound(err), c.Unneeded && resource.Unseen(err):
		return nil
	case err != nil:
		return err
	}
	for _, g := range out.ReplicationGroups {
		c.take(g)
	}
	return nil
}

func (c *Cache) take(g cachetypes.ReplicationGroup) {
	c.found, c.ARN = &g, aws.ToString(g.ARN)
	for _, n := range g.NodeGroups {
		if n.PrimaryEndpoint != nil {
			c.Host, c.Port = aws.ToString(n.PrimaryEndpoint.Address), int(aws.ToInt32(n.PrimaryEndpoint.Port))
		}
	}
}

// Detail implements Detailer: whose the cache is. AWS tells the tags of one that is available alone.
func (c *Cache) Detail(ctx context.Context, s *resource.Scope) error {
	if c.found == nil {
		return nil
	}
	tags, err := cacheTags(ctx, s.Clients, c.ARN)
	if cloud.Is(err, "InvalidReplicationGroupState") {
		return nil
	}
	return c.Judge(c.Owner, tags, err)
}

// Exists implements Resource.
func (c *Cache) Exists() bool { return c.found != nil && c.Ours() }

func (c *Cache) status() string { return aws.ToString(c.found.Status) }

// nodes is how many nodes the cache shall have.
func (c *Cache) nodes() int {
	if c.MultiAZ {
		return 2
	}
	return 1
}

// guarded says whether the second node takes over when the first fails.
func (c *Cache) guarded() bool {
	return c.found.AutomaticFailover == cachetypes.AutomaticFailoverStatusEnabled && c.found.MultiAZ == cachetypes.MultiAZStatusEnabled
}

// Diff implements Resource.
func (c *Cache) Diff(*resource.Scope) resource.Diff {
	if c.found == nil {
		return resource.Absent()
	}
	var drift resource.Drift
	if was := aws.ToString(c.found.CacheNodeType); was != c.Node {
		drift.Add("has another size", resource.Field("node", was, c.Node))
	}
	if was := len(c.found.MemberClusters); was != c.nodes() {
		drift.Add("has another number of nodes", resource.Field("nodes", was, c.nodes()))
	}
	if was := c.guarded(); was != c.MultiAZ {
		drift.Add(c.failover(), resource.Field("failover to a second zone", was, c.MultiAZ))
	}
	return drift.Diff()
}

func (c *Cache) failover() string {
	if c.MultiAZ {
		return "has no standby node in a second zone"
	}
	return "has a standby node in a second zone, which is not configured"
}

// Apply implements Resource.
func (c *Cache) Apply(ctx context.Context, s *resource.Scope) error {
	if c.found != nil {
		return c.modify(ctx, s)
	}
	in := &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: aws.String(c.Name()), ReplicationGroupDescription: aws.String("berth: " + c.Owner.App + " (" + c.Owner.Env + ")"),
		Engine: aws.String("valkey"), CacheNodeType: aws.String(c.Node), NumCacheClusters: aws.Int32(int32(c.nodes())), //nolint:gosec // 1 or 2
		CacheSubnetGroupName: aws.String(c.Subnets.Name()), SecurityGroupIds: []string{c.SecurityGroup.ID}, Port: aws.Int32(CachePort),
		TransitEncryptionEnabled: aws.Bool(true), AtRestEncryptionEnabled: aws.Bool(true), AutoMinorVersionUpgrade: aws.Bool(true),
		AutomaticFailoverEnabled: aws.Bool(c.MultiAZ), MultiAZEnabled: aws.Bool(c.MultiAZ), Tags: cacheTagList(c.Owner, "cache"),
	}
	err := s.Retry(ctx, creatingCache, func(ctx context.Context) error {
		out, err := s.ElastiCache.CreateReplicationGroup(ctx, in)
		if err == nil {
			c.take(*out.ReplicationGroup)
		}
		return err
	})
	if cloud.Is(err, "ReplicationGroupAlreadyExists") { // made by a call whose answer got lost
		err = s.Adopt(ctx, c.Info().Label, func(ctx context.Context) error { return c.Observe(ctx, s) }, c.Exists)
	}
	if err != nil {
		return fmt.Errorf("create cache: %w", err)
	}
	return nil
}

// creatingCache are the errors while something that was just made is not known everywhere.
var creatingCache = []cloud.Retryable{{Code: "CacheSubnetGroupNotFoundFault", For: time.Minute}}

// busyCache is the error while AWS is at work on the cache.
var busyCache = []cloud.Retryable{{Code: "InvalidReplicationGroupState", For: 20 * time.Minute}}

// modify makes the next change that the cache needs, since it takes one at a time: a node before the failover to it, no
// failover before that node goes. Ready goes on with the others.
func (c *Cache) modify(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, busyCache, func(ctx context.Context) error {
		have := len(c.found.MemberClusters)
		switch {
		case have < c.nodes():
			_, err := s.ElastiCache.IncreaseReplicaCount(ctx, &elasticache.IncreaseReplicaCountInput{
				ReplicationGroupId: aws.String(c.Name()), NewReplicaCount: aws.Int32(int32(c.nodes() - 1)), ApplyImmediately: aws.Bool(true), //nolint:gosec // 0 or 1
			})
			return err
		case have > c.nodes() && c.found.AutomaticFailover == cachetypes.AutomaticFailoverStatusDisabled:
			_, err := s.ElastiCache.DecreaseReplicaCount(ctx, &elasticache.DecreaseReplicaCountInput{
				ReplicationGroupId: aws.String(c.Name()), NewReplicaCount: aws.Int32(int32(c.nodes() - 1)), ApplyImmediately: aws.Bool(true), //nolint:gosec // 0 or 1
			})
			return err
		}
		_, err := s.ElastiCache.ModifyReplicationGroup(ctx, &elasticache.ModifyReplicationGroupInput{
			ReplicationGroupId: aws.String(c.Name()), CacheNodeType: aws.String(c.Node), ApplyImmediately: aws.Bool(true),
			AutomaticFailoverEnabled: aws.Bool(c.MultiAZ), MultiAZEnabled: aws.Bool(c.MultiAZ),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("change cache: %w", err)
	}
	return nil
}

// changes is how many changes in a row a cache can need.
const changes = 3

// Unattended implements Unattended.
func (c *Cache) Unattended() {}

// Ready implements Waiter. It makes the changes that had to wait for others.
func (c *Cache) Ready(ctx context.Context, s *resource.Scope) error {
	for range changes {
		if err := c.await(ctx, s); err != nil {
			return err
		}
		if c.Diff(s).Action != event.Update {
			return nil
		}
		if err := c.modify(ctx, s); err != nil {
			return err
		}
	}
	return c.await(ctx, s)
}

func (c *Cache) await(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the cache to become available", Deadline: 30 * time.Minute}
	return s.Poll(ctx, w, c.Info().Usually, func(ctx context.Context) (bool, string, error) {
		if err := c.Observe(ctx, s); err != nil || c.found == nil {
			return false, "", err
		}
		if c.status() == "create-failed" {
			return false, c.status(), &fail.Error{
				Class: fail.Failed, Cause: "the cache " + c.Name() + " could not be created",
				Remedy: "look at its events in the ElastiCache console, delete it there, then run the same command again",
			}
		}
		return c.status() == "available" && c.Host != "", c.status(), nil
	})
}

// Delete implements Resource. What is in it goes with it.
func (c *Cache) Delete(ctx context.Context, s *resource.Scope) error {
	if c.found == nil {
		return nil
	}
	if c.status() != "deleting" {
		err := s.Retry(ctx, busyCache, func(ctx context.Context) error {
			_, err := s.ElastiCache.DeleteReplicationGroup(ctx, &elasticache.DeleteReplicationGroupInput{ReplicationGroupId: aws.String(c.Name())})
			if cloud.Is(err, "InvalidReplicationGroupState") && c.leaves(ctx, s) {
				return nil // by a call whose answer got lost
			}
			return err
		})
		if err != nil && !cloud.NotFound(err) {
			return fmt.Errorf("delete cache: %w", err)
		}
	}
	w := cloud.Wait{For: "the cache to be gone", Deadline: 30 * time.Minute}
	return s.Poll(ctx, w, c.Info().Gone, func(ctx context.Context) (bool, string, error) {
		if err := c.Observe(ctx, s); err != nil || c.found == nil {
			return err == nil, "", err
		}
		return false, c.status(), nil
	})
}

// leaves says whether the cache is being deleted.
func (c *Cache) leaves(ctx context.Context, s *resource.Scope) bool {
	return c.Observe(ctx, s) == nil && c.found != nil && c.status() == "deleting"
}

// Permissions implements Permissioned.
func (c *Cache) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	group := s.ARN("elasticache", "replicationgroup:"+c.Name())
	look := resource.On(resource.Actions("elasticache:DescribeReplicationGroups"), group)
	if c.Unneeded {
		look.Without = "a cache left by an earlier deployment goes unnoticed"
	}
	need := []resource.Permission{look}
	touched := []string{
		group, s.ARN("elasticache", "cluster:"+c.Name()+"-*"), s.ARN("elasticache", "subnetgroup:"+c.Subnets.Name()),
		s.ARN("elasticache", "parametergroup:default.*"),
	}
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("elasticache:CreateReplicationGroup", "elasticache:AddTagsToResource"), touched...),
			resource.Anywhere("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeVpcs"))
	case event.Update:
		need = append(need, resource.On(c.changing(), touched...))
	case event.Delete:
		need = append(need, resource.On(resource.Actions("elasticache:DeleteReplicationGroup"), touched...))
	case event.None, event.Replace:
	}
	if c.found != nil || resource.Existing(do) && !c.Unneeded {
		need = append(need, resource.Whose("elasticache:ListTagsForResource", "a cache", group))
	}
	return need
}

// changing are the actions of an update: of this one, when the cache was observed.
func (c *Cache) changing() (actions []string) {
	have := 0
	if c.found != nil {
		have = len(c.found.MemberClusters)
	}
	if c.found == nil || aws.ToString(c.found.CacheNodeType) != c.Node || c.guarded() != c.MultiAZ {
		actions = append(actions, "elasticache:ModifyReplicationGroup")
	}
	if c.found == nil || have < c.nodes() {
		actions = append(actions, "elasticache:IncreaseReplicaCount")
	}
	if c.found == nil || have > c.nodes() {
		actions = append(actions, "elasticache:DecreaseReplicaCount")
	}
	return actions
}

// Checks implements Checked: a second node needs room, too.
func (c *Cache) Checks(do event.Action) []resource.Probe {
	if do != event.Create || c.Unneeded {
		return nil
	}
	return resource.OneMore{
		ID: "cache-nodes", Title: "the quota of cache nodes",
		What: "nodes of ElastiCache", Name: "Nodes per Region", Service: "elasticache", Code: "L-DFE45DF3", Count: c.countNodes,
	}.Probes()
}

// countNodes is how many nodes there are, and those beyond the first that the cache brings.
func (c *Cache) countNodes(ctx context.Context, s *resource.Scope) (n int, err error) {
	n = c.nodes() - 1
	p := elasticache.NewDescribeReplicationGroupsPaginator(s.ElastiCache, &elasticache.DescribeReplicationGroupsInput{})
	err = resource.Pages(ctx, p, func(out *elasticache.DescribeReplicationGroupsOutput) error {
		for _, g := range out.ReplicationGroups {
			n += len(g.MemberClusters)
		}
		return nil
	})
	return n, err
}

// Costs implements Coster.
func (c *Cache) Costs(b *price.Bill) {
	node, two := c.Node, c.MultiAZ
	if c.found != nil && (c.Unneeded || c.asFound) { // what runs is billed, whatever berth.toml says
		node, two = aws.ToString(c.found.CacheNodeType), len(c.found.MemberClusters) > 1
	}
	if node != "" {
		b.Cache(node, two)
	}
}

// AsFound implements AsFound.
func (c *Cache) AsFound(context.Context, *resource.Scope) error {
	c.asFound = true
	return nil
}

// Caches lists the caches of all apps.
var Caches = resource.Listing{What: "caches", List: listCaches}

func listCaches(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := elasticache.NewDescribeReplicationGroupsPaginator(s.ElastiCache, &elasticache.DescribeReplicationGroupsInput{})
	err := resource.Pages(ctx, p, func(out *elasticache.DescribeReplicationGroupsOutput) error {
		for _, g := range out.ReplicationGroups {
			if name := aws.ToString(g.ReplicationGroupId); strings.HasPrefix(name, resource.NamePrefix) && aws.ToString(g.Status) == "available" {
				all = append(all, resource.Found{
					Kind: "elasticache.ReplicationGroup", Name: name, ARN: aws.ToString(g.ARN),
					Like: &Cache{Node: aws.ToString(g.CacheNodeType), MultiAZ: len(g.MemberClusters) > 1},
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, cacheTags)
}
