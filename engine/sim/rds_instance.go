package sim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// dbClasses are the classes that the account sells, and dbVersions the versions of each engine, first the one that a
// creation takes when it names none.
var (
	dbClasses  = []string{"db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.t4g.large", "db.t3.micro", "db.t3.small", "db.m7g.large", "db.r7g.large"}
	dbVersions = map[string][]string{"postgres": {"17.4", "16.8", "15.12"}, "mysql": {"8.4.5", "8.0.42"}}
)

// dbVersion is the version that a wish names: the whole of it, or the first one of a major version.
func dbVersion(engine, wish string) (string, bool) {
	for _, v := range dbVersions[engine] {
		if wish == "" || v == wish || strings.HasPrefix(v, wish+".") {
			return v, true
		}
	}
	return "", false
}

func (c *call) dbOffer(engine, class, version string) (string, error) {
	v, ok := dbVersion(engine, version)
	if !ok {
		return "", apiErr("InvalidParameterCombination", "Cannot find version %s for %s", version, engine)
	}
	if !slices.Contains(dbClasses, class) {
		return "", apiErr("InvalidParameterCombination", "RDS does not support creating a DB instance with the following combination: DBInstanceClass=%s, Engine=%s, EngineVersion=%s", class, engine, v)
	}
	return v, nil
}

func rdsCreateDBInstance(c *call, in *rds.CreateDBInstanceInput) (*rds.CreateDBInstanceOutput, error) {
	id, password := strings.ToLower(str(in.DBInstanceIdentifier)), str(in.MasterUserPassword)
	version, err := c.dbOffer(str(in.Engine), str(in.DBInstanceClass), str(in.EngineVersion))
	switch {
	case err != nil:
		return nil, err
	case strings.Contains(id, "--") || strings.HasSuffix(id, "-") || len(id) > 63 || id == "" || id[0] < 'a' || id[0] > 'z':
		return nil, apiErr("InvalidParameterValue", "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.")
	case len(password) < 8 || strings.ContainsAny(password, `/"@ `):
		return nil, apiErr("InvalidParameterValue", "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.")
	case val(in.AllocatedStorage, 0) < 20:
		return nil, apiErr("InvalidParameterValue", "Invalid storage size for engine name %s and storage type gp3: %d", str(in.Engine), val(in.AllocatedStorage, 0))
	case val(in.MaxAllocatedStorage, 0) != 0 && float64(*in.MaxAllocatedStorage) < 1.1*float64(*in.AllocatedStorage):
		return nil, apiErr("InvalidParameterCombination", "Max storage size must be greater than or equal to %d", *in.AllocatedStorage*11/10)
	}
	d := &dbInstance{
		ID: id, Name: str(in.DBName), Engine: str(in.Engine), Version: version, Class: str(in.DBInstanceClass), User: str(in.MasterUsername),
		Password: stableID("rds", password), Data: c.st.fresh("rds", id), Storage: *in.AllocatedStorage, MaxStorage: val(in.MaxAllocatedStorage, 0),
		Retention: val(in.BackupRetentionPeriod, 1), MultiAZ: val(in.MultiAZ, false), Protected: val(in.DeletionProtection, false),
		Encrypted: val(in.StorageEncrypted, false), Public: val(in.PubliclyAccessible, false), Tags: rdsTags(in.Tags),
	}
	if d.Parameters, err = c.dbParameters(in.DBParameterGroupName, d.Engine, version); err != nil {
		return nil, err
	}
	if err := c.placeDB(d, in.DBSubnetGroupName, in.VpcSecurityGroupIds); err != nil {
		return nil, err
	}
	return &rds.CreateDBInstanceOutput{DBInstance: new(c.dbOut(d))}, nil
}

// placeDB puts a new instance into its subnets, behind its security groups.
func (c *call) placeDB(d *dbInstance, subnets *string, groups []string) error {
	if c.r.database(d.ID) != nil {
		return &rdstypes.DBInstanceAlreadyExistsFault{Message: msg("DB instance already exists")}
	}
	if _, err := c.linked("rds.amazonaws.com", "rds"); err != nil {
		return err
	}
	g := c.r.dbSubnetGroup(str(subnets))
	if g == nil {
		return noDBSubnetGroup(str(subnets))
	}
	if err := c.dbGroups(g, groups); err != nil {
		return err
	}
	d.Subnets, d.Groups = g.Name, slices.Clone(groups)
	d.Doing, d.Until = "creating", c.now.Add(c.a.delay(latDatabase, d.ID))
	c.r.rds().Instances = append(c.r.rds().Instances, d)
	return nil
}

func (c *call) dbGroups(g *dbSubnetGroup, ids []string) error {
	for _, id := range ids {
		if s := c.r.group(id); s == nil || s.VPC != g.VPC {
			return apiErr("InvalidParameterValue", "Invalid security group , groupId= %s, groupName=.", id)
		}
	}
	return nil
}

