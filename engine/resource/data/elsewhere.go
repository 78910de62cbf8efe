package data

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// Elsewhere is a database of RDS that is there already, and that a secret of the app leads to.
type Elsewhere struct {
	Variable string // such as DATABASE_URL
	host     string
}

// LeadsElsewhere says whether a value is the address of a database of RDS.
func LeadsElsewhere(variable, value string) (Elsewhere, bool) {
	u, err := url.Parse(strings.TrimSpace(value))
	if err != nil || !strings.HasSuffix(u.Hostname(), ".rds.amazonaws.com") {
		return Elsewhere{}, false
	}
	return Elsewhere{Variable: variable, host: u.Hostname()}, true
}

// probes look whether the app's tasks reach the databases that its secrets lead to.
func (x *Secrets) probes() (all []resource.Probe) {
	for _, e := range x.Elsewhere {
		all = append(all, resource.Probe{
			ID: "reach-" + e.Variable, Title: "the database that " + e.Variable + " leads to",
			Look: func(ctx context.Context, s *resource.Scope) resource.Finding { return e.reached(ctx, s, x.vpc()) },
		})
	}
	return all
}

// vpc is the network of the app's tasks, empty while it is not there yet.
func (x *Secrets) vpc() string {
	if x.VPC == nil {
		return ""
	}
	return x.VPC.ID
}

// reached compares the network of the database with the app's.
func (e Elsewhere) reached(ctx context.Context, s *resource.Scope, vpc string) resource.Finding {
	var found *rdstypes.DBInstance
	err := resource.Pages(ctx, rds.NewDescribeDBInstancesPaginator(s.RDS, &rds.DescribeDBInstancesInput{}), func(out *rds.DescribeDBInstancesOutput) error {
		for _, i := range out.DBInstances {
			if i.Endpoint != nil && strings.EqualFold(aws.ToString(i.Endpoint.Address), e.host) {
				found = &i
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return resource.Finding{Verdict: resource.Unknown, Text: "could not find out where the database of " + e.Variable + " is: " + cloud.WhyNot(err)}
	case found == nil || found.DBSubnetGroup == nil:
		return resource.Finding{Verdict: resource.OK, Text: e.Variable + " points to a database outside this account and region"}
	}
	name, at := aws.ToString(found.DBInstanceIdentifier), aws.ToString(found.DBSubnetGroup.VpcId)
	if at == vpc {
		return resource.Finding{Verdict: resource.OK, Text: "the database " + name + " is in the app's network; its security groups must let the tasks in"}
	}
	if aws.ToBool(found.PubliclyAccessible) {
		return resource.Finding{Verdict: resource.OK, Text: "the database " + name + " is open to the internet; the tasks reach it if its security groups let them in"}
	}
	where := "a network of their own"
	if vpc != "" {
		where = vpc
	}
	return resource.Finding{
		Verdict: resource.Warn, Text: fmt.Sprintf("the database %s, which %s points to, is in %s; the app's tasks run in %s and cannot reach it", name, e.Variable, at, where),
		Remedy: fmt.Sprintf("run the app there: network.vpc = %q with network.subnets in berth.toml; or peer the two networks, and let the tasks in through the database's security group", at),
	}
}
