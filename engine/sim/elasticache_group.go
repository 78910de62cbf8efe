package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	ectypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

// cacheReplicationGroups are caches on nodes of Valkey or Redis, without shards, and their snapshots.
func cacheReplicationGroups() awsService {
	return awsService{
		operations: []operation{
			op(cacheCreateReplicationGroup, tagging("elasticache:AddTagsToResource"), also("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
				"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeVpcs")),
			op(cacheDescribeReplicationGroups, pages("ReplicationGroups", 100, 100)), op(cacheModifyReplicationGroup),
			op(cacheIncreaseReplicaCount), op(cacheDecreaseReplicaCount),
			op(cacheDeleteReplicationGroup, alsoFor(func(in *elasticache.DeleteReplicationGroupInput) []string {
				if in.FinalSnapshotIdentifier != nil {
					return []string{"elasticache:CreateSnapshot"}
				}
				return nil
			})),
			op(cacheDescribeSnapshots, pages("Snapshots", 50, 50)), op(cacheDeleteSnapshot),
		},
		latencies: map[lat]time.Duration{
			latCache:       6 * time.Minute, // assumed: 5-8 min
			latCacheChange: 4 * time.Minute, // assumed
			latCacheGone:   4 * time.Minute, // assumed
		},
		quotas: []quotaCode{{"elasticache", "L-DFE45DF3", "Nodes per Region", "cache", 300}},
		list: func(v *inventory, r *region) {
			for _, g := range r.caches().Groups {
				if !g.Gone.IsZero() {
					continue
				}
				d := clone(*g)
				d.Created, d.Ready, d.Changed, d.Nodes = time.Time{}, time.Time{}, time.Time{}, nil
				v.add("elasticache.ReplicationGroup", named(r, nil, g.ID), false, map[string]any{"Group": d, "Nodes": len(g.Nodes)}, g.host("master"))
			}
			for _, s := range r.caches().Snapshots {
				v.add("elasticache.Snapshot", named(r, nil, strings.TrimRight(s.Name, "0123456789")), true, map[string]any{"Group": s.Group})
			}
		},
		interfaces: cacheInterfaces,
		sweep: func(w *world) {
			w.r.caches().Groups = slices.DeleteFunc(w.r.caches().Groups, func(g *replicationGroup) bool { return !g.Gone.IsZero() && !w.st.Now.Before(g.Gone) })
		},
		tags: func(r *region, arn string) *tagMap {
			if g := r.replicationGroup(lastColon(arn)); g != nil && strings.Contains(arn, ":replicationgroup:") {
				return &g.Tags
			}
			return nil
		},
	}
}

const (
	latCache       lat = "elasticache.group"
	latCacheChange lat = "elasticache.group.change"
	latCacheGone   lat = "elasticache.group.gone"
)

type replicationGroup struct {
	ID, Desc, Engine, Version, Type string
	Subnets                         string // name of the group
	Groups                          []string
	Port                            int32
	Failover, MultiAZ               bool
	AtRest, InTransit               bool
	Token                           string // a digest: nobody reads a token back
	Key                             string // a KMS key
	Retention                       int32
	Parameters                      string
	Short                           string // a part of its host names
	Nodes                           []cacheNode
	Created                         time.Time
	Ready                           time.Time
	Changed                         time.Time // until when it is modified
	Gone                            time.Time // zero until it is deleted
	Tags                            tagMap
}

type cacheNode struct{ ID, Subnet, ENI, IP string }

type cacheSnapshot struct {
	Name, Group string
	At          time.Time
}

// host is a name of the group: the master's or that of replicas.
func (g *replicationGroup) host(role string) string {
	return fmt.Sprintf("%s.%s.%s.cache.amazonaws.com", role, g.ID, g.Short)
}

func (r *region) replicationGroup(id string) *replicationGroup {
	return find(r.caches().Groups, func(g *replicationGroup) bool { return g.ID == strings.ToLower(id) })
}

func onReplicationGroup[Out any](c *call, id *string, fn func(*replicationGroup) (*Out, error)) (*Out, error) {
	g := c.r.replicationGroup(str(id))
	if g == nil {
		return nil, &ectypes.ReplicationGroupNotFoundFault{Message: msg("ReplicationGroup %s not found.", str(id))}
	}
	return fn(g)
}

