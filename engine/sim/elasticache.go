package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	ectypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

// cacheService is ElastiCache: subnet groups, engine versions and tags here; replication groups in a file of their own.
func cacheService() awsService {
	return awsService{
		name: "elasticache", protocol: speaksQuery, wires: true,
		state: []keeper{cacheShelf},
		operations: []operation{
			op(cacheCreateCacheSubnetGroup, tagging("elasticache:AddTagsToResource"), also("ec2:DescribeSubnets", "ec2:DescribeVpcs")),
			op(cacheDescribeCacheSubnetGroups, pages("CacheSubnetGroups", 100, 100)), op(cacheModifyCacheSubnetGroup), op(cacheDeleteCacheSubnetGroup),
			op(cacheDescribeCacheEngineVersions, pages("CacheEngineVersions", 100, 100)),
			op(cacheAddTagsToResource), op(cacheRemoveTagsFromResource), op(cacheListTagsForResource),
		},
		roles: map[string]string{"elasticache.amazonaws.com": "AWSServiceRoleForElastiCache"},
		list: func(v *inventory, r *region) {
			for _, g := range r.caches().SubnetGroups {
				v.add("elasticache.SubnetGroup", named(r, nil, g.Name), false, map[string]any{"Subnets": g.Subnets, "Tags": g.Tags})
			}
		},
		tags: func(r *region, arn string) *tagMap {
			if g := r.cacheSubnets(lastColon(arn)); g != nil && strings.Contains(arn, ":subnetgroup:") {
				return &g.Tags
			}
			return nil
		},
		parts: []awsService{cacheReplicationGroups()},
	}
}

type cacheState struct {
	SubnetGroups []*cacheSubnetGroup
	Groups       []*replicationGroup
	Snapshots    []*cacheSnapshot
}

const cacheShelf shelf[cacheState] = "elasticache"

func (r *region) caches() *cacheState { return cacheShelf.in(&r.Kept) }

type cacheSubnetGroup struct {
	Name, Desc, VPC string
	Subnets         []string
	Tags            tagMap
}

