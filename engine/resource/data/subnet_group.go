package data

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// SubnetGroup names the subnets that a database may stand in: two zones at least, even when it uses one.
type SubnetGroup struct{ Subnets }

// Info implements Resource.
func (g *SubnetGroup) Info() resource.Info {
	return resource.Info{
		ID: "database-subnets", Kind: "rds.DBSubnetGroup", Name: g.Name(), Label: "the database's subnet group",
		Group: resource.GroupData, Usually: time.Second, Gone: time.Second,
	}
}

// Identifier implements Identified.
func (g *SubnetGroup) Identifier() string {
	if !g.found {
		return ""
	}
	return g.Name()
}

// Observe implements Resource.
func (g *SubnetGroup) Observe(ctx context.Context, s *resource.Scope) error {
	out, err := s.RDS.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: aws.String(g.Name())})
	g.absent()
	if cloud.NotFound(err) || g.Unneeded && resource.Unseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range out.DBSubnetGroups {
		var subnets []string
		for _, sn := range f.Subnets {
			subnets = append(subnets, aws.ToString(sn.SubnetIdentifier))
		}
		g.take(aws.ToString(f.DBSubnetGroupArn), aws.ToString(f.VpcId), subnets)
	}
	return nil
}

// Detail implements Detailer: whose the group is.
func (g *SubnetGroup) Detail(ctx context.Context, s *resource.Scope) error {
	if !g.found {
		return nil
	}
	tags, err := rdsTagsOf(ctx, s.Clients, g.arn)
	return g.Judge(g.Owner, tags, err)
}

// Apply implements Resource.
func (g *SubnetGroup) Apply(ctx context.Context, s *resource.Scope) error {
	if g.found {
		_, err := s.RDS.ModifyDBSubnetGroup(ctx, &rds.ModifyDBSubnetGroupInput{
			DBSubnetGroupName: aws.String(g.Name()), SubnetIds: g.all(),
		})
		if err != nil {
			return fmt.Errorf("change subnet group: %w", err)
		}
		g.subnets = g.all()
		return nil
	}
	_, err := s.RDS.CreateDBSubnetGroup(ctx, &rds.CreateDBSubnetGroupInput{
		DBSubnetGroupName: aws.String(g.Name()), DBSubnetGroupDescription: aws.String("berth: " + g.Owner.App + " (" + g.Owner.Env + ")"),
		SubnetIds: g.Network.SubnetIDs(), Tags: rdsTags(g.Owner, "database-subnets"),
	})
	if err != nil && !cloud.Is(err, "DBSubnetGroupAlreadyExists") {
		return fmt.Errorf("create subnet group: %w", err)
	}
	g.take(s.ARN("rds", "subgrp:"+g.Name()), g.Network.VPC.ID, g.Network.SubnetIDs())
	return nil
}

// subnetGroupInUse is the error while a database of the group is on its way out.
var subnetGroupInUse = []cloud.Retryable{{Code: "InvalidDBSubnetGroupStateFault", For: 10 * time.Minute}}

// Delete implements Resource.
func (g *SubnetGroup) Delete(ctx context.Context, s *resource.Scope) error {
	if !g.found {
		return nil
	}
	err := s.Retry(ctx, subnetGroupInUse, func(ctx context.Context) error {
		_, err := s.RDS.DeleteDBSubnetGroup(ctx, &rds.DeleteDBSubnetGroupInput{DBSubnetGroupName: aws.String(g.Name())})
		return err
	})
	if err != nil && !cloud.NotFound(err) {
		return fmt.Errorf("delete subnet group: %w", err)
	}
	return nil
}

// Permissions implements Permissioned.
func (g *SubnetGroup) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	actions := resource.Actions("rds:DescribeDBSubnetGroups")
	switch do {
	case event.Create:
		actions = append(actions, "rds:CreateDBSubnetGroup", "rds:AddTagsToResource")
	case event.Update:
		actions = append(actions, "rds:ModifyDBSubnetGroup")
	case event.Delete:
		actions = append(actions, "rds:DeleteDBSubnetGroup")
	case event.None, event.Replace:
	}
	arn := s.ARN("rds", "subgrp:"+g.Name())
	need := []resource.Permission{resource.On(actions, arn)}
	if g.found || resource.Existing(do) {
		need = append(need, resource.Whose("rds:ListTagsForResource", "a subnet group", arn))
	}
	return need
}

// SubnetGroups lists the databases' subnet groups of all apps.
var SubnetGroups = resource.Listing{What: "subnet groups of databases", List: listSubnetGroups}

func listSubnetGroups(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := rds.NewDescribeDBSubnetGroupsPaginator(s.RDS, &rds.DescribeDBSubnetGroupsInput{})
	err := resource.Pages(ctx, p, func(out *rds.DescribeDBSubnetGroupsOutput) error {
		for _, g := range out.DBSubnetGroups {
			if name := aws.ToString(g.DBSubnetGroupName); strings.HasPrefix(name, resource.NamePrefix) {
				all = append(all, resource.Found{Kind: "rds.DBSubnetGroup", Name: name, ARN: aws.ToString(g.DBSubnetGroupArn)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, rdsTagsOf)
}