func rdsRestoreDBInstanceFromDBSnapshot(c *call, in *rds.RestoreDBInstanceFromDBSnapshotInput) (*rds.RestoreDBInstanceFromDBSnapshotOutput, error) {
	s := find(c.r.rds().Snapshots, func(s *dbSnapshot) bool { return s.ID == str(in.DBSnapshotIdentifier) })
	if s == nil {
		return nil, &rdstypes.DBSnapshotNotFoundFault{Message: msg("DBSnapshot %s not found.", str(in.DBSnapshotIdentifier))}
	}
	if _, err := c.dbOffer(s.Engine, str(in.DBInstanceClass), s.Version); err != nil {
		return nil, err
	}
	d := &dbInstance{
		ID: strings.ToLower(str(in.DBInstanceIdentifier)), Name: s.Name, Engine: s.Engine, Version: s.Version, Class: str(in.DBInstanceClass), User: s.User,
		Password: "of the snapshot", Data: s.Data, Storage: s.Storage, Retention: 1, MultiAZ: val(in.MultiAZ, false),
		Protected: val(in.DeletionProtection, false), Encrypted: true, Public: val(in.PubliclyAccessible, false), Tags: rdsTags(in.Tags),
	}
	var err error
	if d.Parameters, err = c.dbParameters(in.DBParameterGroupName, d.Engine, d.Version); err != nil {
		return nil, err
	}
	if err := c.placeDB(d, in.DBSubnetGroupName, in.VpcSecurityGroupIds); err != nil {
		return nil, err
	}
	return &rds.RestoreDBInstanceFromDBSnapshotOutput{DBInstance: new(c.dbOut(d))}, nil
}

func noDB(id string) error {
	return &rdstypes.DBInstanceNotFoundFault{Message: msg("DBInstance %s not found.", id)}
}

func rdsDescribeDBInstances(c *call, in *rds.DescribeDBInstancesInput) (*rds.DescribeDBInstancesOutput, error) {
	out := &rds.DescribeDBInstancesOutput{}
	for _, d := range c.r.rds().Instances {
		if in.DBInstanceIdentifier == nil || strings.EqualFold(d.ID, str(in.DBInstanceIdentifier)) {
			out.DBInstances = append(out.DBInstances, c.dbOut(d))
		}
	}
	if in.DBInstanceIdentifier != nil && len(out.DBInstances) == 0 {
		return nil, noDB(str(in.DBInstanceIdentifier))
	}
	return out, nil
}

func (c *call) dbOut(d *dbInstance) rdstypes.DBInstance {
	out := rdstypes.DBInstance{
		DBInstanceIdentifier: new(d.ID), DBInstanceArn: new(c.rdsARN("db", d.ID)), DBInstanceStatus: new(d.Doing), DBName: new(d.Name),
		Engine: new(d.Engine), EngineVersion: new(d.Version), DBInstanceClass: new(d.Class), MasterUsername: new(d.User),
		AllocatedStorage: new(d.Storage), BackupRetentionPeriod: new(d.Retention), MultiAZ: new(d.MultiAZ), DeletionProtection: new(d.Protected),
		StorageEncrypted: new(d.Encrypted), PubliclyAccessible: new(d.Public), TagList: d.Tags.toRDS(), DbiResourceId: new("db-" + strings.ToUpper(stableID(d.Data)[:26])),
	}
	if d.MaxStorage > 0 {
		out.MaxAllocatedStorage = new(d.MaxStorage)
	}
	if g := c.r.dbSubnetGroup(d.Subnets); g != nil {
		out.DBSubnetGroup = new(c.dbSubnetGroupOut(g))
	}
	out.DBParameterGroups = []rdstypes.DBParameterGroupStatus{{DBParameterGroupName: new(d.Parameters), ParameterApplyStatus: new("in-sync")}}
	for _, id := range d.Groups {
		out.VpcSecurityGroups = append(out.VpcSecurityGroups, rdstypes.VpcSecurityGroupMembership{VpcSecurityGroupId: new(id), Status: new("active")})
	}
	if d.Address {
		port := int32(5432)
		if d.Engine == "mysql" {
			port = 3306
		}
		out.Endpoint = &rdstypes.Endpoint{Address: new(d.ID + "." + stableID(c.st.Account)[:12] + "." + c.r.Name + ".rds.amazonaws.com"), Port: new(port)}
	}
	if p := d.Pending; p != nil {
		v := &rdstypes.PendingModifiedValues{MultiAZ: p.MultiAZ}
		if p.Class != "" {
			v.DBInstanceClass = new(p.Class)
		}
		if p.Version != "" {
			v.EngineVersion = new(p.Version)
		}
		if p.Password != "" {
			v.MasterUserPassword = new("****")
		}
		if p.Storage != 0 {
			v.AllocatedStorage = new(p.Storage)
		}
		out.PendingModifiedValues = v
	}
	return out
}

