package traffic

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"berth/compare/price"
	"berth/engine/event"
	"berth/engine/resource"
)

// Checks implements Checked: what is known of gateways, and how.
func (g *Gateway) Checks(do event.Action) []resource.Probe {
	if do != event.Create {
		return nil
	}
	return []resource.Probe{{ID: "gateway", Title: "ECS gateways are new", Offline: true, Look: func(context.Context, *resource.Scope) resource.Finding {
		remedy := "check the result with care, or remove https = \"gateway\" from berth.toml: a domain and CloudFront are proven"
		if why := g.Door.proposed; why != "" {
			remedy = "check the result with care: " + why + "; network.domain avoids both, and https = \"cloudfront\" is for an app that bears it"
		}
		return resource.Finding{
			Verdict: resource.Warn,
			Text: "ECS gateways are new (October 2026): berth follows the API that AWS published, but timings, names and prices are unverified; " +
				"idle connections are closed after 60 s",
			Remedy: remedy,
		}
	}}}
}

// arn is the gateway's ARN, which is known before it exists.
func (g *Gateway) arn(s *resource.Scope) string { return s.ARN("ecs", "gateway/"+g.Name()) }

// Permissions implements Permissioned.
func (g *Gateway) Permissions(s *resource.Scope, do event.Action) []resource.Permission {
	look := resource.On(resource.Actions("ecs:DescribeGateway"), g.arn(s))
	if !g.Wanted() {
		look.Without = "a gateway that the app used before is not found"
	}
	need := []resource.Permission{look}
	if g.found != nil || resource.Existing(do) {
		need = append(need, resource.On(resource.Actions("ecs:ListGatewayRoutes"), g.arn(s)),
			resource.On(resource.Actions("ecs:DescribeGatewayRoute"), g.routes(s)))
	}
	pass := resource.On(resource.Actions("iam:PassRole"), g.Role.RoleARN(s))
	pass.When = resource.WhenEqual("iam:PassedToService", "ecs.amazonaws.com")
	tags := resource.On(resource.Actions("ecs:TagResource"), g.arn(s))
	tags.When = resource.WhenEqual("ecs:CreateAction", "CreateGateway")
	switch do {
	case event.Create:
		need = append(need, resource.On(resource.Actions("ecs:CreateGateway", "ecs:ListGatewayRoutes"), g.arn(s)), tags, pass)
	case event.Update:
		need = append(need, resource.On(resource.Actions("ecs:UpdateGateway"), g.arn(s)), pass)
	case event.Delete:
		need = append(need, resource.On(resource.Actions("ecs:UpdateGateway", "ecs:DescribeGatewayResources", "ecs:DeleteGateway"), g.arn(s)),
			resource.On(resource.Actions("ecs:DisassociateGatewayFromCluster"), g.arn(s), s.ARN("ecs", "cluster/"+g.Owner.Name())))
	case event.None, event.Replace:
	}
	return need
}

// routes is the ARN pattern of the gateway's routes.
func (g *Gateway) routes(s *resource.Scope) string {
	return s.ARN("ecs", "gateway-route/"+g.Name()+"/*")
}

// Costs implements Coster: the load balancer that ECS makes for it.
func (g *Gateway) Costs(b *price.Bill) {
	if !g.Wanted() && (g.Door.Want != "" || g.found == nil) {
		return
	}
	zones := price.Zones
	if g.found != nil {
		zones = len(g.network().Subnets)
	}
	b.LoadBalancer(zones, " of the ECS gateway")
	b.Egress()
}

// Exposes implements Exposed.
func (g *Gateway) Exposes(do event.Action) string {
	if !resource.Makes(do) {
		return ""
	}
	return "its load balancer has public IPv4 addresses and is open to the internet over HTTPS"
}

// Gateways lists the ECS gateways of all apps.
var Gateways = resource.Listing{What: "ECS gateways", List: listGateways}

func listGateways(ctx context.Context, s *resource.Survey) error {
	var all []resource.Found
	err := resource.Pages(ctx, ecs.NewListGatewaysPaginator(s.ECS, &ecs.ListGatewaysInput{}), func(out *ecs.ListGatewaysOutput) error {
		for _, g := range out.Gateways {
			all = append(all, resource.Found{
				Kind: "ecs.Gateway", Name: aws.ToString(g.Name), ARN: aws.ToString(g.GatewayArn), Role: resource.RoleGateway,
				Like: &Gateway{Door: &Door{Want: ByGateway}},
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.AddByTags(ctx, all, func(ctx context.Context, f *resource.Found) (map[string]string, error) {
		out, err := s.ECS.DescribeGateway(ctx, &ecs.DescribeGatewayInput{Gateway: &f.ARN})
		if err != nil {
			return nil, err
		}
		return resource.TagMap(out.Gateway.Tags, func(t ecstypes.Tag) (k, v *string) { return t.Key, t.Value }), nil
	})
}