func (g *replicationGroup) status(now time.Time) string {
	return cacheStatus(now, g.Ready, g.Changed, g.Gone)
}

func (g *replicationGroup) mustBe(now time.Time) error {
	if s := g.status(now); s != "available" {
		return &ectypes.InvalidReplicationGroupStateFault{Message: msg("Replication group %s must be in available state, but is %s.", g.ID, s)}
	}
	return nil
}

func cacheInterfaces(w *world, _ time.Time) []netInterface {
	var out []netInterface
	for _, g := range w.r.caches().Groups {
		for _, n := range g.Nodes {
			if s := w.r.subnet(n.Subnet); s != nil {
				out = append(out, netInterface{
					ID: n.ENI, VPC: s.VPC, Subnet: n.Subnet, Groups: g.Groups, IP: n.IP, Description: "ElastiCache " + n.ID, Requester: "amazon-elasticache", Type: "interface", Left: !g.Gone.IsZero(),
				})
			}
		}
	}
	return out
}

func badCombination(text string) error {
	return &ectypes.InvalidParameterCombinationException{Message: new(text)}
}

func badCacheValue(format string, args ...any) error {
	return &ectypes.InvalidParameterValueException{Message: msg(format, args...)}
}

var (
	cacheName  = pattern(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)
	cacheToken = pattern(`^[A-Za-z0-9!&#$^<>-]{16,128}$`)
)

func cacheCreateReplicationGroup(c *call, in *elasticache.CreateReplicationGroupInput) (*elasticache.CreateReplicationGroupOutput, error) {
	id := strings.ToLower(str(in.ReplicationGroupId))
	if c.r.replicationGroup(id) != nil {
		return nil, &ectypes.ReplicationGroupAlreadyExistsFault{Message: msg("Replication group %s already exists.", id)}
	}
	g := &replicationGroup{
		ID: id, Desc: str(in.ReplicationGroupDescription), Engine: val(in.Engine, "redis"), Type: str(in.CacheNodeType), Groups: slices.Clone(in.SecurityGroupIds), Port: val(in.Port, 6379),
		Subnets: strings.ToLower(str(in.CacheSubnetGroupName)), Failover: val(in.AutomaticFailoverEnabled, false), MultiAZ: val(in.MultiAZEnabled, false),
		InTransit: val(in.TransitEncryptionEnabled, false), Key: str(in.KmsKeyId), Retention: val(in.SnapshotRetentionLimit, 0), Created: c.now, Tags: cacheTags(in.Tags),
	}
	g.AtRest = val(in.AtRestEncryptionEnabled, g.Engine == "valkey")
	if in.AuthToken != nil {
		g.Token = stableID("elasticache", *in.AuthToken)
	}
	if err := c.checkReplicationGroup(g, in); err != nil {
		return nil, err
	}
	if _, err := c.linked("elasticache.amazonaws.com", "elasticache"); err != nil {
		return nil, err
	}
	key := c.st.fresh(c.r.Name, "replication group", id)
	g.Short = key[:6] + "." + shortRegion(c.r.Name)
	for range int(val(in.NumCacheClusters, 1)) {
		c.addCacheNode(g)
	}
	g.Ready = c.now.Add(c.a.delay(latCache, id))
	c.r.caches().Groups = append(c.r.caches().Groups, g)
	return &elasticache.CreateReplicationGroupOutput{ReplicationGroup: new(c.replicationGroupOut(g))}, nil
}

// addCacheNode gives a group one node more, in the next of its subnets.
func (c *call) addCacheNode(g *replicationGroup) {
	i, subnets := len(g.Nodes), c.r.cacheSubnets(g.Subnets).Subnets
	s := c.r.subnet(subnets[i%len(subnets)])
	key := stableID(g.Short, g.ID, fmt.Sprint(i))
	g.Nodes = append(g.Nodes, cacheNode{ID: fmt.Sprintf("%s-%03d", g.ID, i+1), Subnet: s.ID, ENI: "eni-0" + key[:16], IP: address(s.CIDR, key[16:])})
}

// shortRegion is a region's name in host names of ElastiCache: euw2.
func shortRegion(region string) string {
	name, _, _ := strings.Cut(zoneID(region+"a"), "-")
	return name
}

