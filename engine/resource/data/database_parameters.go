package data

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// ParameterGroup is the settings of an engine under which it refuses connections without TLS, where it takes them by
// default. There is one for each family of versions that the app's database had; a database moves to that of its version
// with its upgrade, and the older ones go with the app.
type ParameterGroup struct {
	resource.Claim
	Owner    resource.Owner
	Family   string // such as mysql8.4; empty: the engine refuses them by itself, or there is no database
	Unneeded bool   // berth.toml asks for no database that needs one: a destroy alone looks for them

	arn    string
	groups []string // names of those that are there, of any family
	strict bool     // the one of Family refuses connections without TLS
}

// FamilyWithoutTLS is the family of a version of an engine that accepts connections without TLS unless it is told; empty for
// one that does not (engine/AWS.md, Databases).
func FamilyWithoutTLS(engine, version string) string {
	words := append(strings.Split(version, "."), "")
	switch first, _ := strconv.Atoi(words[0]); {
	case engine == "mysql" && words[1] != "":
		return "mysql" + words[0] + "." + words[1]
	case engine == "postgres" && first > 0 && first < 15:
		return "postgres" + words[0]
	}
	return ""
}

// demanded is the value of the setting that refuses connections without TLS.
const demanded = "1"

// demand is the name of that setting.
func (g *ParameterGroup) demand() string {
	if strings.HasPrefix(g.Family, "mysql") {
		return "require_secure_transport"
	}
	return "rds.force_ssl"
}

// prefix begins the names of the app's groups, of all families.
func (g *ParameterGroup) prefix() string {
	return strings.ReplaceAll(g.Owner.Short(), "--", "-") + "-tls-"
}

// Name is the name of the group of Family. It is known before the group exists.
func (g *ParameterGroup) Name() string {
	return g.prefix() + strings.ReplaceAll(g.Family, ".", "-")
}

