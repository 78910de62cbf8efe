package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/resource"
)

// rulePrefix starts the description of every rule of ours. Rules of other people are left alone.
const rulePrefix = "berth: "

// Ingress is who may come in on a range of TCP ports: exactly one of From, PrefixList, Self and Anybody.
type Ingress struct {
	Port, ToPort int            // ToPort zero means Port alone
	From         *SecurityGroup // members of another group
	PrefixList   string         // a list of addresses managed by AWS, by name
	Self         bool           // members of this group
	Anybody      bool           // the whole internet
	Text         string         // for people, ASCII
	If           func() bool    // whether it is wanted, by what was observed; nil: always
}

// anywhere are all addresses of IPv4.
const anywhere = "0.0.0.0/0"

// ingress is a rule as a text.
func ingress(from, to int32, who string) string {
	if from == to {
		return fmt.Sprintf("tcp %d from %s", from, who)
	}
	return fmt.Sprintf("tcp %d-%d from %s", from, to, who)
}

// drift compares the rules that are wanted with the ones that are there. A rule from a group that does not
// exist yet is missing.
func (g *SecurityGroup) drift() (missing []Ingress, surplus []ec2types.SecurityGroupRule) {
	used := map[string]bool{}
	for _, in := range g.wanted() {
		found := false
		for _, r := range g.rules {
			if !found && !used[aws.ToString(r.SecurityGroupRuleId)] && g.same(in, r) {
				used[aws.ToString(r.SecurityGroupRuleId)], found = true, true
			}
		}
		if !found {
			missing = append(missing, in)
		}
	}
	for _, r := range g.rules {
		ours := strings.HasPrefix(aws.ToString(r.Description), rulePrefix)
		if ours && !used[aws.ToString(r.SecurityGroupRuleId)] {
			surplus = append(surplus, r)
		}
	}
	return missing, surplus
}

// wanted are the rules that are wanted by what was observed.
func (g *SecurityGroup) wanted() (all []Ingress) {
	for _, in := range g.Ingress {
		if in.If == nil || in.If() {
			all = append(all, in)
		}
	}
	return all
}

func (g *SecurityGroup) same(in Ingress, r ec2types.SecurityGroupRule) bool {
	from, to := in.ports()
	if aws.ToString(r.IpProtocol) != "tcp" || aws.ToInt32(r.FromPort) != from || aws.ToInt32(r.ToPort) != to {
		return false
	}
	group := ""
	if r.ReferencedGroupInfo != nil {
		group = aws.ToString(r.ReferencedGroupInfo.GroupId)
	}
	switch {
	case in.PrefixList != "":
		return aws.ToString(r.PrefixListId) == g.lists[in.PrefixList]
	case in.Self:
		return group == g.ID
	case in.Anybody:
		return aws.ToString(r.CidrIpv4) == anywhere
	default:
		return group != "" && group == in.From.ID
	}
}

func (in Ingress) ports() (from, to int32) {
	from, to = int32(in.Port), int32(in.ToPort) //nolint:gosec // ports fit
	if to == 0 {
		to = from
	}
	return from, to
}

func (g *SecurityGroup) authorize(ctx context.Context, s *resource.Scope, in Ingress) error {
	from, to := in.ports()
	text := aws.String(rulePrefix + in.Text)
	p := ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &from, ToPort: &to}
	switch {
	case in.PrefixList != "":
		p.PrefixListIds = []ec2types.PrefixListId{{PrefixListId: aws.String(g.lists[in.PrefixList]), Description: text}}
	case in.Self:
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: &g.ID, Description: text}}
	case in.Anybody:
		p.IpRanges = []ec2types.IpRange{{CidrIp: aws.String(anywhere), Description: text}}
	default:
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: &in.From.ID, Description: text}}
	}
	err := s.Retry(ctx, Settling, func(ctx context.Context) error {
		_, err := s.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &g.ID, IpPermissions: []ec2types.IpPermission{p},
		})
		return err
	})
	if cloud.Is(err, "InvalidPermission.Duplicate") {
		return nil
	}
	if cloud.Is(err, "RulesPerSecurityGroupLimitExceeded") && in.PrefixList != "" {
		// A list counts as many rules, so that a call whose answer got lost, made again, meets the limit first
		// (engine/AWS.md, Security groups).
		look := func(ctx context.Context) error { return g.Detail(ctx, s) }
		if s.Adopt(ctx, "the rule", look, func() bool { return g.letsIn(in) }) == nil {
			return nil
		}
	}
	return err
}

// letsIn says whether a rule is there, as observed.
func (g *SecurityGroup) letsIn(in Ingress) bool {
	return slices.ContainsFunc(g.rules, func(r ec2types.SecurityGroupRule) bool { return g.same(in, r) })
}

// Cleanup implements Cleaner: it takes away what tasks that ran before needed, and the groups of another VPC.
func (g *SecurityGroup) Cleanup(ctx context.Context, s *resource.Scope) error {
	_, surplus := g.drift()
	for _, r := range surplus {
		if err := g.revoke(ctx, s, r); err != nil {
			return err
		}
	}
	var mine, old []ec2types.SecurityGroup
	for _, sg := range g.groups {
		if aws.ToString(sg.GroupId) == g.ID {
			mine = append(mine, sg)
		} else {
			old = append(old, sg)
		}
	}
	g.groups = mine
	return g.remove(ctx, s, old)
}

func (g *SecurityGroup) revoke(ctx context.Context, s *resource.Scope, r ec2types.SecurityGroupRule) error {
	_, err := s.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: &g.ID, SecurityGroupRuleIds: []string{aws.ToString(r.SecurityGroupRuleId)},
	})
	if cloud.Is(err, "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound") {
		return nil
	}
	return err
}
