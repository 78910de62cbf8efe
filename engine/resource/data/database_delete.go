package data

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// Delete implements Resource: unless told otherwise, a last snapshot stays.
func (d *Database) Delete(ctx context.Context, s *resource.Scope) error {
	if d.found == nil {
		return nil
	}
	if d.status() != "deleting" {
		if err := d.remove(ctx, s); err != nil {
			return err
		}
	}
	w := cloud.Wait{For: "the database to be gone", Deadline: 60 * time.Minute}
	return s.Poll(ctx, w, d.Info().Gone, func(ctx context.Context) (bool, string, error) {
		out, err := s.RDS.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(d.Name())})
		if cloud.NotFound(err) || err == nil && len(out.DBInstances) == 0 {
			return true, "", nil
		}
		if err != nil {
			return false, "", err
		}
		return false, aws.ToString(out.DBInstances[0].DBInstanceStatus), nil
	})
}

func (d *Database) remove(ctx context.Context, s *resource.Scope) error {
	if aws.ToBool(d.found.DeletionProtection) {
		err := d.send(ctx, s, &rds.ModifyDBInstanceInput{
			DBInstanceIdentifier: aws.String(d.Name()), DeletionProtection: aws.Bool(false), ApplyImmediately: aws.Bool(true),
		})
		if err != nil && !cloud.NotFound(err) {
			return fmt.Errorf("disable the database's deletion protection: %w", err)
		}
	}
	in := &rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String(d.Name()), DeleteAutomatedBackups: aws.Bool(true)}
	if d.NoFinalSnapshot {
		in.SkipFinalSnapshot = aws.Bool(true)
	} else {
		id := d.Name() + "-final-" + s.Clock.Now().UTC().Format("20060102150405")
		in.FinalDBSnapshotIdentifier = &id
		s.Notice("aws", "a final snapshot of the database stays: "+id)
	}
	err := s.Retry(ctx, busy, func(ctx context.Context) error {
		_, err := s.RDS.DeleteDBInstance(ctx, in)
		if cloud.Is(err, "InvalidDBInstanceState") && strings.Contains(cloud.Message(err), "being deleted") {
			return nil // by a call whose answer got lost
		}
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete database: %w", err)
	}
	return nil
}

func listDatabases(ctx context.Context, s *resource.Survey) error {
	p := rds.NewDescribeDBInstancesPaginator(s.RDS, &rds.DescribeDBInstancesInput{})
	return resource.Pages(ctx, p, func(out *rds.DescribeDBInstancesOutput) error {
		for _, i := range out.DBInstances {
			like := &Database{
				Engine: aws.ToString(i.Engine), Class: aws.ToString(i.DBInstanceClass),
				StorageGB: int(aws.ToInt32(i.AllocatedStorage)), MultiAZ: aws.ToBool(i.MultiAZ),
			}
			s.AddTagged(resource.Found{
				Kind: "rds.DBInstance", Name: aws.ToString(i.DBInstanceIdentifier), ARN: aws.ToString(i.DBInstanceArn), Like: like,
			}, tagMap(i.TagList))
		}
		return nil
	})
}
