package network

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/compare/price"
	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/fail"
	"berth/engine/resource"
)

// NATGateway is the way out for tasks without public addresses in a VPC of our own. There is one, in the first public
// subnet: one in each zone, or a regional one, would cost as much again for each zone. Nothing gets in through it.
type NATGateway struct {
	Owner    resource.Owner
	VPC      *VPC
	Subnet   *Subnet // the public one that it stands in
	Address  *ElasticAddress
	Gateway  *InternetGateway // without which AWS cannot set it up
	Unneeded bool             // tasks have addresses of their own; one that is left goes

	ID string // output

	found *ec2types.NatGateway
}

// Info implements Resource.
func (n *NATGateway) Info() resource.Info {
	return resource.Info{
		ID: "nat-gateway", Kind: "ec2.NatGateway", Name: n.Owner.Name() + "-nat", Label: "the NAT gateway", Group: resource.GroupNetwork,
		Usually: 100 * time.Second, Gone: 60 * time.Second,
	}
}

// Needs implements Resource.
func (n *NATGateway) Needs() []resource.Need {
	return append([]resource.Need{{On: n.VPC, Observe: true}}, resource.After(n.Subnet, n.Address, n.Gateway)...)
}

// Wanted implements Optional.
func (n *NATGateway) Wanted() bool { return !n.Unneeded }

// Identifier implements Identified.
func (n *NATGateway) Identifier() string { return n.ID }

// Observe implements Resource. Where there is no VPC of our own there is none.
func (n *NATGateway) Observe(ctx context.Context, s *resource.Scope) error {
	n.found, n.ID = nil, ""
	if !n.VPC.Exists() {
		return nil
	}
	_, err := n.find(s)(ctx)
	if n.Unneeded && resource.Unseen(err) {
		return nil
	}
	return err
}

// find looks for one that is not on its way out.
func (n *NATGateway) find(s *resource.Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		p := ec2.NewDescribeNatGatewaysPaginator(s.EC2, &ec2.DescribeNatGatewaysInput{Filter: n.Owner.EC2Filter("nat-gateway")})
		err := resource.Pages(ctx, p, func(out *ec2.DescribeNatGatewaysOutput) error {
			for i, one := range out.NatGateways {
				going := one.State == ec2types.NatGatewayStateDeleted || one.State == ec2types.NatGatewayStateDeleting
				if !going && n.Owner.OwnsEC2(one.Tags) {
					n.found, n.ID = &out.NatGateways[i], aws.ToString(one.NatGatewayId)
				}
			}
			return nil
		})
		return n.found != nil, err
	}
}

// Exists implements Resource.
func (n *NATGateway) Exists() bool { return n.found != nil }

// Diff implements Resource.
func (n *NATGateway) Diff(s *resource.Scope) resource.Diff {
	switch {
	case n.Unneeded:
		return resource.Unwanted(n)
	case n.found == nil:
		return resource.Diff{Action: event.Create, Why: "gives tasks without public addresses access to the internet"}
	case n.found.State == ec2types.NatGatewayStateFailed:
		n.ID = ""
		return resource.Replaced("AWS could not set it up", resource.Field("state", n.found.State, ec2types.NatGatewayStateAvailable))
	}
	return resource.None()
}

// Apply implements Resource. It does not wait until the gateway works.
func (n *NATGateway) Apply(ctx context.Context, s *resource.Scope) error {
	if n.found != nil && n.ID == "" {
		if err := n.Delete(ctx, s); err != nil {
			return err
		}
		n.found = nil
	}
	if n.found != nil {
		return nil
	}
	settling := append([]cloud.Retryable{{Code: "InvalidAllocationID.NotFound", For: 2 * time.Minute}}, Settling...)
	err := cloud.Once(ctx, s.Clock, n.find(s), func(ctx context.Context) error {
		return s.Retry(ctx, settling, func(ctx context.Context) error {
			out, err := s.EC2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{
				SubnetId: &n.Subnet.ID, AllocationId: &n.Address.ID,
				TagSpecifications: n.Owner.EC2TagSpec(ec2types.ResourceTypeNatgateway, "nat-gateway"),
			}, onceEC2)
			if err == nil {
				n.found, n.ID = out.NatGateway, aws.ToString(out.NatGateway.NatGatewayId)
			}
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("create NAT gateway: %w", err)
	}
	return nil
}

// Unattended implements Unattended.
func (n *NATGateway) Unattended() {}

// Ready implements Waiter: it passes on what tasks send.
func (n *NATGateway) Ready(ctx context.Context, s *resource.Scope) error {
	w := cloud.Wait{For: "the NAT gateway to become available", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, n.Info().Usually, func(ctx context.Context) (bool, string, error) {
		out, err := s.EC2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{n.ID}})
		if cloud.NotFound(err) || err == nil && len(out.NatGateways) == 0 {
			return false, "", nil // not in sight yet
		}
		if err != nil {
			return false, "", err
		}
		one := out.NatGateways[0]
		if one.State == ec2types.NatGatewayStateFailed {
			return false, "", &fail.Error{
				Class: fail.Failed, Cause: "AWS could not set up the NAT gateway", Evidence: aws.ToString(one.FailureMessage),
				Remedy: `run the same command again; or set tasks = "public" under [network]`, Setting: "network.tasks",
			}
		}
		return one.State == ec2types.NatGatewayStateAvailable, "", nil
	})
}

