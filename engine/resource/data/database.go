package data

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
	"berth/engine/resource/access"
	"berth/engine/resource/network"
)

// Database is an RDS instance for PostgreSQL or MySQL: encrypted, reachable from the app's tasks alone, backed up
// each day, and protected from being deleted by mistake. Its master password is the one that Password holds.
type Database struct {
	resource.Claim
	Owner         resource.Owner
	Subnets       *SubnetGroup
	SecurityGroup *network.SecurityGroup
	LinkedRole    *access.ServiceLinkedRole
	Password      *Parameter
	Parameters    *ParameterGroup // nil: those that AWS has for the engine

	Engine    string // postgres or mysql
	Version   string // such as 17 or 17.4; empty takes what AWS offers first
	Class     string // such as db.t4g.micro
	StorageGB int    // what it starts with; AWS makes it larger by itself, up to four times that
	MultiAZ   bool   // a second instance in another zone that takes over
	// Snapshot is what a new database starts from: the id of a snapshot, Fresh, or empty, which is refused while a
	// snapshot of an earlier database of the app is there.
	Snapshot string
	// NoFinalSnapshot deletes without a last snapshot.
	NoFinalSnapshot bool
	Unneeded        bool // berth.toml asks for no database: a destroy alone looks for it
	// Told says whether the app knows its address already. One that is there before that is of an earlier deployment,
	// whose data is taken over. Nil: it does.
	Told func() bool

	ARN  string // output
	Host string // output: empty until AWS has given it an address
	Port int    // output
	User string // output: who signs in; MasterUser unless a snapshot brought somebody else
	In   string // output: the name of the database in the instance

	found   *rdstypes.DBInstance
	asFound bool     // price what was found, not what is wanted
	set     string   // version of the password that the instance was given last
	kept    []string // ids of our snapshots, newest first, looked for when there is no instance
}

// Fresh stands for a new database without data as Snapshot.
const Fresh = "none"

// tagPassword is the tag that says which version of the password the instance has.
const tagPassword = "berth:password-version"

// backupDays is how long the daily backups are kept.
const backupDays = 7

// growth is how many times its first size the storage may become by itself.
const growth = 4

// MasterUser is the user that the app signs in as.
const MasterUser = "berth"

// DefaultPort is the port that an engine listens on.
func DefaultPort(engine string) int {
	if engine == "mysql" {
		return 3306
	}
	return 5432
}

// Name is the instance's identifier. It is known before the instance exists.
func (d *Database) Name() string { return strings.ReplaceAll(d.Owner.Short(), "--", "-") }

// DBName is the name of the database in the instance: the app's, as far as SQL takes it.
func (d *Database) DBName() string {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, strings.ToLower(resource.Shorten(d.Owner.App, 60)))
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "app_" + name
	}
	return name
}

// Info implements Resource.
func (d *Database) Info() resource.Info {
	return resource.Info{
		ID: "database", Kind: "rds.DBInstance", Name: d.Name(), Label: "the database", Group: resource.GroupData,
		Usually: 8 * time.Minute, Gone: 5 * time.Minute, Keeps: d.keeps(),
	}
}

func (d *Database) keeps() string {
	if d.NoFinalSnapshot {
		return "the database with all data in it and its daily backups"
	}
	return "the database and its daily backups; a final snapshot stays"
}

// Data implements Keeping.
func (d *Database) Data() string { return "the database with all data in it" }

// Needs implements Resource.
func (d *Database) Needs() []resource.Need {
	needs := resource.After(d.Subnets, d.SecurityGroup, d.LinkedRole)
	if d.Parameters != nil {
		needs = append(needs, resource.Need{On: d.Parameters})
	}
	return append(needs, resource.Need{On: d.Password})
}

// Identifier implements Identified.
func (d *Database) Identifier() string { return d.ARN }

// Kind is the engine that runs, such as postgres; empty while there is none.
func (d *Database) Kind() string {
	if d.found == nil {
		return ""
	}
	return aws.ToString(d.found.Engine)
}

// Wanted implements Optional.
func (d *Database) Wanted() bool { return !d.Unneeded }

