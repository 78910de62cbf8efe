package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"berth/engine/cloud"
)

// CloudFrontPrefixList names the addresses that CloudFront calls origins from (ecs-provisioning 4.3).
const CloudFrontPrefixList = "com.amazonaws.global.cloudfront.origin-facing"

// rulePrefix starts the description of every rule of ours. Rules of other people are left alone.
const rulePrefix = "berth: "

// Ingress is who may come in on a range of TCP ports: exactly one of From, PrefixList and Self.
type Ingress struct {
	Port, ToPort int            // ToPort zero means Port alone
	From         *SecurityGroup // members of another group
	PrefixList   string         // a list of addresses managed by AWS, by name
	Self         bool           // members of this group
	Text         string         // for people, ASCII
}

// SecurityGroup lets in what Ingress says and everything out.
type SecurityGroup struct {
	Owner   Owner
	Role    string // lb or tasks
	Label   string
	VPC     *VPC
	Ingress []Ingress

	ID string // output

	groups []ec2types.SecurityGroup // ours by name, in any VPC
	rules  []ec2types.SecurityGroupRule
	lists  map[string]string // ids of prefix lists by name
}

func (g *SecurityGroup) name() string { return g.Owner.Name() + "-" + g.Role }

// Info implements Resource.
func (g *SecurityGroup) Info() Info {
	return Info{
		ID: g.Role + "-security-group", Kind: "ec2.SecurityGroup", Name: g.name(), Label: g.Label,
		Group: GroupNetwork, Usually: 2 * time.Second, Gone: 60 * time.Second,
	}
}

// Needs implements Resource.
func (g *SecurityGroup) Needs() []Need {
	needs := []Need{{On: g.VPC, Observe: true}}
	for _, in := range g.Ingress {
		if in.From != nil {
			needs = append(needs, Need{On: in.From})
		}
	}
	return needs
}

// Observe implements Resource.
func (g *SecurityGroup) Observe(ctx context.Context, s *Scope) error {
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() error {
		out, err := s.EC2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
			Filters: append(g.Owner.ec2Filter(g.Role), filter("group-name", g.name())),
		})
		if err == nil {
			g.groups = out.SecurityGroups
		}
		return err
	})
	g.lists = map[string]string{}
	for _, in := range g.Ingress {
		if in.PrefixList == "" {
			continue
		}
		eg.Go(func() error { return g.findList(ctx, s, in.PrefixList) })
	}
	if err := eg.Wait(); err != nil {
		return err
	}
	for _, sg := range g.groups { // of a VPC that the app moves from, there is another one
		if aws.ToString(sg.VpcId) == g.VPC.ID {
			g.ID = aws.ToString(sg.GroupId)
		}
	}
	return nil
}

func (g *SecurityGroup) findList(ctx context.Context, s *Scope, name string) error {
	out, err := s.EC2.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{
		Filters: []ec2types.Filter{filter("prefix-list-name", name)},
	})
	if err != nil {
		return err
	}
	if len(out.PrefixLists) == 0 {
		return fmt.Errorf("the region %s has no prefix list %s", s.Region, name)
	}
	g.lists[name] = aws.ToString(out.PrefixLists[0].PrefixListId)
	return nil
}

// Detail implements Detailer: the rules.
func (g *SecurityGroup) Detail(ctx context.Context, s *Scope) error {
	if g.ID == "" {
		return nil
	}
	g.rules = nil
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(s.EC2, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []ec2types.Filter{filter("group-id", g.ID)},
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range out.SecurityGroupRules {
			if !aws.ToBool(r.IsEgress) {
				g.rules = append(g.rules, r)
			}
		}
	}
	return nil
}

// Exists implements Resource.
func (g *SecurityGroup) Exists() bool { return len(g.groups) > 0 }

