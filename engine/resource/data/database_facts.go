package data

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// snapshots are the ids of the snapshots that earlier databases of the app left, newest first.
func (d *Database) snapshots(ctx context.Context, s *resource.Scope) ([]string, error) {
	var all []rdstypes.DBSnapshot
	pages := rds.NewDescribeDBSnapshotsPaginator(s.RDS, &rds.DescribeDBSnapshotsInput{
		DBInstanceIdentifier: aws.String(d.Name()), SnapshotType: aws.String("manual"),
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if cloud.NotFound(err) || resource.Unseen(err) {
			break
		}
		if err != nil {
			return nil, err
		}
		all = append(all, out.DBSnapshots...)
	}
	slices.SortFunc(all, func(a, b rdstypes.DBSnapshot) int {
		return aws.ToTime(b.SnapshotCreateTime).Compare(aws.ToTime(a.SnapshotCreateTime))
	})
	var ids []string
	for _, snap := range all {
		ids = append(ids, aws.ToString(snap.DBSnapshotIdentifier))
	}
	return ids, nil
}

// Permissions implements Permissioned.
func (d *Database) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	instance, group := s.ARN("rds", "db:"+d.Name()), s.ARN("rds", "subgrp:"+d.Subnets.Name())
	look := resource.On(resource.Actions("rds:DescribeDBInstances"), instance)
	if d.Unneeded {
		look.Without = "a database left by an earlier deployment goes unnoticed"
	}
	need := []resource.Permission{look}
	if !d.Unneeded {
		sizes := resource.Anywhere("rds:DescribeOrderableDBInstanceOptions")
		if do != event.None && do != event.Update { // there is none yet, or it goes
			sizes.Actions = append(sizes.Actions, "rds:DescribeDBSnapshots")
		}
		sizes.Without = "a snapshot of an earlier database, or an instance class that is not offered here, is not noticed in advance"
		need = append(need, sizes)
	}
	password := d.Password.ParameterARN(s)
	switch do {
	case event.Create:
		verb := "rds:CreateDBInstance"
		if d.Snapshot != "" && d.Snapshot != Fresh {
			verb = "rds:RestoreDBInstanceFromDBSnapshot"
			need = append(need,
				resource.On(resource.Actions("rds:ModifyDBInstance"), instance),
				resource.On(resource.Actions(verb), s.ARN("rds", "snapshot:"+d.Snapshot)))
		}
		need = append(need,
			resource.On(resource.Actions(verb, "rds:AddTagsToResource"), instance, group, s.ARN("rds", "pg:*"), s.ARN("rds", "og:*")),
			resource.On(resource.Actions("ssm:GetParameter"), password))
	case event.Update:
		need = append(need, resource.On(resource.Actions("rds:ModifyDBInstance"), instance))
		if d.found == nil || d.set != d.wantedPassword() {
			need = append(need, resource.On(resource.Actions("rds:AddTagsToResource"), instance),
				resource.On(resource.Actions("ssm:GetParameter"), password))
		}
	case event.Delete:
		need = append(need, resource.On(resource.Actions("rds:ModifyDBInstance", "rds:DeleteDBInstance"), instance))
		if !d.NoFinalSnapshot {
			need = append(need, resource.On(resource.Actions("rds:CreateDBSnapshot", "rds:AddTagsToResource"),
				instance, s.ARN("rds", "snapshot:"+d.Name()+"-final-*")))
		}
	case event.None, event.Replace:
	}
	return need
}

// Checks implements Checked: what would lose data, and what AWS does not sell.
func (d *Database) Checks(do event.Action) []resource.Probe {
	gone := d.found == nil && do != event.Create
	if do == event.Delete || d.Unneeded || gone {
		return nil
	}
	probes := []resource.Probe{
		{ID: "database-data", Title: "the data of the database", Look: func(context.Context, *resource.Scope) resource.Finding { return d.keepsData() }},
		{ID: "database-offer", Title: "the size of the database", Look: d.offered},
		{ID: "database-snapshot", Title: "the snapshot that the database is made of", Look: d.restorable},
	}
	if d.Engine == "mysql" && do == event.Create {
		probes = append(probes, resource.Probe{
			ID: "database-tls", Title: "encrypted connections to the database",
			Look: func(context.Context, *resource.Scope) resource.Finding {
				return resource.Finding{
					Verdict: resource.Warn, Text: "the database rejects connections without TLS, and some MySQL drivers connect without it by default, among them those of PHP and Node.js",
					Remedy: "have the app connect with TLS: the ssl option in Node.js, MYSQL_ATTR_SSL_CA with the RDS certificates in the image in PHP",
				}
			},
		})
	}
	return probes
}

// bad is a check that stops the run.
func bad(text, remedy string) resource.Finding {
	return resource.Finding{Verdict: resource.Fail, Text: text, Remedy: remedy}
}