// Observe implements Resource.
func (d *Database) Observe(ctx context.Context, s *resource.Scope) error {
	d.found, d.ARN, d.Host, d.Port, d.set, d.kept = nil, "", "", 0, "", nil
	d.User, d.In = MasterUser, d.DBName()
	out, err := s.RDS.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(d.Name())})
	switch {
	case d.Unneeded && resource.Unseen(err):
		return nil
	case cloud.NotFound(err), err == nil && len(out.DBInstances) == 0:
		if d.Unneeded {
			return nil
		}
		d.kept, err = d.snapshots(ctx, s)
		return err
	case err != nil:
		return err
	}
	d.take(out.DBInstances[0])
	return d.Judge(d.Owner, tagMap(out.DBInstances[0].TagList), nil)
}

func (d *Database) take(i rdstypes.DBInstance) {
	d.found, d.ARN = &i, aws.ToString(i.DBInstanceArn)
	d.User, d.In = cmp.Or(aws.ToString(i.MasterUsername), MasterUser), cmp.Or(aws.ToString(i.DBName), d.DBName())
	if i.Endpoint != nil {
		d.Host, d.Port = aws.ToString(i.Endpoint.Address), int(aws.ToInt32(i.Endpoint.Port))
	}
	for _, t := range i.TagList {
		if aws.ToString(t.Key) == tagPassword {
			d.set = aws.ToString(t.Value)
		}
	}
}

// Exists implements Resource.
func (d *Database) Exists() bool { return d.found != nil && d.Ours() }

// status is what AWS says of the instance.
func (d *Database) status() string { return aws.ToString(d.found.DBInstanceStatus) }

// Diff implements Resource. What would lose data is no difference: Checks refuses it.
func (d *Database) Diff(*resource.Scope) resource.Diff {
	switch {
	case d.found == nil && d.Snapshot != "" && d.Snapshot != Fresh:
		return resource.Diff{Action: event.Create, Why: "does not exist yet; starts from snapshot " + d.Snapshot}
	case d.found == nil:
		return resource.Absent()
	}
	var drift resource.Drift
	f := d.found
	if was := aws.ToString(f.DBInstanceClass); was != d.Class {
		drift.Add("has another size, and is unavailable for some minutes while it changes", resource.Field("class", was, d.Class))
	}
	if was := int(aws.ToInt32(f.AllocatedStorage)); was < d.StorageGB {
		drift.Add("has less storage", resource.Field("storage", gb(was), gb(d.StorageGB)))
	}
	if was := int(aws.ToInt32(f.MaxAllocatedStorage)); was < d.maxStorage() {
		drift.Add("has a lower storage limit", resource.Field("storage at most", gb(was), gb(d.maxStorage())))
	}
	if was := aws.ToString(f.EngineVersion); d.newer(was) {
		drift.Add("has an older version, and is unavailable for some minutes during the upgrade", resource.Field("version", was, d.Version))
	}
	if was := d.parameters(); d.Parameters != nil && was != d.Parameters.Name() {
		drift.Add("accepts connections without TLS", resource.Field("parameter group", was, d.Parameters.Name()))
	}
	if was := aws.ToBool(f.MultiAZ); was != d.MultiAZ {
		drift.Add(d.standby(), resource.Field("standby in a second zone", was, d.MultiAZ))
	}
	if was := aws.ToInt32(f.BackupRetentionPeriod); was < backupDays {
		drift.Add("keeps its backups for fewer days", resource.Field("backups kept, days", was, backupDays))
	}
	if !aws.ToBool(f.DeletionProtection) {
		drift.Add("has no deletion protection", resource.Field("deletion protection", false, true))
	}
	if !d.guarded() {
		drift.Add("does not have its security group", resource.Field("security groups", resource.Listed(d.groups()), resource.Listed([]string{d.SecurityGroup.ID})))
	}
	if d.set != d.wantedPassword() {
		drift.Add("does not have the password that is stored for it", resource.Field("password", resource.Hidden, resource.Hidden))
	}
	return drift.Diff()
}

func (d *Database) standby() string {
	if d.MultiAZ {
		return "has no standby in a second zone"
	}
	return "has a standby in a second zone, which is not configured"
}

// parameters is the name of the parameter group that the instance has.
func (d *Database) parameters() string {
	for _, g := range d.found.DBParameterGroups {
		return aws.ToString(g.DBParameterGroupName)
	}
	return ""
}

// ownParameters is the name of the parameter group that the instance shall have, nil for the one of AWS.
func (d *Database) ownParameters() *string {
	if d.Parameters == nil {
		return nil
	}
	return aws.String(d.Parameters.Name())
}