// Diff implements Resource.
func (g *SecurityGroup) Diff() Diff {
	switch {
	case g.ID == "" && len(g.groups) > 0:
		return replaced("the app moves to another VPC")
	case g.ID == "":
		return absent()
	}
	var whys []string
	missing, surplus := g.drift()
	for _, in := range missing {
		whys = append(whys, "does not let in "+in.Text)
	}
	for _, r := range surplus {
		whys = append(whys, "lets in more than needed ("+strings.TrimPrefix(aws.ToString(r.Description), rulePrefix)+")")
	}
	return update(whys)
}

// drift compares the rules that are wanted with the ones that are there. A rule from a group that does not
// exist yet is missing.
func (g *SecurityGroup) drift() (missing []Ingress, surplus []ec2types.SecurityGroupRule) {
	used := map[string]bool{}
	for _, in := range g.Ingress {
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

// Apply implements Resource.
func (g *SecurityGroup) Apply(ctx context.Context, s *Scope) error {
	if g.ID == "" {
		if err := g.create(ctx, s); err != nil {
			return err
		}
	}
	missing, _ := g.drift()
	for _, in := range missing {
		if err := g.authorize(ctx, s, in); err != nil {
			return fmt.Errorf("let in %s: %w", in.Text, err)
		}
	}
	return nil
}

// Cleanup implements Cleaner: it takes away what tasks that ran before needed, and the groups of another VPC.
func (g *SecurityGroup) Cleanup(ctx context.Context, s *Scope) error {
	_, surplus := g.drift()
	for _, r := range surplus {
		if err := g.revoke(ctx, s, r); err != nil {
			return err
		}
	}
	g.groups = slices.DeleteFunc(g.groups, func(sg ec2types.SecurityGroup) bool { return aws.ToString(sg.GroupId) == g.ID })
	return g.Delete(ctx, s)
}

func (g *SecurityGroup) create(ctx context.Context, s *Scope) error {
	err := s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
		out, err := s.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(g.name()), VpcId: &g.VPC.ID,
			Description:       aws.String("berth " + g.Owner.App + " " + g.Owner.Env + ": " + g.Role),
			TagSpecifications: g.Owner.ec2Spec(ec2types.ResourceTypeSecurityGroup, g.Role),
		})
		if err == nil {
			g.ID = aws.ToString(out.GroupId)
		}
		return err
	})
	if cloud.Is(err, "InvalidGroup.Duplicate") { // made by a call whose answer got lost
		err := s.Adopt(ctx, g.Label, func(ctx context.Context) error { return g.Observe(ctx, s) }, func() bool { return g.ID != "" })
		if err != nil {
			return err
		}
		return g.Detail(ctx, s)
	}
	return err
}

func (g *SecurityGroup) authorize(ctx context.Context, s *Scope, in Ingress) error {
	from, to := in.ports()
	text := aws.String(rulePrefix + in.Text)
	p := ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &from, ToPort: &to}
	switch {
	case in.PrefixList != "":
		p.PrefixListIds = []ec2types.PrefixListId{{PrefixListId: aws.String(g.lists[in.PrefixList]), Description: text}}
	case in.Self:
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: &g.ID, Description: text}}
	default:
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: &in.From.ID, Description: text}}
	}
	err := s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
		_, err := s.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &g.ID, IpPermissions: []ec2types.IpPermission{p},
		})
		return err
	})
	if cloud.Is(err, "InvalidPermission.Duplicate") {
		return nil
	}
	return err
}

func (g *SecurityGroup) revoke(ctx context.Context, s *Scope, r ec2types.SecurityGroupRule) error {
	_, err := s.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: &g.ID, SecurityGroupRuleIds: []string{aws.ToString(r.SecurityGroupRuleId)},
	})
	if cloud.Is(err, "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound") {
		return nil
	}
	return err
}

// Delete implements Resource: all groups of this name, in whichever VPC they are.
func (g *SecurityGroup) Delete(ctx context.Context, s *Scope) error {
	for _, sg := range g.groups {
		err := deleteEC2(ctx, s, func(ctx context.Context) error {
			_, err := s.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: sg.GroupId})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
