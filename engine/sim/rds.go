package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// rdsService is RDS: instances of one engine each, their subnet groups and snapshots.
func rdsService() awsService {
	return awsService{
		name: "rds", protocol: speaksQuery, state: []keeper{rdsShelf},
		operations: []operation{
			op(rdsCreateDBSubnetGroup, tagging("rds:AddTagsToResource")), op(rdsDescribeDBSubnetGroups, pages("DBSubnetGroups", 100, 100)),
			op(rdsModifyDBSubnetGroup), op(rdsDeleteDBSubnetGroup),
			op(rdsCreateDBInstance, tagging("rds:AddTagsToResource")), op(rdsDescribeDBInstances, pages("DBInstances", 100, 100)),
			op(rdsModifyDBInstance), op(rdsDeleteDBInstance, alsoFor(finalSnapshotActions)),
			op(rdsRestoreDBInstanceFromDBSnapshot, tagging("rds:AddTagsToResource")),
			op(rdsDescribeDBSnapshots, pages("DBSnapshots", 100, 100)), op(rdsDeleteDBSnapshot),
			op(rdsAddTagsToResource), op(rdsListTagsForResource),
			op(rdsDescribeOrderableDBInstanceOptions, pages("OrderableDBInstanceOptions", 100, 100)),
		},
		parts: []awsService{rdsParameterGroups()},
		latencies: map[lat]time.Duration{
			latDatabase:       8 * time.Minute,   // 5-17 min
			latDatabaseChange: 3 * time.Minute,   // assumed
			latDatabaseGone:   285 * time.Second, // 4m45
		},
		roles: map[string]string{"rds.amazonaws.com": "AWSServiceRoleForRDS"},
		list: func(v *inventory, r *region) {
			for _, g := range r.rds().SubnetGroups {
				v.add("rds.DBSubnetGroup", named(r, nil, g.Name), false, map[string]any{"Subnets": g.Subnets, "Tags": g.Tags})
			}
			for _, d := range r.rds().Instances {
				settings := d.settings()
				settings["PasswordKept"] = slices.ContainsFunc(r.ssm().Parameters, func(p *parameter) bool { return stableID("rds", string(p.Value)) == d.Password })
				v.add("rds.DBInstance", named(r, nil, d.ID), false, settings, d.Data)
			}
			for _, s := range r.rds().Snapshots {
				// the time in the name of a final snapshot is that of the run
				v.add("rds.DBSnapshot", named(r, nil, strings.TrimRight(s.ID, "0123456789")), true, map[string]any{"Data": s.Data}, s.Data, s.ID)
			}
		},
		interfaces: rdsInterfaces,
		due:        rdsDue,
	}
}

const (
	latDatabase       lat = "rds.instance"
	latDatabaseChange lat = "rds.instance.change"
	latDatabaseGone   lat = "rds.instance.gone"
)

type rdsState struct {
	SubnetGroups []*dbSubnetGroup
	Instances    []*dbInstance
	Snapshots    []*dbSnapshot

	ParameterGroups []*dbParameterGroup
}

const rdsShelf shelf[rdsState] = "rds"

func (r *region) rds() *rdsState { return rdsShelf.in(&r.Kept) }

type dbSubnetGroup struct {
	Name, Desc, VPC string
	Subnets         []string
	Tags            tagMap
}

// dbInstance is an instance. Data stands for what is in it: it goes with snapshots and never changes otherwise.
type dbInstance struct {
	ID, Name, Engine, Version, Class, User string
	Password                               string // a digest: nobody reads a password back
	Data                                   string
	Subnets                                string // name of the group
	Parameters                             string // name of the group
	Groups                                 []string
	Storage, MaxStorage, Retention         int32
	MultiAZ, Protected, Encrypted, Public  bool
	Doing                                  string    // the status until Until
	Until                                  time.Time // when it becomes available, or is gone
	Address                                bool      // it has its address
	Pending                                *dbPending
	Tags                                   tagMap
}

// dbPending is what a change brings once it is through.
type dbPending struct {
	Class, Version, Password string
	Parameters               string
	Storage                  int32
	MultiAZ                  *bool
}

type dbSnapshot struct {
	ID, Instance, Engine, Version, Data, User, Name string
	Storage                                         int32
	Created                                         time.Time
	Tags                                            tagMap
}

