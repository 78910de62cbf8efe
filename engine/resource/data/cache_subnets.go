package data

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// CacheSubnets names the subnets that the nodes of a cache may stand in.
type CacheSubnets struct{ Subnets }

// Info implements Resource.
func (g *CacheSubnets) Info() resource.Info {
	return resource.Info{
		ID: "cache-subnets", Kind: "elasticache.SubnetGroup", Name: g.Name(), Label: "the cache's subnet group",
		Group: resource.GroupData, Usually: time.Second, Gone: time.Second,
	}
}

// Identifier implements Identified.
func (g *CacheSubnets) Identifier() string { return g.arn }

// Observe implements Resource.
func (g *CacheSubnets) Observe(ctx context.Context, s *resource.Scope) error {
	g.absent()
	out, err := s.ElastiCache.DescribeCacheSubnetGroups(ctx, &elasticache.DescribeCacheSubnetGroupsInput{CacheSubnetGroupName: aws.String(g.Name())})
	if cloud.NotFound(err) || g.Unneeded && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range out.CacheSubnetGroups {
		var subnets []string
		for _, sn := range f.Subnets {
			subnets = append(subnets, aws.ToString(sn.SubnetIdentifier))
		}
		g.take(aws.ToString(f.ARN), aws.ToString(f.VpcId), subnets)
	}
	return nil
}

// Detail implements Detailer: whose the group is.
func (g *CacheSubnets) Detail(ctx context.Context, s *resource.Scope) error {
	if !g.found {
		return nil
	}
	tags, err := cacheTags(ctx, s.Clients, g.arn)
	return g.Judge(g.Owner, tags, err)
}

// Apply implements Resource.
func (g *CacheSubnets) Apply(ctx context.Context, s *resource.Scope) error {
	if g.found {
		_, err := s.ElastiCache.ModifyCacheSubnetGroup(ctx, &elasticache.ModifyCacheSubnetGroupInput{CacheSubnetGroupName: aws.String(g.Name()), SubnetIds: g.all()})
		if err != nil {
			return fmt.Errorf("change subnet group: %w", err)
		}
		g.subnets = g.all()
		return nil
	}
	_, err := s.ElastiCache.CreateCacheSubnetGroup(ctx, &elasticache.CreateCacheSubnetGroupInput{
		CacheSubnetGroupName: aws.String(g.Name()), CacheSubnetGroupDescription: aws.String("berth: " + g.Owner.App + " (" + g.Owner.Env + ")"),
		SubnetIds: g.Network.SubnetIDs(), Tags: cacheTagList(g.Owner, "cache-subnets"),
	})
	if err != nil && !cloud.Is(err, "CacheSubnetGroupAlreadyExists") {
		return fmt.Errorf("create subnet group: %w", err)
	}
	g.take(s.ARN("elasticache", "subnetgroup:"+g.Name()), g.Network.VPC.ID, g.Network.SubnetIDs())
	return nil
}

// cacheSubnetsInUse is the error while a cache of the group is on its way out.
var cacheSubnetsInUse = []cloud.Retryable{{Code: "CacheSubnetGroupInUse", For: 10 * time.Minute}}

// Delete implements Resource.
func (g *CacheSubnets) Delete(ctx context.Context, s *resource.Scope) error {
	if !g.found {
		return nil
	}
	err := s.Retry(ctx, cacheSubnetsInUse, func(ctx context.Context) error {
		_, err := s.ElastiCache.DeleteCacheSubnetGroup(ctx, &elasticache.DeleteCacheSubnetGroupInput{CacheSubnetGroupName: aws.String(g.Name())})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete subnet group: %w", err)
	}
	return nil
}

// Permissions implements Permissioned.
func (g *CacheSubnets) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("elasticache:DescribeCacheSubnetGroups")
	switch do {
	case event.Create:
		actions = append(actions, "elasticache:CreateCacheSubnetGroup", "elasticache:AddTagsToResource")
	case event.Update:
		actions = append(actions, "elasticache:ModifyCacheSubnetGroup")
	case event.Delete:
		actions = append(actions, "elasticache:DeleteCacheSubnetGroup")
	case event.None, event.Replace:
	}
	arn := s.ARN("elasticache", "subnetgroup:"+g.Name())
	need := []resource.Permission{resource.On(actions, arn)}
	if resource.Makes(do) {
		need = append(need, resource.Anywhere("ec2:DescribeSubnets", "ec2:DescribeVpcs"))
	}
	if g.found || resource.Existing(do) {
		need = append(need, resource.Whose("elasticache:ListTagsForResource", "a subnet group", arn))
	}
	return need
}

// CacheSubnetGroups lists the caches' subnet groups of all apps.
var CacheSubnetGroups = resource.Listing{What: "subnet groups of caches", List: listCacheSubnets}

func listCacheSubnets(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := elasticache.NewDescribeCacheSubnetGroupsPaginator(s.ElastiCache, &elasticache.DescribeCacheSubnetGroupsInput{})
	err := resource.Pages(ctx, p, func(out *elasticache.DescribeCacheSubnetGroupsOutput) error {
		for _, g := range out.CacheSubnetGroups {
			if name := aws.ToString(g.CacheSubnetGroupName); strings.HasPrefix(name, resource.NamePrefix) {
				all = append(all, resource.Found{Kind: "elasticache.SubnetGroup", Name: name, ARN: aws.ToString(g.ARN)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, cacheTags)
}

// cacheTags are the tags of a resource of ElastiCache.
func cacheTags(ctx context.Context, c *cloud.Clients, arn string) (map[string]string, error) {
	out, err := c.ElastiCache.ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: &arn})
	if err != nil {
		return nil, err
	}
	return resource.TagMap(out.TagList, func(t cachetypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
}

// cacheTagList are the tags of a new resource of ElastiCache.
func cacheTagList(o resource.Owner, role string) []cachetypes.Tag {
	return resource.TagList(o, role, func(k, v *string) cachetypes.Tag { return cachetypes.Tag{Key: k, Value: v} })
}