// checkReplicationGroup checks a new group, and fills in what follows from what it names.
func (c *call) checkReplicationGroup(g *replicationGroup, in *elasticache.CreateReplicationGroupInput) error {
	version, known := cacheVersion(g.Engine, str(in.EngineVersion))
	subnets := c.r.cacheSubnets(g.Subnets)
	nodes := val(in.NumCacheClusters, 1)
	switch {
	case !cacheName(g.ID) || strings.Contains(g.ID, "--"):
		return badCacheValue("The parameter ReplicationGroupId is not valid: %s", g.ID)
	case !known:
		return badCacheValue("The version %s of the engine %s is not known.", str(in.EngineVersion), g.Engine)
	case !strings.HasPrefix(g.Type, "cache."):
		return badCacheValue("Invalid Cache Node Type: %s.", g.Type)
	case subnets == nil:
		return noCacheSubnets(in.CacheSubnetGroupName)
	case nodes < 1 || nodes > 6:
		return badCacheValue("The number of cache clusters must be between 1 and 6.")
	case g.Failover && nodes < 2:
		return badCombination("Must specify at least two cache clusters in order to auto failover.")
	case g.MultiAZ && !g.Failover:
		return badCombination("Must enable automatic failover in order to enable Multi-AZ.")
	case in.AuthToken != nil && !g.InTransit:
		return badCombination("The AUTH token is only supported when encryption-in-transit is enabled.")
	case in.AuthToken != nil && !cacheToken(*in.AuthToken):
		return badCacheValue("Invalid AuthToken provided.")
	}
	for _, id := range g.Groups {
		if sg := c.r.group(id); sg == nil || sg.VPC != subnets.VPC {
			return badCacheValue("The security group %s is not in the VPC of the subnet group.", id)
		}
	}
	have := 0
	for _, o := range c.r.caches().Groups {
		have += len(o.Nodes)
	}
	if n, ok := c.a.quota("cache"); ok && have+int(nodes) > n {
		return &ectypes.NodeQuotaForCustomerExceededFault{Message: msg("The request cannot be processed because it would exceed the allowed number of cache nodes per customer.")}
	}
	if len(g.Groups) == 0 {
		g.Groups = []string{find(c.r.ec2().Groups, func(sg *securityGroup) bool { return sg.VPC == subnets.VPC && sg.Name == "default" }).ID}
	}
	g.Version, g.Parameters = version.version, val(in.CacheParameterGroupName, "default."+version.family)
	return c.keyFor("elasticache", g.Key, "kms:CreateGrant", "kms:DescribeKey")
}

func (c *call) replicationGroupOut(g *replicationGroup) ectypes.ReplicationGroup {
	o := ectypes.ReplicationGroup{
		ARN: new(c.arn("elasticache", "replicationgroup:%s", g.ID)), ReplicationGroupId: new(g.ID), Description: new(g.Desc), Engine: new(g.Engine), CacheNodeType: new(g.Type),
		Status: new(g.status(c.now)), ClusterEnabled: new(false), ClusterMode: ectypes.ClusterModeDisabled, AtRestEncryptionEnabled: new(g.AtRest), KmsKeyId: orNil(g.Key),
		TransitEncryptionEnabled: new(g.InTransit), AuthTokenEnabled: new(g.Token != ""), SnapshotRetentionLimit: new(g.Retention), ReplicationGroupCreateTime: new(g.Created),
		AutomaticFailover: ectypes.AutomaticFailoverStatusDisabled, MultiAZ: ectypes.MultiAZStatusDisabled, PendingModifiedValues: &ectypes.ReplicationGroupPendingModifiedValues{},
	}
	if g.Failover {
		o.AutomaticFailover = ectypes.AutomaticFailoverStatusEnabled
	}
	if g.MultiAZ {
		o.MultiAZ = ectypes.MultiAZStatusEnabled
	}
	for _, n := range g.Nodes {
		o.MemberClusters = append(o.MemberClusters, n.ID)
	}
	if c.now.Before(g.Ready) {
		return o // no endpoint yet
	}
	node := ectypes.NodeGroup{
		NodeGroupId: new("0001"), Status: o.Status, PrimaryEndpoint: &ectypes.Endpoint{Address: new(g.host("master")), Port: new(g.Port)},
		ReaderEndpoint: &ectypes.Endpoint{Address: new(g.host("replica")), Port: new(g.Port)},
	}
	for i, n := range g.Nodes {
		m := ectypes.NodeGroupMember{CacheClusterId: new(n.ID), CacheNodeId: new("0001"), CurrentRole: new([]string{"primary", "replica"}[min(i, 1)])}
		if s := c.r.subnet(n.Subnet); s != nil {
			m.PreferredAvailabilityZone = new(s.Zone)
		}
		node.NodeGroupMembers = append(node.NodeGroupMembers, m)
	}
	o.NodeGroups = []ectypes.NodeGroup{node}
	return o
}