// Delete implements Resource: its address is free only when it is gone.
func (n *NATGateway) Delete(ctx context.Context, s *resource.Scope) error {
	if n.found == nil {
		return nil
	}
	id := n.found.NatGatewayId
	_, err := s.EC2.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: id})
	if resource.UnlessGone(err) != nil {
		return fmt.Errorf("delete NAT gateway: %w", err)
	}
	w := cloud.Wait{For: "the NAT gateway to go", Deadline: 10 * time.Minute}
	return s.Poll(ctx, w, n.Info().Gone, func(ctx context.Context) (bool, string, error) {
		out, err := s.EC2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{*id}})
		if cloud.NotFound(err) || err == nil && len(out.NatGateways) == 0 {
			return true, "", nil
		}
		return err == nil && out.NatGateways[0].State == ec2types.NatGatewayStateDeleted, "", err
	})
}

// Permissions implements Permissioned.
func (n *NATGateway) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if n.Unneeded && n.found == nil && n.VPC.Default {
		return nil
	}
	look := resource.Anywhere("ec2:DescribeNatGateways")
	if n.Unneeded {
		look.Without = "a NAT gateway of an earlier deployment would stay"
	}
	need := []resource.Permission{look}
	switch do {
	case event.Create, event.Replace:
		need = append(need, newEC2(n.Owner, s, "CreateNatGateway", "natgateway")...)
		need = append(need, oursEC2(n.Owner, s, resource.Actions("ec2:CreateNatGateway"), "subnet", "elastic-ip"))
		if do == event.Replace {
			need = append(need, oursEC2(n.Owner, s, resource.Actions("ec2:DeleteNatGateway"), "natgateway"))
		}
	case event.Delete:
		need = append(need, oursEC2(n.Owner, s, resource.Actions("ec2:DeleteNatGateway"), "natgateway"))
	case event.None, event.Update:
	}
	return need
}

// natQuota is the code of "NAT gateways per Availability Zone" (engine/AWS.md, Quotas).
const natQuota = "L-FE5A380F"

// Checks implements Checked: room for one more in the zone. AWS counts by zone, and one cannot be told beforehand, so
// that those of all zones count.
func (n *NATGateway) Checks(do event.Action) []resource.Probe {
	if do != event.Create {
		return nil
	}
	return resource.OneMore{
		ID: "quota-nat", Title: "NAT gateways",
		What: "NAT gateways", Name: "NAT gateways per Availability Zone", Service: "vpc", Code: natQuota, Count: countNATs,
	}.Probes()
}

// countNATs is how many NAT gateways the fullest zone's subnets can hold at most, by the subnet that has most.
func countNATs(ctx context.Context, s *resource.Scope) (most int, err error) {
	in := map[string]int{}
	p := ec2.NewDescribeNatGatewaysPaginator(s.EC2, &ec2.DescribeNatGatewaysInput{
		Filter: []ec2types.Filter{resource.EC2Filter("state", "pending", "available")},
	})
	err = resource.Pages(ctx, p, func(out *ec2.DescribeNatGatewaysOutput) error {
		for _, one := range out.NatGateways {
			in[aws.ToString(one.SubnetId)]++
			most = max(most, in[aws.ToString(one.SubnetId)])
		}
		return nil
	})
	return most, err
}

// Costs implements Coster.
func (n *NATGateway) Costs(b *price.Bill) {
	if !n.Unneeded {
		b.NAT(1)
	}
}

// NATGateways lists the NAT gateways of all apps.
var NATGateways = resource.Listing{What: "NAT gateways", List: listNATs}

func listNATs(ctx context.Context, s *resource.Survey) error {
	p := ec2.NewDescribeNatGatewaysPaginator(s.EC2, &ec2.DescribeNatGatewaysInput{Filter: anyApp})
	return resource.Pages(ctx, p, func(out *ec2.DescribeNatGatewaysOutput) error {
		for _, one := range out.NatGateways {
			if one.State != ec2types.NatGatewayStateDeleted {
				t := resource.TagMap(one.Tags, func(x ec2types.Tag) (k, v *string) { return x.Key, x.Value })
				s.AddTagged(resource.Found{Kind: "ec2.NatGateway", Name: t["Name"], ARN: aws.ToString(one.NatGatewayId), Like: &NATGateway{}}, t)
			}
		}
		return nil
	})
}
