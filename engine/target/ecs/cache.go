package ecs

import (
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/data"
	"berth/engine/resource/network"
	"berth/engine/spec"
)

// cache is a cache and what it stands on. One that nobody asks for is made all the same, as one that is looked up by a
// destroy: an earlier deployment may have left it.
type cache struct {
	CacheGroup   *network.SecurityGroup
	CacheRole    *access.ServiceLinkedRole
	CacheSubnets *data.CacheSubnets
	Cache        *data.Cache
}

// newCache makes the cache that a spec asks for; tasks are who may reach it.
func newCache(s *spec.Spec, o resource.Owner, place network.Network, tasks *network.SecurityGroup) cache {
	var c spec.Cache
	if s.Cache != nil {
		c = *s.Cache
	}
	no := s.Cache == nil
	group := &network.SecurityGroup{
		Owner: o, Role: "cache", Label: "the cache's security group", VPC: place.VPC,
		Ingress: []network.Ingress{{Port: data.CachePort, From: tasks, Text: "the tasks of the app"}},
	}
	role := &access.ServiceLinkedRole{
		ID: "elasticache-service-role", Service: "elasticache.amazonaws.com", Name: "AWSServiceRoleForElastiCache",
		Label: "the role of ElastiCache itself", Unwanted: no,
	}
	subnets := &data.CacheSubnets{Subnets: data.Subnets{Owner: o, Network: place, Unneeded: no}}
	return cache{group, role, subnets, &data.Cache{
		Owner: o, Subnets: subnets, SecurityGroup: group, LinkedRole: role, Node: c.Node, MultiAZ: c.MultiAZ, Unneeded: no,
	}}
}

// resources are those of the cache, in the order in which people see them.
func (c cache) caching() resource.Set {
	return resource.Set{c.CacheGroup, c.CacheRole, c.CacheSubnets, c.Cache}
}
