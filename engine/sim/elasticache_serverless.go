package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	ectypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

// cacheServerless are serverless caches. Each is reached through an endpoint in the VPC, which ElastiCache makes with
// the caller's permissions.
func cacheServerless() awsService {
	return awsService{
		operations: []operation{
			op(cacheCreateServerlessCache, tagging("elasticache:AddTagsToResource"), also("ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints",
				"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs")),
			op(cacheDescribeServerlessCaches, pages("ServerlessCaches", 50, 100)), op(cacheModifyServerlessCache),
			op(cacheDeleteServerlessCache, also("ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints")),
		},
		latencies: map[lat]time.Duration{
			latServerless:     90 * time.Second, // assumed: 1-2 min
			latServerlessGone: 90 * time.Second, // assumed
		},
		quotas: []quotaCode{{"elasticache", "L-ECC3AAD5", "Serverless caches per Region", "serverless", 40}},
		list: func(v *inventory, r *region) {
			for _, s := range r.caches().Serverless {
				if s.Gone.IsZero() {
					d := clone(*s)
					d.Created, d.Ready, d.Changed = time.Time{}, time.Time{}, time.Time{}
					v.add("elasticache.ServerlessCache", named(r, nil, s.Name), false, d, s.Host)
				}
			}
		},
		interfaces: func(w *world, _ time.Time) []netInterface {
			var out []netInterface
			for _, x := range w.r.caches().Serverless {
				for _, id := range x.Subnets {
					if s := w.r.subnet(id); s != nil {
						key := stableID(x.Host, id)
						out = append(out, netInterface{
							ID: "eni-0" + key[:16], VPC: s.VPC, Subnet: id, Groups: x.Groups, IP: address(s.CIDR, key[16:]), Description: "VPC Endpoint Interface for " + x.Name,
							Requester: "amazon-elasticache", Type: "vpc_endpoint", Left: !x.Gone.IsZero(),
						})
					}
				}
			}
			return out
		},
		sweep: func(w *world) {
			w.r.caches().Serverless = slices.DeleteFunc(w.r.caches().Serverless, func(s *serverlessCache) bool { return !s.Gone.IsZero() && !w.st.Now.Before(s.Gone) })
		},
		tags: func(r *region, arn string) *tagMap {
			if s := r.serverless(lastColon(arn)); s != nil && strings.Contains(arn, ":serverlesscache:") {
				return &s.Tags
			}
			return nil
		},
	}
}

const (
	latServerless     lat = "elasticache.serverless"
	latServerlessGone lat = "elasticache.serverless.gone"
)

type serverlessCache struct {
	Name, Desc, Engine, Major string
	Subnets                   []string
	Groups                    []string
	Key                       string
	Limits                    *ectypes.CacheUsageLimits
	Retention                 int32
	Host                      string
	Created                   time.Time
	Ready                     time.Time
	Changed                   time.Time // until when it is modified
	Gone                      time.Time // zero until it is deleted
	Tags                      tagMap
}

func (r *region) serverless(name string) *serverlessCache {
	return find(r.caches().Serverless, func(s *serverlessCache) bool { return s.Name == strings.ToLower(name) })
}

func onServerless[Out any](c *call, name *string, fn func(*serverlessCache) (*Out, error)) (*Out, error) {
	s := c.r.serverless(str(name))
	if s == nil {
		return nil, &ectypes.ServerlessCacheNotFoundFault{Message: msg("Serverless cache %s not found.", str(name))}
	}
	return fn(s)
}

func (s *serverlessCache) mustBe(now time.Time) error {
	if state := cacheStatus(now, s.Ready, s.Changed, s.Gone); state != "available" {
		return &ectypes.InvalidServerlessCacheStateFault{Message: msg("Serverless cache %s must be available, but is %s.", s.Name, state)}
	}
	return nil
}

