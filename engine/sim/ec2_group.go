package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Groups are security groups.
func ec2Groups() awsService {
	return awsService{
		operations: []operation{
			op(ec2CreateSecurityGroup, tagging("ec2:CreateTags")), op(ec2DescribeSecurityGroups, pages("SecurityGroups", 1000, 1000)),
			op(ec2DeleteSecurityGroup),
		},
		list: func(v *inventory, r *region) {
			for _, x := range r.ec2().Groups {
				d := clone(*x)
				d.ID = ""
				for i := range d.Rules {
					d.Rules[i].ID = ""
				}
				slices.SortFunc(d.Rules, func(a, b groupRule) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				v.add("ec2.SecurityGroup", named(r, nil, x.VPC, x.Name), x.VPC == r.theDefault() && x.Name == "default", d, x.ID)
			}
		},
	}
}

type securityGroup struct {
	ID          string
	Name        string
	Description string
	VPC         string
	Rules       []groupRule
	Tags        tagMap
}

// groupRule is one rule to or from one peer. Ports are -1 for all.
type groupRule struct {
	ID          string
	Egress      bool
	Proto       string // tcp, udp, icmp or -1 for all
	From, To    int32
	CIDR        string // of IPv4 or IPv6; exactly one of CIDR, Group, List is set
	Group       string
	List        string
	Description string
	Tags        tagMap
}

// samePeer says whether two rules admit the same, which makes the second one a duplicate.
func (r groupRule) same(o groupRule) bool {
	return r.Egress == o.Egress && r.Proto == o.Proto && r.From == o.From && r.To == o.To &&
		r.CIDR == o.CIDR && r.Group == o.Group && r.List == o.List
}

// weight is how much of the quota of 60 rules a rule uses up: a list counts with its number of entries.
func (r groupRule) weight() int {
	if r.List != "" {
		return prefixListWeight
	}
	return 1
}

const noGroup = "The security group '%s' does not exist"

func (r *region) group(id string) *securityGroup {
	return find(r.ec2().Groups, func(g *securityGroup) bool { return g.ID == id })
}

func (st *state) newGroup(r *region, name, description, vpc string, t tagMap) *securityGroup {
	g := &securityGroup{ID: "sg-0" + st.fresh("group", vpc, name)[:16], Name: name, Description: description, VPC: vpc, Tags: t}
	g.Rules = append(g.Rules, groupRule{ID: "sgr-0" + st.fresh(g.ID, "egress")[:16], Egress: true, Proto: "-1", From: -1, To: -1, CIDR: "0.0.0.0/0"})
	r.ec2().Groups = append(r.ec2().Groups, g)
	return g
}

// admits says whether any of the groups lets TCP traffic to that port in from a peer that is in the other
// groups (peers), behind a prefix list, or anywhere on the internet (list and peers empty).
func (r *region) admits(groups []string, port int32, peers []string, list string) bool {
	for _, id := range groups {
		g := r.group(id)
		if g == nil {
			continue
		}
		for _, rule := range g.Rules {
			if rule.Egress || !rule.covers(port) {
				continue
			}
			if rule.CIDR == "0.0.0.0/0" || rule.Group != "" && slices.Contains(peers, rule.Group) || rule.List != "" && rule.List == list {
				return true
			}
			if p, err := netip.ParsePrefix(rule.CIDR); err == nil && len(peers) > 0 && p.Addr().IsPrivate() {
				return true // a rule by address: the peers are inside the network
			}
		}
	}
	return false
}

// letsOut says whether any of the groups lets TCP traffic to that port out.
func (r *region) letsOut(groups []string, port int32) bool {
	for _, id := range groups {
		if g := r.group(id); g != nil && slices.ContainsFunc(g.Rules, func(rule groupRule) bool { return rule.Egress && rule.covers(port) }) {
			return true
		}
	}
	return false
}

func (r groupRule) covers(port int32) bool {
	return r.Proto == "-1" || (r.Proto == "tcp" || r.Proto == "6") && r.From <= port && port <= r.To
}

var groupText = pattern(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*$`)

func ec2CreateSecurityGroup(c *call, in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	name, vpcID := str(in.GroupName), str(in.VpcId)
	if vpcID == "" {
		if v := find(c.r.ec2().VPCs, func(v *vpc) bool { return v.Default }); v != nil {
			vpcID = v.ID
		}
	}
	switch {
	case c.r.vpc(vpcID) == nil:
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, vpcID)
	case len(name) > 255 || !groupText(name) || strings.HasPrefix(name, "sg-"):
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid.", name)
	case len(str(in.Description)) > 255 || !groupText(str(in.Description)):
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", str(in.Description))
	case find(c.r.ec2().Groups, func(g *securityGroup) bool { return g.Name == name && g.VPC == vpcID }) != nil:
		return nil, apiErr("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, vpcID)
	}
	g := c.st.newGroup(c.r, name, str(in.Description), vpcID, ec2Tags(in.TagSpecifications))
	return &ec2.CreateSecurityGroupOutput{GroupId: new(g.ID), Tags: g.Tags.toEC2(), SecurityGroupArn: new(c.groupARN(g))}, nil
}

// names are the groups that the group's rules name, those that let in or those that let out.
func (g *securityGroup) names(egress bool) (ids []string) {
	for _, r := range g.Rules {
		if r.Group != "" && r.Egress == egress {
			ids = append(ids, r.Group)
		}
	}
	return ids
}

func (c *call) groupARN(g *securityGroup) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:security-group/%s", c.r.Name, c.st.Account, g.ID)
}

func ec2DescribeSecurityGroups(c *call, in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	gs, err := selectBy(c.r.ec2().Groups, in.GroupIds, func(g *securityGroup) string { return g.ID }, "InvalidGroup.NotFound", noGroup,
		func(g *securityGroup) (bool, error) {
			return matches(in.Filters, g.Tags, func(name string) ([]string, bool) {
				switch name {
				case "group-name":
					return []string{g.Name}, true
				case "group-id":
					return []string{g.ID}, true
				case "vpc-id":
					return []string{g.VPC}, true
				case "description":
					return []string{g.Description}, true
				case "ip-permission.group-id", "egress.ip-permission.group-id":
					return g.names(strings.HasPrefix(name, "egress.")), true
				}
				return nil, false
			})
		})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSecurityGroupsOutput{}
	for _, g := range gs {
		o := ec2types.SecurityGroup{
			GroupId: new(g.ID), GroupName: new(g.Name), Description: new(g.Description), VpcId: new(g.VPC),
			OwnerId: new(c.st.Account), Tags: g.Tags.toEC2(), SecurityGroupArn: new(c.groupARN(g)),
		}
		for _, r := range g.Rules {
			if r.Egress {
				o.IpPermissionsEgress = append(o.IpPermissionsEgress, r.permission(c.st.Account))
			} else {
				o.IpPermissions = append(o.IpPermissions, r.permission(c.st.Account))
			}
		}
		out.SecurityGroups = append(out.SecurityGroups, o)
	}
	return out, nil
}

func ec2DeleteSecurityGroup(c *call, in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	g := c.r.group(str(in.GroupId))
	if g == nil {
		return nil, apiErr("InvalidGroup.NotFound", noGroup, str(in.GroupId))
	}
	if g.Name == "default" {
		return nil, apiErr("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	}
	used := slices.ContainsFunc(c.a.interfaces(c.st, c.r, c.now), func(n netInterface) bool { return slices.Contains(n.Groups, g.ID) })
	for _, o := range c.r.ec2().Groups {
		used = used || o != g && slices.ContainsFunc(o.Rules, func(r groupRule) bool { return r.Group == g.ID })
	}
	if used {
		return nil, apiErr("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	c.r.ec2().Groups = remove(c.r.ec2().Groups, g)
	return &ec2.DeleteSecurityGroupOutput{Return: new(true), GroupId: new(g.ID)}, nil
}
