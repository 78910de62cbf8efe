package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Rules are the rules of security groups.
func ec2Rules() awsService {
	return awsService{
		operations: []operation{
			op(ec2DescribeSecurityGroupRules, pages("SecurityGroupRules", 1000, 1000)),
			op(ec2AuthorizeSecurityGroupIngress, tagging("ec2:CreateTags")), op(ec2AuthorizeSecurityGroupEgress, tagging("ec2:CreateTags")),
			op(ec2RevokeSecurityGroupIngress), op(ec2RevokeSecurityGroupEgress),
		},
		quotas: []quotaCode{{"vpc", "L-0EA8095F", "Inbound or outbound rules per security group", "", 60}},
	}
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
	for _, g := range c.r.ec2().Groups {
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
	weight := 0 // counted first: a rule with a prefix list that is there already breaks the limit, not the uniqueness
	for _, have := range g.Rules {
		if have.Egress == egress {
			weight += have.weight()
		}
	}
	for _, r := range rules {
		weight += r.weight()
	}
	if weight > 60 {
		return nil, apiErr("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	for _, have := range g.Rules {
		for _, r := range rules {
			if have.same(r) {
				return nil, apiErr("InvalidPermission.Duplicate", "the specified rule \"peer: %s, %s, from port: %s, to port: %s, ALLOW\" already exists",
					r.CIDR+r.Group+r.List, strings.ToUpper(r.Proto), strconv.Itoa(int(r.From)), strconv.Itoa(int(r.To)))
			}
		}
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