// lastColon is what is behind the last colon of an ARN.
func lastColon(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

func (r *region) cacheSubnets(name string) *cacheSubnetGroup {
	return find(r.caches().SubnetGroups, func(g *cacheSubnetGroup) bool { return g.Name == strings.ToLower(name) })
}

func noCacheSubnets(name *string) error {
	return &ectypes.CacheSubnetGroupNotFoundFault{Message: msg("CacheSubnetGroup %s not found.", str(name))}
}

func cacheTags(in []ectypes.Tag) tagMap {
	return tagsFrom(in, func(t ectypes.Tag) (*string, *string) { return t.Key, t.Value })
}

// oneVPC gives the VPC of subnets that are all in one.
func (c *call) oneVPC(ids []string) (vpc string, err error) {
	for _, id := range ids {
		s := c.r.subnet(id)
		if s == nil || vpc != "" && s.VPC != vpc {
			return "", &ectypes.InvalidSubnet{Message: msg("The following subnet is not valid: %s", id)}
		}
		vpc = s.VPC
	}
	if vpc == "" {
		return "", &ectypes.InvalidSubnet{Message: msg("At least one subnet must be given.")}
	}
	return vpc, nil
}

func cacheCreateCacheSubnetGroup(c *call, in *elasticache.CreateCacheSubnetGroupInput) (*elasticache.CreateCacheSubnetGroupOutput, error) {
	if c.r.cacheSubnets(str(in.CacheSubnetGroupName)) != nil {
		return nil, &ectypes.CacheSubnetGroupAlreadyExistsFault{Message: msg("Cache subnet group %s already exists.", str(in.CacheSubnetGroupName))}
	}
	vpc, err := c.oneVPC(in.SubnetIds)
	if err != nil {
		return nil, err
	}
	g := &cacheSubnetGroup{
		Name: strings.ToLower(str(in.CacheSubnetGroupName)), Desc: str(in.CacheSubnetGroupDescription), VPC: vpc, Subnets: slices.Clone(in.SubnetIds), Tags: cacheTags(in.Tags),
	}
	c.r.caches().SubnetGroups = append(c.r.caches().SubnetGroups, g)
	return &elasticache.CreateCacheSubnetGroupOutput{CacheSubnetGroup: new(c.cacheSubnetsOut(g))}, nil
}

func (c *call) cacheSubnetsOut(g *cacheSubnetGroup) ectypes.CacheSubnetGroup {
	o := ectypes.CacheSubnetGroup{
		ARN: new(c.arn("elasticache", "subnetgroup:%s", g.Name)), CacheSubnetGroupName: new(g.Name), CacheSubnetGroupDescription: new(g.Desc), VpcId: new(g.VPC),
	}
	for _, id := range g.Subnets {
		if s := c.r.subnet(id); s != nil {
			o.Subnets = append(o.Subnets, ectypes.Subnet{SubnetIdentifier: new(id), SubnetAvailabilityZone: &ectypes.AvailabilityZone{Name: new(s.Zone)}})
		}
	}
	return o
}

func cacheDescribeCacheSubnetGroups(c *call, in *elasticache.DescribeCacheSubnetGroupsInput) (*elasticache.DescribeCacheSubnetGroupsOutput, error) {
	if in.CacheSubnetGroupName != nil && c.r.cacheSubnets(*in.CacheSubnetGroupName) == nil {
		return nil, noCacheSubnets(in.CacheSubnetGroupName)
	}
	out := &elasticache.DescribeCacheSubnetGroupsOutput{}
	for _, g := range c.r.caches().SubnetGroups {
		if in.CacheSubnetGroupName == nil || g.Name == strings.ToLower(*in.CacheSubnetGroupName) {
			out.CacheSubnetGroups = append(out.CacheSubnetGroups, c.cacheSubnetsOut(g))
		}
	}
	return out, nil
}

func cacheModifyCacheSubnetGroup(c *call, in *elasticache.ModifyCacheSubnetGroupInput) (*elasticache.ModifyCacheSubnetGroupOutput, error) {
	g := c.r.cacheSubnets(str(in.CacheSubnetGroupName))
	if g == nil {
		return nil, noCacheSubnets(in.CacheSubnetGroupName)
	}
	if len(in.SubnetIds) > 0 {
		vpc, err := c.oneVPC(in.SubnetIds)
		if err != nil || vpc != g.VPC {
			return nil, &ectypes.InvalidSubnet{Message: msg("The subnets are not in the VPC of the group.")}
		}
		for _, x := range c.r.caches().Groups {
			for _, n := range x.Nodes {
				if x.Subnets == g.Name && !slices.Contains(in.SubnetIds, n.Subnet) {
					return nil, &ectypes.SubnetInUse{Message: msg("The subnet %s is in use.", n.Subnet)}
				}
			}
		}
		g.Subnets = slices.Clone(in.SubnetIds)
	}
	g.Desc = val(in.CacheSubnetGroupDescription, g.Desc)
	return &elasticache.ModifyCacheSubnetGroupOutput{CacheSubnetGroup: new(c.cacheSubnetsOut(g))}, nil
}

func cacheDeleteCacheSubnetGroup(c *call, in *elasticache.DeleteCacheSubnetGroupInput) (*elasticache.DeleteCacheSubnetGroupOutput, error) {
	g := c.r.cacheSubnets(str(in.CacheSubnetGroupName))
	if g == nil {
		return nil, noCacheSubnets(in.CacheSubnetGroupName)
	}
	if find(c.r.caches().Groups, func(x *replicationGroup) bool { return x.Subnets == g.Name }) != nil {
		return nil, &ectypes.CacheSubnetGroupInUse{Message: msg("Cache subnet group %s is currently in use by a cache cluster.", g.Name)}
	}
	c.r.caches().SubnetGroups = remove(c.r.caches().SubnetGroups, g)
	return &elasticache.DeleteCacheSubnetGroupOutput{}, nil
}

// cacheEngine is a version of an engine. The newest of each is the last.
type cacheEngine struct{ engine, version, family string }

var cacheEngines = []cacheEngine{
	{"redis", "6.2", "redis6.x"},
	{"redis", "7.0", "redis7"},
	{"redis", "7.1", "redis7"},
	{"valkey", "7.2", "valkey7"},
	{"valkey", "8.0", "valkey8"},
	{"valkey", "8.1", "valkey8"},
}

// cacheVersion finds a version by its number or the beginning of it; empty is the newest.
func cacheVersion(engine, version string) (cacheEngine, bool) {
	for _, e := range slices.Backward(cacheEngines) {
		if e.engine == engine && (version == "" || e.version == version || strings.HasPrefix(e.version, version+".")) {
			return e, true
		}
	}
	return cacheEngine{}, false
}

func cacheDescribeCacheEngineVersions(_ *call, in *elasticache.DescribeCacheEngineVersionsInput) (*elasticache.DescribeCacheEngineVersionsOutput, error) {
	out := &elasticache.DescribeCacheEngineVersionsOutput{}
	for _, e := range cacheEngines {
		if newest, _ := cacheVersion(e.engine, ""); val(in.DefaultOnly, false) && e != newest {
			continue
		}
		if (in.Engine == nil || *in.Engine == e.engine) && (in.EngineVersion == nil || *in.EngineVersion == e.version) {
			out.CacheEngineVersions = append(out.CacheEngineVersions, ectypes.CacheEngineVersion{
				Engine: new(e.engine), EngineVersion: new(e.version), CacheParameterGroupFamily: new(e.family), CacheEngineDescription: new(e.engine),
			})
		}
	}
	return out, nil
}

// cacheTagsOf are the tags of a resource. AWS tells and changes those of a group that is available alone.
func (c *call) cacheTagsOf(arn *string) (*tagMap, error) {
	if g := c.r.replicationGroup(lastColon(str(arn))); g != nil && strings.Contains(*arn, ":replicationgroup:") {
		if err := g.mustBe(c.now); err != nil {
			return nil, err
		}
	}
	if t := c.r.tagsIn("elasticache", str(arn)); t != nil {
		return t, nil
	}
	return nil, &ectypes.InvalidARNFault{Message: msg("The ARN %s is not that of a resource.", str(arn))}
}

func (t tagMap) toCache() []ectypes.Tag {
	return tagsTo(t, func(k, v *string) ectypes.Tag { return ectypes.Tag{Key: k, Value: v} })
}

func cacheAddTagsToResource(c *call, in *elasticache.AddTagsToResourceInput) (*elasticache.AddTagsToResourceOutput, error) {
	t, err := c.cacheTagsOf(in.ResourceName)
	if err != nil {
		return nil, err
	}
	*t = t.merge(cacheTags(in.Tags))
	return &elasticache.AddTagsToResourceOutput{TagList: t.toCache()}, nil
}

func cacheRemoveTagsFromResource(c *call, in *elasticache.RemoveTagsFromResourceInput) (*elasticache.RemoveTagsFromResourceOutput, error) {
	t, err := c.cacheTagsOf(in.ResourceName)
	if err != nil {
		return nil, err
	}
	*t = t.without(in.TagKeys)
	return &elasticache.RemoveTagsFromResourceOutput{TagList: t.toCache()}, nil
}

func cacheListTagsForResource(c *call, in *elasticache.ListTagsForResourceInput) (*elasticache.ListTagsForResourceOutput, error) {
	t, err := c.cacheTagsOf(in.ResourceName)
	if err != nil {
		return nil, err
	}
	return &elasticache.ListTagsForResourceOutput{TagList: t.toCache()}, nil
}

// cacheStatus is the status of a cache that is available from a time on, changes until one, and goes.
func cacheStatus(now, ready, changed, gone time.Time) string {
	switch {
	case !gone.IsZero():
		return "deleting"
	case now.Before(ready):
		return "creating"
	case now.Before(changed):
		return "modifying"
	}
	return "available"
}