func rdsModifyDBInstance(c *call, in *rds.ModifyDBInstanceInput) (*rds.ModifyDBInstanceOutput, error) {
	d := c.r.database(str(in.DBInstanceIdentifier))
	if d == nil {
		return nil, noDB(str(in.DBInstanceIdentifier))
	}
	onlyProtection := in.DeletionProtection != nil && in.DBInstanceClass == nil && in.MasterUserPassword == nil && in.AllocatedStorage == nil
	if d.Doing != "available" && (!onlyProtection || d.Doing == "deleting" || d.Doing == "creating") {
		return nil, &rdstypes.InvalidDBInstanceStateFault{Message: msg("Database instance is not in available state.")}
	}
	p := &dbPending{MultiAZ: in.MultiAZ}
	if class := str(in.DBInstanceClass); class != "" || in.EngineVersion != nil {
		v, err := c.dbOffer(d.Engine, first(class, d.Class), first(str(in.EngineVersion), d.Version))
		if err != nil {
			return nil, err
		}
		if major(v) != major(d.Version) && !val(in.AllowMajorVersionUpgrade, false) {
			return nil, apiErr("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
		}
		if in.EngineVersion != nil {
			p.Version = v
		}
		p.Class = class
	}
	if n := val(in.AllocatedStorage, d.Storage); n < d.Storage {
		return nil, apiErr("InvalidParameterCombination", "Requested storage size of %d GiB is less than the current size of %d GiB", n, d.Storage)
	} else if n > d.Storage {
		p.Storage = n
	}
	if v := first(p.Version, d.Version); in.DBParameterGroupName != nil || dbFamily(d.Engine, v) != dbFamily(d.Engine, d.Version) {
		name, err := c.dbParameters(in.DBParameterGroupName, d.Engine, v)
		if err != nil {
			return nil, err
		}
		if name != d.Parameters {
			p.Parameters = name
		}
	}
	if in.MasterUserPassword != nil {
		p.Password = stableID("rds", *in.MasterUserPassword)
	}
	if len(in.VpcSecurityGroupIds) > 0 {
		if err := c.dbGroups(c.r.dbSubnetGroup(d.Subnets), in.VpcSecurityGroupIds); err != nil {
			return nil, err
		}
		d.Groups = slices.Clone(in.VpcSecurityGroupIds)
	}
	d.MaxStorage, d.Retention = val(in.MaxAllocatedStorage, d.MaxStorage), val(in.BackupRetentionPeriod, d.Retention)
	d.Protected = val(in.DeletionProtection, d.Protected)
	if *p != (dbPending{}) {
		d.Pending, d.Doing, d.Until = p, "modifying", c.now.Add(c.a.delay(latDatabaseChange, d.ID))
	}
	return &rds.ModifyDBInstanceOutput{DBInstance: new(c.dbOut(d))}, nil
}

func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}

// finalSnapshotActions are what deleting with a last snapshot takes besides.
func finalSnapshotActions(in *rds.DeleteDBInstanceInput) []string {
	if val(in.SkipFinalSnapshot, false) {
		return nil
	}
	return []string{"rds:CreateDBSnapshot", "rds:AddTagsToResource"}
}

