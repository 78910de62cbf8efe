package data

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// restore makes the instance from a snapshot. It has the password of then, until Ready gives it ours.
func (d *Database) restore(ctx context.Context, s *resource.Scope) error {
	in := &rds.RestoreDBInstanceFromDBSnapshotInput{
		DBInstanceIdentifier: aws.String(d.Name()), DBSnapshotIdentifier: aws.String(d.Snapshot), DBInstanceClass: aws.String(d.Class),
		DBSubnetGroupName: aws.String(d.Subnets.Name()), VpcSecurityGroupIds: []string{d.SecurityGroup.ID}, DBParameterGroupName: d.ownParameters(), MultiAZ: aws.Bool(d.MultiAZ),
		PubliclyAccessible: aws.Bool(false), CopyTagsToSnapshot: aws.Bool(true), DeletionProtection: aws.Bool(true),
		AutoMinorVersionUpgrade: aws.Bool(true), Tags: d.tags("0"),
	}
	err := s.Retry(ctx, creating, func(ctx context.Context) error {
		out, err := s.RDS.RestoreDBInstanceFromDBSnapshot(ctx, in)
		if err == nil {
			d.take(*out.DBInstance)
		}
		return err
	})
	return d.adopt(ctx, s, "restore database", err)
}

// busy is the error while AWS is at work on the instance.
var busy = []cloud.Retryable{{Code: "InvalidDBInstanceState", For: 40 * time.Minute}}

// modify sends what differs, and nothing else: a setting that is sent again can restart the instance.
func (d *Database) modify(ctx context.Context, s *resource.Scope) error {
	f, changes := d.found, 0
	in := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: aws.String(d.Name()), ApplyImmediately: aws.Bool(true)}
	set := func(differs bool, do func()) {
		if differs {
			changes++
			do()
		}
	}
	set(aws.ToString(f.DBInstanceClass) != d.Class, func() { in.DBInstanceClass = aws.String(d.Class) })
	set(int(aws.ToInt32(f.AllocatedStorage)) < d.StorageGB, func() { in.AllocatedStorage = gigabytes(d.StorageGB) })
	set(int(aws.ToInt32(f.MaxAllocatedStorage)) < d.maxStorage(), func() { in.MaxAllocatedStorage = gigabytes(d.maxStorage()) })
	set(d.newer(aws.ToString(f.EngineVersion)), func() {
		in.EngineVersion, in.AllowMajorVersionUpgrade = aws.String(d.Version), aws.Bool(true)
	})
	set(d.Parameters != nil && d.parameters() != d.Parameters.Name(), func() { in.DBParameterGroupName = d.ownParameters() })
	set(aws.ToBool(f.MultiAZ) != d.MultiAZ, func() { in.MultiAZ = aws.Bool(d.MultiAZ) })
	set(aws.ToInt32(f.BackupRetentionPeriod) < backupDays, func() { in.BackupRetentionPeriod = aws.Int32(backupDays) })
	set(!aws.ToBool(f.DeletionProtection), func() { in.DeletionProtection = aws.Bool(true) })
	set(!d.guarded(), func() { in.VpcSecurityGroupIds = []string{d.SecurityGroup.ID} })
	if changes > 0 {
		if err := d.send(ctx, s, in); err != nil {
			return fmt.Errorf("change database: %w", err)
		}
	}
	if d.set != d.wantedPassword() {
		return d.setPassword(ctx, s)
	}
	return nil
}

func (d *Database) send(ctx context.Context, s *resource.Scope, in *rds.ModifyDBInstanceInput) error {
	return s.Retry(ctx, busy, func(ctx context.Context) error {
		_, err := s.RDS.ModifyDBInstance(ctx, in)
		return err
	})
}

// setPassword gives the instance the password that is kept, and notes which one that is.
func (d *Database) setPassword(ctx context.Context, s *resource.Scope) error {
	password, err := d.Password.Read(ctx, s)
	if err != nil {
		return err
	}
	err = d.send(ctx, s, &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: aws.String(d.Name()), MasterUserPassword: &password, ApplyImmediately: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("set the database's password: %w", err)
	}
	version := d.wantedPassword()
	_, err = s.RDS.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{
		ResourceName: &d.ARN, Tags: []rdstypes.Tag{{Key: aws.String(tagPassword), Value: &version}},
	})
	if err != nil {
		return fmt.Errorf("record the version of the database's password: %w", err)
	}
	d.set = version
	return nil
}