func cacheDescribeReplicationGroups(c *call, in *elasticache.DescribeReplicationGroupsInput) (*elasticache.DescribeReplicationGroupsOutput, error) {
	out := &elasticache.DescribeReplicationGroupsOutput{}
	if in.ReplicationGroupId != nil {
		return onReplicationGroup(c, in.ReplicationGroupId, func(g *replicationGroup) (*elasticache.DescribeReplicationGroupsOutput, error) {
			out.ReplicationGroups = []ectypes.ReplicationGroup{c.replicationGroupOut(g)}
			return out, nil
		})
	}
	for _, g := range c.r.caches().Groups {
		out.ReplicationGroups = append(out.ReplicationGroups, c.replicationGroupOut(g))
	}
	return out, nil
}

func cacheModifyReplicationGroup(c *call, in *elasticache.ModifyReplicationGroupInput) (*elasticache.ModifyReplicationGroupOutput, error) {
	return onReplicationGroup(c, in.ReplicationGroupId, func(g *replicationGroup) (*elasticache.ModifyReplicationGroupOutput, error) {
		if err := g.mustBe(c.now); err != nil {
			return nil, err
		}
		engine := val(in.Engine, g.Engine)
		version, known := cacheVersion(engine, val(in.EngineVersion, map[bool]string{true: g.Version}[engine == g.Engine]))
		switch {
		case !known:
			return nil, badCacheValue("The version %s of the engine %s is not known.", str(in.EngineVersion), engine)
		case engine == g.Engine && version.version < g.Version:
			return nil, badCacheValue("Engine version can not be downgraded from %s to %s.", g.Version, version.version)
		case val(in.AutomaticFailoverEnabled, g.Failover) && len(g.Nodes) < 2:
			return nil, badCombination("Must specify at least two cache clusters in order to auto failover.")
		}
		slow := engine != g.Engine || version.version != g.Version || in.CacheNodeType != nil && *in.CacheNodeType != g.Type
		if slow && !val(in.ApplyImmediately, false) {
			return nil, badCombination("sim: the simulated account knows changes that are applied immediately only")
		}
		g.Engine, g.Version, g.Type = engine, version.version, val(in.CacheNodeType, g.Type)
		g.Failover, g.MultiAZ = val(in.AutomaticFailoverEnabled, g.Failover), val(in.MultiAZEnabled, g.MultiAZ)
		g.Desc, g.Retention = val(in.ReplicationGroupDescription, g.Desc), val(in.SnapshotRetentionLimit, g.Retention)
		if len(in.SecurityGroupIds) > 0 {
			g.Groups = slices.Clone(in.SecurityGroupIds)
		}
		if in.AuthToken != nil {
			g.Token = stableID("elasticache", *in.AuthToken)
		}
		if slow || in.AuthToken != nil {
			g.Changed = c.now.Add(c.a.delay(latCacheChange, g.ID+c.now.String()))
		}
		return &elasticache.ModifyReplicationGroupOutput{ReplicationGroup: new(c.replicationGroupOut(g))}, nil
	})
}

func cacheIncreaseReplicaCount(c *call, in *elasticache.IncreaseReplicaCountInput) (*elasticache.IncreaseReplicaCountOutput, error) {
	return onReplicationGroup(c, in.ReplicationGroupId, func(g *replicationGroup) (*elasticache.IncreaseReplicaCountOutput, error) {
		if err := c.replicaCount(g, in.NewReplicaCount, func(n int) bool { return n > len(g.Nodes)-1 }); err != nil {
			return nil, err
		}
		for len(g.Nodes) < int(*in.NewReplicaCount)+1 {
			c.addCacheNode(g)
		}
		return &elasticache.IncreaseReplicaCountOutput{ReplicationGroup: new(c.replicationGroupOut(g))}, nil
	})
}

