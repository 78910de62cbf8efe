package network

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// ElasticAddress is the public address that a NAT gateway sends from. What it costs is counted with that.
type ElasticAddress struct {
	Owner    resource.Owner
	VPC      *VPC
	Unneeded bool // nothing sends from it; one that is left goes

	ID string // output

	found *ec2types.Address
}

// Info implements Resource.
func (a *ElasticAddress) Info() resource.Info {
	return resource.Info{
		ID: "nat-address", Kind: "ec2.Address", Name: a.Owner.Name() + "-nat", Label: "the address of the NAT gateway", Group: resource.GroupNetwork,
		Usually: time.Second, Gone: time.Second,
	}
}

// Needs implements Resource.
func (a *ElasticAddress) Needs() []resource.Need { return []resource.Need{{On: a.VPC, Observe: true}} }

// Wanted implements Optional.
func (a *ElasticAddress) Wanted() bool { return !a.Unneeded }

// Identifier implements Identified.
func (a *ElasticAddress) Identifier() string { return a.ID }

// Observe implements Resource. Where there is no VPC of our own there is none.
func (a *ElasticAddress) Observe(ctx context.Context, s *resource.Scope) error {
	a.found, a.ID = nil, ""
	if !a.VPC.Exists() {
		return nil
	}
	_, err := a.find(s)(ctx)
	return err
}

func (a *ElasticAddress) find(s *resource.Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		out, err := s.EC2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: a.Owner.EC2Filter("nat-address")})
		if err != nil {
			return false, err
		}
		for i, one := range out.Addresses {
			if a.Owner.OwnsEC2(one.Tags) {
				a.found, a.ID = &out.Addresses[i], aws.ToString(one.AllocationId)
			}
		}
		return a.found != nil, nil
	}
}

// Exists implements Resource.
func (a *ElasticAddress) Exists() bool { return a.found != nil }

// Diff implements Resource.
func (a *ElasticAddress) Diff(*resource.Scope) resource.Diff {
	switch {
	case a.Unneeded:
		return resource.Unwanted(a)
	case a.found == nil:
		return resource.Absent()
	}
	return resource.None()
}

// Apply implements Resource.
func (a *ElasticAddress) Apply(ctx context.Context, s *resource.Scope) error {
	if a.found != nil {
		return nil
	}
	err := cloud.Once(ctx, s.Clock, a.find(s), func(ctx context.Context) error {
		out, err := s.EC2.AllocateAddress(ctx, &ec2.AllocateAddressInput{
			Domain: ec2types.DomainTypeVpc, TagSpecifications: a.Owner.EC2TagSpec(ec2types.ResourceTypeElasticIp, "nat-address"),
		}, onceEC2)
		if err == nil {
			a.ID = aws.ToString(out.AllocationId)
			a.found = &ec2types.Address{AllocationId: out.AllocationId}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("allocate an address for the NAT gateway: %w", err)
	}
	return nil
}

// Delete implements Resource.
func (a *ElasticAddress) Delete(ctx context.Context, s *resource.Scope) error {
	if a.found == nil {
		return nil
	}
	err := s.Retry(ctx, []cloud.Retryable{{Code: "InvalidIPAddress.InUse", For: 5 * time.Minute}, {Code: "AuthFailure", For: 5 * time.Minute}}, func(ctx context.Context) error {
		_, err := s.EC2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &a.ID})
		return err
	})
	if resource.UnlessGone(err) != nil {
		return fmt.Errorf("release the address of the NAT gateway: %w", err)
	}
	return nil
}

// Permissions implements Permissioned.
func (a *ElasticAddress) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if a.Unneeded && a.found == nil && a.VPC.Default {
		return nil
	}
	need := []resource.Permission{resource.Anywhere("ec2:DescribeAddresses")}
	switch do {
	case event.Create:
		need = append(need, newEC2(a.Owner, s, "AllocateAddress", "elastic-ip")...)
	case event.Delete:
		need = append(need, oursEC2(a.Owner, s, resource.Actions("ec2:ReleaseAddress"), "elastic-ip"))
	case event.None, event.Update, event.Replace:
	}
	return need
}

// eipQuota is the code of "EC2-VPC Elastic IPs" (engine/AWS.md, Quotas).
const eipQuota = "L-0263D0A3"

// Checks implements Checked: room for one more address.
func (a *ElasticAddress) Checks(do event.Action) []resource.Probe {
	if do != event.Create {
		return nil
	}
	return resource.OneMore{
		ID: "quota-address", Title: "Elastic IP addresses",
		What: "Elastic IP addresses", Name: "EC2-VPC Elastic IPs", Service: "ec2", Code: eipQuota,
		Count: func(ctx context.Context, s *resource.Scope) (int, error) {
			out, err := s.EC2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
			if err != nil {
				return 0, err
			}
			return len(out.Addresses), nil
		},
	}.Probes()
}

// Addresses lists the addresses of all apps.
var Addresses = resource.Listing{What: "addresses", List: func(ctx context.Context, s *resource.Survey) error {
	out, err := s.EC2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: anyApp})
	if err != nil {
		return err
	}
	for _, one := range out.Addresses {
		addTagged(s, "ec2.Address", one.AllocationId, one.Tags)
	}
	return nil
}}
