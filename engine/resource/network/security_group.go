package network

import (
	"cmp"
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
	"berth/engine/event"
	"berth/engine/resource"
)

// CloudFrontPrefixList names the addresses that CloudFront calls origins from (engine/AWS.md, Network).
const CloudFrontPrefixList = "com.amazonaws.global.cloudfront.origin-facing"

// SecurityGroup lets in what Ingress says and everything out.
type SecurityGroup struct {
	Owner   resource.Owner
	Role    string // lb or tasks
	Label   string
	VPC     *VPC
	Ingress []Ingress

	Unneeded bool // the app does without; one that is left goes

	ID string // output

	groups []ec2types.SecurityGroup // ours by name, in any VPC
	rules  []ec2types.SecurityGroupRule
	lists  map[string]string // ids of prefix lists by name
}

func (g *SecurityGroup) name() string { return g.Owner.Name() + "-" + g.Role }

// Info implements Resource.
func (g *SecurityGroup) Info() resource.Info {
	return resource.Info{
		ID: g.Role + "-security-group", Kind: "ec2.SecurityGroup", Name: g.name(), Label: g.Label,
		Group: resource.GroupNetwork, Usually: 2 * time.Second, Gone: 60 * time.Second,
	}
}

// Needs implements Resource.
func (g *SecurityGroup) Needs() []resource.Need {
	needs := []resource.Need{{On: g.VPC, Observe: true}}
	for _, in := range g.Ingress {
		if in.From != nil {
			needs = append(needs, resource.Need{On: in.From})
		}
	}
	return needs
}

// Wanted implements Optional.
func (g *SecurityGroup) Wanted() bool { return !g.Unneeded }

// Identifier implements Identified.
func (g *SecurityGroup) Identifier() string { return g.ID }