func cacheCreateServerlessCache(c *call, in *elasticache.CreateServerlessCacheInput) (*elasticache.CreateServerlessCacheOutput, error) {
	name := strings.ToLower(str(in.ServerlessCacheName))
	major := val(in.MajorEngineVersion, map[string]string{"valkey": "8", "redis": "7"}[str(in.Engine)])
	_, known := cacheVersion(str(in.Engine), major)
	n, lowered := c.a.quota("serverless")
	switch {
	case c.r.serverless(name) != nil:
		return nil, &ectypes.ServerlessCacheAlreadyExistsFault{Message: msg("Serverless cache %s already exists.", name)}
	case !cacheName(name) || !known:
		return nil, badCacheValue("The name, engine or version is not valid.")
	case lowered && len(c.r.caches().Serverless) >= n:
		return nil, &ectypes.ServerlessCacheQuotaForCustomerExceededFault{Message: msg("The number of serverless caches exceeds the customer quota.")}
	}
	s := &serverlessCache{
		Name: name, Desc: str(in.Description), Engine: str(in.Engine), Major: major, Subnets: slices.Clone(in.SubnetIds), Groups: slices.Clone(in.SecurityGroupIds), Key: str(in.KmsKeyId),
		Limits: clone(in.CacheUsageLimits), Retention: val(in.SnapshotRetentionLimit, 0), Created: c.now, Tags: cacheTags(in.Tags),
	}
	if len(s.Subnets) == 0 {
		for _, x := range c.r.ec2().Subnets {
			if x.VPC == c.r.theDefault() && x.DefaultAZ && len(s.Subnets) < 3 {
				s.Subnets = append(s.Subnets, x.ID)
			}
		}
	}
	vpc, err := c.oneVPC(s.Subnets)
	if err != nil {
		return nil, err
	}
	if len(s.Groups) == 0 {
		s.Groups = []string{find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.VPC == vpc && g.Name == "default" }).ID}
	}
	for _, id := range s.Groups {
		if g := c.r.group(id); g == nil || g.VPC != vpc {
			return nil, badCacheValue("The security group %s is not in the VPC of the subnets.", id)
		}
	}
	if _, err := c.linked("elasticache.amazonaws.com", "elasticache"); err != nil {
		return nil, err
	}
	s.Host = fmt.Sprintf("%s-%s.serverless.%s.cache.amazonaws.com", name, c.st.fresh(c.r.Name, "serverless", name)[:6], shortRegion(c.r.Name))
	s.Ready = c.now.Add(c.a.delay(latServerless, name))
	c.r.caches().Serverless = append(c.r.caches().Serverless, s)
	return &elasticache.CreateServerlessCacheOutput{ServerlessCache: c.serverlessOut(s)}, nil
}

func (c *call) serverlessOut(s *serverlessCache) *ectypes.ServerlessCache {
	version, _ := cacheVersion(s.Engine, s.Major)
	o := &ectypes.ServerlessCache{
		ARN: new(c.arn("elasticache", "serverlesscache:%s", s.Name)), ServerlessCacheName: new(s.Name), Description: new(s.Desc), Engine: new(s.Engine), MajorEngineVersion: new(s.Major),
		FullEngineVersion: new(version.version), Status: new(cacheStatus(c.now, s.Ready, s.Changed, s.Gone)), SubnetIds: slices.Clone(s.Subnets), SecurityGroupIds: slices.Clone(s.Groups),
		KmsKeyId: orNil(s.Key), CacheUsageLimits: clone(s.Limits), SnapshotRetentionLimit: new(s.Retention), CreateTime: new(s.Created),
	}
	if !c.now.Before(s.Ready) {
		o.Endpoint = &ectypes.Endpoint{Address: new(s.Host), Port: new(int32(6379))}
		o.ReaderEndpoint = &ectypes.Endpoint{Address: new(s.Host), Port: new(int32(6380))}
	}
	return o
}

func cacheDescribeServerlessCaches(c *call, in *elasticache.DescribeServerlessCachesInput) (*elasticache.DescribeServerlessCachesOutput, error) {
	out := &elasticache.DescribeServerlessCachesOutput{}
	if in.ServerlessCacheName != nil {
		return onServerless(c, in.ServerlessCacheName, func(s *serverlessCache) (*elasticache.DescribeServerlessCachesOutput, error) {
			out.ServerlessCaches = []ectypes.ServerlessCache{*c.serverlessOut(s)}
			return out, nil
		})
	}
	for _, s := range c.r.caches().Serverless {
		out.ServerlessCaches = append(out.ServerlessCaches, *c.serverlessOut(s))
	}
	return out, nil
}

func cacheModifyServerlessCache(c *call, in *elasticache.ModifyServerlessCacheInput) (*elasticache.ModifyServerlessCacheOutput, error) {
	return onServerless(c, in.ServerlessCacheName, func(s *serverlessCache) (*elasticache.ModifyServerlessCacheOutput, error) {
		if err := s.mustBe(c.now); err != nil {
			return nil, err
		}
		s.Desc, s.Retention, s.Major = val(in.Description, s.Desc), val(in.SnapshotRetentionLimit, s.Retention), val(in.MajorEngineVersion, s.Major)
		if in.CacheUsageLimits != nil {
			s.Limits = clone(in.CacheUsageLimits)
		}
		if len(in.SecurityGroupIds) > 0 {
			s.Groups = slices.Clone(in.SecurityGroupIds)
		}
		s.Changed = c.now.Add(c.a.delay(latServerless, s.Name+c.now.String()))
		return &elasticache.ModifyServerlessCacheOutput{ServerlessCache: c.serverlessOut(s)}, nil
	})
}

func cacheDeleteServerlessCache(c *call, in *elasticache.DeleteServerlessCacheInput) (*elasticache.DeleteServerlessCacheOutput, error) {
	return onServerless(c, in.ServerlessCacheName, func(s *serverlessCache) (*elasticache.DeleteServerlessCacheOutput, error) {
		if err := s.mustBe(c.now); err != nil {
			return nil, err
		}
		s.Gone = c.now.Add(c.a.delay(latServerlessGone, s.Name))
		return &elasticache.DeleteServerlessCacheOutput{ServerlessCache: c.serverlessOut(s)}, nil
	})
}