// settings are what a rerun must find again: all but what differs from one run to the next.
func (d *dbInstance) settings() map[string]any {
	return map[string]any{
		"Engine": d.Engine, "Version": d.Version, "Class": d.Class, "Storage": d.Storage, "MaxStorage": d.MaxStorage, "MultiAZ": d.MultiAZ,
		"Protected": d.Protected, "Retention": d.Retention, "Parameters": d.Parameters, "Groups": d.Groups, "Tags": d.Tags, "Data": d.Data, "Pending": d.Pending,
	}
}

func (r *region) database(id string) *dbInstance {
	return find(r.rds().Instances, func(d *dbInstance) bool { return strings.EqualFold(d.ID, id) })
}

func (r *region) dbSubnetGroup(name string) *dbSubnetGroup {
	return find(r.rds().SubnetGroups, func(g *dbSubnetGroup) bool { return strings.EqualFold(g.Name, name) })
}

func (c *call) rdsARN(kind, name string) string {
	return "arn:aws:rds:" + c.r.Name + ":" + c.st.Account + ":" + kind + ":" + name
}

func rdsTags(in []rdstypes.Tag) tagMap {
	return tagsFrom(in, func(t rdstypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func (t tagMap) toRDS() []rdstypes.Tag {
	return tagsTo(t, func(k, v *string) rdstypes.Tag { return rdstypes.Tag{Key: k, Value: v} })
}

// rdsInterfaces are the interface of each instance, and of its standby.
func rdsInterfaces(w *world, _ time.Time) []netInterface {
	var out []netInterface
	for _, d := range w.r.rds().Instances {
		g := w.r.dbSubnetGroup(d.Subnets)
		if g == nil || !d.Address {
			continue
		}
		for i, sn := range g.Subnets {
			if s := w.r.subnet(sn); s != nil && (i == 0 || i == 1 && d.MultiAZ) {
				out = append(out, netInterface{
					ID: "eni-" + stableID(d.ID, sn)[:17], VPC: g.VPC, Subnet: sn, Groups: d.Groups, IP: address(s.CIDR, stableID(d.ID, sn)),
					Description: "RDSNetworkInterface", Requester: "amazon-rds", Type: "interface",
				})
			}
		}
	}
	return out
}

// rdsDue is the next instance that AWS is done with.
func rdsDue(w *world) (at time.Time, step func(time.Time)) {
	for _, d := range w.r.rds().Instances {
		if d.Until.IsZero() || !at.IsZero() && !d.Until.Before(at) {
			continue
		}
		at, step = d.Until, func(time.Time) { w.r.settle(d) }
	}
	return at, step
}

// settle ends what AWS was doing with an instance.
func (r *region) settle(d *dbInstance) {
	if d.Doing == "deleting" {
		r.rds().Instances = remove(r.rds().Instances, d)
		return
	}
	d.Doing, d.Until, d.Address = "available", time.Time{}, true
	if p := d.Pending; p != nil {
		d.Class, d.Version, d.Parameters = first(p.Class, d.Class), first(p.Version, d.Version), first(p.Parameters, d.Parameters)
		d.Password, d.Storage, d.MultiAZ = first(p.Password, d.Password), max(p.Storage, d.Storage), val(p.MultiAZ, d.MultiAZ)
		d.Pending = nil
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func rdsCreateDBSubnetGroup(c *call, in *rds.CreateDBSubnetGroupInput) (*rds.CreateDBSubnetGroupOutput, error) {
	name := strings.ToLower(str(in.DBSubnetGroupName))
	if c.r.dbSubnetGroup(name) != nil {
		return nil, &rdstypes.DBSubnetGroupAlreadyExistsFault{Message: msg("The DB subnet group '%s' already exists.", name)}
	}
	vpc, err := c.dbSubnets(in.SubnetIds)
	if err != nil {
		return nil, err
	}
	g := &dbSubnetGroup{Name: name, Desc: str(in.DBSubnetGroupDescription), VPC: vpc, Subnets: slices.Clone(in.SubnetIds), Tags: rdsTags(in.Tags)}
	c.r.rds().SubnetGroups = append(c.r.rds().SubnetGroups, g)
	return &rds.CreateDBSubnetGroupOutput{DBSubnetGroup: new(c.dbSubnetGroupOut(g))}, nil
}

// dbSubnets checks the subnets of a group and gives their VPC.
func (c *call) dbSubnets(ids []string) (vpc string, err error) {
	zones := map[string]bool{}
	for _, id := range ids {
		s := c.r.subnet(id)
		if s == nil || vpc != "" && s.VPC != vpc {
			return "", &rdstypes.InvalidSubnet{Message: msg("Some input subnets in :[%s] are invalid.", id)}
		}
		vpc, zones[s.Zone] = s.VPC, true
	}
	if len(zones) < 2 {
		return "", &rdstypes.DBSubnetGroupDoesNotCoverEnoughAZs{Message: msg("The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: %d. Add subnets to cover at least 2 AZs.", len(zones))}
	}
	return vpc, nil
}

func (c *call) dbSubnetGroupOut(g *dbSubnetGroup) rdstypes.DBSubnetGroup {
	out := rdstypes.DBSubnetGroup{
		DBSubnetGroupName: new(g.Name), DBSubnetGroupDescription: new(g.Desc), VpcId: new(g.VPC), SubnetGroupStatus: new("Complete"),
		DBSubnetGroupArn: new(c.rdsARN("subgrp", g.Name)),
	}
	for _, sn := range g.Subnets {
		out.Subnets = append(out.Subnets, rdstypes.Subnet{SubnetIdentifier: new(sn), SubnetStatus: new("Active")})
	}
	return out
}

func noDBSubnetGroup(name string) error {
	return &rdstypes.DBSubnetGroupNotFoundFault{Message: msg("DB subnet group '%s' does not exist.", name)}
}

func rdsDescribeDBSubnetGroups(c *call, in *rds.DescribeDBSubnetGroupsInput) (*rds.DescribeDBSubnetGroupsOutput, error) {
	out := &rds.DescribeDBSubnetGroupsOutput{}
	for _, g := range c.r.rds().SubnetGroups {
		if in.DBSubnetGroupName == nil || strings.EqualFold(g.Name, str(in.DBSubnetGroupName)) {
			out.DBSubnetGroups = append(out.DBSubnetGroups, c.dbSubnetGroupOut(g))
		}
	}
	if in.DBSubnetGroupName != nil && len(out.DBSubnetGroups) == 0 {
		return nil, noDBSubnetGroup(str(in.DBSubnetGroupName))
	}
	return out, nil
}

func rdsModifyDBSubnetGroup(c *call, in *rds.ModifyDBSubnetGroupInput) (*rds.ModifyDBSubnetGroupOutput, error) {
	g := c.r.dbSubnetGroup(str(in.DBSubnetGroupName))
	if g == nil {
		return nil, noDBSubnetGroup(str(in.DBSubnetGroupName))
	}
	vpc, err := c.dbSubnets(in.SubnetIds)
	if err != nil {
		return nil, err
	}
	if vpc != g.VPC {
		return nil, &rdstypes.InvalidSubnet{Message: msg("The new Subnets are not in the same Vpc as the existing subnet group")}
	}
	g.Subnets = slices.Clone(in.SubnetIds)
	return &rds.ModifyDBSubnetGroupOutput{DBSubnetGroup: new(c.dbSubnetGroupOut(g))}, nil
}

func rdsDeleteDBSubnetGroup(c *call, in *rds.DeleteDBSubnetGroupInput) (*rds.DeleteDBSubnetGroupOutput, error) {
	g := c.r.dbSubnetGroup(str(in.DBSubnetGroupName))
	if g == nil {
		return nil, noDBSubnetGroup(str(in.DBSubnetGroupName))
	}
	if d := find(c.r.rds().Instances, func(d *dbInstance) bool { return d.Subnets == g.Name }); d != nil {
		return nil, &rdstypes.InvalidDBSubnetGroupStateFault{Message: msg("Cannot delete the subnet group '%s' because at least one database instance: %s is still using it.", g.Name, d.ID)}
	}
	c.r.rds().SubnetGroups = remove(c.r.rds().SubnetGroups, g)
	return &rds.DeleteDBSubnetGroupOutput{}, nil
}