func cacheDecreaseReplicaCount(c *call, in *elasticache.DecreaseReplicaCountInput) (*elasticache.DecreaseReplicaCountOutput, error) {
	return onReplicationGroup(c, in.ReplicationGroupId, func(g *replicationGroup) (*elasticache.DecreaseReplicaCountOutput, error) {
		if err := c.replicaCount(g, in.NewReplicaCount, func(n int) bool { return n < len(g.Nodes)-1 }); err != nil {
			return nil, err
		}
		if g.Failover && *in.NewReplicaCount == 0 {
			return nil, badCombination("Must have at least one replica while automatic failover is enabled.")
		}
		g.Nodes = g.Nodes[:*in.NewReplicaCount+1]
		return &elasticache.DecreaseReplicaCountOutput{ReplicationGroup: new(c.replicationGroupOut(g))}, nil
	})
}

// replicaCount checks a new number of replicas and begins the change.
func (c *call) replicaCount(g *replicationGroup, n *int32, changes func(int) bool) error {
	if err := g.mustBe(c.now); err != nil {
		return err
	}
	if n == nil || *n < 0 || *n > 5 || !changes(int(*n)) {
		return badCacheValue("The new number of replicas is not valid.")
	}
	g.Changed = c.now.Add(c.a.delay(latCacheChange, g.ID+c.now.String()))
	return nil
}

func cacheDeleteReplicationGroup(c *call, in *elasticache.DeleteReplicationGroupInput) (*elasticache.DeleteReplicationGroupOutput, error) {
	return onReplicationGroup(c, in.ReplicationGroupId, func(g *replicationGroup) (*elasticache.DeleteReplicationGroupOutput, error) {
		if err := g.mustBe(c.now); err != nil {
			return nil, err
		}
		if name := str(in.FinalSnapshotIdentifier); name != "" {
			if find(c.r.caches().Snapshots, func(s *cacheSnapshot) bool { return s.Name == name }) != nil {
				return nil, &ectypes.SnapshotAlreadyExistsFault{Message: msg("Snapshot %s already exists.", name)}
			}
			c.r.caches().Snapshots = append(c.r.caches().Snapshots, &cacheSnapshot{Name: name, Group: g.ID, At: c.now})
		}
		g.Gone = c.now.Add(c.a.delay(latCacheGone, g.ID))
		return &elasticache.DeleteReplicationGroupOutput{ReplicationGroup: new(c.replicationGroupOut(g))}, nil
	})
}

func cacheDescribeSnapshots(c *call, in *elasticache.DescribeSnapshotsInput) (*elasticache.DescribeSnapshotsOutput, error) {
	out := &elasticache.DescribeSnapshotsOutput{}
	for _, s := range c.r.caches().Snapshots {
		if (in.SnapshotName == nil || s.Name == *in.SnapshotName) && (in.ReplicationGroupId == nil || s.Group == *in.ReplicationGroupId) {
			out.Snapshots = append(out.Snapshots, ectypes.Snapshot{
				SnapshotName: new(s.Name), ReplicationGroupId: new(s.Group), SnapshotStatus: new("available"), SnapshotSource: new("manual"), ARN: new(c.arn("elasticache", "snapshot:%s", s.Name)),
			})
		}
	}
	if in.SnapshotName != nil && len(out.Snapshots) == 0 {
		return nil, &ectypes.SnapshotNotFoundFault{Message: msg("Snapshot %s not found.", *in.SnapshotName)}
	}
	return out, nil
}

func cacheDeleteSnapshot(c *call, in *elasticache.DeleteSnapshotInput) (*elasticache.DeleteSnapshotOutput, error) {
	s := find(c.r.caches().Snapshots, func(s *cacheSnapshot) bool { return s.Name == str(in.SnapshotName) })
	if s == nil {
		return nil, &ectypes.SnapshotNotFoundFault{Message: msg("Snapshot %s not found.", str(in.SnapshotName))}
	}
	c.r.caches().Snapshots = remove(c.r.caches().Snapshots, s)
	return &elasticache.DeleteSnapshotOutput{}, nil
}
