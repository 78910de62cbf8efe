package sim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// rdsParameterGroups are the parameter groups of databases.
func rdsParameterGroups() awsService {
	return awsService{
		operations: []operation{
			op(rdsCreateDBParameterGroup, tagging("rds:AddTagsToResource")), op(rdsDescribeDBParameterGroups, pages("DBParameterGroups", 100, 100)),
			op(rdsModifyDBParameterGroup), op(rdsDescribeDBParameters, pages("Parameters", 100, 100)), op(rdsDeleteDBParameterGroup),
		},
		list: func(v *inventory, r *region) {
			for _, g := range r.rds().ParameterGroups {
				v.add("rds.DBParameterGroup", named(r, nil, g.Name), false, map[string]any{"Family": g.Family, "Values": g.Values, "Tags": g.Tags})
			}
		},
	}
}

type dbParameterGroup struct {
	Name, Family, Desc string
	Values             map[string]string
	Tags               tagMap
}

// dbParameters are the parameters that people set here, by the first words of the families that have them.
var dbParameters = map[string][]string{"mysql": {"require_secure_transport"}, "postgres": {"rds.force_ssl"}}

// dbFamily is the family of a version: mysql8.4, postgres17.
func dbFamily(engine, version string) string {
	words := strings.Split(version, ".")
	if engine == "mysql" {
		return engine + strings.Join(words[:2], ".")
	}
	return engine + words[0]
}

func (r *region) dbParameterGroup(name string) *dbParameterGroup {
	return find(r.rds().ParameterGroups, func(g *dbParameterGroup) bool { return strings.EqualFold(g.Name, name) })
}

// dbParameters checks that an instance can have a parameter group; without one it has that of its family.
func (c *call) dbParameters(name *string, engine, version string) (string, error) {
	family := dbFamily(engine, version)
	if name == nil || strings.HasPrefix(*name, "default.") {
		return "default." + family, nil
	}
	g := c.r.dbParameterGroup(*name)
	if g == nil {
		return "", noDBParameterGroup(*name)
	}
	if g.Family != family {
		return "", apiErr("InvalidParameterCombination", "The parameter group %s with DBParameterGroupFamily %s can't be used for this instance. Use a parameter group with DBParameterGroupFamily %s.", g.Name, g.Family, family)
	}
	return g.Name, nil
}

func noDBParameterGroup(name string) error {
	return &rdstypes.DBParameterGroupNotFoundFault{Message: msg("DBParameterGroup not found: %s", name)}
}

func (c *call) dbParameterGroupOut(g *dbParameterGroup) rdstypes.DBParameterGroup {
	return rdstypes.DBParameterGroup{
		DBParameterGroupName: new(g.Name), DBParameterGroupFamily: new(g.Family), Description: new(g.Desc), DBParameterGroupArn: new(c.rdsARN("pg", g.Name)),
	}
}

func rdsCreateDBParameterGroup(c *call, in *rds.CreateDBParameterGroupInput) (*rds.CreateDBParameterGroupOutput, error) {
	name, family := strings.ToLower(str(in.DBParameterGroupName)), str(in.DBParameterGroupFamily)
	known := false
	for engine, versions := range dbVersions {
		known = known || slices.ContainsFunc(versions, func(v string) bool { return dbFamily(engine, v) == family })
	}
	switch {
	case c.r.dbParameterGroup(name) != nil:
		return nil, &rdstypes.DBParameterGroupAlreadyExistsFault{Message: msg("Parameter group %s already exists", name)}
	case strings.Contains(name, "--") || strings.HasSuffix(name, "-") || strings.Contains(name, ".") || name == "" || len(name) > 255:
		return nil, apiErr("InvalidParameterValue", "The parameter DBParameterGroupName is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.")
	case !known:
		return nil, apiErr("InvalidParameterValue", "ParameterGroupFamily %s is not a valid parameter group family", family)
	}
	g := &dbParameterGroup{Name: name, Family: family, Desc: str(in.Description), Values: map[string]string{}, Tags: rdsTags(in.Tags)}
	c.r.rds().ParameterGroups = append(c.r.rds().ParameterGroups, g)
	return &rds.CreateDBParameterGroupOutput{DBParameterGroup: new(c.dbParameterGroupOut(g))}, nil
}

func rdsDescribeDBParameterGroups(c *call, in *rds.DescribeDBParameterGroupsInput) (*rds.DescribeDBParameterGroupsOutput, error) {
	out := &rds.DescribeDBParameterGroupsOutput{}
	for _, g := range c.r.rds().ParameterGroups {
		if in.DBParameterGroupName == nil || strings.EqualFold(g.Name, str(in.DBParameterGroupName)) {
			out.DBParameterGroups = append(out.DBParameterGroups, c.dbParameterGroupOut(g))
		}
	}
	if in.DBParameterGroupName != nil && len(out.DBParameterGroups) == 0 {
		return nil, noDBParameterGroup(str(in.DBParameterGroupName))
	}
	return out, nil
}

func rdsModifyDBParameterGroup(c *call, in *rds.ModifyDBParameterGroupInput) (*rds.ModifyDBParameterGroupOutput, error) {
	g := c.r.dbParameterGroup(str(in.DBParameterGroupName))
	if g == nil {
		return nil, noDBParameterGroup(str(in.DBParameterGroupName))
	}
	values := map[string]string{}
	for _, p := range in.Parameters {
		engine := strings.TrimRight(g.Family, "0123456789.")
		if !slices.Contains(dbParameters[engine], str(p.ParameterName)) {
			return nil, apiErr("InvalidParameterValue", "Could not find parameter with name: %s", str(p.ParameterName))
		}
		if v := str(p.ParameterValue); v != "0" && v != "1" {
			return nil, apiErr("InvalidParameterValue", "The value %s for parameter %s is not valid. Allowed values are: 0,1", v, str(p.ParameterName))
		}
		values[str(p.ParameterName)] = str(p.ParameterValue)
	}
	for k, v := range values {
		g.Values[k] = v
	}
	return &rds.ModifyDBParameterGroupOutput{DBParameterGroupName: new(g.Name)}, nil
}

func rdsDescribeDBParameters(c *call, in *rds.DescribeDBParametersInput) (*rds.DescribeDBParametersOutput, error) {
	g := c.r.dbParameterGroup(str(in.DBParameterGroupName))
	if g == nil {
		return nil, noDBParameterGroup(str(in.DBParameterGroupName))
	}
	out := &rds.DescribeDBParametersOutput{}
	for _, name := range tagMap(g.Values).keys() {
		if in.Source == nil || str(in.Source) == "user" {
			out.Parameters = append(out.Parameters, rdstypes.Parameter{ParameterName: new(name), ParameterValue: new(g.Values[name]), Source: new("user")})
		}
	}
	return out, nil
}

func rdsDeleteDBParameterGroup(c *call, in *rds.DeleteDBParameterGroupInput) (*rds.DeleteDBParameterGroupOutput, error) {
	g := c.r.dbParameterGroup(str(in.DBParameterGroupName))
	if g == nil {
		return nil, noDBParameterGroup(str(in.DBParameterGroupName))
	}
	if slices.ContainsFunc(c.r.rds().Instances, func(d *dbInstance) bool { return d.Parameters == g.Name }) {
		return nil, &rdstypes.InvalidDBParameterGroupStateFault{Message: msg("One or more database instances are still members of this parameter group %s, so the group cannot be deleted", g.Name)}
	}
	c.r.rds().ParameterGroups = remove(c.r.rds().ParameterGroups, g)
	return &rds.DeleteDBParameterGroupOutput{}, nil
}