func rdsDeleteDBInstance(c *call, in *rds.DeleteDBInstanceInput) (*rds.DeleteDBInstanceOutput, error) {
	d, final := c.r.database(str(in.DBInstanceIdentifier)), str(in.FinalDBSnapshotIdentifier)
	switch {
	case d == nil:
		return nil, noDB(str(in.DBInstanceIdentifier))
	case d.Doing == "deleting":
		return nil, &rdstypes.InvalidDBInstanceStateFault{Message: msg("Instance %s is already being deleted.", d.ID)}
	case d.Doing == "creating" && final != "":
		return nil, &rdstypes.InvalidDBInstanceStateFault{Message: msg("Cannot create a snapshot because the database instance %s is not currently in the available state.", d.ID)}
	case d.Protected:
		return nil, apiErr("InvalidParameterCombination", "Cannot delete protected DB Instance, please disable deletion protection and try again.")
	case final == "" && !val(in.SkipFinalSnapshot, false):
		return nil, apiErr("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
	case final != "" && find(c.r.rds().Snapshots, func(s *dbSnapshot) bool { return s.ID == final }) != nil:
		return nil, &rdstypes.DBSnapshotAlreadyExistsFault{Message: msg("Cannot create the snapshot because a snapshot with the identifier %s already exists.", final)}
	}
	if final != "" {
		c.r.rds().Snapshots = append(c.r.rds().Snapshots, &dbSnapshot{
			ID: final, Instance: d.ID, Engine: d.Engine, Version: d.Version, Data: d.Data, User: d.User, Name: d.Name, Storage: d.Storage, Created: c.now, Tags: d.Tags,
		})
	}
	d.Doing, d.Until = "deleting", c.now.Add(c.a.delay(latDatabaseGone, d.ID))
	return &rds.DeleteDBInstanceOutput{DBInstance: new(c.dbOut(d))}, nil
}

func rdsDescribeDBSnapshots(c *call, in *rds.DescribeDBSnapshotsInput) (*rds.DescribeDBSnapshotsOutput, error) {
	out := &rds.DescribeDBSnapshotsOutput{}
	for _, s := range c.r.rds().Snapshots {
		if in.DBInstanceIdentifier != nil && s.Instance != str(in.DBInstanceIdentifier) || in.DBSnapshotIdentifier != nil && s.ID != str(in.DBSnapshotIdentifier) {
			continue
		}
		out.DBSnapshots = append(out.DBSnapshots, rdstypes.DBSnapshot{
			DBSnapshotIdentifier: new(s.ID), DBInstanceIdentifier: new(s.Instance), DBSnapshotArn: new(c.rdsARN("snapshot", s.ID)), Engine: new(s.Engine),
			EngineVersion: new(s.Version), AllocatedStorage: new(s.Storage), SnapshotCreateTime: new(s.Created), SnapshotType: new("manual"), Status: new("available"),
			Encrypted: new(true), TagList: s.Tags.toRDS(),
		})
	}
	if in.DBSnapshotIdentifier != nil && len(out.DBSnapshots) == 0 {
		return nil, &rdstypes.DBSnapshotNotFoundFault{Message: msg("DBSnapshot %s not found.", *in.DBSnapshotIdentifier)}
	}
	return out, nil
}

func rdsDeleteDBSnapshot(c *call, in *rds.DeleteDBSnapshotInput) (*rds.DeleteDBSnapshotOutput, error) {
	s := find(c.r.rds().Snapshots, func(s *dbSnapshot) bool { return s.ID == str(in.DBSnapshotIdentifier) })
	if s == nil {
		return nil, &rdstypes.DBSnapshotNotFoundFault{Message: msg("DBSnapshot %s not found.", str(in.DBSnapshotIdentifier))}
	}
	c.r.rds().Snapshots = remove(c.r.rds().Snapshots, s)
	return &rds.DeleteDBSnapshotOutput{}, nil
}

// rdsTagged is the tags of a resource by its ARN, nil when there is none.
func (c *call) rdsTagged(arn string) *tagMap {
	for _, d := range c.r.rds().Instances {
		if arn == c.rdsARN("db", d.ID) {
			return &d.Tags
		}
	}
	for _, g := range c.r.rds().SubnetGroups {
		if arn == c.rdsARN("subgrp", g.Name) {
			return &g.Tags
		}
	}
	for _, g := range c.r.rds().ParameterGroups {
		if arn == c.rdsARN("pg", g.Name) {
			return &g.Tags
		}
	}
	for _, s := range c.r.rds().Snapshots {
		if arn == c.rdsARN("snapshot", s.ID) {
			return &s.Tags
		}
	}
	return nil
}

func rdsAddTagsToResource(c *call, in *rds.AddTagsToResourceInput) (*rds.AddTagsToResourceOutput, error) {
	t := c.rdsTagged(str(in.ResourceName))
	if t == nil {
		return nil, noDB(str(in.ResourceName))
	}
	*t = t.merge(rdsTags(in.Tags))
	return &rds.AddTagsToResourceOutput{}, nil
}

func rdsListTagsForResource(c *call, in *rds.ListTagsForResourceInput) (*rds.ListTagsForResourceOutput, error) {
	t := c.rdsTagged(str(in.ResourceName))
	if t == nil {
		return nil, noDB(str(in.ResourceName))
	}
	return &rds.ListTagsForResourceOutput{TagList: t.toRDS()}, nil
}

func rdsDescribeOrderableDBInstanceOptions(_ *call, in *rds.DescribeOrderableDBInstanceOptionsInput) (*rds.DescribeOrderableDBInstanceOptionsOutput, error) {
	out := &rds.DescribeOrderableDBInstanceOptionsOutput{}
	for _, v := range dbVersions[str(in.Engine)] {
		if in.EngineVersion != nil && v != *in.EngineVersion {
			continue
		}
		for _, class := range dbClasses {
			if in.DBInstanceClass == nil || class == *in.DBInstanceClass {
				out.OrderableDBInstanceOptions = append(out.OrderableDBInstanceOptions, rdstypes.OrderableDBInstanceOption{
					DBInstanceClass: new(class), Engine: in.Engine, EngineVersion: new(v), MultiAZCapable: new(true), Vpc: new(true),
				})
			}
		}
	}
	return out, nil
}