// Observe implements Resource.
func (g *SecurityGroup) Observe(ctx context.Context, s *resource.Scope) error {
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() error {
		g.groups = nil
		p := ec2.NewDescribeSecurityGroupsPaginator(s.EC2, &ec2.DescribeSecurityGroupsInput{
			Filters: append(g.Owner.EC2Filter(g.Role), resource.EC2Filter("group-name", g.name())),
		})
		return resource.Pages(ctx, p, func(out *ec2.DescribeSecurityGroupsOutput) error {
			g.groups = append(g.groups, ours(g.Owner, out.SecurityGroups, func(x ec2types.SecurityGroup) []ec2types.Tag { return x.Tags })...)
			return nil
		})
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

func (g *SecurityGroup) findList(ctx context.Context, s *resource.Scope, name string) error {
	id := ""
	p := ec2.NewDescribeManagedPrefixListsPaginator(s.EC2, &ec2.DescribeManagedPrefixListsInput{
		Filters: []ec2types.Filter{resource.EC2Filter("prefix-list-name", name)},
	})
	err := resource.Pages(ctx, p, func(out *ec2.DescribeManagedPrefixListsOutput) error {
		for _, l := range out.PrefixLists {
			id = aws.ToString(l.PrefixListId)
		}
		return nil
	})
	if err == nil && id == "" {
		err = fmt.Errorf("the region %s has no prefix list %s", s.Region, name)
	}
	g.lists[name] = id
	return err
}

// Detail implements Detailer: the rules.
func (g *SecurityGroup) Detail(ctx context.Context, s *resource.Scope) error {
	if g.ID == "" {
		return nil
	}
	g.rules = nil
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(s.EC2, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []ec2types.Filter{resource.EC2Filter("group-id", g.ID)},
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
func (g *SecurityGroup) Diff(s *resource.Scope) resource.Diff {
	switch {
	case g.Unneeded:
		return resource.Unwanted(g)
	case g.ID == "" && len(g.groups) > 0:
		return resource.Replaced("the app moves to another VPC", resource.Field("vpc", aws.ToString(g.groups[0].VpcId), cmp.Or(g.VPC.ID, resource.NotYet)))
	case g.ID == "":
		return resource.Absent()
	}
	var drift resource.Drift
	missing, surplus := g.drift()
	for _, in := range missing {
		from, to := in.ports()
		drift.Add("does not allow "+in.Text, resource.Field("ingress", "", ingress(from, to, in.Text)))
	}
	for _, r := range surplus {
		who := strings.TrimPrefix(aws.ToString(r.Description), rulePrefix)
		drift.Add("allows more than needed ("+who+")", resource.Field("ingress", ingress(aws.ToInt32(r.FromPort), aws.ToInt32(r.ToPort), who), ""))
	}
	return drift.Diff()
}

// Apply implements Resource.
func (g *SecurityGroup) Apply(ctx context.Context, s *resource.Scope) error {
	if g.ID == "" {
		if err := g.create(ctx, s); err != nil {
			return err
		}
	}
	missing, _ := g.drift()
	for _, in := range missing {
		if err := g.authorize(ctx, s, in); err != nil {
			return fmt.Errorf("allow %s: %w", in.Text, err)
		}
	}
	return nil
}

func (g *SecurityGroup) create(ctx context.Context, s *resource.Scope) error {
	err := s.Retry(ctx, Settling, func(ctx context.Context) error {
		out, err := s.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(g.name()), VpcId: &g.VPC.ID,
			Description:       aws.String("berth " + g.Owner.App + " " + g.Owner.Env + ": " + g.Role),
			TagSpecifications: g.Owner.EC2TagSpec(ec2types.ResourceTypeSecurityGroup, g.Role),
		})
		if err == nil {
			g.ID = aws.ToString(out.GroupId)
			g.groups = append(g.groups, ec2types.SecurityGroup{GroupId: out.GroupId, VpcId: &g.VPC.ID})
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

// Delete implements Resource: all groups of this name, in whichever VPC they are.
func (g *SecurityGroup) Delete(ctx context.Context, s *resource.Scope) error {
	return g.remove(ctx, s, g.groups)
}

func (g *SecurityGroup) remove(ctx context.Context, s *resource.Scope, groups []ec2types.SecurityGroup) error {
	for _, sg := range groups {
		held := func(ctx context.Context) ([]string, error) { return holders(ctx, s, g.Owner, aws.ToString(sg.GroupId)) }
		err := deleteEC2(ctx, s, g.Label, held, func(ctx context.Context) error {
			_, err := s.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: sg.GroupId})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Permissions implements Permissioned.
func (g *SecurityGroup) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	need := []resource.Permission{resource.Anywhere("ec2:DescribeSecurityGroups")}
	for _, in := range g.Ingress {
		if in.PrefixList != "" {
			need = append(need, resource.Anywhere("ec2:DescribeManagedPrefixLists"))
		}
	}
	if g.ID != "" || resource.Existing(do) {
		need = append(need, resource.Anywhere("ec2:DescribeSecurityGroupRules"))
	}
	authorize := oursEC2(g.Owner, s, resource.Actions("ec2:AuthorizeSecurityGroupIngress"), "security-group")
	switch do {
	case event.Create, event.Replace:
		need = append(need, newEC2(g.Owner, s, "CreateSecurityGroup", "security-group")...)
		// The default VPC carries no tag of ours, so the VPC's own part of the permission has no condition.
		need = append(need, resource.On(resource.Actions("ec2:CreateSecurityGroup"), s.ARN("ec2", "vpc/*")), authorize)
	case event.Update:
		missing, surplus := g.drift()
		if len(missing) > 0 {
			need = append(need, authorize)
		}
		if g.ID == "" || len(surplus) > 0 {
			need = append(need, oursEC2(g.Owner, s, resource.Actions("ec2:RevokeSecurityGroupIngress"), "security-group"))
		}
	case event.Delete:
		need = append(need, oursEC2(g.Owner, s, resource.Actions("ec2:DeleteSecurityGroup"), "security-group"), lookWho())
	case event.None:
	}
	return need
}

// Exposes implements Exposed: the ports that are open to addresses outside of the network.
func (g *SecurityGroup) Exposes(do event.Action) string {
	if !resource.Makes(do) && do != event.Update {
		return ""
	}
	var open []string
	for _, in := range g.wanted() {
		if in.PrefixList == "" && !in.Anybody {
			continue // members of a group, inside the network
		}
		if in.PrefixList != "" && g.VPC.Given.Within {
			continue // what stands behind it has no public address
		}
		ports := fmt.Sprintf("port %d", in.Port)
		if in.ToPort > in.Port {
			ports = fmt.Sprintf("ports %d to %d", in.Port, in.ToPort)
		}
		if in.Anybody {
			open = append(open, ports+" is open to the internet")
			continue
		}
		open = append(open, fmt.Sprintf("%s is open only to the addresses of %s", ports, in.Text))
	}
	return strings.Join(open, "; ")
}

// OldGroups says whether an app has security groups by its old name, which is another one than its name now.
func OldGroups(ctx context.Context, c *cloud.Clients, o resource.Owner) (has bool, err error) {
	o.Old = true
	p := ec2.NewDescribeSecurityGroupsPaginator(c.EC2, &ec2.DescribeSecurityGroupsInput{Filters: o.EC2Filter("")})
	err = resource.Pages(ctx, p, func(out *ec2.DescribeSecurityGroupsOutput) error {
		has = has || slices.ContainsFunc(out.SecurityGroups, func(g ec2types.SecurityGroup) bool {
			return strings.HasPrefix(aws.ToString(g.GroupName), o.Name()+"-")
		})
		return nil
	})
	return has, err
}

// SecurityGroups lists the security groups of all apps.
var SecurityGroups = resource.Listing{What: "security groups", List: listSecurityGroups}

func listSecurityGroups(ctx context.Context, s *resource.Survey) error {
	p := ec2.NewDescribeSecurityGroupsPaginator(s.EC2, &ec2.DescribeSecurityGroupsInput{Filters: anyApp})
	return resource.Pages(ctx, p, func(out *ec2.DescribeSecurityGroupsOutput) error {
		for _, one := range out.SecurityGroups {
			addTagged(s, "ec2.SecurityGroup", one.GroupId, one.Tags)
		}
		return nil
	})
}
