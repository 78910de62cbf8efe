package network

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
	"berth/engine/resource"
)

// InternetGateway is the way to the internet of a VPC of our own.
type InternetGateway struct {
	Owner resource.Owner
	VPC   *VPC

	ID string // output

	found    bool
	attached bool
}

// Info implements Resource.
func (g *InternetGateway) Info() resource.Info {
	return resource.Info{
		ID: "internet-gateway", Kind: "ec2.InternetGateway", Name: g.Owner.Name() + "-internet-gateway",
		Label: "the internet gateway", Group: resource.GroupNetwork, Usually: time.Second, Gone: 10 * time.Second,
	}
}

// Needs implements Resource.
func (g *InternetGateway) Needs() []resource.Need { return []resource.Need{{On: g.VPC, Observe: true}} }

// Identifier implements Identified.
func (g *InternetGateway) Identifier() string { return g.ID }

// Observe implements Resource. The VPC has looked already.
func (g *InternetGateway) Observe(context.Context, *resource.Scope) error {
	if g.VPC.gateway != nil {
		g.use(g.VPC.gateway)
	}
	return nil
}

func (g *InternetGateway) use(gw *ec2types.InternetGateway) {
	g.found, g.ID = true, aws.ToString(gw.InternetGatewayId)
	g.attached = slices.ContainsFunc(gw.Attachments, func(a ec2types.InternetGatewayAttachment) bool {
		return aws.ToString(a.VpcId) == g.VPC.ID
	})
}

// Exists implements Resource.
func (g *InternetGateway) Exists() bool { return g.found }

// Diff implements Resource.
func (g *InternetGateway) Diff(s *resource.Scope) resource.Diff {
	switch {
	case g.VPC.Default:
		return resource.Diff{}
	case !g.found:
		return resource.Diff{Action: event.Create, Why: g.VPC.Given.reaches()}
	case !g.attached:
		return resource.Changed("is not attached to the VPC", resource.Field("attached to", "", cmp.Or(g.VPC.ID, resource.NotYet)))
	}
	return resource.None()
}

// Apply implements Resource.
func (g *InternetGateway) Apply(ctx context.Context, s *resource.Scope) error {
	if g.VPC.Default {
		return nil
	}
	if !g.found {
		if err := cloud.Once(ctx, s.Clock, g.find(s), g.create(s)); err != nil {
			return fmt.Errorf("create internet gateway: %w", err)
		}
	}
	if g.attached {
		return nil
	}
	err := s.Retry(ctx, Settling, func(ctx context.Context) error {
		_, err := s.EC2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{
			InternetGatewayId: &g.ID, VpcId: &g.VPC.ID,
		})
		return err
	})
	if err != nil && !cloud.Is(err, "Resource.AlreadyAssociated") {
		return fmt.Errorf("attach internet gateway: %w", err)
	}
	g.attached = true
	return nil
}

func (g *InternetGateway) find(s *resource.Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		own, err := ownGateways(ctx, s, g.Owner, "internet-gateway")
		if err == nil && len(own) > 0 {
			g.use(&own[0])
		}
		return g.found, err
	}
}

func (g *InternetGateway) create(s *resource.Scope) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := s.EC2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{
			TagSpecifications: g.Owner.EC2TagSpec(ec2types.ResourceTypeInternetGateway, "internet-gateway"),
		}, onceEC2)
		if err == nil {
			g.use(out.InternetGateway)
		}
		return err
	}
}

// Delete implements Resource.
func (g *InternetGateway) Delete(ctx context.Context, s *resource.Scope) error {
	if !g.found {
		return nil
	}
	if g.attached { // without it, what others have in the network would be cut off
		theirs, err := strangers(ctx, s, g.Owner, g.VPC.ID)
		if err := inUse(g.Info().Label, theirs, err); err != nil {
			return err
		}
		err = deleteEC2(ctx, s, g.Info().Label, nil, func(ctx context.Context) error {
			_, err := s.EC2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{
				InternetGatewayId: &g.ID, VpcId: &g.VPC.ID,
			})
			if cloud.Is(err, "Gateway.NotAttached") {
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("detach internet gateway: %w", err)
		}
	}
	return deleteEC2(ctx, s, g.Info().Label, nil, func(ctx context.Context) error {
		_, err := s.EC2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &g.ID})
		return err
	})
}

// Permissions implements Permissioned. The VPC looks it up.
func (g *InternetGateway) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	if g.VPC.Default && !g.found {
		return nil
	}
	attach := oursEC2(g.Owner, s, resource.Actions("ec2:AttachInternetGateway"), "internet-gateway", "vpc")
	switch do {
	case event.Create:
		return append(newEC2(g.Owner, s, "CreateInternetGateway", "internet-gateway"), attach)
	case event.Update:
		return []resource.Permission{attach}
	case event.Delete:
		return []resource.Permission{
			oursEC2(g.Owner, s, resource.Actions("ec2:DetachInternetGateway"), "internet-gateway", "vpc"),
			oursEC2(g.Owner, s, resource.Actions("ec2:DeleteInternetGateway"), "internet-gateway"),
		}
	case event.None, event.Replace:
	}
	return nil
}

// InternetGateways lists the internet gateways of all apps.
var InternetGateways = resource.Listing{What: "internet gateways", List: listInternetGateways}

func listInternetGateways(ctx context.Context, s *resource.Survey) error {
	p := ec2.NewDescribeInternetGatewaysPaginator(s.EC2, &ec2.DescribeInternetGatewaysInput{Filters: anyApp})
	return resource.Pages(ctx, p, func(out *ec2.DescribeInternetGatewaysOutput) error {
		for _, one := range out.InternetGateways {
			addTagged(s, "ec2.InternetGateway", one.InternetGatewayId, one.Tags)
		}
		return nil
	})
}
