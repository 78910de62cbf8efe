package sim

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

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

const prefixListWeight = 55

// The prefix lists that the account knows: CloudFront's addresses as seen by origins.
var prefixLists = []string{
	"com.amazonaws.global.cloudfront.origin-facing",
	"com.amazonaws.global.ipv6.cloudfront.origin-facing",
}

// prefixListID is the id of a managed prefix list in a region; the ids differ by region.
func prefixListID(region, name string) string {
	return "pl-" + stableID("prefix list", region, name)[:8]
}

const noGroup = "The security group '%s' does not exist"

func (r *region) group(id string) *securityGroup {
	return find(r.Groups, func(g *securityGroup) bool { return g.ID == id })
}

func (st *state) newGroup(r *region, name, description, vpc string, t tagMap) *securityGroup {
	g := &securityGroup{ID: "sg-0" + st.fresh("group", vpc, name)[:16], Name: name, Description: description, VPC: vpc, Tags: t}
	g.Rules = append(g.Rules, groupRule{ID: "sgr-0" + st.fresh(g.ID, "egress")[:16], Egress: true, Proto: "-1", From: -1, To: -1, CIDR: "0.0.0.0/0"})
	r.Groups = append(r.Groups, g)
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

var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*$`)

func ec2CreateSecurityGroup(c *call, in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	name, vpcID := str(in.GroupName), str(in.VpcId)
	if vpcID == "" {
		if v := find(c.r.VPCs, func(v *vpc) bool { return v.Default }); v != nil {
			vpcID = v.ID
		}
	}
	switch {
	case c.r.vpc(vpcID) == nil:
		return nil, apiErr("InvalidVpcID.NotFound", noVPC, vpcID)
	case len(name) > 255 || !groupText.MatchString(name) || strings.HasPrefix(name, "sg-"):
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid.", name)
	case len(str(in.Description)) > 255 || !groupText.MatchString(str(in.Description)):
		return nil, apiErr("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", str(in.Description))
	case find(c.r.Groups, func(g *securityGroup) bool { return g.Name == name && g.VPC == vpcID }) != nil:
		return nil, apiErr("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, vpcID)
	}
	g := c.st.newGroup(c.r, name, str(in.Description), vpcID, ec2Tags(in.TagSpecifications))
	return &ec2.CreateSecurityGroupOutput{GroupId: new(g.ID), Tags: g.Tags.toEC2(), SecurityGroupArn: new(c.groupARN(g))}, nil
}

func (c *call) groupARN(g *securityGroup) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:security-group/%s", c.r.Name, c.st.Account, g.ID)
}

func ec2DescribeSecurityGroups(c *call, in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	gs, err := selectBy(c.r.Groups, in.GroupIds, func(g *securityGroup) string { return g.ID }, "InvalidGroup.NotFound", noGroup,
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

// permission is the rule in the older shape, one permission per rule.
func (r groupRule) permission(account string) ec2types.IpPermission {
	p := ec2types.IpPermission{IpProtocol: new(r.Proto)}
	if r.Proto != "-1" {
		p.FromPort, p.ToPort = new(r.From), new(r.To)
	}
	var desc *string
	if r.Description != "" {
		desc = new(r.Description)
	}
	switch {
	case r.Group != "":
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: new(r.Group), UserId: new(account), Description: desc}}
	case r.List != "":
		p.PrefixListIds = []ec2types.PrefixListId{{PrefixListId: new(r.List), Description: desc}}
	case strings.Contains(r.CIDR, ":"):
		p.Ipv6Ranges = []ec2types.Ipv6Range{{CidrIpv6: new(r.CIDR), Description: desc}}
	default:
		p.IpRanges = []ec2types.IpRange{{CidrIp: new(r.CIDR), Description: desc}}
	}
	return p
}

// ruleOut is the rule in the newer shape.
func (c *call) ruleOut(g *securityGroup, r groupRule) ec2types.SecurityGroupRule {
	o := ec2types.SecurityGroupRule{
		SecurityGroupRuleId: new(r.ID), GroupId: new(g.ID), GroupOwnerId: new(c.st.Account), IsEgress: new(r.Egress),
		IpProtocol: new(r.Proto), FromPort: new(r.From), ToPort: new(r.To), Tags: r.Tags.toEC2(),
	}
	if r.Description != "" {
		o.Description = new(r.Description)
	}
	switch {
	case r.Group != "":
		o.ReferencedGroupInfo = &ec2types.ReferencedSecurityGroup{GroupId: new(r.Group), UserId: new(c.st.Account)}
	case r.List != "":
		o.PrefixListId = new(r.List)
	case strings.Contains(r.CIDR, ":"):
		o.CidrIpv6 = new(r.CIDR)
	default:
		o.CidrIpv4 = new(r.CIDR)
	}
	return o
}

func ec2DescribeSecurityGroupRules(c *call, in *ec2.DescribeSecurityGroupRulesInput) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	out := &ec2.DescribeSecurityGroupRulesOutput{}
	for _, g := range c.r.Groups {
		for _, r := range g.Rules {
			if len(in.SecurityGroupRuleIds) > 0 && !slices.Contains(in.SecurityGroupRuleIds, r.ID) {
				continue
			}
			ok, err := matches(in.Filters, r.Tags, func(name string) ([]string, bool) {
				switch name {
				case "group-id":
					return []string{g.ID}, true
				case "security-group-rule-id":
					return []string{r.ID}, true
				}
				return nil, false
			})
			if err != nil {
				return nil, err
			}
			if ok {
				out.SecurityGroupRules = append(out.SecurityGroupRules, c.ruleOut(g, r))
			}
		}
	}
	return out, nil
}

// rulesFrom takes permissions apart into rules of one peer each.
func (c *call) rulesFrom(egress bool, perms []ec2types.IpPermission) ([]groupRule, error) {
	var out []groupRule
	for _, p := range perms {
		base := groupRule{Egress: egress, Proto: str(p.IpProtocol), From: val(p.FromPort, -1), To: val(p.ToPort, -1)}
		switch base.Proto {
		case "-1":
			base.From, base.To = -1, -1
		case "6":
			base.Proto = "tcp"
		case "17":
			base.Proto = "udp"
		}
		if (base.Proto == "tcp" || base.Proto == "udp") && (base.From < 0 || base.To < base.From || base.To > 65535) {
			return nil, apiErr("InvalidParameterValue", "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
		}
		add := func(desc *string, set func(*groupRule)) {
			r := base
			r.Description = str(desc)
			set(&r)
			out = append(out, r)
		}
		for _, x := range p.IpRanges {
			if _, err := netip.ParsePrefix(str(x.CidrIp)); err != nil {
				return nil, apiErr("InvalidParameterValue", "CIDR block %s is malformed", str(x.CidrIp))
			}
			add(x.Description, func(r *groupRule) { r.CIDR = str(x.CidrIp) })
		}
		for _, x := range p.Ipv6Ranges {
			if _, err := netip.ParsePrefix(str(x.CidrIpv6)); err != nil {
				return nil, apiErr("InvalidParameterValue", "CIDR block %s is malformed", str(x.CidrIpv6))
			}
			add(x.Description, func(r *groupRule) { r.CIDR = str(x.CidrIpv6) })
		}
		for _, x := range p.PrefixListIds {
			if !slices.ContainsFunc(prefixLists, func(n string) bool { return prefixListID(c.r.Name, n) == str(x.PrefixListId) }) {
				return nil, apiErr("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", str(x.PrefixListId))
			}
			add(x.Description, func(r *groupRule) { r.List = str(x.PrefixListId) })
		}
		for _, x := range p.UserIdGroupPairs {
			if c.r.group(str(x.GroupId)) == nil {
				return nil, apiErr("InvalidGroup.NotFound", noGroup, str(x.GroupId))
			}
			add(x.Description, func(r *groupRule) { r.Group = str(x.GroupId) })
		}
	}
	if len(out) == 0 {
		return nil, apiErr("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	}
	return out, nil
}

// authorize adds rules to a group: all of them or, when one is there already, none.
func (c *call) authorize(group *string, egress bool, perms []ec2types.IpPermission, t tagMap) ([]ec2types.SecurityGroupRule, error) {
	g := c.r.group(str(group))
	if g == nil {
		return nil, apiErr("InvalidGroup.NotFound", noGroup, str(group))
	}
	rules, err := c.rulesFrom(egress, perms)
	if err != nil {
		return nil, err
	}
	weight := 0
	for _, have := range g.Rules {
		if have.Egress == egress {
			weight += have.weight()
		}
		for _, r := range rules {
			if have.same(r) {
				return nil, apiErr("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, from port: %s, to port: %s, ALLOW\" already exists",
					r.CIDR+r.Group+r.List, strings.ToUpper(r.Proto), strconv.Itoa(int(r.From)), strconv.Itoa(int(r.To)))
			}
		}
	}
	for _, r := range rules {
		weight += r.weight()
	}
	if weight > 60 {
		return nil, apiErr("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	var out []ec2types.SecurityGroupRule
	for _, r := range rules {
		r.ID, r.Tags = "sgr-0"+c.st.fresh(g.ID, fmt.Sprint(r))[:16], t
		g.Rules = append(g.Rules, r)
		out = append(out, c.ruleOut(g, r))
	}
	return out, nil
}

func ec2AuthorizeSecurityGroupIngress(c *call, in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	rules, err := c.authorize(in.GroupId, false, in.IpPermissions, ec2Tags(in.TagSpecifications))
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: new(true), SecurityGroupRules: rules}, err
}

func ec2AuthorizeSecurityGroupEgress(c *call, in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	rules, err := c.authorize(in.GroupId, true, in.IpPermissions, ec2Tags(in.TagSpecifications))
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: new(true), SecurityGroupRules: rules}, err
}

// revoke takes rules out of a group, by id or by what they admit.
func (c *call) revoke(group *string, egress bool, ids []string, perms []ec2types.IpPermission) error {
	g := c.r.group(str(group))
	if g == nil {
		return apiErr("InvalidGroup.NotFound", noGroup, str(group))
	}
	gone := func(r groupRule) bool { return slices.Contains(ids, r.ID) }
	want := len(ids)
	if len(ids) == 0 {
		rules, err := c.rulesFrom(egress, perms)
		if err != nil {
			return err
		}
		want = len(rules)
		gone = func(r groupRule) bool { return slices.ContainsFunc(rules, r.same) }
	}
	var kept []groupRule
	for _, r := range g.Rules {
		if r.Egress != egress || !gone(r) {
			kept = append(kept, r)
		}
	}
	if len(g.Rules)-len(kept) < want {
		if len(ids) > 0 {
			return apiErr("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", ids[0])
		}
		return apiErr("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
	}
	g.Rules = kept
	return nil
}

func ec2RevokeSecurityGroupIngress(c *call, in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	return &ec2.RevokeSecurityGroupIngressOutput{Return: new(true)}, c.revoke(in.GroupId, false, in.SecurityGroupRuleIds, in.IpPermissions)
}

func ec2RevokeSecurityGroupEgress(c *call, in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	return &ec2.RevokeSecurityGroupEgressOutput{Return: new(true)}, c.revoke(in.GroupId, true, in.SecurityGroupRuleIds, in.IpPermissions)
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
	for _, o := range c.r.Groups {
		used = used || o != g && slices.ContainsFunc(o.Rules, func(r groupRule) bool { return r.Group == g.ID })
	}
	if used {
		return nil, apiErr("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	c.r.Groups = remove(c.r.Groups, g)
	return &ec2.DeleteSecurityGroupOutput{Return: new(true), GroupId: new(g.ID)}, nil
}