// keepsData refuses what a database cannot become without losing its data, and a new one beside kept data.
func (d *Database) keepsData() resource.Finding {
	if d.found == nil {
		if d.Snapshot == "" && len(d.kept) > 0 {
			return bad("an earlier database of the app left a snapshot, "+d.kept[0]+"; a new database would start empty",
				fmt.Sprintf("set database.snapshot in berth.toml: %q restores its data, %q starts empty", d.kept[0], Fresh))
		}
		return resource.Finding{Verdict: resource.OK, Text: "the database is new"}
	}
	if was := aws.ToString(d.found.Engine); was != d.Engine {
		return bad("the database is "+was+", and cannot become "+d.Engine+" without losing its data",
			`set database.engine back to "`+was+`", or move the data and destroy the app first`)
	}
	if was := int(aws.ToInt32(d.found.AllocatedStorage)); was > d.StorageGB && d.StorageGB < was/growth {
		return resource.Finding{Verdict: resource.Warn, Text: fmt.Sprintf("the database already has %s, and storage cannot shrink", gb(was))}
	}
	if d.Told != nil && !d.Told() {
		return resource.Finding{
			Verdict: resource.Warn, Text: "the database " + d.Name() + " of an earlier deployment still exists, and is reused with the data in it",
			Remedy: "to start empty, delete it with berth destroy first",
		}
	}
	return resource.Finding{Verdict: resource.OK, Text: "the database keeps its data"}
}

// restorable says whether the snapshot that a new database is made of can become it.
func (d *Database) restorable(ctx context.Context, s *resource.Scope) resource.Finding {
	if d.found != nil || d.Snapshot == "" || d.Snapshot == Fresh {
		return resource.Finding{Verdict: resource.OK, Text: "no snapshot is needed"}
	}
	out, err := s.RDS.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &d.Snapshot})
	switch {
	case cloud.NotFound(err), err == nil && len(out.DBSnapshots) == 0:
		remedy := `set database.snapshot to one that exists, or to "` + Fresh + `" for an empty database`
		if len(d.kept) > 0 {
			remedy += "; the latest of the app is " + d.kept[0]
		}
		return bad("there is no snapshot "+d.Snapshot+" in "+s.Region, remedy)
	case err != nil:
		return resource.Finding{Verdict: resource.Unknown, Text: "could not read the snapshot " + d.Snapshot + ": " + cloud.WhyNot(err)}
	}
	snap := out.DBSnapshots[0]
	switch engine, state := aws.ToString(snap.Engine), aws.ToString(snap.Status); {
	case engine != d.Engine:
		return bad(fmt.Sprintf("the snapshot %s is of %s, and cannot become %s", d.Snapshot, engine, d.Engine),
			`set database.engine to "`+engine+`", or name a snapshot of `+d.Engine)
	case state != "available":
		return bad("the snapshot "+d.Snapshot+" is "+state, "wait until it is available, then run the same command again")
	}
	return resource.Finding{Verdict: resource.OK, Text: "the database is made of " + d.Snapshot}
}

// offered asks whether AWS sells the class for the engine in this region.
func (d *Database) offered(ctx context.Context, s *resource.Scope) resource.Finding {
	in := &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: aws.String(d.Engine), DBInstanceClass: aws.String(d.Class), Vpc: aws.Bool(true),
	}
	sold := false
	pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(s.RDS, in)
	for !sold && pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return resource.Finding{Verdict: resource.Unknown, Text: "could not ask whether " + d.Class + " is sold: " + cloud.WhyNot(err)}
		}
		sold = slices.ContainsFunc(out.OrderableDBInstanceOptions, func(o rdstypes.OrderableDBInstanceOption) bool {
			v := aws.ToString(o.EngineVersion) // a major version alone is not one of the listed
			return d.Version == "" || v == d.Version || strings.HasPrefix(v, d.Version+".")
		})
	}
	if !sold {
		return resource.Finding{
			Verdict: resource.Fail, Text: strings.TrimSpace(fmt.Sprintf("%s is not offered for %s %s in %s", d.Class, d.Engine, d.Version, s.Region)),
			Remedy: "choose another database.class (or database.version) in berth.toml; db.t4g.micro is offered in most regions",
		}
	}
	return resource.Finding{Verdict: resource.OK, Text: d.Class + " is sold for " + d.Engine + " in " + s.Region}
}

// Costs implements Coster.
func (d *Database) Costs(b *price.Bill) {
	if d.found != nil && (d.Unneeded || d.asFound) { // what runs is billed, whatever berth.toml says
		d = &Database{
			Engine: aws.ToString(d.found.Engine), Class: aws.ToString(d.found.DBInstanceClass),
			StorageGB: int(aws.ToInt32(d.found.AllocatedStorage)), MultiAZ: aws.ToBool(d.found.MultiAZ),
		}
	}
	if d.Engine != "" {
		b.Database(d.Engine, d.Class, float64(d.StorageGB), d.MultiAZ)
	}
}

// AsFound implements AsFound.
func (d *Database) AsFound(context.Context, *resource.Scope) error {
	d.asFound = true
	return nil
}