func gb(n int) string { return fmt.Sprintf("%d GB", n) }

// maxStorage is how far the storage grows by itself, in GB.
func (d *Database) maxStorage() int { return d.StorageGB * growth }

// newer says whether the wanted version is later than one that runs, as far as it is said: 17 is not later than
// 17.4. AWS installs minor versions by itself.
func (d *Database) newer(runs string) bool {
	have, want := strings.Split(runs, "."), strings.Split(d.Version, ".")
	for i := range want {
		if i >= len(have) {
			return false
		}
		h, _ := strconv.Atoi(have[i])
		w, _ := strconv.Atoi(want[i])
		if h != w {
			return w > h
		}
	}
	return false
}

func (d *Database) groups() []string {
	var ids []string
	for _, g := range d.found.VpcSecurityGroups {
		if aws.ToString(g.Status) != "removing" {
			ids = append(ids, aws.ToString(g.VpcSecurityGroupId))
		}
	}
	return ids
}

// guarded says whether the instance is behind our security group and no other.
func (d *Database) guarded() bool {
	ids := d.groups()
	return len(ids) == 1 && ids[0] == d.SecurityGroup.ID
}

// wantedPassword tells which password the instance must have.
func (d *Database) wantedPassword() string { return d.Password.Which() }

// Apply implements Resource.
func (d *Database) Apply(ctx context.Context, s *resource.Scope) error {
	switch {
	case d.found != nil:
		return d.modify(ctx, s)
	case d.Snapshot != "" && d.Snapshot != Fresh:
		return d.restore(ctx, s)
	}
	password, err := d.Password.Read(ctx, s)
	if err != nil {
		return err
	}
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(d.Name()), DBName: aws.String(d.DBName()), Engine: aws.String(d.Engine),
		DBInstanceClass: aws.String(d.Class), AllocatedStorage: gigabytes(d.StorageGB), MaxAllocatedStorage: gigabytes(d.maxStorage()),
		StorageType: aws.String("gp3"), StorageEncrypted: aws.Bool(true), MultiAZ: aws.Bool(d.MultiAZ),
		MasterUsername: aws.String(MasterUser), MasterUserPassword: &password,
		DBSubnetGroupName: aws.String(d.Subnets.Name()), VpcSecurityGroupIds: []string{d.SecurityGroup.ID}, DBParameterGroupName: d.ownParameters(),
		PubliclyAccessible: aws.Bool(false), BackupRetentionPeriod: aws.Int32(backupDays), CopyTagsToSnapshot: aws.Bool(true),
		DeletionProtection: aws.Bool(true), AutoMinorVersionUpgrade: aws.Bool(true), Tags: d.tags(d.wantedPassword()),
	}
	if d.Version != "" {
		in.EngineVersion = aws.String(d.Version)
	}
	err = s.Retry(ctx, creating, func(ctx context.Context) error {
		out, err := s.RDS.CreateDBInstance(ctx, in)
		if err == nil {
			d.take(*out.DBInstance)
		}
		return err
	})
	return d.adopt(ctx, s, "create database", err)
}

// adopt takes an instance that is there already for the one that a call made whose answer got lost.
func (d *Database) adopt(ctx context.Context, s *resource.Scope, doing string, err error) error {
	if cloud.Is(err, "DBInstanceAlreadyExists") {
		err = s.Adopt(ctx, d.Info().Label, func(ctx context.Context) error { return d.Observe(ctx, s) }, d.Exists)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// creating are the errors while something that was just made is not known everywhere.
var creating = []cloud.Retryable{
	{Code: "DBSubnetGroupNotFoundFault", For: time.Minute},
	{Code: "InvalidParameterValue", Contains: "service linked role", For: 2 * time.Minute},
}

func (d *Database) tags(password string) []rdstypes.Tag {
	return append(rdsTags(d.Owner, "database"), rdstypes.Tag{Key: aws.String(tagPassword), Value: &password})
}

func gigabytes(n int) *int32 { return aws.Int32(int32(n)) } //nolint:gosec // at most 65,536, as Validate says

// Databases lists the databases of all apps. Their final snapshots are no leftovers: people keep them.
var Databases = resource.Listing{What: "databases", List: listDatabases}

func tagMap(tags []rdstypes.Tag) map[string]string {
	return resource.TagMap(tags, func(t rdstypes.Tag) (k, v *string) { return t.Key, t.Value })
}