// Info implements Resource.
func (g *ParameterGroup) Info() resource.Info {
	return resource.Info{
		ID: "database-parameters", Kind: "rds.DBParameterGroup", Name: g.Name(), Label: "the database's settings, which demand TLS",
		Group: resource.GroupData, Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (g *ParameterGroup) Needs() []resource.Need { return nil }

// Identifier implements Identified.
func (g *ParameterGroup) Identifier() string { return g.arn }

// Wanted implements Optional.
func (g *ParameterGroup) Wanted() bool { return !g.Unneeded }

// Observe implements Resource.
func (g *ParameterGroup) Observe(ctx context.Context, s *resource.Scope) error {
	g.arn, g.groups, g.strict = "", nil, false
	pages := rds.NewDescribeDBParameterGroupsPaginator(s.RDS, &rds.DescribeDBParameterGroupsInput{})
	err := resource.Pages(ctx, pages, func(out *rds.DescribeDBParameterGroupsOutput) error {
		for _, f := range out.DBParameterGroups {
			name := aws.ToString(f.DBParameterGroupName)
			if !strings.HasPrefix(name, g.prefix()) {
				continue
			}
			g.groups = append(g.groups, name)
			if name == g.Name() || g.arn == "" {
				g.arn = aws.ToString(f.DBParameterGroupArn)
			}
		}
		return nil
	})
	if err != nil && g.Unneeded && resource.Unseen(err) {
		return nil
	}
	return err
}

// there says whether the group of Family is.
func (g *ParameterGroup) there() bool { return slices.Contains(g.groups, g.Name()) }

// Detail implements Detailer: whose the groups are, and whether the one that is wanted says what it should.
func (g *ParameterGroup) Detail(ctx context.Context, s *resource.Scope) error {
	if g.arn == "" {
		return nil
	}
	tags, err := rdsTagsOf(ctx, s.Clients, g.arn)
	if err := g.Judge(g.Owner, tags, err); err != nil || !g.there() {
		return err
	}
	pages := rds.NewDescribeDBParametersPaginator(s.RDS, &rds.DescribeDBParametersInput{DBParameterGroupName: aws.String(g.Name()), Source: aws.String("user")})
	return resource.Pages(ctx, pages, func(out *rds.DescribeDBParametersOutput) error {
		for _, p := range out.Parameters {
			if aws.ToString(p.ParameterName) == g.demand() {
				g.strict = aws.ToString(p.ParameterValue) == demanded
			}
		}
		return nil
	})
}

// Exists implements Resource.
func (g *ParameterGroup) Exists() bool {
	return (g.there() || g.Unneeded && len(g.groups) > 0) && g.Ours()
}

// Diff implements Resource.
func (g *ParameterGroup) Diff(*resource.Scope) resource.Diff {
	switch {
	case !g.there():
		return resource.Absent()
	case !g.strict:
		return resource.Changed("accepts connections without TLS", resource.Field(g.demand(), "0", demanded))
	}
	return resource.None()
}

// Apply implements Resource.
func (g *ParameterGroup) Apply(ctx context.Context, s *resource.Scope) error {
	if !g.there() {
		_, err := s.RDS.CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{
			DBParameterGroupName: aws.String(g.Name()), DBParameterGroupFamily: &g.Family,
			Description: aws.String("berth: " + g.Owner.App + " (" + g.Owner.Env + "), TLS only"), Tags: rdsTags(g.Owner, "database-parameters"),
		})
		if err != nil && !cloud.Is(err, "DBParameterGroupAlreadyExists") { // by a call whose answer got lost
			return fmt.Errorf("create parameter group: %w", err)
		}
		g.arn, g.groups = s.ARN("rds", "pg:"+g.Name()), append(g.groups, g.Name())
	}
	err := s.Retry(ctx, parametersSettling, func(ctx context.Context) error {
		_, err := s.RDS.ModifyDBParameterGroup(ctx, &rds.ModifyDBParameterGroupInput{
			DBParameterGroupName: aws.String(g.Name()),
			Parameters: []rdstypes.Parameter{{
				ParameterName: aws.String(g.demand()), ParameterValue: aws.String(demanded), ApplyMethod: rdstypes.ApplyMethodImmediate,
			}},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("demand TLS of the database: %w", err)
	}
	g.strict = true
	return nil
}

// parametersSettling are the errors while a group was just made, or is being changed.
var parametersSettling = []cloud.Retryable{
	{Code: "DBParameterGroupNotFound", For: time.Minute}, {Code: "InvalidDBParameterGroupState", For: 5 * time.Minute},
}

// parametersInUse is the error while a database of the group is on its way out.
var parametersInUse = []cloud.Retryable{{Code: "InvalidDBParameterGroupState", For: 10 * time.Minute}}

// Delete implements Resource. It removes the groups of all families.
func (g *ParameterGroup) Delete(ctx context.Context, s *resource.Scope) error {
	for _, name := range g.groups {
		err := s.Retry(ctx, parametersInUse, func(ctx context.Context) error {
			_, err := s.RDS.DeleteDBParameterGroup(ctx, &rds.DeleteDBParameterGroupInput{DBParameterGroupName: &name})
			return err
		})
		if err != nil && !cloud.NotFound(err) {
			return fmt.Errorf("delete parameter group: %w", err)
		}
	}
	return nil
}

// Permissions implements Permissioned.
func (g *ParameterGroup) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	look := resource.On(resource.Actions("rds:DescribeDBParameterGroups"), s.ARN("rds", "pg:*"))
	if g.Unneeded {
		look.Without = "settings of an earlier database go unnoticed"
	}
	need := []resource.Permission{look}
	ours := s.ARN("rds", "pg:"+g.prefix()+"*")
	var actions []string
	switch do {
	case event.Create:
		actions = resource.Actions("rds:CreateDBParameterGroup", "rds:ModifyDBParameterGroup", "rds:AddTagsToResource")
	case event.Update:
		actions = resource.Actions("rds:ModifyDBParameterGroup")
	case event.Delete:
		actions = resource.Actions("rds:DeleteDBParameterGroup")
	case event.None, event.Replace:
	}
	if len(actions) > 0 {
		need = append(need, resource.On(actions, ours))
	}
	if g.arn != "" || resource.Existing(do) && !g.Unneeded {
		need = append(need, resource.Whose("rds:ListTagsForResource", "a parameter group", ours))
		if !g.Unneeded {
			need = append(need, resource.On(resource.Actions("rds:DescribeDBParameters"), ours))
		}
	}
	return need
}

// ParameterGroups lists the databases' parameter groups of all apps.
var ParameterGroups = resource.Listing{What: "parameter groups of databases", List: listParameterGroups}

func listParameterGroups(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	p := rds.NewDescribeDBParameterGroupsPaginator(s.RDS, &rds.DescribeDBParameterGroupsInput{})
	err := resource.Pages(ctx, p, func(out *rds.DescribeDBParameterGroupsOutput) error {
		for _, g := range out.DBParameterGroups {
			if name := aws.ToString(g.DBParameterGroupName); strings.HasPrefix(name, resource.NamePrefix) {
				all = append(all, resource.Found{Kind: "rds.DBParameterGroup", Name: name, ARN: aws.ToString(g.DBParameterGroupArn)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByARN(ctx, all, rdsTagsOf)
}
