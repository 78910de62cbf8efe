package resource

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"berth/engine/cloud"
	"berth/engine/event"
)

// InternetGateway is the way to the internet of a VPC of our own.
type InternetGateway struct {
	Owner Owner
	VPC   *VPC

	ID string // output

	found    bool
	attached bool
}

// Info implements Resource.
func (g *InternetGateway) Info() Info {
	return Info{
		ID: "internet-gateway", Kind: "ec2.InternetGateway", Name: g.Owner.Name() + "-internet-gateway",
		Label: "the internet gateway", Group: GroupNetwork, Usually: time.Second, Gone: 10 * time.Second,
	}
}

// Needs implements Resource.
func (g *InternetGateway) Needs() []Need { return []Need{{On: g.VPC, Observe: true}} }

// Observe implements Resource. The VPC has looked already.
func (g *InternetGateway) Observe(context.Context, *Scope) error {
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
func (g *InternetGateway) Diff() Diff {
	switch {
	case g.VPC.Default:
		return Diff{}
	case !g.found:
		return Diff{Action: event.Create, Why: "the load balancer and the tasks need the internet"}
	case !g.attached:
		return changed("is not attached to the VPC")
	}
	return none()
}

// Apply implements Resource.
func (g *InternetGateway) Apply(ctx context.Context, s *Scope) error {
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
	err := s.Retry(ctx, ec2Settling, func(ctx context.Context) error {
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

func (g *InternetGateway) find(s *Scope) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		ours, err := describeGateways(ctx, s, g.Owner.ec2Filter("internet-gateway")...)
		if err == nil && len(ours) > 0 {
			g.use(&ours[0])
		}
		return g.found, err
	}
}

func (g *InternetGateway) create(s *Scope) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := s.EC2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{
			TagSpecifications: g.Owner.ec2Spec(ec2types.ResourceTypeInternetGateway, "internet-gateway"),
		}, onceEC2)
		if err == nil {
			g.use(out.InternetGateway)
		}
		return err
	}
}

// Delete implements Resource.
func (g *InternetGateway) Delete(ctx context.Context, s *Scope) error {
	if !g.found {
		return nil
	}
	if g.attached {
		err := deleteEC2(ctx, s, func(ctx context.Context) error {
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
	return deleteEC2(ctx, s, func(ctx context.Context) error {
		_, err := s.EC2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &g.ID})
		return err
	})
}
